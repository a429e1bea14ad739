"""What a paper day shows in Dagster: money, positions, fills, signals, and the account's plot."""

import dagster as dg
import numpy as np

from jutsu_dagster.core.timeframe import table_of
from jutsu_dagster.defs.day_metadata import day_metadata
from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.pipeline.compare import curve_of
from jutsu_dagster.pipeline.day_report import DayReport
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.night import PaperReport
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.pipeline.session_report import SessionReport
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.reporting.plots import equity_and_drawdown_svg, markdown_image
from jutsu_dagster.sources.base import is_synthetic
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore


def paper_metadata(entry: StrategyEntry, report: PaperReport) -> Metadata:
    """Return what one day of an account shows, of either kind."""
    if isinstance(report, DayReport):
        return day_metadata(entry, report)
    return session_metadata(entry, report)


def session_metadata(entry: StrategyEntry, report: SessionReport) -> Metadata:
    """Return what one day of an account shows."""
    metadata: Metadata = {"strategy_id": entry.id, "status": report.status}
    if report.note:
        metadata["note"] = report.note
    state, segment = report.state, report.segment
    if state is None or segment is None or report.provenance is None:
        return metadata
    metadata |= {
        "equity": state.equity,
        "cash": state.cash,
        "day_return": state.equity / segment.opening.equity - 1.0,
        "since_start": state.equity / state.initial_capital - 1.0,
        "drawdown": state.equity / state.peak - 1.0,
        "baseline": report.baseline,
        "positions": dg.MetadataValue.json(dict(state.shares)),
        "target_weights": dg.MetadataValue.json(dict(state.accepted)),
        "fills": len(segment.fills),
        "signals": dg.MetadataValue.json(dict(report.signals)),
        "content_hash": report.content_hash,
        "parameter_hash": report.provenance.parameter_hash,
        "data_version": report.provenance.data_version,
        "code_version": report.provenance.code_version,
    }
    fills = segment.fills
    if len(fills):
        lines = [
            f"| {'BUY' if shares > 0 else 'SELL'} | {segment.symbols[column]} | {abs(shares)}"
            f" | {price:,.4f} | {commission:,.2f} |"
            for column, shares, price, commission in zip(
                fills.column.tolist(),
                fills.shares.tolist(),
                fills.price.tolist(),
                fills.commission.tolist(),
                strict=True,
            )
        ]
        head = ["| side | symbol | shares | price | commission |", "|---|---|---|---|---|"]
        metadata["trades"] = dg.MetadataValue.md("\n".join(head + lines))
    return metadata


def paper_curve(entry: StrategyEntry, ledger: Ledger, store: MarketStore) -> Metadata:
    """Return a plot of the whole account beside buy-and-hold, if it has two sessions."""
    if entry.config is None:
        return {}
    rows = curve_of(ledger, paper_account(entry.id), directional=is_directional(entry.config))
    if len(rows) <= 1:
        return {}
    source = store.source(table_of(entry.config.strategy.timeframe))
    made_up = ", synthetic market" if is_synthetic(source) else ""
    svg = equity_and_drawdown_svg(
        rows["session"].to_numpy().astype("datetime64[D]"),
        rows["total_equity"].to_numpy(dtype=np.float64),
        rows["baseline_value"].to_numpy(dtype=np.float64),
        title=f"{entry.id}, paper{made_up}",
    )
    return {"equity_and_drawdown": dg.MetadataValue.md(markdown_image(svg))}
