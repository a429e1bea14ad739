"""What a market asset and its checks show: a day's rows, and what was found wrong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import dagster as dg

from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.pipeline.ingest import DayReport
from jutsu_dagster.pipeline.quality import Finding

if TYPE_CHECKING:
    import pandas as pd

FINDINGS_SHOWN = 20


def dated(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Return rows with a date, under which a plot takes the day's last close."""
    return rows if "date" in rows else rows.assign(date=rows["timestamp"].dt.normalize())


def day_metadata(day: DayReport) -> Metadata:
    """Return what one day of an ingest shows."""
    metadata: Metadata = {
        "session": _session(day),
        "content_hash": day.content_hash,
        "dagster/partition_row_count": sum(day.rows.values()),
    }
    if day.is_session:
        metadata["rows_per_symbol"] = dg.MetadataValue.json(dict(day.rows))
    if day.missing:
        metadata["missing"] = ", ".join(day.missing)
    if day.uneven:
        metadata["uneven"] = ", ".join(f"{one} ({day.rows[one]} bars)" for one in day.uneven)
    if day.not_listed and day.is_session:
        metadata["not_listed"] = ", ".join(day.not_listed)
    return metadata


def _session(day: DayReport) -> str:
    if not day.begun and day.is_session:
        return "before the first bar"
    return "open" if day.is_session else "closed"


def severity_of(name: str) -> dg.AssetCheckSeverity:
    """Return Dagster's severity for ours."""
    return dg.AssetCheckSeverity.ERROR if name == "ERROR" else dg.AssetCheckSeverity.WARN


def summary(found: Sequence[Finding], days: int) -> str:
    """Return one line for a check: how much was found, on how many days."""
    return f"{len(found)} findings on {days} days; first: {found[0]}" if found else f"{days} days"


def check_metadata(found: Sequence[Finding]) -> Metadata:
    """Return the findings, the first of them in words."""
    if not found:
        return {}
    lines = "\n".join(f"- {finding}" for finding in found[:FINDINGS_SHOWN])
    more = len(found) - FINDINGS_SHOWN
    return {
        "count": dg.MetadataValue.int(len(found)),
        "findings": dg.MetadataValue.md(lines + (f"\n- and {more} more" if more > 0 else "")),
    }
