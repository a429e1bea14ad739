"""Which variants a night retires: those that their control dominates, and those of great age."""

from __future__ import annotations

import bisect
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from jutsu_dagster.registry.research_settings import ResearchSettings
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import Shadow, ShadowBook
from jutsu_dagster.research.trades import Json
from jutsu_dagster.storage import variant_log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.variant_log import CurveDay, Record

RULE = "rule"
"""What ``retired_by`` says of a variant that was retired here."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Result:
    """What an account did over a range of days, fractions.

    Of an account whose stake is fixed both are of the initial capital; else the return is of the
    equity at the start, the drawdown of the highest equity so far.
    """

    total_return: float
    drawdown: float


def is_dominated(variant: Result, control: Result) -> bool:
    """Return whether the control did better: a worse return, and no smaller drawdown."""
    return variant.total_return < control.total_return and variant.drawdown >= control.drawdown


def is_alive(row: ShadowRow, day: date) -> bool:
    """Return whether a variant was there at the end of ``day``, whatever became of it later.

    One that a night made is there from the night after; one that was retired in a night, or by
    hand on that day, is there no more.
    """
    if row.created_partition is not None and row.created_partition >= day:
        return False
    if row.is_live:
        return True
    ended = ended_on(row)
    return ended is not None and ended > day


def ended_on(row: ShadowRow) -> date | None:
    """Return the night or day that ended a variant; None if its row does not say."""
    told = row.model_extra or {}
    for name in ("retired_partition", f"{row.status}_at", "retired_at"):
        try:
            return date.fromisoformat(str(told[name])[:10])
        except (KeyError, ValueError):
            continue
    return None


def is_judged(row: ShadowRow, day: date) -> bool:
    """Return whether the rules of the night of ``day`` look at a variant.

    Only what is a shadow now, and what this very night retired when it ran before. One that is
    proposed waits for a person.
    """
    if row.created_partition is not None and row.created_partition >= day:
        return False
    told = row.model_extra or {}
    again = told.get("retired_by") == RULE and ended_on(row) == day
    return row.status == "shadow" or (row.status == "retired" and again)


def retirements(
    book: ShadowBook,
    ledger: Ledger,
    settings: ResearchSettings,
    day: date,
    fixed: Container[str],
) -> list[Json]:
    """Return the variants to retire in the night of ``day``, and by what numbers.

    Variants are judged by what they had traded up to the day before: the night's own variants run
    after research, or beside it.

    Parameters
    ----------
    book : ShadowBook
    ledger : Ledger
    settings : ResearchSettings
    day : date
    fixed : container of str
        The parents that stake the same at every entry, as directional ones do.

    Returns
    -------
    list of dict
        id, parent, rule (``dominated`` or ``age``), reason, and the numbers behind it: of the
        first closed, first, last, total_return, control_return, drawdown, control_drawdown; of
        the other age_days.
    """
    judged = [shadow for shadow in book.shadows.values() if is_judged(shadow.row, day)]
    found = _dominated(judged, _Accounts(judged, ledger, fixed, day - _DAY), settings)
    for shadow in judged:
        made = shadow.row.created_partition
        age = 0 if made is None else (day - made).days
        if age > settings.retire_after_days and shadow.id not in found:
            reason = f"is {age} days old; retire_after_days is {settings.retire_after_days}"
            found[shadow.id] = {"rule": "age", "reason": reason, "age_days": age}
    return [
        {"id": shadow.id, "parent": shadow.row.parent_id, **found[shadow.id]}
        for shadow in judged
        if shadow.id in found
    ]


def retired(row: ShadowRow, day: date, at: str, reason: str) -> ShadowRow:
    """Return the row of a variant that the night of ``day`` retires."""
    told = {
        "retired_at": at,
        "retired_reason": reason,
        "retired_by": RULE,
        "retired_partition": day.isoformat(),
    }
    return row.model_copy(update={"status": "retired", **told})


def _dominated(
    judged: Sequence[Shadow], accounts: _Accounts, settings: ResearchSettings
) -> dict[str, Json]:
    worse: dict[str, Result] = {}
    for shadow in judged:
        record = accounts.records.get(shadow.id)
        if record is None or record.closed < settings.retire_after_trades:
            continue
        control = accounts.control(shadow.row, record)
        # Drawdowns are looked up only where they decide.
        if control is not None and _return(record) < control.total_return:
            worse[shadow.id] = control
    falls = accounts.falls(list(worse))
    found = {}
    for id_, control in worse.items():
        record = accounts.records[id_]
        own = Result(_return(record), falls[id_])
        if is_dominated(own, control):
            found[id_] = _told(record, own, control)
    return found


def _told(record: Record, own: Result, control: Result) -> Json:
    reason = (
        f"its control did better from {record.first} to {record.last}: return"
        f" {own.total_return:.2%} against {control.total_return:.2%}, drawdown"
        f" {own.drawdown:.2%} against {control.drawdown:.2%}, after {record.closed} trades"
    )
    return {
        "rule": "dominated",
        "reason": reason,
        "closed": record.closed,
        "first": record.first.isoformat(),
        "last": record.last.isoformat(),
        "total_return": own.total_return,
        "control_return": control.total_return,
        "drawdown": own.drawdown,
        "control_drawdown": control.drawdown,
    }


class _Accounts:
    """What variants and their controls, the frozen parents, did up to a day."""

    def __init__(
        self, judged: Sequence[Shadow], ledger: Ledger, fixed: Container[str], until: date
    ) -> None:
        self._engine, self._fixed, self._until = ledger.engine, fixed, until
        self._parents = {shadow.id: shadow.row.parent_id for shadow in judged}
        self._curves: dict[tuple[str, str], list[CurveDay]] = {}
        self._controls: dict[tuple[str, str, date, date], Result | None] = {}
        self.records = variant_log.records(self._engine, list(self._parents), until)

    def falls(self, ids: Sequence[str]) -> dict[str, float]:
        """Return the drawdowns of variants."""
        found = variant_log.falls(self._engine, ids, self._until)
        return {
            id_: fall.stakes if self._parents[id_] in self._fixed else fall.share
            for id_, fall in found.items()
        }

    def control(self, row: ShadowRow, record: Record) -> Result | None:
        """Return what a variant's control did on its days; None if it lacks any of them."""
        # Variants of one night share their days.
        key = (row.parent_id, row.base_params_hash or "", record.first, record.last)
        if key not in self._controls:
            self._controls[key] = self._control(*key)
        return self._controls[key]

    def _control(self, parent: str, track: str, since: date, until: date) -> Result | None:
        if (parent, track) not in self._curves:
            self._curves[parent, track] = variant_log.curve(
                self._engine, parent, "control", track, self._until
            )
        days = self._curves[parent, track]
        first = bisect.bisect_left(days, since, key=_day_of)
        end = bisect.bisect_right(days, until, key=_day_of)
        if first >= end or (days[first].day, days[end - 1].day) != (since, until):
            return None
        before = days[first - 1].equity if first else days[0].initial_capital
        stake = days[first].initial_capital if parent in self._fixed else None
        return along(before, (each.equity for each in days[first:end]), stake)


def _day_of(one: CurveDay) -> date:
    return one.day


def along(before: float, equity: Iterable[float], stake: float | None = None) -> Result:
    """Return what an account did from ``before`` along ``equity``, money.

    Parameters
    ----------
    before : float
        Equity at the start.
    equity : iterable of float
        At the end of each day; at least one.
    stake : float, optional
        What every trade stakes, where that is fixed.
    """
    peak, deepest, last = before, 0.0, before
    for last in equity:
        peak = max(peak, last)
        deepest = max(deepest, (peak - last) / (stake or peak))
    return Result((last - before) / (stake or before), deepest)


def _return(record: Record) -> float:
    # The account began with its initial capital, which is the stake where that is fixed.
    return record.equity / record.initial_capital - 1.0
