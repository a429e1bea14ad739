from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import alert_log
from jutsu_dagster.storage.ledger import Ledger

if TYPE_CHECKING:
    from multiprocessing.queues import Queue
    from multiprocessing.synchronize import Barrier

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
TIMES = 10


def test_a_cause_is_new_once_and_counted_after_that(ledger: Ledger) -> None:
    assert alert_log.note(ledger, "a", "warning", "first", "body", now=NOON)
    later = NOON + timedelta(hours=1)
    assert not alert_log.note(ledger, "a", "critical", "second", "other", now=later)
    assert alert_log.note(ledger, "b", "info", "another", "body", now=NOON)
    rows = alert_log.recent(ledger, 10)
    assert list(rows["dedup_key"]) == ["a", "b"]
    seen = rows.iloc[0]
    assert (seen["count"], seen["severity"], seen["subject"]) == (2, "critical", "second")
    assert (seen["body"], seen["first_at"], seen["last_at"]) == ("other", NOON, later)
    assert rows["delivered"].dtype == np.bool_
    assert not rows["delivered"].any()
    assert len(alert_log.recent(ledger, 1)) == 1


def test_delivered_is_kept_when_the_cause_comes_again(ledger: Ledger) -> None:
    alert_log.note(ledger, "a", "info", "subject", "body", now=NOON)
    assert not alert_log.is_delivered(ledger, "a")
    alert_log.mark_delivered(ledger, "a")
    alert_log.note(ledger, "a", "info", "subject", "body", now=NOON)
    assert alert_log.is_delivered(ledger, "a")
    assert not alert_log.is_delivered(ledger, "unknown")


def test_undelivered_are_those_of_late_the_earliest_first(ledger: Ledger) -> None:
    for days, key in ((9, "stale"), (1, "newer"), (2, "older"), (3, "told")):
        alert_log.note(ledger, key, "info", key, "body", now=NOON - timedelta(days=days))
    alert_log.mark_delivered(ledger, "told")
    since = NOON - timedelta(days=7)
    assert list(alert_log.undelivered(ledger, since, 10)["dedup_key"]) == ["older", "newer"]
    assert list(alert_log.undelivered(ledger, since, 1)["dedup_key"]) == ["older"]


def _note_at_once(url: str, barrier: Barrier, answers: Queue[list[bool]]) -> None:
    ledger = Ledger(url)
    answer = []
    for at in range(TIMES):
        barrier.wait(60)
        answer.append(alert_log.note(ledger, f"cause {at}", "info", "subject", "body"))
    answers.put(answer)
    ledger.close()


def test_of_two_processes_at_once_exactly_one_is_first(ledger_url: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, answers = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=_note_at_once, args=(ledger_url, barrier, answers)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    one, other = answers.get(timeout=120), answers.get(timeout=120)
    for worker in workers:
        worker.join()
    assert [first != second for first, second in zip(one, other, strict=True)] == [True] * TIMES
    ledger = Ledger(ledger_url)
    assert list(alert_log.recent(ledger, 100)["count"]) == [2] * TIMES
    ledger.close()


def test_a_ledger_without_tables_is_named_without_the_alerts_text(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(LedgerError, match=r"cannot record the alert a: no such table: alerts"):
        alert_log.note(ledger, "a", "info", "subject", "body")
    ledger.close()
