"""Metadata values: plots and hashes from what the pipeline reports."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.compare import STALE_RULE, account_result
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.ingest import DayReport
from jutsu_dagster.pipeline.year_report import Curve, YearReport
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.reporting.balance import balance_markdown
from jutsu_dagster.reporting.plots import closes_svg, equity_and_drawdown_svg, markdown_image
from jutsu_dagster.sources.base import MarketSource, is_synthetic
from jutsu_dagster.storage.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

# What Dagster takes as metadata: Python scalars and its own values, never a numpy scalar.
Metadata = dict[str, Any]


def range_hash(days: Sequence[DayReport]) -> str:
    """Return the content hash of a run's days: of one day, that day's own."""
    if len(days) == 1:
        return days[0].content_hash
    text = "\n".join(f"{day.day} {day.content_hash}" for day in days)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def closes_plot(rows: "pd.DataFrame", source: MarketSource) -> dg.MetadataValue:
    """Return a small plot of the symbols' closes over the run's days."""
    if not len(rows):
        return dg.MetadataValue.text("no session in this range")
    title = f"{source.name}{' (synthetic)' if source.synthetic else ''}"
    return dg.MetadataValue.md(markdown_image(closes_svg(rows, title=title)))


def year_metadata(entry: StrategyEntry, report: YearReport) -> Metadata:
    """Return what one backtest year shows in Dagster: numbers, provenance and a plot."""
    known: Metadata = {
        "strategy_id": entry.id,
        "parameter_hash": report.parameter_hash,
        "code_version": report.code_version,
    }
    segment = report.segment
    if segment is None:
        return known | {"note": report.note}
    baseline = float(report.baseline[-1]) / report.opening_baseline - 1.0
    made_up = _made_up(report)
    lines = (segment.equity, report.baseline)
    if isinstance(segment, Curve):
        # As of an account that began the year with the stake: what it had may be below zero.
        lines = (segment.from_stake, report.baseline * segment.stake / report.opening_baseline)
    svg = equity_and_drawdown_svg(
        segment.sessions, *lines, title=f"{entry.id} {report.year}{made_up}"
    )
    metadata: Metadata = {
        "equity_and_drawdown": dg.MetadataValue.md(markdown_image(svg)),
        "return": report.metrics["total_return"],
        "baseline_return": baseline,
        "sharpe_ratio": _number(report.metrics["sharpe_ratio"]),
        "max_drawdown": report.metrics["max_drawdown"],
        "trades": report.metrics["total_fills"],
        "final_equity": report.metrics["final_equity"],
        "sessions": len(segment),
        "first_session": str(segment.sessions[0]),
        "last_session": str(segment.sessions[-1]),
        "data_version": report.data_version,
        "market_source": f"{report.source}{made_up}",
        **known,
    }
    if report.note:
        metadata["note"] = report.note
    if report.balance:
        metadata["trades_by_regime"] = dg.MetadataValue.md(balance_markdown(report.balance))
    return metadata


def account_metadata(
    entry: StrategyEntry, ledger: Ledger, account: AccountKey, report: YearReport
) -> Metadata:
    """Return the same numbers for the whole account as far as it is recorded.

    Years after ``report``'s, the last one just computed, are named with what has become of them.
    """
    if entry.config is None:
        return {}
    result = account_result(
        ledger, account, entry.config.initial_capital, directional=is_directional(entry.config)
    )
    if result is None:
        return {}
    recorded = np.unique(result.sessions.astype("datetime64[Y]")).astype(str).tolist()
    later_years = [year for year in recorded if int(year) > report.year]
    svg = equity_and_drawdown_svg(
        result.sessions,
        result.equity,
        result.baseline,
        title=f"{entry.id}, whole account{_made_up(report)}",
    )
    metadata: Metadata = {
        "account_from": str(result.sessions[0]),
        "account_to": str(result.sessions[-1]),
        "account_return": result.metrics["total_return"],
        "account_cagr": _number(result.metrics["cagr"]),
        "account_sharpe_ratio": _number(result.metrics["sharpe_ratio"]),
        "account_max_drawdown": result.metrics["max_drawdown"],
        "account_trades": result.trades["total_fills"],
        "account_final_equity": result.metrics["final_equity"],
        "account_equity_and_drawdown": dg.MetadataValue.md(markdown_image(svg)),
    }
    if result.stale:
        metadata["stale_years"] = f"{', '.join(result.stale)}: {STALE_RULE}"
    elif later_years:
        # Dagster marks them stale by time; whether their numbers still stand, the ledger knows.
        metadata["later_years"] = f"{', '.join(later_years)}: still follow from this one"
    return metadata


def _made_up(report: YearReport) -> str:
    return ", synthetic market" if is_synthetic(report.source) else ""


def _number(value: float | None) -> float | str:
    return "undefined" if value is None else value
