"""The regime CSVs: every session's regime, and what each regime earned while it was held."""

from __future__ import annotations

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.metrics import regime_table, session_returns
from jutsu_dagster.reporting.account import AccountReport, csv_text, decimals, words


def regime_timeseries_csv(report: AccountReport, signal_close: FloatArray | None = None) -> str:
    """Return regime, equity and returns of every trading session, in full precision.

    The regime is the one at the session's close, hence not the one that earned the session's
    return. Warm-up sessions are left out; the first row's returns are 0.

    Parameters
    ----------
    report : AccountReport
    signal_close : float64 of shape (T,), optional
        Closes of the signal symbol, as traded; without them the column is empty. Returns come
        from the baseline, which a split does not disturb.
    """
    signal = report.signal_symbol
    closes = np.full(len(report.sessions), np.nan) if signal_close is None else signal_close
    own, base = _returns(report)
    rows = zip(
        [f"{session} 00:00:00" for session in report.sessions],
        [f"Cell_{cell}" if cell else "" for cell in report.cells.tolist()],
        words(report.snapshots["trend_state"]),
        words(report.snapshots["vol_state"]),
        _exact(closes),
        _exact(base),
        _exact(report.equity),
        _exact(own),
        strict=True,
    )
    header = [
        "Date", "Regime", "Trend", "Vol", f"{signal}_Close", f"{signal}_Daily_Return",
        "Portfolio_Value", "Strategy_Daily_Return",
    ]  # fmt: skip
    return csv_text(header, rows)


def regime_summary_csv(report: AccountReport) -> str:
    """Return one row a regime: days held, and total, mean and annualised returns.

    A session's return belongs to the cell held over it: the one whose position stood at the close
    before. With fills at the next open the night still belongs to the position before. The mean
    is the mean of daily returns, annualised as (1 + mean)^252 - 1.
    """
    own, base = _returns(report)
    names = _names(report)
    signal = report.signal_symbol
    rows = []
    for row in regime_table(report.cells, own, base, report.held_lag):
        cell = int(row["cell"])
        numbers = [
            decimals(row[f"{series}_{name}"], places)
            for series in ("baseline", "strategy")
            for name, places in (("total", 4), ("mean", 6), ("annualised", 4))
        ]
        rows.append([f"Cell_{cell}", *names[cell], row["days"], *numbers])
    header = [
        "Regime", "Trend", "Vol", "Days", f"{signal}_Total_Return", f"{signal}_Daily_Avg",
        f"{signal}_Annualized", "Strategy_Total_Return", "Strategy_Daily_Avg",
        "Strategy_Annualized",
    ]  # fmt: skip
    return csv_text(header, rows)


def _returns(report: AccountReport) -> tuple[FloatArray, FloatArray]:
    """Return the strategy's and the baseline's returns, float64 of shape (T,), the first 0."""
    own, base = (
        session_returns(series, float(series[0])) for series in (report.equity, report.baseline)
    )
    return own, base


def _names(report: AccountReport) -> dict[int, tuple[str, str]]:
    trend, vol = words(report.snapshots["trend_state"]), words(report.snapshots["vol_state"])
    return dict(zip(report.cells.tolist(), zip(trend, vol, strict=True), strict=True))


def _exact(values: FloatArray) -> list[str]:
    return [repr(value) if np.isfinite(value) else "" for value in values.tolist()]
