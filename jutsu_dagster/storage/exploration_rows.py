"""A recorded day of an account that counts results as fractions, and its rows in the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from jutsu_dagster.core.account import AccountKey

# As the engine's rows name them; what a row lacks is null.
TRADE_FIELDS = (
    "ts", "type", "symbol", "dir", "entry_px", "exit_px", "pct", "gross_pct", "exit_reason",
    "regime", "conf", "mutated_threshold", "bars_open",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRecord:
    """One account's UTC day, computed and not recorded yet.

    Attributes
    ----------
    account : AccountKey
    track : str
        Of mode ``control`` the hash of the frozen parameters; else empty.
    parent_id : str
        Whose variant it is; a strategy's own id else.
    day : date
    opens : bool
        Whether it is the account's first day.
    opening_hash, closing_hash : str
        Digests of the checkpoints before and after.
    state : mapping
        The checkpoint after it, JSON-ready.
    stats : mapping
        The seven statistics of the summary file, since the account began.
    gross_pnl : float
        ``total_pnl`` before costs.
    position_dir : int
    symbol : str
    bars : int
        Bars that the day had.
    trades : sequence of mapping
        Openings and closings, in order; see ``core.exploration_rows``.
    initial_capital, equity, peak : float
        Money; equity with the open position valued at the day's last close.
    last_close : float
        Price of the symbol.
    lines : bytes
        The day's lines of the account's trades file.
    trades_size : int
        Bytes of that file, these lines included.
    parameter_hash, data_version, data_hash, code_version : str
    """

    account: AccountKey
    parent_id: str
    day: date
    opens: bool
    opening_hash: str
    closing_hash: str
    state: Mapping[str, Any]
    stats: Mapping[str, Any]
    gross_pnl: float
    position_dir: int
    symbol: str
    bars: int
    trades: Sequence[Mapping[str, Any]]
    initial_capital: float
    equity: float
    peak: float
    last_close: float
    parameter_hash: str
    data_version: str
    data_hash: str
    code_version: str
    lines: bytes = b""
    trades_size: int = 0
    track: str = ""
    closed: Sequence[Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "closed", [row for row in self.trades if row["type"] == "close"])


def day_row(record: DayRecord, at: datetime) -> dict[str, Any]:
    """Return the row of a day; ``at`` is the moment of recording."""
    stats, closed = record.stats, record.closed
    return {
        "strategy_id": record.account.strategy_id,
        "mode": record.account.mode,
        "track": record.track,
        "day": record.day,
        "parent_id": record.parent_id,
        "symbol": record.symbol,
        "bars": record.bars,
        "entries": len(record.trades) - len(closed),
        "exits": len(closed),
        "day_pnl": sum(row["pct"] for row in closed),
        "day_gross_pnl": sum(row.get("gross_pct", row["pct"]) for row in closed),
        "exp_trades": stats["exp_trades"],
        "wins": stats["wins"],
        "losses": stats["losses"],
        "exp_pf": stats["exp_pf"],
        "total_pnl": stats["total_pnl"],
        "gross_pnl": record.gross_pnl,
        "position_dir": record.position_dir,
        "initial_capital": record.initial_capital,
        "equity": record.equity,
        "peak": record.peak,
        "drawdown": record.equity / record.peak - 1.0,
        "last_close": record.last_close,
        "opening_hash": record.opening_hash,
        "closing_hash": record.closing_hash,
        "closing_state": dict(record.state),
        "trades_size": record.trades_size,
        "parameter_hash": record.parameter_hash,
        "data_version": record.data_version,
        "data_hash": record.data_hash,
        "code_version": record.code_version,
        "recorded_at": at,
    }


def trade_rows(record: DayRecord) -> list[dict[str, Any]]:
    """Return the rows of a day's openings and closings."""
    head = {
        "strategy_id": record.account.strategy_id,
        "mode": record.account.mode,
        "track": record.track,
        "day": record.day,
        "parameter_hash": record.parameter_hash,
        "data_version": record.data_version,
        "code_version": record.code_version,
    }
    return [
        head | {"sequence": at} | {name: row.get(name) for name in TRADE_FIELDS}
        for at, row in enumerate(record.trades)
    ]
