from __future__ import annotations

from datetime import date

import pytest

from jutsu_dagster.pipeline.alert_causes import proposal_opened
from jutsu_dagster.pipeline.alerts import (
    Alert,
    data_check_failed,
    nothing_ran,
    paper_differs,
    run_failed,
    strategy_failed,
)

DAY = date(2026, 1, 5)


def failed(
    error: str = "weights sum to 1.5",
    partition: str = "2026-01-05",
    strategy: str = "v3_5b",
    run_id: str = "run-1",
) -> Alert:
    return strategy_failed(strategy, primary=True, partition=partition, error=error, run_id=run_id)


def test_the_same_failure_tried_again_is_the_same_cause() -> None:
    assert failed().key == failed(run_id="run-2").key
    first = failed("hung for 30.02 s in process 4711 at <Plan object at 0x7f3a>")
    again = failed("hung for 30.07 s in process 4712 at <Plan object at 0x7f4b>")
    assert first.key == again.key


def test_another_day_strategy_or_error_is_another_cause() -> None:
    keys = {
        failed().key,
        failed(partition="2026-01-06").key,
        failed(strategy="v3_5d").key,
        failed(error="weights sum to 1.6").key,
    }
    assert len(keys) == 4


def test_only_the_primary_is_critical() -> None:
    secondary = strategy_failed(
        "v3_5d", primary=False, partition="2026-01-05", error="NaN", run_id=None
    )
    assert (failed().severity, secondary.severity) == ("critical", "warning")
    assert "primary strategy v3_5b failed on 2026-01-05" in failed().subject
    assert "no other strategy is affected" in secondary.body


@pytest.mark.parametrize(
    ("alert", "says"),
    [
        (failed(), ["v3_5b", "2026-01-05", "weights sum to 1.5", "jutsu trade", "jutsu doctor"]),
        (
            data_check_failed("etf_daily", [date(2026, 1, 6), DAY], ["close must be > 0"], "r"),
            ["etf_daily", "2026-01-05, 2026-01-06", "close must be > 0",
             "jutsu ingest --from 2026-01-05 --to 2026-01-06 --force"],
        ),
        (
            paper_differs("v3_5b", DAY, "cash 10.00, replayed 10.01"),
            ["v3_5b", "cash 10.00", "jutsu reproduce --strategy v3_5b --date 2026-01-05"],
        ),
        (
            nothing_ran(DAY, ["v3_5b", "v3_5d"]),
            ["2026-01-05", "v3_5b, v3_5d", "jutsu up --schedules", "jutsu trade"],
        ),
        (
            run_failed("trading_session", "2026-01-05", "disk is full", "r"),
            ["trading_session", "2026-01-05", "disk is full", "jutsu trade"],
        ),
    ],
)  # fmt: skip
def test_an_alert_says_what_where_why_and_what_to_do(alert: Alert, says: list[str]) -> None:
    for piece in says:
        assert piece in alert.body
    assert "2026-01-05" in alert.subject
    assert "\n" not in alert.subject


def test_whatever_an_error_says_fits_every_database() -> None:
    alert = run_failed("j" * 300, "2026-01-05", "NUL \0 half \udc80 long " + "x" * 9000, None)
    assert (len(alert.key), len(alert.subject)) == (200, 200)
    assert "\0" not in alert.body
    assert len(alert.body.encode()) < 5000
    assert alert.key != run_failed("j" * 301, "2026-01-05", "", None).key


def test_a_proposal_is_told_once_with_the_command_that_shows_it() -> None:
    told = proposal_opened("ETH_main_mut_0003_20260105", date(2026, 1, 12))
    assert told.key == proposal_opened("ETH_main_mut_0003_20260105", date(2026, 1, 13)).key
    assert told.severity == "info"
    assert "jutsu promotions show ETH_main_mut_0003_20260105" in told.body
    assert "2026-01-12" in told.subject
