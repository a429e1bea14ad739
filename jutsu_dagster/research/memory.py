"""Memory: one row a night of what research concluded, read back a few rows at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.research.trades import Json, stamp

# Nights that the meta review looks back on; nights that the file keeps.
LOOK_BACK = 5
KEPT = 1_000

PARTS = ("reflection", "tuner", "dream", "quality_scores", "drift", "are")


def memory_row(day: date, parts: Mapping[str, Mapping[str, Any] | None]) -> Json:
    """Return a night's row: ts, partition, and the outputs of PARTS, null where one is missing.

    Raises
    ------
    DataError
        If a part has another name.
    """
    unknown = sorted(set(parts) - set(PARTS))
    if unknown:
        raise DataError(f"memory has no part {', '.join(unknown)}; it has {', '.join(PARTS)}")
    head = {"ts": stamp(day), "partition": day.isoformat()}
    return head | {name: parts.get(name) for name in PARTS}


def upsert(
    rows: Iterable[Mapping[str, Any]], row: Mapping[str, Any], kept: int = KEPT
) -> list[Json]:
    """Return the rows in order of their partitions, that of ``row`` replaced by it or added.

    A night that is run again leaves one row, not two. Of more than ``kept`` rows the newest stay.
    """
    by_day = {each["partition"]: dict(each) for each in rows}
    by_day[row["partition"]] = dict(row)
    return [by_day[day] for day in sorted(by_day)][-kept:]


def remembered(
    rows: Iterable[Mapping[str, Any]], until: date, count: int = LOOK_BACK
) -> list[Json]:
    """Return the last ``count`` rows up to and including the night of ``until``, oldest first.

    Later nights are not seen, also when an early one is run again.
    """
    last = until.isoformat()
    by_day = {each["partition"]: dict(each) for each in rows if each["partition"] <= last}
    return [by_day[day] for day in sorted(by_day)][-count:]
