"""The variants of one parent over a range of days: each on its own, all in one sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.variant_report import Carried, Rider, VariantDay, VariantRun
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage import exploration_write as write
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.strategies.base import Strategy

# Days of accounts that are recorded in one transaction.
_BATCH = 5_000
_DAY = timedelta(days=1)


class _Course:
    """One account's way through the range; a control has no ``run``."""

    def __init__(self, lane: Carried, begins: date, run: VariantRun | None = None) -> None:
        self.lane, self.begins, self.run = lane, begins, run
        self.failed = False

    def fail(self, reason: str) -> None:
        self.failed = True
        # The first reason is the one to mend.
        if self.run is not None and self.run.error is None:
            self.run.error = reason


def run_family(
    rider: Rider,
    ledger: Ledger,
    parent_id: str,
    shadows: Sequence[Shadow],
    first: date,
    last: date,
) -> list[VariantRun]:
    """Carry the variants of one parent, and their controls, through a range of days.

    A day that is recorded already is computed again and compared, never rewritten. Whatever goes
    wrong with one variant is said in its result; the others are recorded. A control is the
    frozen parent itself, carried over the same bars, one for each set of frozen parameters.

    Parameters
    ----------
    rider : Rider
        Of the parent.
    ledger : Ledger
    parent_id : str
    shadows : sequence of Shadow
        Live ones.
    first, last : date
        UTC dates, both inclusive.

    Returns
    -------
    list of VariantRun, in the order of ``shadows``

    Raises
    ------
    DataError
        If bars are missing: no variant can go on then. What was done before is recorded.
    LedgerError
        If the ledger cannot be read or written.
    """
    return _Family(rider, ledger, parent_id, first, last).run(shadows)


class _Family:
    def __init__(
        self, rider: Rider, ledger: Ledger, parent_id: str, first: date, last: date
    ) -> None:
        self.rider, self.engine, self.parent_id = rider, ledger.engine, parent_id
        self.first, self.last = first, last
        self.recorded: dict[tuple[str, date], Head] = {}
        self.courses: list[_Course] = []
        self.pending: list[tuple[_Course, DayRecord]] = []

    def run(self, shadows: Sequence[Shadow]) -> list[VariantRun]:
        runs = self._enter_all(shadows)
        starts = [course.begins if course.run is None else max(course.begins, self.first)
                  for course in self.courses if not course.failed]  # fmt: skip
        begin = min(starts, default=self.last + _DAY)
        if begin > self.last:
            begin = self.last + _DAY
        for day in _between(self.first, begin - _DAY):
            self._note(day, closed=False)
        if begin > self.last:
            return runs
        by_lane = {course.lane: course for course in self.courses}
        for lane, reason in self.rider.load(begin, self.last).items():
            by_lane[lane].fail(reason)
        days = set(self.rider.open_days(begin, self.last))
        try:
            for day in _between(begin, self.last):
                if day in days:
                    self._trade(day, by_lane)
                if day >= self.first:
                    self._note(day, closed=day not in days)
                if len(self.pending) >= _BATCH:
                    self._flush()
        finally:
            # What was computed before a day that lacks bars counts.
            self._flush()
        return runs

    def _enter_all(self, shadows: Sequence[Shadow]) -> list[VariantRun]:
        ids = [shadow.id for shadow in shadows]
        stands = log.latest(self.engine, "shadow", ids)
        earlier = log.latest(self.engine, "shadow", ids, before=self.first)
        self.recorded = log.recorded(self.engine, "shadow", ids, self.first, self.last)
        again: dict[str, date] = {}
        for id_, day in self.recorded:
            again[id_] = min(day, again.get(id_, day))
        runs = []
        bases: dict[str, tuple[Strategy, date]] = {}
        for shadow in shadows:
            assert shadow.mutated is not None and shadow.base is not None  # noqa: S101, PT018
            run = VariantRun(shadow, stands=stands.get(shadow.id))
            account = AccountKey(shadow.id, "shadow")
            lane = self.rider.lane(account, self.parent_id, shadow.mutated.strategy)
            head = earlier.get(shadow.id)
            run.lane = lane
            lane.stand(head)
            begins = again.get(shadow.id) or shadow.row.first_day or self.first
            if head is not None:
                begins = head.day + _DAY
            elif run.stands is not None and shadow.id not in again:
                # All of the range lies before the account's first day.
                begins = self.last + _DAY
            course = _Course(lane, begins, run)
            self._require_chain(course)
            self.courses.append(course)
            runs.append(run)
            track = shadow.row.base_params_hash or ""
            if begins <= self.last:
                known = bases.get(track)
                first = begins if known is None else min(begins, known[1])
                bases[track] = shadow.base, first
        for track, (base, begins) in bases.items():
            self._enter_control(track, base, begins)
        return runs

    def _enter_control(self, track: str, base: Strategy, begins: date) -> None:
        account = AccountKey(self.parent_id, "control")
        found = log.latest(self.engine, "control", [self.parent_id], track=track)
        lane = self.rider.lane(account, self.parent_id, base, track)
        head = found.get(self.parent_id)
        lane.stand(head)
        # It is only ever added to, and goes on from where it stands.
        self.courses.append(_Course(lane, begins if head is None else head.day + _DAY))

    def _require_chain(self, course: _Course) -> None:
        """Fail a variant whose days before the range are missing."""
        if course.begins >= self.first:
            return
        missing = self.rider.open_days(course.begins, self.first - _DAY)
        if missing:
            until = self.first - _DAY
            course.fail(
                f"{self.first} starts from the day before it, which is not recorded; materialize"
                f" {missing[0]} to {until} first (`jutsu variants run --from {missing[0]}`)"
            )

    def _trade(self, day: date, by_lane: Mapping[Carried, _Course]) -> None:
        going = [c.lane for c in self.courses if not c.failed and c.begins <= day]
        records, refused = self.rider.carry(going, day)
        for lane, reason in refused.items():
            by_lane[lane].fail(reason)
        for lane, record in records.items():
            course = by_lane[lane]
            run = course.run
            known = self.recorded.get((record.account.strategy_id, day)) if run else None
            if run is None or known is None:
                self.pending.append((course, record))
            if run is None:
                continue
            stands = record.closing_hash if known is None else known.closing_hash
            done = VariantDay(day, "recorded", record, content_hash=stands)
            run.days.append(done)
            if known is not None:
                done.status = "verified"
            if stands != record.closing_hash:
                assert known is not None  # noqa: S101  (or it would be equal)
                done.status, done.note = "differs", _difference(known, record)
                # What is recorded stands, and the next day starts from it.
                lane.stand(known)

    def _note(self, day: date, *, closed: bool) -> None:
        for course in self.courses:
            if course.run is None or course.failed:
                continue
            if day < course.begins:
                course.run.days.append(VariantDay(day, "before", note=_before(course)))
            elif closed:
                course.run.days.append(VariantDay(day, "closed", note="the exchange is closed"))

    def _flush(self) -> None:
        """Record what is pending, each mode and track in one transaction."""
        pending, self.pending = self.pending, []
        parts: dict[tuple[str, str], list[tuple[_Course, DayRecord]]] = {}
        for course, record in pending:
            parts.setdefault((record.account.mode, record.track), []).append((course, record))
        family = AccountKey(self.parent_id, "shadow")
        for part in parts.values():
            refused = write.append(self.engine, family, [record for _, record in part])
            lost = {id(record) for _, record in part if record.account.strategy_id in refused}
            for course, record in part:
                if id(record) not in lost:
                    continue
                course.fail(refused[record.account.strategy_id])
                if course.run is not None:
                    course.run.days = [day for day in course.run.days if day.record is not record]


def _between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def _before(course: _Course) -> str:
    return f"made too late for this day: it trades from {course.begins} on"


def _difference(known: Head, record: DayRecord) -> str:
    return (
        f"{record.day}: recorded equity {known.equity!r}, computed {record.equity!r}"
        f" (recorded from {known.data_version}, now {record.data_version})"
    )
