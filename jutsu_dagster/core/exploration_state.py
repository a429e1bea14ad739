"""What a variant carries between bars: its position, counters and sums, as a checkpoint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from jutsu_dagster.core.bars import TimeArray

SECONDS_A_DAY = 86_400
# Made once: a night takes the digests of thousands of states.
_ENCODE = json.JSONEncoder(sort_keys=True).encode


def iso_utc(times: TimeArray) -> list[str]:
    """Return UTC times as ISO text with a Z: ``2025-01-03T01:45:00Z``."""
    return [f"{text}Z" for text in np.datetime_as_string(times, unit="s").tolist()]


@dataclass(frozen=True, slots=True)
class TradeState:
    """An account that counts results as fractions: its open position and its closed trades.

    Attributes
    ----------
    dir : int
        Of the open position: -1, 0 (flat) or 1.
    entry_px : float or None
        Its entry price; None when flat.
    bars_open : int
        Bars since its entry.
    entry_bar, entry_regime : str or None
        Time of the entry's bar (ISO, Z) and its regime.
    exp_trades, wins, losses : int
        Closed trades; a result of exactly zero is neither win nor loss.
    total_pnl, won, lost : float
        Sums of the net results of trades, fractions: of all, the winners, the losers (<= 0).
    gross_pnl, gross_won, gross_lost : float
        The same before costs.
    last_bar : str or None
        The watermark: time of the last bar seen (ISO, Z); no bar up to it may come again.
    """

    dir: int = 0
    entry_px: float | None = None
    bars_open: int = 0
    entry_bar: str | None = None
    entry_regime: str | None = None
    exp_trades: int = 0
    wins: int = 0
    losses: int = 0
    total_pnl: float = 0.0
    won: float = 0.0
    lost: float = 0.0
    gross_pnl: float = 0.0
    gross_won: float = 0.0
    gross_lost: float = 0.0
    last_bar: str | None = None

    @property
    def watermark(self) -> np.datetime64:
        """``last_bar`` as datetime64[s]; NaT before the first bar."""
        text = "NaT" if self.last_bar is None else self.last_bar.removesuffix("Z")
        return np.datetime64(text, "s")

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-ready data; floats survive ``repr`` to the last bit."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the state that ``to_dict`` wrote."""
        return cls(**data)

    @property
    def digest(self) -> str:
        """A short content hash: equal states, equal digests."""
        text = _ENCODE(self.to_dict())
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def position(self) -> dict[str, Any]:
        """The open position as the summary file has it: ``dir``, ``entry_px``, ``bars_open``."""
        return {"dir": self.dir, "entry_px": self.entry_px, "bars_open": self.bars_open}

    @property
    def stats(self) -> dict[str, Any]:
        """The seven statistics of the summary file, net of costs.

        ``exp_pf`` is the ratio of the winners' sum to the losers', None without a loser.
        ``norm_*`` stay 0 and None: variants trade in the exploration lane only.
        """
        return {
            "exp_trades": self.exp_trades,
            "exp_pf": profit_factor(self.won, self.lost),
            "norm_trades": 0,
            "norm_pf": None,
            "total_pnl": self.total_pnl,
            "wins": self.wins,
            "losses": self.losses,
        }

    @property
    def gross_stats(self) -> dict[str, Any]:
        """``total_pnl`` and ``exp_pf`` before costs."""
        pf = profit_factor(self.gross_won, self.gross_lost)
        return {"total_pnl": self.gross_pnl, "exp_pf": pf}


@dataclass(frozen=True, slots=True)
class ExplorationState(TradeState):
    """A variant's checkpoint; the default is a fresh one, flat and before its first bar.

    Attributes
    ----------
    entries_today : int
        Positions opened on the UTC day of ``last_bar``.
    """

    entries_today: int = 0

    @property
    def day(self) -> int:
        """The UTC day of ``last_bar``, days since 1970; -1 before the first bar."""
        return -1 if self.last_bar is None else int(self.watermark.astype(int)) // SECONDS_A_DAY


def profit_factor(won: float, lost: float) -> float | None:
    """Return the winners' sum over the losers' (``lost`` <= 0); None without a loser."""
    return won / -lost if lost < 0 else None
