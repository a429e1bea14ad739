"""A finished look back: its document, tables and plots, written together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from jutsu_dagster.pipeline.lookback.run import Run
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.atomic import write_bytes_atomic, write_text_atomic

# How many refused sets are named, of however many there are.
_NAMED = 20
_OURS = (".json", ".md", ".parquet", ".svg")


@dataclass(frozen=True, eq=False, slots=True)
class Report:
    """What one tool found.

    Attributes
    ----------
    tool, strategy_id : str
    document : mapping
        Strict JSON: what was asked, what it was computed from, what came out.
    markdown : str
        The same for reading, with the plots.
    frames : mapping of file stem to DataFrame
        Written as Parquet.
    plots : mapping of file stem to str
        SVG.
    """

    tool: str
    strategy_id: str
    document: dict[str, Any]
    markdown: str
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    plots: Mapping[str, str] = field(default_factory=dict)


def head(
    tool: str, config: StrategyConfig, run: Run, source: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every document begins with: of what, from what, over which days."""
    return {
        "tool": tool,
        "strategy_id": config.strategy_id,
        "strategy_class": config.class_name,
        "parameter_hash": config.strategy.parameter_hash,
        "window": {"first": str(run.days[0]), "last": str(run.days[-1]), "days": len(run)},
        "baseline": f"buy and hold of {run.baseline_symbol}",
        "compounded": run.basis.compound,
        "days_per_year": run.basis.per_year,
        "sets": {
            "source": source,
            "evaluated": len(run.sets),
            "refused": len(run.refused),
            "refusals": [
                {"changes": changes, "reason": reason} for changes, reason in run.refused[:_NAMED]
            ],
        },
        "options": dict(options),
        "data_version": run.data_version,
        "data_hash": run.data_hash,
        "code_version": run.code_version,
    }


def folder_of(reports: Path, tool: str, strategy_id: str) -> Path:
    """Return where a tool's report of a strategy stands."""
    return reports / "research" / "lookback" / strategy_id / tool


def write_report(report: Report, reports: Path) -> list[Path]:
    """Write a report's files, ``report.json`` last; what an earlier one left beside them goes.

    Returns
    -------
    list of Path
        What was written, the document first.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder = folder_of(reports, report.tool, report.strategy_id)
    written = []
    for name, frame in report.frames.items():
        written.append(folder / f"{name}.parquet")
        write_bytes_atomic(written[-1], frame.to_parquet(index=False))
    for name, plot in report.plots.items():
        written.append(folder / f"{name}.svg")
        write_text_atomic(written[-1], plot)
    written.append(folder / "report.md")
    write_text_atomic(written[-1], report.markdown)
    document = folder / "report.json"
    text = json.dumps(report.document, indent=1, allow_nan=False, default=str)
    write_text_atomic(document, text + "\n")
    for path in folder.iterdir():
        if path.suffix in _OURS and path not in {document, *written}:
            path.unlink()
    return [document, *written]
