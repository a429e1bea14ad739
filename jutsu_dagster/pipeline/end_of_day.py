"""The end of an exchange day: a last mark, and whatever the last sessions lack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from jutsu_dagster.core.calendar import sessions_before, sessions_between
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.core.hours import NEW_YORK
from jutsu_dagster.pipeline.catch_up import standings
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.fetch import fetch_days
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.marks import MarkReport, mark_accounts
from jutsu_dagster.pipeline.night import Desk, StrategyResult, trade_strategy
from jutsu_dagster.registry.universe import etf_symbols
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.storage import journal

RECOVERED_SESSIONS = 7


@dataclass(frozen=True)
class EndOfDay:
    """What the end of a day did.

    Attributes
    ----------
    marks : list of MarkReport
    recovered : list of StrategyResult
        Of the accounts that lacked one of the last sessions.
    failed : list of str
        What could not be done, one line each.
    untold : list of str
        Those of them that nobody has been told: strategies tell of themselves, and of a session
        that was missed for so long the nights have told.
    """

    marks: list[MarkReport] = field(default_factory=list)
    recovered: list[StrategyResult] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)


def end_day(desk: Desk, source: MarketSource, at: datetime, run_id: str) -> EndOfDay:
    """Mark every account to the closing quotes, and trade what the last 7 sessions lack.

    Only sessions whose UTC date has ended are traded: the one just closed is the night's, and so
    are all days of directional accounts.

    Parameters
    ----------
    desk : Desk
    source : MarketSource
    at : datetime
        The moment, with its zone.
    run_id : str
    """
    day = at.astimezone(NEW_YORK).date()
    engine = desk.ledger.engine
    journal.note_eod(engine, day, "running", {})
    done = EndOfDay()
    # A source without quotes is no reason to leave sessions out.
    with _noted(done):
        done.marks.extend(mark_accounts(desk.registry, source, desk.ledger, at, "eod"))
    with _noted(done):
        _recover(desk, source, at.astimezone(UTC).date(), run_id, done)
    detail = {
        "marked": [report.strategy_id for report in done.marks if report.mark],
        "recovered": {
            result.strategy_id: [
                str(report.day) for report in result.sessions if report.status == "recorded"
            ]
            for result in done.recovered
        },
    }
    status: Literal["completed", "partial", "failed"] = "completed"
    if done.failed:
        status = "partial" if done.marks or done.recovered else "failed"
    journal.note_eod(engine, day, status, detail, "\n".join(done.failed) or None)
    return done


@contextmanager
def _noted(done: EndOfDay) -> Iterator[None]:
    try:
        yield
    except JutsuError as error:
        done.failed.append(str(error))
        done.untold.append(str(error))


def _recover(desk: Desk, source: MarketSource, today: date, run_id: str, done: EndOfDay) -> None:
    window = sessions_before(today, RECOVERED_SESSIONS)
    first, until = window[0].item(), today - timedelta(days=1)
    entries = desk.registry.entries
    lacking = [
        each
        for each in standings(desk.registry, desk.ledger, until)
        # A UTC day has no end that an exchange sets: the night trades it, and all before it.
        if each.missing and not is_directional(entries[each.strategy_id].config)
    ]
    begin = min((each.missing[0] for each in lacking), default=None)
    if begin is None:
        return
    if begin < first:
        done.failed.append(
            f"sessions from {begin} on are missing, longer ago than the last"
            f" {RECOVERED_SESSIONS}; run `jutsu trade`, which trades them all in order"
        )
    lacking = [each for each in lacking if each.missing[0] >= first]
    if not lacking:
        return
    _fetch(desk, source, min(each.missing[0] for each in lacking), until)
    failed: list[str] = []
    for each in lacking:
        result = trade_strategy(
            desk,
            desk.registry.entries[each.strategy_id],
            each.missing[0],
            until,
            run_id=run_id,
            failed_before=failed,
        )
        done.recovered.append(result)
        if not result.success:
            failed.append(each.strategy_id)
            done.failed.append(result.error or each.strategy_id)


def _fetch(desk: Desk, source: MarketSource, first: date, last: date) -> None:
    """Bring the store up to the sessions to recover; days that are there are left alone."""
    held = desk.store.day_hashes(ETF_DAILY, first, last)
    lacking = [day for day in _days(first, last) if day not in held]
    if lacking:
        symbols = etf_symbols(desk.registry)
        fetch_days(source, desk.store, symbols, min(lacking), max(lacking))


def _days(first: date, last: date) -> list[date]:
    return [day.item() for day in sessions_between(first, last)]
