"""What variants show in Dagster: a day's numbers, the best curves, the family as a whole."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np

from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.pipeline.variant_report import VariantDay, VariantRun
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.reporting.plots import equity_and_drawdown_svg, family_svg, markdown_image
from jutsu_dagster.storage import exploration_accounts as accounts
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.ledger import Ledger

if TYPE_CHECKING:
    import pandas as pd

    from jutsu_dagster.core.bars import FloatArray, TimeArray

# A plot is worth its time for these only; the dashboard draws the others when asked.
_BEST = 20
_LINES = 8


@dataclass
class Shown:
    """What a parent's variants show beside each one's day.

    Attributes
    ----------
    curves : dict of variant id to metadata
        Of the best.
    overview : metadata
        For the parent's page.
    """

    curves: dict[str, Metadata] = field(default_factory=dict)
    overview: Metadata = field(default_factory=dict)


def definition_metadata(shadow: Shadow) -> Metadata:
    """Return what stands on a variant's page whether or not it ran."""
    row, mutated = shadow.row, shadow.mutated
    metadata: Metadata = {
        "strategy_id": shadow.id,
        "parent": row.parent_id,
        "mutations": dg.MetadataValue.json(dict(row.mutations)),
        "base_params_hash": row.base_params_hash or "unknown",
    }
    if mutated is not None:
        metadata["changed"] = dg.MetadataValue.json(dict(mutated.changed))
        if mutated.clamped:
            metadata["clamped"] = dg.MetadataValue.json(dict(mutated.clamped))
    if row.created_partition is not None:
        metadata["created_partition"] = row.created_partition.isoformat()
    if row.reason:
        metadata["reason"] = row.reason
    return metadata


def day_metadata(run: VariantRun, day: VariantDay) -> Metadata:
    """Return what one day of a variant shows."""
    metadata: Metadata = {"strategy_id": run.id, "status": day.status}
    if day.note:
        metadata["note"] = day.note
    record = day.record
    if record is None:
        return metadata
    stats = record.stats
    return metadata | {
        "equity": record.equity,
        "drawdown": record.equity / record.peak - 1.0,
        "day_pnl": float(sum(row["pct"] for row in record.closed)),
        "total_pnl": stats["total_pnl"],
        "exp_trades": stats["exp_trades"],
        "exp_pf": "undefined" if stats["exp_pf"] is None else stats["exp_pf"],
        "wins": stats["wins"],
        "losses": stats["losses"],
        "entries": len(record.trades) - len(record.closed),
        "position": record.position_dir,
        "content_hash": record.closing_hash,
        "parameter_hash": record.parameter_hash,
        "data_version": record.data_version,
    }


def family_metadata(parent: StrategyEntry, ledger: Ledger, ids: Sequence[str], last: date) -> Shown:
    """Return the curves of the best among ``ids``, and the standing of the whole family."""
    standing = log.standing(ledger.engine, parent.id)
    if standing.empty:
        return Shown()
    ranked = standing.sort_values("total_pnl", ascending=False, kind="stable")
    best = [str(id_) for id_ in ranked["strategy_id"][:_BEST]]
    shown = Shown()
    curves = accounts.curves(ledger.engine, "shadow", best)
    asked = set(ids)
    shown.curves = {id_: _curve(id_, curves[id_]) for id_ in best if id_ in asked}
    control = log.summaries(ledger.engine, "control", [parent.id])
    shown.overview = {
        "variants": len(standing),
        "traded": int((standing["exp_trades"] > 0).sum()),
        "best": best[0],
        "best_total_pnl": float(ranked["total_pnl"].iloc[0]),
        "median_total_pnl": float(ranked["total_pnl"].median()),
        "night": last.isoformat(),
    }
    line = None
    if len(control):
        newest = control.sort_values("day").iloc[-1]
        shown.overview["control_total_pnl"] = float(newest["total_pnl"])
        track = str(newest["track"])
        control_days = accounts.curves(ledger.engine, "control", [parent.id], track=track)
        line = _results(control_days[parent.id])
    lines = {id_: _results(curves[id_]) for id_ in best[:_LINES]}
    svg = family_svg(lines, line, title=f"{parent.id}: best of {len(standing)} variants")
    shown.overview["best_variants"] = dg.MetadataValue.md(markdown_image(svg))
    return shown


def _results(days: "pd.DataFrame") -> "tuple[TimeArray, FloatArray]":
    return days["day"].to_numpy().astype("datetime64[D]"), days["total_pnl"].to_numpy(np.float64)


def _curve(variant_id: str, days: "pd.DataFrame") -> Metadata:
    """Return a variant's equity beside its symbol, if there are two days of it."""
    if len(days) <= 1:
        return {}
    close = days["last_close"].to_numpy(np.float64)
    capital = float(days["initial_capital"].iloc[0])
    svg = equity_and_drawdown_svg(
        days["day"].to_numpy().astype("datetime64[D]"),
        days["equity"].to_numpy(np.float64),
        capital * close / close[0],
        title=variant_id,
    )
    return {"equity_and_drawdown": dg.MetadataValue.md(markdown_image(svg))}
