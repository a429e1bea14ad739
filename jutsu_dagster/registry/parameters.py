"""From the parameters and symbols of a file to a validated strategy, or to all their faults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from jutsu_dagster.core.errors import Fault, nearest
from jutsu_dagster.registry.faults import dotted, faults_of, shown
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.regime_allocator import RegimeAllocator

# Left in files by the earlier system, which passed them to its constructors.
IGNORED = ("name", "trade_logger")
# What a file of the allocator must say itself, whatever the class's defaults.
REQUIRED = ("signal_symbol", "leveraged_long_symbol", "sma_fast", "sma_slow")

# Twenty years: more than leveraged ETFs have lived.
MAX_WARMUP_SESSIONS = 5_000

PARAMETERS = "strategy.parameters"


def build_strategy(
    kind: type[Strategy],
    parameters: Mapping[str, Any],
    symbols: Mapping[str, Any],
    file: str,
) -> tuple[Strategy | None, list[Fault]]:
    """Return the strategy that the file describes, and every fault of its parameters.

    Parameters
    ----------
    kind : type of Strategy
    parameters, symbols : mapping of parameter to value
        As written under ``strategy.parameters`` and ``symbols``; one name may stand in both
        only with one value.
    file : str
        How faults call the file.

    Returns
    -------
    strategy : Strategy or None
        None if there is any fault.
    faults : list of Fault
        One per key.
    """
    fields = kind.model_fields
    stated = {
        name: value for name, value in parameters.items() if name not in IGNORED or name in fields
    }
    place = dict.fromkeys(stated, PARAMETERS) | {
        name: "symbols" for name in symbols if name not in stated
    }
    faults = [
        Fault(
            file,
            dotted("symbols", name),
            shown(symbols[name]),
            f"must equal {dotted(PARAMETERS, name)} ({stated[name]!r})"
            if shown(stated[name]) == stated[name]
            else f"must equal {dotted(PARAMETERS, name)}",
        )
        for name in symbols
        if name in stated and symbols[name] != stated[name]
    ]
    values = {**symbols, **stated}
    faults += [
        Fault(file, dotted(where, name), None, "must not be null")
        for where, section in ((PARAMETERS, stated), ("symbols", symbols))
        for name, value in section.items()
        if value is None
    ]
    faults += [
        Fault(file, dotted(place[name], name), value, "must be a finite number")
        for name, value in values.items()
        if isinstance(value, float) and not math.isfinite(value)
    ]
    if issubclass(kind, RegimeAllocator):
        faults += [
            Fault(file, dotted(_home_of(name), name), None, "is missing")
            for name in REQUIRED
            if name not in values
        ]
    given = {name: value for name, value in values.items() if value is not None}
    strategy, found = _validated(kind, given, place, file)
    if strategy is not None:
        found = _misread(strategy, given, symbols, place, file) or _unusable(strategy, file)
    # One fault a key: a null one is not also missing.
    unique = {fault.key: fault for fault in reversed([*faults, *found])}
    return (None if unique else strategy), list(reversed(unique.values()))


def _home_of(name: str) -> str:
    return "symbols" if name.endswith("_symbol") else PARAMETERS


def _validated(
    kind: type[Strategy], given: Mapping[str, Any], place: Mapping[str, str], file: str
) -> tuple[Strategy | None, list[Fault]]:
    try:
        return kind.model_validate(given), []
    except ValidationError as error:
        return None, [_placed(fault, kind, place) for fault in faults_of(error, kind, file)]
    except Exception as error:  # noqa: BLE001  (a user's validators may raise anything)
        rule = f"is refused by {kind.__name__}: {error!r}"
        return None, [Fault(file, PARAMETERS, None, rule)]


def _placed(fault: Fault, kind: type[Strategy], place: Mapping[str, str]) -> Fault:
    """Return the fault under the section where its parameter stands."""
    name = fault.key.partition(".")[0]
    rule, close = fault.rule, fault.nearest
    if name not in kind.model_fields and name in place:
        rule = f"is no parameter of {kind.__name__}"
        close = close or nearest(name, kind.model_fields)
    key = dotted(place.get(name, _home_of(name)), fault.key) if fault.key else PARAMETERS
    return Fault(fault.file, key, fault.value, rule, close)


def _misread(
    strategy: Strategy,
    given: Mapping[str, Any],
    symbols: Mapping[str, Any],
    place: Mapping[str, str],
    file: str,
) -> list[Fault]:
    """Return the faults that pydantic's conversions would hide."""
    faults = []
    for name, value in given.items():
        key, read = dotted(place[name], name), getattr(strategy, name)
        # pydantic takes true for 1, and 1, "yes" or "on" for true.
        if isinstance(value, bool) != isinstance(read, bool):
            rule = "must be true or false" if isinstance(read, bool) else "must be a number"
            faults.append(Fault(file, key, shown(value), rule))
        elif not _are_symbols(read) and name.endswith(("symbol", "symbols")):
            rule = "must be one symbol without blanks, or a list of different ones"
            faults.append(Fault(file, key, shown(value), rule))
        elif not _are_symbols(read) and name in symbols:
            rule = f"is no symbol; it belongs under {PARAMETERS}"
            faults.append(Fault(file, key, shown(value), rule))
    return faults


def _are_symbols(value: object) -> bool:
    """Return whether ``value`` is one symbol, or a list of different ones."""
    each = [value] if isinstance(value, str) else value
    return (
        isinstance(each, (list, tuple))
        and all(isinstance(one, str) and one and one.split() == [one] for one in each)
        and len(set(each)) == len(each)
    )


def _unusable(strategy: Strategy, file: str) -> list[Fault]:
    """Return the faults of what the class derives from its parameters."""
    name = type(strategy).__name__
    try:
        universe = strategy.universe
        warmup: object = strategy.warmup_sessions
        known = strategy.signal_of_record if universe else None
        strategy.parameter_hash  # noqa: B018  (must not fail later, in the middle of a run)
    except Exception as error:  # noqa: BLE001  (a user's properties may raise anything)
        return [Fault(file, PARAMETERS, None, f"is of no use to {name}: {error}")]
    if known is None:
        return [Fault(file, "symbols", None, f"must name at least one symbol for {name}")]
    if not (isinstance(warmup, int) and 0 <= warmup <= MAX_WARMUP_SESSIONS):
        rule = (
            f"makes {name} ask for {warmup!r} warm-up sessions; must be 0 to {MAX_WARMUP_SESSIONS}"
        )
        return [Fault(file, PARAMETERS, None, rule)]
    return []
