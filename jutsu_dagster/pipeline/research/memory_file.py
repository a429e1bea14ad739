"""``reports/research/research_memory.jsonl``: one row a night, from the nights' own artefacts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.artefacts import ArtefactError
from jutsu_dagster.pipeline.research.shapes import shape_fault
from jutsu_dagster.registry.shadow_rows import parse_json
from jutsu_dagster.research.memory import KEPT
from jutsu_dagster.storage.atomic import write_bytes_atomic

MEMORY_FILE = Path("reports", "research", "research_memory.jsonl")
STEP = "memory_snapshot"


def remember(home: Path, row: Mapping[str, Any]) -> list[str]:
    """Put a night's row into the file, in the place of an earlier one of that night.

    The file is a view: a line that is no row any more, and a night that it lacks, are written
    anew from the night's artefact where that is there. It keeps the newest ``KEPT`` nights.

    Returns
    -------
    list of str
        What was wrong with the file, line by line.
    """
    path = home / MEMORY_FILE
    lines, notes = _lines(path)
    day = str(row["partition"])
    lines[day] = _line(row)
    for night in artefacts.nights(home, STEP):
        name = night.isoformat()
        if name in lines:
            continue
        try:
            lines[name] = _line(artefacts.read(home, STEP, night))
        except ArtefactError as error:
            notes.append(f"{MEMORY_FILE} lacks {name}: {error}")
    kept = sorted(lines)[-KEPT:]
    write_bytes_atomic(path, b"".join(lines[name] for name in kept), durable=False)
    return notes


def _lines(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return the good lines by night, the last of a repeated one, and what is wrong with others."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return {}, []
    found: dict[str, bytes] = {}
    notes = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        fault, name = _fault(line)
        if fault:
            notes.append(f"{MEMORY_FILE} line {number} {fault}; it is left out")
        else:
            found[name] = line + b"\n"
    return found, notes


def _fault(line: bytes) -> tuple[str, str]:
    """Return what is wrong with a line, and else its night."""
    try:
        row = parse_json(line.decode())
    except ValueError as error:
        return f"is no JSON: {error}", ""
    if not isinstance(row, dict):
        return "holds no JSON object", ""
    try:
        day = date.fromisoformat(row["partition"])
    except (KeyError, TypeError, ValueError):
        return f"has no partition: {row.get('partition')!r}", ""
    fault = shape_fault(STEP, day, row)
    return fault, day.isoformat()


def _line(row: Mapping[str, Any]) -> bytes:
    return (json.dumps(row, allow_nan=False, separators=(",", ":")) + "\n").encode()
