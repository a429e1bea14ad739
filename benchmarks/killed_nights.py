"""Nightly runs killed by SIGKILL at random moments, beside the same nights undisturbed.

    python benchmarks/killed_nights.py [--database postgres] [--kills N] [--source files:PATH]

The README beside this file says what is killed, when, and what is compared.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from night_watch import Watch, phase_of

from jutsu_dagster.cli.init import init
from jutsu_dagster.core.calendar import is_session
from jutsu_dagster.pipeline.ingest import ingest_range
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import etf_symbols
from jutsu_dagster.settings import Settings
from jutsu_dagster.sources.open import open_source
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.killable import JUTSU, Night, content, differences, leftovers, unshown

_ROOT = Path(__file__).resolve().parent.parent
_DAY = timedelta(days=1)
_SHOWN = 40
_RECENT = 5
AIMS = ("anywhere", "run", "market", "run", "anywhere", "ledger", "run", "state")
"""When a kill comes: at any moment of the process, of its run, or right at a write."""


@dataclass
class Project:
    """One project folder with its database, and what its nights took."""

    settings: Settings
    source: str
    seconds: list[float] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def strategies(self) -> list[str]:
        """The strategies that trade."""
        return StrategyRegistry(self.settings.registry_path, self.settings.home).execution_order

    @property
    def scratch(self) -> Path:
        """Where its processes put temporary files."""
        return self.settings.home.parent / f"{self.settings.home.name}-tmp"

    def start(self, *arguments: str) -> Night:
        """Start ``jutsu trade``."""
        self.scratch.mkdir(exist_ok=True)
        environment = {
            "JUTSU_HOME": str(self.settings.home),
            "JUTSU_ETF_SOURCE": self.source,
            "TMPDIR": str(self.scratch),
        }
        if self.settings.database_url:
            environment["JUTSU_DATABASE_URL"] = self.settings.database_url
        return Night([*JUTSU, "trade", *arguments], environment)

    def run(self, *arguments: str) -> None:
        """Run ``jutsu trade`` to its end, which must be a good one."""
        begun = time.monotonic()
        night = self.start(*arguments)
        code, _, err = night.end(600)
        self.seconds.append(time.monotonic() - begun)
        if code != 0 or "Traceback" in err:
            sys.exit(f"killed_nights: jutsu trade {' '.join(arguments)} ended with {code}:\n{err}")
        self.left += [f"process {pid}" for pid in night.outlived_by()]
        if arguments[0] == "--to":
            self.left += leftovers(self.settings)


def prepare(home: Path, source: str, first: date) -> None:
    """Fill a project folder: configuration, and the bars of all days before the first night."""
    shutil.copytree(_ROOT / "config", home / "config")
    for path in (home / "config" / "strategies").glob("v*.yaml"):
        head, _, rest = path.read_text(encoding="utf-8").partition("\npaper:\n")
        rest = rest.partition("\n")[2]
        text = f"{head}\npaper:\n  start: {first}\n{rest}"
        path.write_text(text, encoding="utf-8")
    settings = Settings(home=home, database_url=None, etf_source=source, market_store=None)
    registry = StrategyRegistry(settings.registry_path, home)
    market, symbols = open_source(source, home), etf_symbols(registry)
    begins = max(
        registry.settings.market_start,
        min(listing.first for listing in market.listings(symbols).values()),
    )
    ingest_range(market, MarketStore(settings.market_url), symbols, begins, first - _DAY)


def opened(prepared: Path, home: Path, url: str | None, source: str) -> Project:
    """Return a project made from the prepared folder, its ledger and Dagster's storage empty."""
    shutil.copytree(prepared, home)
    settings = Settings(home=home, database_url=url, etf_source=source, market_store=None)
    init(settings, quiet=True)
    return Project(settings, source)


def killed(project: Project, arguments: Sequence[str], aim: str, draw: random.Random) -> str:
    """Run ``jutsu trade`` and kill it; return where the kill hit, nothing if it came too late."""
    usual = sorted(project.seconds[-_RECENT:])[_RECENT // 2]
    with Watch(project.settings) as watch:
        night = project.start(*arguments)
        if aim == "anywhere":
            time.sleep(draw.uniform(0, usual))
        else:
            at = watch.wait("run", night)
            if aim == "run":
                time.sleep(draw.uniform(0, max(usual - at, 1)))
            else:
                for _ in range(draw.choice((1, 2)) if aim != "market" else 1):
                    watch.wait(aim, night)
                time.sleep(draw.choice((0, draw.uniform(0, 0.02))))
        over = night.process.poll() is not None
        # Its own process alone, as a person or the kernel does; or all at once, as a power cut.
        night.kill(whole=draw.choice((True, False)))
        left = night.outlived_by(seconds=10)
        project.left += [f"process {pid} after a kill" for pid in left]
        return "" if over else phase_of(project.settings, watch)


def disturbed(
    project: Project, days: Sequence[date], options: argparse.Namespace, say: Callable[[str], None]
) -> Counter[str]:
    """Run the nights with kills; return how many hit where."""
    draw = random.Random(options.seed)  # noqa: S311  (kills, not keys)
    nights = [day for day in days if is_session(day)]
    hits: Counter[str] = Counter()
    behind = False
    for day in days:
        wanted = 0
        if day in nights:
            # Some nights more than once: the run that catches up is killed too.
            wanted = -(-(options.kills - hits.total()) // len(nights[nights.index(day) :]))
        for again in range(wanted):
            arguments = ("--to" if behind else "--date", day.isoformat())
            aim = options.aims[hits.total() % len(options.aims)]
            # What is stored is not written again.
            aim = "run" if again and aim == "market" else aim
            where = killed(project, arguments, aim, draw)
            say(f"{day}  kill {hits.total() + 1:3d}, aimed at {aim:9s}hit {where or 'nothing'}")
            behind = behind or bool(where)
            if not where:
                break
            hits[where] += 1
        if behind and not options.same_night and day != days[-1] and draw.choice((True, False)):
            continue  # nobody looked: the next night catches up
        project.run("--to" if behind else "--date", day.isoformat())
        behind = False
    return hits


def compare(project: Project, other: Project, *, same_night: bool) -> list[str]:
    """Return what is wrong with the disturbed project."""
    expected, found = content(project.settings), content(other.settings)
    aside: tuple[str, ...] = ()
    if not same_night:
        # A night that catches up writes its days in one version of the market's table, and keeps
        # one backup of the state.
        aside = ("data_version",)
        for each in (expected, found):
            for place in [place for place in each if place.endswith("/backups")]:
                del each[place]
    faults = differences(expected, found, aside)
    reports = [
        {path.name for path in each.settings.reports_dir.rglob("*")} for each in (project, other)
    ]
    faults += [f"reports: {name}" for name in sorted(reports[0] ^ reports[1])]
    faults += leftovers(other.settings) + unshown(other.settings, other.strategies)
    if not same_night:
        return faults + other.left
    versions = [
        MarketStore(each.settings.market_url).version("etf_daily") for each in (project, other)
    ]
    return faults + other.left + [f"versions {versions}"] * (versions[0] != versions[1])


def main(argv: Sequence[str] | None = None) -> int:
    """Run both, and say what differs."""
    parser = argparse.ArgumentParser(description="nights killed, beside nights undisturbed")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--source", default="sample", help="as JUTSU_ETF_SOURCE")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2026, 1, 2))
    parser.add_argument("--nights", type=int, default=28, help="UTC days, closed ones too")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--aims", nargs="+", choices=sorted({*AIMS}), default=AIMS)
    parser.add_argument("--same-night", action="store_true", help="catch up before the next night")
    parser.add_argument("--json", type=Path, help="write what was found to this file")
    options = parser.parse_args(argv)
    days = [options.first + number * _DAY for number in range(options.nights)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        urls: list[str | None] = [None, None]
        if options.database == "postgres":
            from jutsu_dagster_tests.postgres.server import Server

            server = stack.enter_context(Server())
            urls = [server.url(server.create()) for _ in range(2)]
        prepare(folder / "prepared", options.source, days[0])
        calm = opened(folder / "prepared", folder / "calm", urls[0], options.source)
        for day in days:
            calm.run("--date", day.isoformat())
        usual = sorted(calm.seconds)[len(days) // 2]
        print(f"{options.nights} nights undisturbed, {usual:.1f} s each", flush=True)
        other = opened(folder / "prepared", folder / "disturbed", urls[1], options.source)
        other.seconds += calm.seconds
        hits = disturbed(other, days, options, lambda line: print(line, flush=True))
        faults = compare(calm, other, same_night=options.same_night)
        scratch = [path.name for path in other.scratch.rglob("*")]
    print(f"\n{hits.total()} kills hit")
    for where, count in sorted(hits.items()):
        print(f"{count:4d}  {where}")
    print(f"{len(scratch)} temporary files of killed processes outside the project")
    for fault in faults[:_SHOWN]:
        print(f"DIFFERENT  {fault}")
    print("the same, to the bit" if not faults else f"{len(faults)} differences")
    if options.json:
        document = {"hits": hits, "faults": faults, "scratch": scratch, "night_s": usual}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
