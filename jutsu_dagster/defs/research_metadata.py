"""What a research step shows in Dagster: the headline of its artefact, and where it lies."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

import dagster as dg

from jutsu_dagster.defs.metadata import Metadata
from jutsu_dagster.pipeline.research.artefacts import partition_path
from jutsu_dagster.research.trades import Json

# A page is to be read; the file has all of it.
_LONGEST = 20_000
_ROWS = 40
_SHOWN = ("variant_id", "days", "trades", "total_pnl", "control_total_pnl", "psr_parent")


def step_metadata(step: str, day: date, found: Json, home: Path) -> Metadata:
    """Return the metadata of a step's artefact of one night."""
    path = partition_path(home, step, day)
    metadata: Metadata = {
        "partition": day.isoformat(),
        "file": path.relative_to(home).as_posix() if path.is_relative_to(home) else str(path),
    }
    text = json.dumps(found, allow_nan=False)
    if len(text) <= _LONGEST:
        metadata["artefact"] = dg.MetadataValue.json(json.loads(text))
    return metadata | _HEADLINES.get(step, _nothing)(found)


def markdown_table(
    header: Sequence[str], rows: Sequence[Sequence[object]]
) -> dg.MarkdownMetadataValue:
    """Return a table; what is unknown is empty, numbers are cut to four digits."""
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows[:_ROWS]]
    if len(rows) > _ROWS:
        lines.append(f"\nand {len(rows) - _ROWS} more")
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|").replace("\n", "<br>")


def _nothing(_found: Json) -> Metadata:
    return {}


def _memory(found: Json) -> Metadata:
    return {"parts": ", ".join(name for name, part in found.items() if isinstance(part, Mapping))}


def _meta(found: Json) -> Metadata:
    rows = [
        (issue.get("type"), ", ".join(issue.get("symbols", ())), issue.get("details"))
        for issue in found["issues"]
    ]
    metadata: Metadata = {"issues": len(rows), "nights": found["memory_entries_analyzed"]}
    if rows:
        metadata["found"] = markdown_table(("type", "symbols", "details"), rows)
    return metadata


def _mutations(found: Json) -> Metadata:
    summary = found["summary"]
    metadata: Metadata = {name: summary[name] for name in sorted(summary)}
    created = [(parent, ", ".join(ids)) for parent, ids in found["created"].items() if ids]
    if created:
        metadata["created"] = markdown_table(("strategy", "new variants"), created)
    if found["retired"]:
        ended = [(one["id"], one["reason"]) for one in found["retired"]]
        metadata["retired"] = markdown_table(("variant", "reason"), ended)
    return metadata


def _candidates(found: Json) -> Metadata:
    summary, table = found["summary"], found["variants"]
    metadata: Metadata = {name: summary[name] for name in sorted(summary)}
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    best = sorted(rows, key=lambda row: -(row["psr_parent"] or 0.0))[:_ROWS]
    shown = [
        (*(row[name] for name in _SHOWN), ", ".join([*row["gates_failed"], *row["rule_failed"]]))
        for row in best
    ]
    if shown:
        metadata["nearest"] = markdown_table((*_SHOWN, "not passed"), shown)
    return metadata


def _summary(found: Json) -> Metadata:
    rows = [(row["name"], row["status"], row.get("error")) for row in found["steps"]]
    bad = sum(status != "OK" for _, status, _ in rows)
    return {
        "steps": len(rows),
        "not_ok": bad,
        "night": markdown_table(("step", "status", "why"), rows),
    }


_HEADLINES: Mapping[str, Callable[[Json], Metadata]] = {
    "memory_snapshot": _memory,
    "meta_review": _meta,
    "mutation_strategies": _mutations,
    "promotion_candidates": _candidates,
    "nightly_summary": _summary,
}
