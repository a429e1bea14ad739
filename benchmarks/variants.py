"""What variants cost: the engine a bar, the pipeline a night, Dagster beside empty assets.

    python benchmarks/variants.py [--quick] [--pairs N] [--parents ID,…] [--json FILE]

The README beside this file says what the columns mean.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import variant_engine
import variant_nights
from cases import spread
from variant_cases import PARENTS, make_variants, nights, prepare
from variant_engine import EARLIER_NS, Row

_ENGINE_HEADER = """
engine: 30 days of 15-minute bars, one thread; CPU ns a bar and variant, median (min..max)
variants   at once, with events      day by day                without events   events  above KB"""
_PIPELINE_HEADER = """
pipeline: ledger and files without Dagster; CPU
variants   ms a variant and night    ns a bar and variant      a month at once, ns"""
_NIGHT_HEADER = """
night through Dagster beside empty assets of the same keys and steps; seconds, CPU in brackets
variants  steps     ours           empty          ratio of CPU          of wall
"""
_PARTS = ("engine", "pipeline", "night")


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="CPU, wall and memory of variants")
    parser.add_argument("--parents", default=",".join(PARENTS), help="ids, by commas")
    parser.add_argument("--pairs", type=int, default=7, help="paired nights of 1,000 variants")
    parser.add_argument("--part", choices=_PARTS, action="append", help="only this; repeatable")
    parser.add_argument("--quick", action="store_true", help="small counts, few repeats")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args(argv)
    parents = options.parents.split(",")
    parts = options.part or _PARTS
    counts = (10, 100) if options.quick else (10, 100, 1_000)
    pairs = min(options.pairs, 2) if options.quick else options.pairs
    document: Row = {"parents": parents}
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder) / "bare"
        prepare(bare, parents)
        if "engine" in parts:
            document["engine"] = _engine(bare, quick=options.quick)
        homes = {count: _with_variants(bare, parents, count) for count in counts}
        if "pipeline" in parts:
            print(_PIPELINE_HEADER)
            repeats = 3 if options.quick else 7
            document["pipeline"] = [_pipeline(homes[count], count, repeats) for count in counts]
        if "night" in parts:
            print(_NIGHT_HEADER.rstrip())
            document["night"] = [_night(homes[count], count, pairs) for count in counts]
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


def _with_variants(bare: Path, parents: Sequence[str], count: int) -> Path:
    # In a folder of its own, so that the copies of it lie beside it.
    home = bare.parent / str(count) / "prepared"
    shutil.copytree(bare, home)
    make_variants(home, parents, count)
    return home


def _text(values: dict[str, float], digits: int) -> str:
    median, low, high = (values[name] for name in ("median", "min", "max"))
    return f"{median:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def _engine(home: Path, *, quick: bool) -> Row:
    counts = variant_engine.COUNTS[:2] if quick else variant_engine.COUNTS
    case = variant_engine.load_case(home, max(counts))
    equal = variant_engine.check_equal(case)
    print(f"equal: {equal} variants; alone and in company every bit, days one by one every event")
    print(_ENGINE_HEADER)
    rows = variant_engine.engine_rows(case, counts, 3 if quick else 7, 0.1 if quick else 0.3)
    for row in rows:
        row.update(variant_engine.memory(home, row["variants"]))
        row["above_kb_each"] = (row["peak_mb"] - row["baseline_mb"]) * 1e3 / row["variants"]
        print(
            f"{row['variants']:>8,}   {_text(row['events_ns'], 1):<25} "
            f"{_text(row['by_days_ns'], 0):<25} {_text(row['summary_ns'], 1):<17}"
            f"{row['events_each']:6.0f}{row['above_kb_each']:10.1f}",
            flush=True,
        )
    times = EARLIER_NS / statistics.median(row["events_ns"]["median"] for row in rows)
    print(
        f"signals and decision, once for all of them: {case.signals_ns:.0f} ns a bar;"
        f" the recorded earlier system: {EARLIER_NS:,.0f} ns a bar and variant, {times:,.0f} times"
    )
    return {"signals_ns": case.signals_ns, "rows": rows}


def _pipeline(home: Path, count: int, repeats: int) -> Row:
    row = variant_nights.pipeline_row(home, count, repeats)
    print(
        f"{count:>8,}   {_text(row['night_cpu_ms'], 2):<25} {_text(row['night_ns'], 0):<25} "
        f"{_text(row['month_ns'], 0)}",
        flush=True,
    )
    return row


def _night(home: Path, count: int, pairs: int) -> Row:
    found, row = variant_nights.night_pairs(home, pairs)
    row |= {"variants": count, "nights": [str(day) for day in nights(pairs + 1)[1:]]}
    counted = found[1:]
    sides: tuple[str, ...] = ("ours", "empty")
    for unit in ("wall", "cpu"):
        costs = {side: [getattr(pair[side], unit) for pair in counted] for side in sides}
        row |= {f"{side}_{unit}_s": spread(costs[side]) for side in sides}
        ratios = [a / b for a, b in zip(costs["ours"], costs["empty"], strict=True)]
        row[f"{unit}_ratio"] = spread(ratios)
    for side in sides:
        row[f"{side}_memory"] = variant_nights.memory(home, side)
    seconds: Callable[[str], str] = lambda side: (  # noqa: E731
        f"{row[f'{side}_wall_s']['median']:6.2f} ({row[f'{side}_cpu_s']['median']:.2f})"
    )
    print(
        f"{count:>8,}{row['steps']:>6}   {seconds('ours'):<15}{seconds('empty'):<15}"
        f"{_text(row['cpu_ratio'], 2):<21} {_text(row['wall_ratio'], 2)}",
        flush=True,
    )
    peaks = [f"{side} {row[f'{side}_memory']['peak_mb']:.0f}" for side in sides]
    print(f"{'':>17}peak MB of two nights: {', '.join(peaks)}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
