"""Closed trades as research reads them: checked once, ordered by time, cut at the night's end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, TypeGuard

from jutsu_dagster.core.errors import DataError

Json = dict[str, Any]
Lane = Literal["exploration", "normal"]
_SHORT: Mapping[str, str] = {"exploration": "exp", "normal": "norm"}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A strategy that research looks at.

    Attributes
    ----------
    strategy_id : str
    symbol : str
        Its signal of record.
    round_trip_cost : float
        What a trade costs, as a fraction; results smaller than it are noise.
    one_lane : bool
        Whether all its trades are of the exploration lane. Rules that ask for a result of the
        normal lane do not ask a strategy that has none.
    """

    strategy_id: str
    symbol: str
    round_trip_cost: float = 0.0
    one_lane: bool = True


@dataclass(frozen=True, slots=True)
class Trade:
    """A closed trade.

    Attributes
    ----------
    ts : str
        Time of the close, UTC: ``2025-01-03T01:45:00Z``. Of this one form, so it sorts as text.
    strategy_id, symbol : str
    dir : int
        1 long, -1 short, 0 neither.
    pct : float
        Result after costs, as a fraction.
    exit_reason : str
    regime : str
        At the close.
    bars_open : int
    lane : "exploration" or "normal"
    entry_regime : str or None
        At the entry, where the opening was read too.
    """

    ts: str
    strategy_id: str
    symbol: str
    dir: int
    pct: float
    exit_reason: str = ""
    regime: str = "unknown"
    bars_open: int = 0
    lane: Lane = "exploration"
    entry_regime: str | None = None

    @property
    def known_regime(self) -> str:
        """The regime that the entry was decided in, or else the one of the close."""
        return self.regime if self.entry_regime is None else self.entry_regime

    @property
    def _order(self) -> tuple[object, ...]:
        # Trades of one moment have an order too, or a file's would show.
        return (self.ts, self.strategy_id, self.symbol, self.dir, self.pct, self.exit_reason)


@dataclass(frozen=True, slots=True)
class Tally:
    """Results counted and summed. ``won`` >= 0 and ``lost`` <= 0 are sums of fractions."""

    count: int
    wins: int
    losses: int
    won: float
    lost: float

    @property
    def pf(self) -> float | None:
        """Profit factor; infinite with winners only, None with neither winners nor losers."""
        if self.lost < 0.0:
            return self.won / -self.lost
        return math.inf if self.won > 0.0 else None

    def row(self, lane: Lane = "exploration") -> Json:
        """Return the keys of a lane, such as exp_pf; strict JSON, see ``read_pf``."""
        values = {
            "trades": self.count,
            "pf": finite(self.pf),
            "wins": self.wins,
            "sum_pos": self.won,
            "sum_neg": self.lost,
        }
        return {f"{_SHORT[lane]}_{name}": value for name, value in values.items()}


def read_trades(rows: Iterable[Mapping[str, Any]]) -> tuple[Trade, ...]:
    """Return the closed trades among rows of one account a strategy, in order of time.

    Parameters
    ----------
    rows : iterable of mappings
        With the keys of ``Trade``; ``variant_id`` does for ``strategy_id``, ``trade_kind`` for
        the lane. Rows of type ``open`` tell the regime of an entry and are no trades.

    Raises
    ------
    DataError
        Naming the row if a time or result is missing or is none.
    """
    # At one moment a position closes before the next opens.
    stamped = sorted(((_stamp(row), row.get("type") == "open", row) for row in rows), key=_first)
    opened: dict[tuple[str, str], str | None] = defaultdict(lambda: None)
    closed: list[Trade] = []
    for ts, is_open, row in stamped:
        key = (_id(row), str(row.get("symbol", "")))
        if is_open:
            opened[key] = row.get("regime")
            continue
        entry = row.get("entry_regime") or opened.pop(key, None)
        closed.append(_trade(ts, key, row, entry))
    return ordered(closed)


def ordered(trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """Return the trades in order of time, whatever order they come in."""
    return tuple(sorted(trades, key=lambda trade: trade._order))  # noqa: SLF001  (their own order)


def known_by(trades: Iterable[Trade], day: date) -> tuple[Trade, ...]:
    """Return what had closed by the end of ``day``, UTC, in order of time."""
    end = stamp(day)
    return ordered(trade for trade in trades if trade.ts < end)


def since(trades: Iterable[Trade], day: date, days: int) -> tuple[Trade, ...]:
    """Return what closed in the ``days`` days that end with ``day``, in order of time."""
    start = stamp(day - days * _DAY)
    return tuple(trade for trade in known_by(trades, day) if trade.ts >= start)


def of_strategy(trades: Iterable[Trade], strategy_id: str, lane: Lane | None = None) -> list[Trade]:
    """Return one strategy's trades, all or those of a lane, in the order given."""
    mine = (trade for trade in trades if trade.strategy_id == strategy_id)
    return [trade for trade in mine if lane is None or trade.lane == lane]


def tally(pcts: Iterable[float]) -> Tally:
    """Count and sum results; one of exactly 0 is neither won nor lost."""
    values = list(pcts)
    wins, losses = [pct for pct in values if pct > 0], [pct for pct in values if pct < 0]
    return Tally(len(values), len(wins), len(losses), math.fsum(wins), math.fsum(losses))


def read_pf(row: Mapping[str, Any] | None, lane: Lane = "exploration") -> float | None:
    """Return the profit factor in a row of ``Tally.row``: infinite where nothing was lost."""
    if row is None:
        return None
    short = _SHORT[lane]
    pf: float | None = row.get(f"{short}_pf")
    if pf is None and row.get(f"{short}_sum_pos", 0.0) > 0.0 and not row.get(f"{short}_sum_neg"):
        return math.inf
    return pf


def finite(value: float | None) -> float | None:
    """Return the number, or None for what JSON has no number for."""
    return value if is_finite(value) else None


def is_finite(value: object) -> TypeGuard[float]:
    """Return whether ``value`` is a finite number; true and false are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def stamp(day: date) -> str:
    """Return the end of a day, UTC: when its night's artefacts were generated."""
    return f"{(day + _DAY).isoformat()}T00:00:00Z"


def _first(item: tuple[str, bool, object]) -> tuple[str, bool]:
    return item[:2]


def _id(row: Mapping[str, Any]) -> str:
    return str(row.get("strategy_id") or row.get("variant_id") or "")


def _stamp(row: Mapping[str, Any]) -> str:
    try:
        time = datetime.fromisoformat(str(row.get("ts")))
    except ValueError as error:
        raise DataError(f"a trade of {_id(row)} has no time: ts is {row.get('ts')!r}") from error
    utc = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def _trade(ts: str, key: tuple[str, str], row: Mapping[str, Any], entry: str | None) -> Trade:
    pct = row.get("pct")
    if not is_finite(pct):
        raise DataError(f"the trade of {key[0]} closed at {ts} has no result: pct is {pct!r}")
    lane: Lane = "normal" if row.get("lane", row.get("trade_kind")) == "normal" else "exploration"
    return Trade(
        ts=ts,
        strategy_id=key[0],
        symbol=key[1],
        dir=int(row.get("dir") or 0),
        pct=float(pct),
        exit_reason=str(row.get("exit_reason") or ""),
        regime=str(row.get("regime") or "unknown"),
        bars_open=int(row.get("bars_open") or 0),
        lane=lane,
        entry_regime=entry,
    )
