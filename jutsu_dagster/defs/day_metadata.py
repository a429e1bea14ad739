"""What a paper day of a directional account shows in Dagster: money, trades, decisions."""

import dagster as dg

from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.pipeline.day_report import DayReport
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.storage.exploration_rows import DayRecord


def day_metadata(entry: StrategyEntry, report: DayReport) -> Metadata:
    """Return what one day of a directional account shows; shares are of the stake."""
    metadata: Metadata = {"strategy_id": entry.id, "status": report.status}
    if report.note:
        metadata["note"] = report.note
    state, record = report.state, report.record
    if state is None or record is None or report.provenance is None:
        return metadata
    closed = record.closed
    metadata |= {
        "equity": report.equity,
        "day_change": (report.equity - report.previous_equity) / record.initial_capital,
        "since_start": report.equity / record.initial_capital - 1.0,
        "drawdown": report.equity / report.peak - 1.0,
        "baseline": report.baseline,
        "pnl_net": sum(row["pct"] for row in closed),
        "pnl_gross": sum(row.get("gross_pct", row["pct"]) for row in closed),
        "entries": len(record.trades) - len(closed),
        "exits": len(closed),
        "position": state.dir,
        "symbol": record.symbol,
        "regime": report.signals["regime"],
        "bars_by_regime": dg.MetadataValue.json(dict(report.signals["bars_by_regime"])),
        "stats": dg.MetadataValue.json(dict(state.stats)),
        "content_hash": report.content_hash,
        "parameter_hash": report.provenance.parameter_hash,
        "data_version": report.provenance.data_version,
        "data_hash": report.provenance.data_hash,
        "code_version": report.provenance.code_version,
    }
    if record.trades:
        metadata["trades"] = dg.MetadataValue.md(_trades(record))
    return metadata


def _trades(record: DayRecord) -> str:
    lines = ["| time (UTC) | what | price | net | why | regime |", "|---|---|---|---|---|---|"]
    for row in record.trades:
        side = "long" if row["dir"] > 0 else "short"
        opens = row["type"] == "open"
        price = row["entry_px"] if opens else row["exit_px"]
        why = f"confidence {row['conf']:.2f}" if opens else row["exit_reason"]
        net = "" if opens else f"{row['pct']:+.3%}"
        when = row["ts"][11:16]
        lines.append(
            f"| {when} | {row['type']} {side} | {price:,.4f} | {net} | {why} | {row['regime']} |"
        )
    return "\n".join(lines)
