"""``jutsu doctor``: what is wrong with this installation, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from jutsu_dagster.core.errors import JutsuError

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes
    ----------
    name : str
    status : "ok", "warn" or "fail"
        ``fail`` keeps something from working, ``warn`` does not.
    detail : str
        What was found.
    mend : str
        What to do about it; empty where nothing is to be done.
    """

    name: str
    status: Status
    detail: str
    mend: str = ""


Look = Callable[["Settings"], Check]


def run_checks(settings: Settings, looks: Sequence[tuple[str, Look]] | None = None) -> list[Check]:
    """Look at everything; a check that breaks is a failed check and hides no other.

    Parameters
    ----------
    settings : Settings
    looks : sequence of (name, function of settings), optional
        All checks there are, unless given.

    Returns
    -------
    list of Check
        In the order of ``looks``.
    """
    if looks is None:
        from jutsu_dagster.cli.doctor_looks import LOOKS

        looks = LOOKS
    return [_looked(name, look, settings) for name, look in looks]


def _looked(name: str, look: Look, settings: Settings) -> Check:
    try:
        return look(settings)
    except JutsuError as error:
        return Check(name, "fail", str(error))
    except Exception as error:  # noqa: BLE001  (whatever is broken here is what a doctor is asked)
        return Check(name, "fail", f"{type(error).__name__}: {error}", "read the message")


def show(checks: Sequence[Check], *, as_json: bool = False) -> str:
    """Return the checks as lines for people, or as a JSON list."""
    if as_json:
        return json.dumps([asdict(check) for check in checks], indent=2)
    width = max((len(check.name) for check in checks), default=0)
    lines = []
    for check in checks:
        detail = check.detail.replace("\n", "\n" + " " * (width + 7))
        lines.append(f"{check.status:<4}  {check.name:<{width}} {detail}")
        if check.mend and check.status != "ok":
            lines.append(f"{'':<{width + 6}} -> {check.mend}")
    count = sum(check.status == "fail" for check in checks)
    warned = sum(check.status == "warn" for check in checks)
    lines.append(f"{len(checks)} checks, {count} failed, {warned} with a warning")
    return "\n".join(lines)


def exit_code(checks: Sequence[Check]) -> int:
    """Return 2 if a check failed, otherwise 0."""
    return 2 if any(check.status == "fail" for check in checks) else 0
