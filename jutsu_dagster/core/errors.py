"""The faults a user can mend, each naming where, what and by which rule."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


class JutsuError(Exception):
    """A fault that the user can mend; its message says what is wrong and how to mend it."""


class DataError(JutsuError):
    """Market data that breaks a rule: a bad price, a duplicate row, a missing session."""


class LedgerError(JutsuError):
    """The ledger cannot answer or accept: an earlier year is missing, a schema is too old."""


class StrategyError(JutsuError):
    """A strategy's code or decision breaks the contract: NaN weights, a sum above one."""


class StrategyTimeoutError(StrategyError):
    """A strategy that did not decide in time."""


class StrategyCrashError(StrategyError):
    """A strategy that ended its process: a crash of the interpreter, too much memory."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule of a configuration file.

    Attributes
    ----------
    file : str
        Path as the user wrote it, relative to the project where it can be.
    key : str
        Dotted path of the key inside the file, ``""`` for the file as a whole.
    value : object
        What stands there; ``None`` for a missing key.
    rule : str
        What must hold instead, as a sentence fragment: ``must be < sma_slow (140)``.
    nearest : str or None
        The closest valid name, where a name was not known.
    """

    file: str
    key: str
    value: object
    rule: str
    nearest: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        shown = "" if self.value is None else f" ({_as_written(self.value)})"
        hint = f" Did you mean {self.nearest!r}?" if self.nearest else ""
        return f"{where}{shown} {self.rule}.{hint}"


def _as_written(value: object) -> str:
    """Return the value as YAML has it: true and dates without Python's dress."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else repr(value)


class ConfigError(JutsuError):
    """One or more faults of configuration files, all named at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, or None if nothing is close."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None
