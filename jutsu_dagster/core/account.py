"""What an account is: its state between sessions, and what a run of sessions did to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from jutsu_dagster.core.bars import BoolArray, FloatArray, IntArray, TimeArray

Mode = Literal["backtest", "paper", "shadow", "control"]


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account is one strategy in one mode; nothing else shares its state."""

    strategy_id: str
    mode: Mode

    def __str__(self) -> str:
        return f"{self.strategy_id} ({self.mode})"


@dataclass(frozen=True, slots=True)
class AccountState:
    """Everything the allocation engine carries from one session to the next: a checkpoint.

    Attributes
    ----------
    session : date or None
        The last session this state has seen; None for an account not opened yet.
    initial_capital, cash, equity, peak : float
        Money; equity at the last close, peak the highest equity so far.
    shares : mapping of symbol to int
        Whole shares held; only symbols with shares.
    basis : mapping of symbol to float
        Cost of the open position, commissions included.
    marks : mapping of symbol to float
        Latest close, on the basis of ``session``.
    accepted : mapping of symbol to float
        Target weights accepted at the last rebalance.
    pending_from : mapping of symbol to float, or None
        The weights accepted before, while a rebalance waits for the next session's fill.
    """

    initial_capital: float
    cash: float
    equity: float
    peak: float
    session: date | None = None
    shares: Mapping[str, int] = field(default_factory=dict)
    basis: Mapping[str, float] = field(default_factory=dict)
    marks: Mapping[str, float] = field(default_factory=dict)
    accepted: Mapping[str, float] = field(default_factory=dict)
    pending_from: Mapping[str, float] | None = None

    @classmethod
    def open(cls, initial_capital: float) -> AccountState:
        """Return a fresh account holding only cash."""
        return cls(initial_capital, initial_capital, initial_capital, initial_capital)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-ready data; floats survive ``repr`` to the last bit."""
        data = asdict(self)
        data["session"] = self.session.isoformat() if self.session else None
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> AccountState:
        """Return the state that ``to_dict`` wrote."""
        session = data["session"]
        return cls(**{**data, "session": date.fromisoformat(session) if session else None})

    @property
    def digest(self) -> str:
        """A short content hash: equal states, equal digests."""
        text = json.dumps(self.to_dict(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, eq=False, slots=True)
class Fills:
    """F executed orders, in the order of execution.

    Attributes
    ----------
    row : int64 of shape (F,)
        Index of the fill's session within the segment.
    column : int64 of shape (F,)
        Index of the symbol within the segment's symbols.
    shares : int64 of shape (F,)
        Positive for a buy, negative for a sale.
    price : float64 of shape (F,)
        Fill price, slippage included.
    commission : float64 of shape (F,)
        Money.
    value_before, value_after, cash_before, cash_after : float64 of shape (F,)
        Portfolio value and cash around the fill.
    realised : float64 of shape (F,)
        Profit of a sale against the average cost of the position, after commissions; NaN for buys.
    """

    row: IntArray
    column: IntArray
    shares: IntArray
    price: FloatArray
    commission: FloatArray
    value_before: FloatArray
    value_after: FloatArray
    cash_before: FloatArray
    cash_after: FloatArray
    realised: FloatArray

    def __len__(self) -> int:
        return len(self.row)


@dataclass(frozen=True, eq=False, slots=True)
class Segment:
    """What T consecutive sessions did to one account of N symbols.

    Attributes
    ----------
    symbols : tuple of str, length N
    sessions : datetime64[D] of shape (T,)
    equity, cash : float64 of shape (T,)
        At each close, after the session's fills.
    shares : int64 of shape (T, N)
    marks : float64 of shape (T, N)
        Close used to value each symbol; NaN before its first bar.
    weights : float64 of shape (T, N)
        Target weights accepted so far, after the feasibility step.
    rebalanced : bool of shape (T,)
        Whether that session's decision was accepted as a new target.
    fills : Fills
    opening, closing : AccountState
    """

    symbols: tuple[str, ...]
    sessions: TimeArray
    equity: FloatArray
    cash: FloatArray
    shares: IntArray
    marks: FloatArray
    weights: FloatArray
    rebalanced: BoolArray
    fills: Fills
    opening: AccountState
    closing: AccountState

    def __len__(self) -> int:
        return len(self.sessions)
