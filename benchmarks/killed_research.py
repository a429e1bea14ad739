"""Whole nights killed by SIGKILL at random moments, beside the same nights undisturbed.

    python benchmarks/killed_research.py [--nights N] [--kills N] [--seed N]

``jutsu nightly`` is killed anywhere in its process, once to three times a night, and then run to
its end. Afterwards every file under ``reports/`` and every row of the ledger that is no clock's
must be those of the undisturbed project.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from variant_cases import FIRST, PARENTS, make_variants, prepare, project_settings

from jutsu_dagster_tests.killable import JUTSU, Night, content, differences

_PARENTS = (PARENTS[0], "v3_5b")
_VARIANTS = 20
_DAY = timedelta(days=1)
_SHOWN = 40


def fill(home: Path) -> None:
    """Make the project."""
    prepare(home, _PARENTS)
    make_variants(home, _PARENTS, _VARIANTS)


def start(home: Path, *arguments: str) -> Night:
    """Start ``jutsu nightly`` in a project."""
    return Night([*JUTSU, "nightly", *arguments], {"JUTSU_HOME": str(home)})


def finish(home: Path, *arguments: str) -> float:
    """Run ``jutsu nightly`` to its end, which must be a good one; return how long it took."""
    begun = time.monotonic()
    code, _, err = start(home, *arguments).end(600)
    if code != 0 or "Traceback" in err:
        sys.exit(f"killed_research: nightly {' '.join(arguments)} ended with {code}:\n{err}")
    return time.monotonic() - begun


def disturb(home: Path, nights: Sequence[date], kills: int, usual: float, seed: int) -> int:
    """Run the nights with kills; return how many hit a process that was still at work."""
    draw = random.Random(seed)  # noqa: S311  (kills, not keys)
    hit = 0
    for place, night in enumerate(nights):
        wanted = -(-(kills - hit) // (len(nights) - place))
        for _ in range(wanted):
            # By date: a night whose summary is there would not be due any more.
            running = start(home, "--date", night.isoformat())
            moment = draw.uniform(0, usual)
            time.sleep(moment)
            over = running.process.poll() is not None
            running.kill(whole=draw.choice((True, False)))
            running.outlived_by(seconds=10)
            hit += not over
            print(f"{night}  after {moment:4.1f} s  {'too late' if over else 'hit'}", flush=True)
        finish(home, "--date", night.isoformat())
    return hit


def reports(home: Path) -> dict[str, bytes]:
    """Return every file under ``reports/``."""
    folder = home / "reports"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def main(argv: Sequence[str] | None = None) -> int:
    """Run both, and say what differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nights", type=int, default=6)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(argv)
    nights = [FIRST + place * _DAY for place in range(options.nights)]
    with tempfile.TemporaryDirectory() as folder:
        calm, other = Path(folder) / "calm", Path(folder) / "disturbed"
        # In a process of its own: copied by one that has it open, SQLite would lose its locks.
        maker = multiprocessing.get_context("spawn").Process(target=fill, args=(calm,))
        maker.start()
        maker.join()
        if maker.exitcode:
            return 1
        shutil.copytree(calm, other)
        seconds = [finish(calm, "--date", night.isoformat()) for night in nights]
        usual = sorted(seconds)[len(seconds) // 2]
        print(f"{options.nights} nights undisturbed, {usual:.1f} s each", flush=True)
        hit = disturb(other, nights, options.kills, usual, options.seed)
        first, second = reports(calm), reports(other)
        faults = [f"reports/{name}" for name in sorted(first) if first[name] != second.get(name)]
        faults += [f"reports/{name} is extra" for name in sorted(second.keys() - first.keys())]
        for home in (calm, other):
            with closing(sqlite3.connect(home / "state" / "jutsu.db")) as database:
                (sound,) = database.execute("PRAGMA integrity_check").fetchone()
            faults += [] if sound == "ok" else [f"{home.name}: SQLite's integrity check: {sound}"]
        found = [content(project_settings(home)) for home in (calm, other)]
        for each in found:
            # A run before each kill keeps a copy of the state of its own: the same, once more.
            each.update({place: sorted(set(each[place])) for place in each if "backups" in place})
        # A run that is killed between fetch and trade writes the market in other commits.
        faults += differences(found[0], found[1], ("data_version",))
    print(f"\n{hit} kills hit; {len(first)} files compared")
    for fault in faults[:_SHOWN]:
        print(f"DIFFERENT  {fault}")
    print("the same, to the bit" if not faults else f"{len(faults)} differences")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
