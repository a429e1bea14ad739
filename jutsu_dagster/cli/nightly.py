"""``jutsu nightly``: whole nights in this process, one after the other, each with its report."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.ingest import ingest
from jutsu_dagster.cli.instance import instance, locked
from jutsu_dagster.cli.nightly_shown import StepLines, show_night
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import RunFailedError, run_partition, run_range
from jutsu_dagster.core.errors import DataError, JutsuError
from jutsu_dagster.core.timeframe import table_of

if TYPE_CHECKING:
    from dagster import DagsterInstance

_DAY = timedelta(days=1)


def nightly(project: Project, first: date | None, last: date | None, *, as_json: bool) -> bool:
    """Run nights: trading, research, variants, and the report of each.

    Parameters
    ----------
    project : Project
    first, last : date, optional
        Default: the nights after the last one that has a summary, up to yesterday (UTC); of a
        project without any, yesterday alone. With ``first``, nights that were run are run again.

    Returns
    -------
    bool
        Whether every step of every night was OK. What does not need a failed one ran all the same.

    Raises
    ------
    DataError
        If a day has not ended yet, or the range is empty.
    JutsuError
        If another process is at a night of this project.
    """
    nights = _chosen(project, first, last)
    if not nights:
        _say_over(project, as_json=as_json)
        return True
    shown, bad = [], list[str]()
    with _alone(project), instance(project.settings) as opened:
        _bring_market(project, nights[-1], quiet=as_json)
        for place, night in enumerate(nights):
            # The night before may have made variants, and retired some.
            fresh = Project(project.settings)
            if not as_json and len(nights) > 1:
                say(f"night {place + 1} of {len(nights)}: {night}")
            summary = _run_night(fresh, opened, night, quiet=as_json, brief=len(nights) > 1)
            shown.append(summary)
            failed = [step["name"] for step in summary["steps"] if step["status"] != "OK"]
            if failed:
                bad.append(f"{night}: {', '.join(failed)} not OK")
    if as_json:
        answer_json({"nights": shown})
    else:
        show_night(Project(project.settings), nights, shown[-1])
    for line in bad:
        say(line)
    return not bad


def _chosen(project: Project, first: date | None, last: date | None) -> list[date]:
    from jutsu_dagster.pipeline.nights import nights_due

    yesterday = datetime.now(UTC).date() - _DAY
    until = last or yesterday
    if until > yesterday:
        raise DataError(f"{until} has not ended yet in UTC; the last night to run is {yesterday}")
    if first is None:
        return nights_due(project.settings.home, until)
    if first > until:
        raise DataError(f"the range {first} to {until} is empty")
    return [first + offset * _DAY for offset in range((until - first).days + 1)]


def _say_over(project: Project, *, as_json: bool) -> None:
    from jutsu_dagster.pipeline.nights import nights_over

    last = nights_over(project.settings.home, datetime.now(UTC).date() - _DAY)[-1]
    if as_json:
        answer_json({"nights": []})
    else:
        say(f"the night of {last} is over; `jutsu nightly --date {last}` runs it again")


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Hold the lock of nights in this project's command line."""
    path = project.settings.state_dir / "night.lock"
    with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
        if file is None:
            raise JutsuError("another `jutsu nightly` is at work in this project; wait for its end")
        yield


def _bring_market(project: Project, until: date, *, quiet: bool) -> None:
    """Fetch the market where there is none yet; where that fails, each night says what it lacks.

    Of a market that is there, each night's trading fetches the days that it trades.
    """
    tables = {
        table_of(entry.config.strategy.timeframe)
        for entry in project.registry.get_active_strategies()
        if entry.config is not None
    }
    if all(map(project.store.exists, tables)):
        return
    try:
        ingest(project, None, until, quiet=quiet)
    except JutsuError as error:
        say(f"market: {error}")


def _run_night(
    project: Project, opened: DagsterInstance, night: date, *, quiet: bool, brief: bool
) -> dict[str, Any]:
    """Run a night's jobs in turn; each reads what the one before has stored."""
    from jutsu_dagster.defs.night_events import NIGHT_JOB, REPORT_JOB
    from jutsu_dagster.defs.research_specs import SUMMARY
    from jutsu_dagster.pipeline.research import artefacts

    lines = StepLines(night, brief=brief, quiet=quiet)
    _trade(project, opened, night, lines)
    _carry_late_variants(project, opened, night, lines)
    for job in (NIGHT_JOB, REPORT_JOB):
        with lines.job(job):
            try:
                run_partition(opened, project.definitions, job, night.isoformat(), lines.told)
            except RunFailedError as error:
                lines.failed(error)
    # Without it nothing is known of the night: the error says what to do.
    return artefacts.read(project.settings.home, SUMMARY, night)


def _trade(project: Project, opened: DagsterInstance, night: date, lines: StepLines) -> None:
    """Bring the market and the paper accounts up to the night, as one run."""
    from jutsu_dagster.defs.market import market_key
    from jutsu_dagster.defs.paper import paper_key
    from jutsu_dagster.defs.schedules import TRADING_JOB, first_day
    from jutsu_dagster.pipeline.night import paper_entries

    entries = paper_entries(project.registry)
    first = first_day(project.registry, project.settings, opened, night)
    if not entries or first is None or first > night:
        return
    keys = [*dict.fromkeys(map(market_key, entries)), *(paper_key(entry.id) for entry in entries)]
    with lines.job(TRADING_JOB):
        try:
            run_range(
                opened, project.definitions, TRADING_JOB, keys, first.isoformat(),
                night.isoformat(), partitions=(night - first).days + 1, told=lines.told,
            )  # fmt: skip
        except RunFailedError as error:
            lines.failed(error)


def _carry_late_variants(
    project: Project, opened: DagsterInstance, night: date, lines: StepLines
) -> None:
    """Carry variants that lack days before the night through these, in runs of their own."""
    from jutsu_dagster.defs.night_events import NIGHT_JOB
    from jutsu_dagster.defs.variant_specs import variant_key
    from jutsu_dagster.pipeline.shadow_freeze import freeze
    from jutsu_dagster.pipeline.variant_due import due

    book = freeze(project.registry, project.settings.home)
    for plan in due(project.ledger, book.running(), night - _DAY):
        with lines.job(f"variants {plan.first} to {plan.last}"):
            try:
                run_range(
                    opened, project.definitions, NIGHT_JOB,
                    [variant_key(id_) for id_ in plan.ids], plan.first.isoformat(),
                    plan.last.isoformat(), partitions=(plan.last - plan.first).days + 1,
                    told=lines.told,
                )  # fmt: skip
            except RunFailedError as error:
                lines.failed(error)
