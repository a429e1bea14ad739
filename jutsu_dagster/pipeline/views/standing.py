"""How each strategy stands on paper: its account's last session, its last run, its health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.catch_up import Standing, standings
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.views.accounts import Json, points
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.storage import exploration_log, journal, view_rows
from jutsu_dagster.storage.state import iso

# A day's session counts as missing once its night has had this long to come.
_GRACE = timedelta(hours=6)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paper account stands in the ledger; money, and fractions as the ledger has them."""

    session: date
    recorded_at: datetime
    equity: float
    initial_capital: float
    daily_return: float
    drawdown: float
    positions: Mapping[str, int]
    regime: str | None
    trend: str | None
    vol: str | None


def strategy_status(desk: ReadDesk) -> dict[str, Json]:
    """Return how every registered strategy stands on paper, by id, in the order of definition.

    Returns
    -------
    dict of id to dict
        ``state``: ``running``, ``waiting`` (no session yet), ``failed`` (its last run did),
        ``inactive``, ``broken`` (its configuration), ``off`` (not on paper).
        ``health``: ``ok``, ``late`` (sessions are missing), ``failed``, or ``off``; ``problem``
        says why in a sentence, None where all is well.
        ``last_run`` (when its last session was recorded), ``session``, ``equity`` (its initial
        capital before the first session, None if that is not known), ``initial_capital``,
        ``daily_return``, ``cumulative_return``, ``drawdown`` (percent points), ``positions``,
        ``regime``, ``trend``, ``vol``, ``missing_sessions``, ``last_attempt`` (partition, status,
        started_at, duration_seconds, error, run_id), ``mark`` (its last valuation between
        sessions: time, equity, daily_return; None if a session came since), and
        ``display_name``, ``is_primary``, ``kind``.
    """
    return desk.remembered("standing", lambda: _all(desk))


def _all(desk: ReadDesk) -> dict[str, Json]:
    registry, ledger = desk.registry, desk.ledger
    until = (desk.now() - _GRACE).astimezone(UTC).date() - _DAY
    stands = {each.strategy_id: each for each in standings(registry, ledger, until)}
    return {
        entry.id: _row(desk, entry, stands.get(entry.id)) for entry in registry.entries.values()
    }


def place_of(desk: ReadDesk, entry: StrategyEntry) -> Place | None:
    """Return where a strategy's paper account stands; None before its first session."""
    engine, key = desk.ledger.engine, AccountKey(entry.id, "paper")
    checkpoint = None if is_directional(entry.config) else desk.ledger.latest_checkpoint(key)
    if checkpoint is None:
        return _day_of(desk, entry.id)
    day = checkpoint.last_session
    # An account that was moved in may have no session yet.
    row: Mapping[str, Any] = view_rows.last_close(engine, key, day) or {}
    closing = checkpoint.closing
    return Place(
        day, checkpoint.recorded_at, closing.equity, closing.initial_capital,
        float(row.get("daily_return", 0.0)), closing.equity / closing.peak - 1.0,
        dict(closing.shares), f"Cell_{row['cell']}" if row.get("cell") else None,
        row.get("trend"), row.get("vol"),
    )  # fmt: skip


def _day_of(desk: ReadDesk, strategy_id: str) -> Place | None:
    engine = desk.ledger.engine
    head = exploration_log.latest(engine, "paper", [strategy_id]).get(strategy_id)
    if head is None:
        return None
    before = exploration_log.latest(engine, "paper", [strategy_id], before=head.day)
    stake, side = head.initial_capital, int(head.state.get("dir", 0))
    opened = before[strategy_id].equity if before else stake
    return Place(
        head.day, head.recorded_at, head.equity, stake, (head.equity - opened) / stake,
        head.equity / head.peak - 1.0, {head.symbol: side} if side else {},
        head.state.get("entry_regime") if side else None, None, None,
    )  # fmt: skip


def _row(desk: ReadDesk, entry: StrategyEntry, standing: Standing | None) -> Json:
    place, attempt = place_of(desk, entry), _last_attempt(desk, entry.id)
    missing = len(standing.missing) if standing is not None else 0
    state = _state(entry, place, standing, attempt)
    health, problem = _health(entry, state, standing, attempt)
    capital = entry.config.initial_capital if entry.config is not None else None
    row: Json = {
        "display_name": entry.display_name,
        "is_primary": entry.is_primary,
        "kind": view_rows.DIRECTIONAL if is_directional(entry.config) else view_rows.ALLOCATION,
        "state": state,
        "health": health,
        "problem": problem,
        "last_run": iso(place.recorded_at) if place else None,
        "session": place.session.isoformat() if place else None,
        "equity": place.equity if place else capital,
        "initial_capital": place.initial_capital if place else capital,
        "daily_return": points(place.daily_return) if place else None,
        "cumulative_return": (
            points(place.equity / place.initial_capital - 1.0) if place else None
        ),
        "drawdown": points(place.drawdown) if place else None,
        "positions": dict(place.positions) if place else {},
        "regime": place.regime if place else None,
        "trend": place.trend if place else None,
        "vol": place.vol if place else None,
        "missing_sessions": missing,
        "last_attempt": attempt,
    }
    return row | {"mark": _mark(desk, entry.id, place)}


def _state(
    entry: StrategyEntry, place: Place | None, standing: Standing | None, attempt: Json | None
) -> str:
    if entry.config is None:
        return "broken"
    if not entry.is_active:
        return "inactive"
    if standing is None or (place is None and entry.config.paper_start is None):
        return "off"
    if attempt is not None and attempt["status"] != "ok":
        return "failed"
    return "running" if place is not None else "waiting"


def _health(
    entry: StrategyEntry, state: str, standing: Standing | None, attempt: Json | None
) -> tuple[str, str | None]:
    if state == "broken":
        return "failed", "; ".join(str(fault) for fault in entry.faults)
    if state in {"inactive", "off"}:
        return "off", None
    if state == "failed" and attempt is not None:
        return "failed", f"{attempt['partition']} {attempt['status']}: {attempt['error']}"
    if standing is not None and standing.missing:
        count, since = len(standing.missing), standing.missing[0]
        what = "session is" if count == 1 else "sessions are"
        return "late", f"{count} {what} missing since {since}; run `jutsu trade`"
    return "ok", None


def _last_attempt(desk: ReadDesk, strategy_id: str) -> Json | None:
    found = journal.attempts(desk.ledger.engine, limit=1, strategy_id=strategy_id)
    if found.empty:
        return None
    row = found.astype(object).where(found.notna(), None).iloc[0]
    return {
        "partition": row["partition"],
        "status": row["status"],
        "started_at": iso(row["started_at"]),
        "duration_seconds": row["duration_seconds"],
        "error": row["error"],
        "run_id": row["run_id"],
    }


def _mark(desk: ReadDesk, strategy_id: str, place: Place | None) -> Json | None:
    found = view_rows.latest_mark(desk.ledger.engine, AccountKey(strategy_id, "paper"))
    if found is None or place is None or found["snapshot_date"] <= place.session:
        return None
    return {
        "time": iso(found["snapshot_time"]),
        "equity": found["total_equity"],
        "daily_return": points(found["daily_return"]),
    }
