"""What ``jutsu research`` does: run the sets, look back, write the report, say what it found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.options import require_writable
from jutsu_dagster.cli.project import Project
from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from jutsu_dagster.pipeline.lookback.candidates import Candidates
    from jutsu_dagster.pipeline.lookback.monte_carlo import DrawOptions
    from jutsu_dagster.pipeline.lookback.opened import Lookback
    from jutsu_dagster.pipeline.lookback.pbo import PboOptions
    from jutsu_dagster.pipeline.lookback.plateau import PlateauOptions
    from jutsu_dagster.pipeline.lookback.report import Report
    from jutsu_dagster.pipeline.lookback.walk_forward import WalkOptions


@dataclass(frozen=True, slots=True)
class Asked:
    """What all four tools are asked; each as in ``jutsu research --help``."""

    strategy: str
    grid: Path | None
    sample: int | None
    steps: int
    start: date | None
    end: date | None
    seed: int
    threads: int
    as_json: bool


class _Desk:
    """One command's strategy, opened, and where its report goes."""

    def __init__(self, asked: Asked, tool: str) -> None:
        from jutsu_dagster.pipeline.lookback.opened import Lookback, with_range
        from jutsu_dagster.pipeline.lookback.report import folder_of

        self.asked = asked
        project = Project(Settings())
        self.reports = project.settings.reports_dir
        self.config = with_range(project.config(asked.strategy), asked.start, asked.end)
        # Asked before the work: without a ledger there is nowhere to record the trials.
        self.ledger = project.ledger
        require_writable("reports", folder_of(self.reports, tool, asked.strategy))
        self.lookback: Lookback = Lookback(
            self.config, project.store, self.ledger, asked.threads,
            partial(progress, shown=not asked.as_json),
        )  # fmt: skip

    def candidates(self, tool: str) -> Candidates:
        from jutsu_dagster.pipeline.lookback.candidates import from_file, require_choice, star

        asked = self.asked
        if asked.grid is not None:
            found = from_file(self.config, asked.grid, sample=asked.sample, seed=asked.seed)
        else:
            found = star(self.config, asked.steps)
        require_choice(found, tool)
        return found

    def write(self, report: Report) -> None:
        """Write the report and answer: all of it as JSON, or the tables and where the rest is."""
        from jutsu_dagster.pipeline.lookback.report import write_report

        paths = write_report(report, self.reports)
        if self.asked.as_json:
            answer_json(report.document | {"files": [str(path) for path in paths]})
            return
        for title, header, rows in _tables(report):
            print_table(title, header, rows)
        tried = len(self.ledger.trials(self.asked.strategy))
        say(f"{self.asked.strategy}: {tried} parameter sets on record as trials")
        say(f"written: {paths[0].parent}; begin with report.md")


def _tables(report: Report) -> list[tuple[str, list[str], list[list[str]]]]:
    from jutsu_dagster.cli.research_shown import SHOWN

    return SHOWN[report.tool](report.document)


def run_walk_forward(asked: Asked, options: WalkOptions) -> None:
    """Walk forward; LookbackError if windows do not fit."""
    from jutsu_dagster.pipeline.lookback.walk_forward import PHASES, TOOL, require, walk_forward

    desk = _Desk(asked, TOOL)
    candidates = desk.candidates(TOOL)
    run = desk.lookback.run(candidates, lambda days: require(days, options))
    with desk.lookback.progress("walking forward", PHASES) as advance:
        report = walk_forward(desk.config, run, candidates.source, options, advance)
    desk.write(report)


def run_monte_carlo(asked: Asked, options: DrawOptions) -> None:
    """Draw days again; LookbackError if an option does not fit the days."""
    from jutsu_dagster.pipeline.lookback.candidates import Candidate, Candidates
    from jutsu_dagster.pipeline.lookback.monte_carlo import TOOL, monte_carlo, require

    desk = _Desk(asked, TOOL)
    alone = Candidates([Candidate(desk.config.strategy)], [], "the strategy as configured")
    run = desk.lookback.run(alone, lambda days: require(days, options))
    with desk.lookback.progress(f"{options.draws} courses", options.draws) as advance:
        report = monte_carlo(desk.config, run, alone.source, options, advance)
    desk.write(report)


def run_plateau(asked: Asked, options: PlateauOptions) -> None:
    """Step aside; LookbackError or MutationError if a pair cannot be."""
    from jutsu_dagster.pipeline.lookback.candidates import pair as drawn_up
    from jutsu_dagster.pipeline.lookback.plateau import TOOL, PairRun, plateau

    desk = _Desk(asked, TOOL)
    candidates = desk.candidates(TOOL)
    together = None
    if options.pair is not None:
        names = [name.strip() for name in options.pair.split(",")]
        sets, pair = drawn_up(desk.config, names, options.pair_steps)
        together = PairRun(sets, pair, desk.lookback.run(sets))
    run = desk.lookback.run(candidates)
    desk.write(plateau(desk.config, run, candidates.source, options, together))


def run_pbo(asked: Asked, options: PboOptions) -> None:
    """Cross-validate; LookbackError if there are too few days or sets."""
    from jutsu_dagster.pipeline.lookback.pbo import TOOL, pbo, require

    desk = _Desk(asked, TOOL)
    candidates = desk.candidates(TOOL)
    run = desk.lookback.run(candidates, lambda days: require(days, options))
    with desk.lookback.progress("splitting the days", 1):
        report = pbo(desk.config, run, candidates.source, options)
    desk.write(report)
