"""Whether two projects had the same nights: one by ``jutsu nightly``, one by the daemon, say.

    python benchmarks/same_nights.py HOME OTHER [--last DATE]

Both begin as copies of one project. In the one, ``jutsu nightly --from D --to D``; in the other
``jutsu up --schedules``, whose sensor takes the missed nights one after the other. Compared are
the artefacts of every night, byte for byte, the rows of the memory, the shadow registry, and the
days and trades of all variants, up to ``--last``: the daemon goes on to yesterday.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

_TABLES = ("exploration_days", "exploration_trades")
# When it was recorded, under which number, and in which of the market's commits.
_ASIDE = {"id", "recorded_at", "data_version"}


def artefacts(home: Path, last: date) -> dict[str, Any]:
    """Return the bytes of every night's artefacts."""
    folder = home / "reports" / "research" / "by_day"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and str(last) >= _day_in(path)
    }


def lines(home: Path, name: str, key: str, day: str, last: date) -> dict[str, Any]:
    """Return a JSONL file's lines by key, those of days up to the last."""
    rows = [(json.loads(text), text) for text in (home / name).read_text().splitlines()]
    return {row[key]: text for row, text in rows if (row.get(day) or "") <= str(last)}


def recorded(home: Path, table: str, last: date) -> dict[str, Any]:
    """Return a table's rows of days up to the last."""
    database = sqlite3.connect(f"file:{home}/state/jutsu.db?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    rows = database.execute(f"select * from {table} where day <= ?", (str(last),)).fetchall()  # noqa: S608
    database.close()
    kept = [{key: row[key] for key in row.keys() if key not in _ASIDE} for row in rows]  # noqa: SIM118
    return {repr(sorted(row.items())): True for row in kept}


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print, and fail where anything differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("homes", type=Path, nargs=2, metavar="HOME")
    parser.add_argument("--last", type=date.fromisoformat, default=date.max)
    options = parser.parse_args(argv)
    last, different = options.last, 0
    memory = "reports/research/research_memory.jsonl"
    shadows = "reports/evolver/mutation_strategies.jsonl"
    for name, read in (
        ("artefacts", lambda home: artefacts(home, last)),
        ("rows of memory", lambda home: lines(home, memory, "partition", "partition", last)),
        ("variants", lambda home: lines(home, shadows, "id", "created_partition", last)),
        *((table, lambda home, table=table: recorded(home, table, last)) for table in _TABLES),
    ):
        one, other = (read(home) for home in options.homes)
        apart = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
        different += len(apart) + (not one)
        print(f"{name}: {len(one)} and {len(other)}, {len(apart)} differ {apart[:3] or ''}")
    return int(different > 0)


def _day_in(path: Path) -> str:
    """Return the day that an artefact's path names, or the first of all days."""
    found = [part[:10] for part in path.parts[-2:] if part[:4].isdigit() and part[4:5] == "-"]
    return found[-1] if found else ""


if __name__ == "__main__":
    sys.exit(main())
