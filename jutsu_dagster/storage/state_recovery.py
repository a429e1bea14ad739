"""Where the state comes from when its file is missing or broken, and how far it has drifted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from jutsu_dagster.core.errors import Fault, JutsuError
from jutsu_dagster.storage.state import StateError, TradingState, iso
from jutsu_dagster.storage.state_backups import Backups

_LOG = logging.getLogger(__name__)
_WARN_PCT, _RAISE_PCT = 2.0, 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """What lies at a state file's path: a valid ``state``, or the ``faults`` of what is there.

    ``content`` is None where nothing could be read.
    """

    content: bytes | None
    state: TradingState | None
    faults: tuple[Fault, ...] = ()
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Sources:
    """What a state can be recovered from, in this order.

    Attributes
    ----------
    ledger : callable or None
        Returns the state that the ledger knows, or None; may raise JutsuError.
    backups : Backups
    parse : callable
        Turns a backup's bytes into a state; raises StateError.
    initial : callable
        Returns the state of an account that was never used.
    """

    ledger: Callable[[], TradingState | None] | None
    backups: Backups
    parse: Callable[[bytes], TradingState]
    initial: Callable[[], TradingState]


def recovered(found: Found, file: str, sources: Sources) -> tuple[TradingState, str, bool]:
    """Return what replaces a broken file, where it comes from, and whether it was never used.

    Raises
    ------
    StateError
        If nothing can: the ledger has no checkpoint, no backup is valid, and something says that
        the account was used: a broken file, a broken backup, a ledger that does not answer.
    """
    ledger, silent = "there is no ledger to ask", False
    if sources.ledger is not None:
        try:
            state = sources.ledger()
        except JutsuError as error:
            ledger, silent = f"the ledger does not answer ({error})", True
        else:
            if state is not None:
                recorded = f" of {iso(state.last_run)}" if state.last_run else ""
                return state, f"the ledger's checkpoint{recorded}", False
            ledger = "the ledger has no checkpoint"
    kept = sources.backups.newest_valid(sources.parse)
    if kept is not None:
        return kept[0], f"backups/{kept[1].name}, because {ledger}", False
    if found.missing and not silent and not sources.backups.names():
        return sources.initial(), "the initial values, as the account was never used", True
    rule = (
        f"cannot be recovered: {ledger}, and backups/ holds no valid backup;"
        " mend the file, or move it and backups/ away to start afresh"
    )
    raise StateError(*found.faults, Fault(file, "", None, rule))


def drifts_between(
    state: TradingState, positions: Mapping[str, int], file: str
) -> dict[str, float]:
    """Return the drift per symbol in percent; see ``StateManager.reconcile``."""
    held = state.current_positions
    drifts: dict[str, float] = {}
    faults = []
    for symbol in sorted({*held, *positions}):
        here, there = held.get(symbol, 0), positions.get(symbol, 0)
        if here == there:
            continue
        drift = drifts[symbol] = abs(there - here) / abs(here) * 100.0 if here else 100.0
        rule = f"drifts by {drift:.1f} % from the {there} actually held"
        fault = Fault(file, f"current_positions.{symbol}", here, rule)
        if drift > _RAISE_PCT:
            faults.append(fault)
        elif drift > _WARN_PCT:
            _LOG.warning("%s", fault)
    if faults:
        raise StateError(*faults)
    return drifts
