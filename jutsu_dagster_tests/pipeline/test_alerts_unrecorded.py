"""Alerts while the ledger is out of reach, or nothing at all can be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jutsu_dagster.pipeline import alerts as module
from jutsu_dagster.pipeline.alerts import Alert, Alerts, run_failed
from jutsu_dagster.storage import alert_log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.alert_server import Service, service


@pytest.fixture
def target() -> Iterator[Service]:
    with service() as opened:
        yield opened


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger whose tables are missing until somebody migrates it."""
    opened = Ledger(f"sqlite:///{tmp_path / 'jutsu.db'}")
    yield opened
    opened.close()


def cause(day: str = "2026-01-05") -> Alert:
    return run_failed("trading_session", day, "the ledger is gone", None)


def test_without_a_ledger_an_alert_is_sent_once_all_the_same(
    target: Service, ledger: Ledger, tmp_path: Path
) -> None:
    sent = [Alerts([target.url], each, home=tmp_path).send(cause()) for each in (ledger, None)]
    assert sent == [True, False]
    assert len(target.received) == 1
    assert (tmp_path / "state" / "alerts_unsent.jsonl").exists()


def test_a_ledger_that_is_back_takes_over_what_was_kept(
    target: Service, ledger: Ledger, tmp_path: Path
) -> None:
    alerts = Alerts([target.url], ledger, home=tmp_path)
    assert alerts.send(cause("2026-01-05"))
    target.status = 500
    assert not alerts.send(cause("2026-01-06"))
    assert alerts.retry_undelivered() == 0
    target.status = 200
    ledger.migrate()
    target.received.clear()
    assert not alerts.send(cause("2026-01-05"))
    assert target.received == []
    assert alerts.retry_undelivered() == 1
    assert target.titles == ["jutsu critical: run of trading_session failed on 2026-01-06"]
    assert not (tmp_path / "state" / "alerts_unsent.jsonl").exists()
    assert alert_log.recent(ledger, 9)["delivered"].all()


def test_while_it_is_gone_the_file_is_what_a_retry_reads(
    target: Service, ledger: Ledger, tmp_path: Path
) -> None:
    alerts = Alerts([target.url], ledger, home=tmp_path)
    target.status = 500
    assert not alerts.send(cause())
    target.status = 200
    assert alerts.retry_undelivered() == 1
    assert alerts.retry_undelivered() == 0


def test_an_alert_that_nobody_can_record_is_sent(target: Service, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    alerts = Alerts([target.url], None, home=tmp_path, timeout=5)
    assert alerts.send(cause())
    assert alerts.retry_undelivered() == 0


def test_a_ledger_that_breaks_between_two_steps_costs_a_warning_only(
    target: Service, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    def broken(*_arguments: object) -> None:
        raise RuntimeError(f"no way to write, says {target.url}")

    ledger.migrate()
    monkeypatch.setattr(alert_log, "mark_delivered", broken)
    assert Alerts([target.url], ledger, home=tmp_path).send(cause())
    monkeypatch.setattr(module, "deliver", broken)
    assert not Alerts([target.url], ledger, home=tmp_path).send(cause("2026-01-06"))
    assert Alerts([target.url], ledger, home=tmp_path).retry_undelivered() == 0
    assert "RuntimeError: no way to write, says …" in caplog.text
