from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jutsu_dagster.pipeline.alerts import Alert, Alerts, nothing_ran, strategy_failed
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import alert_log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.alert_server import SECRETS, hanging, refusing, service

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    """A migrated ledger without rows, on every server that we support."""
    url = f"sqlite:///{tmp_path / 'state' / 'jutsu.db'}"
    opened = Ledger(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    opened.migrate()
    yield opened
    opened.close()


def failed(day: str = "2026-01-05", error: str = "NaN", strategy: str = "v3_5b") -> Alert:
    return strategy_failed(strategy, primary=True, partition=day, error=error, run_id="run-1")


def test_a_cause_is_sent_once_and_another_one_too(ledger: Ledger, tmp_path: Path) -> None:
    with service() as target:
        alerts = Alerts([target.url], ledger, home=tmp_path, webserver_url="http://ui:3000/")
        assert alerts.send(failed())
        assert not alerts.send(failed())
        assert not Alerts([target.url], ledger, home=tmp_path).send(failed())
        assert alerts.send(failed(day="2026-01-06"))
        assert alerts.send(failed(error="hung"))
        assert alerts.send(failed(strategy="v3_5d"))
    assert len(target.received) == 4
    message = target.received[0]
    assert message["title"] == "jutsu critical: primary strategy v3_5b failed on 2026-01-05"
    assert message["type"] == "failure"
    assert message["message"].endswith("The run: http://ui:3000/runs/run-1")
    rows = alert_log.recent(ledger, 9).set_index("dedup_key")
    assert rows.loc[failed().key, "count"] == 3
    assert rows["delivered"].all()


def test_what_was_not_delivered_goes_out_when_it_comes_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    with service(status=500) as target:
        alerts = Alerts([target.url], ledger, home=tmp_path)
        assert not alerts.send(failed())
        assert not alert_log.is_delivered(ledger, failed().key)
        target.status = 200
        assert alerts.send(failed())
        assert not alerts.send(failed())
        assert len(target.received) == 2
    assert alert_log.is_delivered(ledger, failed().key)


def test_one_service_is_enough_to_be_told(ledger: Ledger, tmp_path: Path) -> None:
    with service() as good, service(status=500) as broken:
        alerts = Alerts([broken.url, good.url], ledger, home=tmp_path)
        assert alerts.send(failed())
        assert not alerts.send(failed())
        assert (len(good.received), len(broken.received)) == (1, 1)


def test_a_retry_sends_what_waits_and_stops_at_a_dead_service(
    ledger: Ledger, tmp_path: Path
) -> None:
    clock = [NOON - timedelta(days=8)]
    with service(status=500) as target:
        alerts = Alerts([target.url], ledger, home=tmp_path, now=lambda: clock[0])
        alerts.send(failed("2025-12-28"))
        clock[0] = NOON
        for day in ("2026-01-03", "2026-01-04"):
            alerts.send(failed(day))
        target.received.clear()
        assert alerts.retry_undelivered() == 0
        assert len(target.received) == 1
        target.status = 200
        assert alerts.retry_undelivered() == 2
        assert alerts.retry_undelivered() == 0
    assert [title[-10:] for title in target.titles[1:]] == ["2026-01-03", "2026-01-04"]


def test_without_urls_an_alert_is_recorded_and_logged(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "jutsu_dagster.pipeline.alerts")
    alerts = Alerts.of(Settings(home=tmp_path, alert_urls=None), ledger)
    assert not alerts.send(nothing_ran(date(2026, 1, 5), ["v3_5b"]))
    assert alerts.retry_undelivered() == 0
    assert len(alert_log.recent(ledger, 9)) == 1
    assert [record.levelno for record in caplog.records] == [logging.INFO]
    assert "nothing ran for the session of 2026-01-05" in caplog.text


def test_dead_services_never_raise_and_never_take_long(
    ledger: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with service(status=500) as broken, hanging() as slow:
        urls = [broken.url, refusing().url, slow.url, f"nope://{SECRETS[0]}"]
        begun = time.monotonic()
        assert not Alerts(urls, ledger, home=tmp_path, timeout=1).send(failed())
        assert time.monotonic() - begun < 2.5
    warnings = [record.getMessage() for record in caplog.records if "not sent" in record.message]
    assert len(warnings) == 4
    assert f"json://127.0.0.1:{slow.port}/…: no answer within 1 s" in warnings[2]
    kept = alert_log.recent(ledger, 9).to_csv()
    assert [secret for secret in SECRETS if secret in caplog.text + kept] == []


def _send(url: str, home: Path, target: str, barrier: Barrier) -> None:
    ledger = Ledger(url)
    alerts = Alerts([target], ledger, home=home)
    for day in range(1, 6):
        barrier.wait(60)
        alerts.send(failed(f"2026-01-0{day}"))
    ledger.close()


def test_two_processes_with_one_cause_at_once_send_it_once(ledger: Ledger, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    url = ledger.engine.url.render_as_string(hide_password=False)
    with service() as target:
        workers = [
            context.Process(target=_send, args=(url, tmp_path, target.url, barrier))
            for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(120)
        assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(title[-2:] for title in target.titles) == ["01", "02", "03", "04", "05"]
    assert list(alert_log.recent(ledger, 9)["count"]) == [2] * 5
