"""An account's curve as the ledger has it, of a whole account or of a part, thinned if asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.pipeline.views.accounts import Account, nothing
from jutsu_dagster.pipeline.views.asked import require_range
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.storage import view_rows


@dataclass(frozen=True, eq=False, slots=True)
class Curve:
    """An account's curve over a range.

    Attributes
    ----------
    capital : float
        Money that the range began with.
    rows : DataFrame
        Earliest first: ``session`` (datetime64[s]); ``equity``, ``baseline`` (money); percent
        points: ``return`` (of the session), ``cumulative``, ``baseline_cumulative``,
        ``drawdown``, ``baseline_drawdown``; ``cell`` (0 for none), ``regime`` (``Cell_3`` or
        None), ``trend``, ``vol``.
    """

    capital: float
    rows: pd.DataFrame

    @property
    def times(self) -> list[str]:
        """The sessions as ISO text."""
        days = self.rows["session"].to_numpy().astype("datetime64[D]")
        return [str(each) for each in np.datetime_as_string(days, unit="D").tolist()]


def curve_of(
    desk: ReadDesk, account: Account, first: date | None = None, last: date | None = None
) -> Curve:
    """Return an account's curve.

    Of a whole account all is the ledger's. A part of one is shown as one that begins at the close
    before it: returns, drawdowns and the baseline count from there; a directional account, which
    stakes the same money on every trade, as if it had begun then with its stake.

    Raises
    ------
    NothingRecordedError
        If there is no session of it in the range.
    """
    require_range(first, last)
    rows = _rows(desk, account, last)
    before = 0 if first is None else int((rows["session"] < pd.Timestamp(first)).sum())
    if before >= len(rows):
        raise nothing(account, first, last)
    shown = rows.iloc[before:].reset_index(drop=True)
    equity, baseline, drawdown, cumulative, returns = (
        shown[name].to_numpy(np.float64)
        for name in (
            "total_equity", "baseline_value", "drawdown", "cumulative_return", "daily_return",
        )
    )  # fmt: skip
    capital = float(rows["initial_capital"].iloc[0])
    if before:
        held, held_baseline = (
            float(rows[name].iloc[before - 1]) for name in ("total_equity", "baseline_value")
        )
        if account.directional:
            equity = capital + (equity - held)
        else:
            capital = held
        baseline = baseline * (capital / held_baseline)
        cumulative, drawdown = equity / capital - 1.0, fall(equity, capital)
    table = pd.DataFrame(
        {
            "session": shown["session"],
            "equity": equity,
            "baseline": baseline,
            "return": 100.0 * returns,
            "cumulative": 100.0 * cumulative,
            "baseline_cumulative": 100.0 * (baseline / capital - 1.0),
            "drawdown": 100.0 * drawdown,
            "baseline_drawdown": 100.0 * fall(baseline, capital),
            "cell": shown["cell"],
            "regime": [f"Cell_{cell}" if cell else None for cell in shown["cell"].tolist()],
            "trend": shown["trend"],
            "vol": shown["vol"],
        }
    )
    return Curve(capital, table)


def fall(equity: FloatArray, capital: float) -> FloatArray:
    """Return drawdowns, fractions <= 0, against the highest equity so far, capital included."""
    peak = np.maximum(np.maximum.accumulate(equity), capital)
    return np.asarray(equity / peak - 1.0, dtype=np.float64)


def thinned(values: FloatArray, count: int | None) -> IntArray:
    """Return which points of a curve to keep: the first, the last, and the extremes between.

    Parameters
    ----------
    values : float64 of shape (T,)
    count : int, optional
        At most so many, >= 4; all unless given.

    Returns
    -------
    int64 of shape (min(T, count),) or less
        Indexes, ascending. Every stretch of the curve keeps its lowest and its highest point, so
        that those of the whole are among them.
    """
    total = len(values)
    if count is None or total <= count:
        return np.arange(total)
    stretches = np.array_split(np.arange(1, total - 1), max((count - 2) // 2, 1))
    kept = [0, total - 1]
    for stretch in stretches:
        inside = values[stretch]
        kept += [int(stretch[np.argmin(inside)]), int(stretch[np.argmax(inside)])]
    return np.unique(np.array(kept, dtype=np.int64))


def _rows(desk: ReadDesk, account: Account, last: date | None) -> pd.DataFrame:
    ledger = desk.ledger
    if not account.directional:
        rows = view_rows.sessions(ledger.engine, account.key, last)
        return rows.assign(initial_capital=account.opened_with(ledger) if len(rows) else np.nan)
    rows = view_rows.days(ledger.engine, account.key, last)
    stake, equity = rows["initial_capital"].to_numpy(), rows["total_equity"].to_numpy()
    closes = rows["last_close"].to_numpy()
    grown = closes / closes[0] if len(rows) else closes
    opened = np.concatenate((stake[:1], equity))
    results = np.diff(opened) / stake if len(rows) else equity
    return rows.assign(
        baseline_value=stake * grown, daily_return=results,
        cumulative_return=equity / stake - 1.0, cell=0, trend=None, vol=None,
    )  # fmt: skip
