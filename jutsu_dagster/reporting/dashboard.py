"""The dashboard's files: ``dashboard_<Class>.csv``, its reader, and ``config_<Class>.yaml``."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import yaml

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.reporting.account import AccountReport, column, csv_text, decimals, words
from jutsu_dagster.reporting.summary import relative_metrics

_TITLE = "# Backtest Dashboard Export"
_HEADER = (
    "Date", "Portfolio_Value", "Baseline_Value", "BuyHold_Value", "Regime", "Trend", "Vol",
)  # fmt: skip


def dashboard_csv(report: AccountReport, *, compat: bool = False) -> str:
    """Return the dashboard CSV: 11 comment lines, then one row a session.

    Percentages are times 100, all numbers have 2 decimals, the regime is a bare integer.

    Parameters
    ----------
    report : AccountReport
    compat : bool
        Give the Sharpe ratio as (CAGR - 2 %) / volatility and alpha as the quotient of total
        returns, as an earlier system did; else mean / std * sqrt(252), and the difference of
        CAGRs in percentage points.
    """
    metrics, relative = report.metrics, relative_metrics(report)
    alpha = relative["return_multiple"] if compat else 100.0 * (relative["cagr_excess"] or 0.0)
    comments = {
        "strategy_name": report.class_name,
        "start_date": str(report.sessions[0]),
        "end_date": str(report.sessions[-1]),
        "initial_capital": decimals(report.initial_capital, 2),
        "total_return": decimals(100.0 * metrics["total_return"], 2),
        "annualized_return": decimals(100.0 * metrics["cagr"], 2),
        "sharpe_ratio": decimals(
            metrics["geometric_sharpe_ratio" if compat else "sharpe_ratio"], 2
        ),
        "max_drawdown": decimals(100.0 * metrics["max_drawdown"], 2),
        "alpha": decimals(alpha, 2),
        "baseline_ticker": report.signal_symbol,
    }
    baseline = column(report.baseline, 2)
    rows = zip(
        [str(session) for session in report.sessions],
        column(report.equity, 2),
        baseline,
        baseline,
        [cell or "" for cell in report.cells.tolist()],
        words(report.snapshots["trend_state"]),
        words(report.snapshots["vol_state"]),
        strict=True,
    )
    lines = [_TITLE, *(f"# {key}: {value}" for key, value in comments.items())]
    return "\n".join(lines) + "\n" + csv_text(_HEADER, rows)


@dataclass(frozen=True, eq=False, slots=True)
class Dashboard:
    """A dashboard file as read.

    Attributes
    ----------
    comments : mapping of str to str
        Without the ``#``, as written.
    rows : DataFrame
        Date (datetime64), Portfolio_Value, Baseline_Value, BuyHold_Value (float64, NaN where
        empty), Regime (int64, 0 for none), Trend, Vol.
    """

    comments: Mapping[str, str]
    rows: pd.DataFrame


def read_dashboard(text: str, name: str = "dashboard CSV") -> Dashboard:
    """Read a dashboard CSV of ours or of the earlier system; regimes as ``3`` or ``Cell_3``.

    Raises
    ------
    DataError
        If a column is missing or a regime is neither, naming ``name`` and the row.
    """
    found = re.findall(r"^# *([^:\n]+?) *: *(.*?) *$", text, re.MULTILINE)
    rows = pd.read_csv(io.StringIO(text), comment="#", dtype={"Regime": "string"})
    missing = [column for column in _HEADER if column not in rows.columns]
    if missing:
        raise DataError(f"{name}: column {missing[0]} is missing; must have {', '.join(_HEADER)}")
    regimes = rows["Regime"].fillna("")
    # A column with gaps was written as floats by some.
    cells = regimes.str.extract(r"^(?:Cell_)?([1-9]\d*)(?:\.0)?$")[0]
    unknown = cells.isna() & (regimes != "")
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        raise DataError(
            f"{name}: Regime of {rows['Date'].iloc[row]} is {regimes.iloc[row]!r};"
            " must be a cell's number, or Cell_ and its number"
        )
    rows["Regime"] = cells.fillna("0").astype(np.int64)
    rows["Date"] = pd.to_datetime(rows["Date"], format="%Y-%m-%d")
    return Dashboard(dict(found), rows[list(_HEADER)])


def config_yaml(
    report: AccountReport,
    backtest: Mapping[str, Any],
    *,
    warmup_sessions: int,
    data_version: str | None = None,
) -> str:
    """Return the YAML that says how the dashboard's backtest was run, and how it ended.

    Parameters
    ----------
    report : AccountReport
    backtest : mapping
        Further settings: timeframe, costs, execution time; plain values.
    warmup_sessions : int
        Sessions before the first one that may trade.
    data_version : str, optional
        Version of the market store that was read.
    """
    content: dict[str, Any] = {
        "execution_type": "backtest",
        "strategy": {
            "strategy_id": report.strategy_id,
            "name": report.strategy_class,
            "parameters": dict(report.parameters),
        },
        "backtest_config": {
            "start_date": str(report.sessions[0]),
            "end_date": str(report.sessions[-1]),
            "initial_capital": report.initial_capital,
            **backtest,
        },
        "warmup": {"sessions": warmup_sessions},
        "results_summary": report.metrics | report.trade_metrics,
    }
    if data_version is not None:
        content["data_version"] = data_version
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
