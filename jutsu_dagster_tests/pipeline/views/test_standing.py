"""What is said of how a strategy stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.views import status
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import starts
from jutsu_dagster_tests.shown import IDS, LAST, NOW, read_desk


def row(home: Home, id_: str = "v3_5b", now: datetime = NOW) -> dict[str, Any]:
    desk = read_desk(home, lambda: now)
    found = status.strategy_status(desk)[id_]
    desk.close()
    return found


def test_up_to_date_accounts_are_well(shown: Home) -> None:
    for id_ in IDS:
        found = row(shown, id_)
        assert (found["state"], found["health"], found["problem"]) == ("running", "ok", None)
        assert (found["session"], found["missing_sessions"]) == (LAST.isoformat(), 0)


@pytest.mark.parametrize(
    ("now", "missing"),
    [
        # Friday's session is recorded by the night that follows it, and has until six o'clock.
        (datetime(2025, 1, 25, 5, 59, tzinfo=UTC), 0),
        (datetime(2025, 1, 25, 6, 0, tzinfo=UTC), 1),
        (datetime(2025, 1, 27, 12, 0, tzinfo=UTC), 1),  # nothing on a weekend
        (datetime(2025, 1, 29, 12, 0, tzinfo=UTC), 3),
    ],
)
def test_a_session_is_missing_once_its_night_had_time_to_come(
    shown: Home, now: datetime, missing: int
) -> None:
    found = row(shown, now=now)
    assert found["missing_sessions"] == missing
    assert found["health"] == ("late" if missing else "ok")
    assert found["state"] == "running"
    if missing:
        assert "2025-01-24" in found["problem"]
        assert "jutsu trade" in found["problem"]


def test_coins_have_weekends_too(shown: Home) -> None:
    monday = datetime(2025, 1, 27, 12, 0, tzinfo=UTC)
    assert row(shown, "ETH_main", monday)["missing_sessions"] == 3


def test_a_failed_run_says_why(shown_home: Home) -> None:
    attempt = journal.Attempt(
        account=AccountKey("v3_5d", "paper"), partition="2025-01-24", status="failed",
        started_at=datetime.now(UTC) + timedelta(minutes=1), run_id="r", error="no bars of TMF",
    )  # fmt: skip
    journal.note_attempts(shown_home.ledger.engine, [attempt])
    found = row(shown_home, "v3_5d")
    assert (found["state"], found["health"]) == ("failed", "failed")
    assert found["problem"] == "2025-01-24 failed: no bars of TMF"
    assert found["last_attempt"]["error"] == "no bars of TMF"
    assert row(shown_home, "v3_5b")["health"] == "ok"


def test_an_inactive_one_rests_and_keeps_its_record(shown_home: Home) -> None:
    before = row(shown_home, "v3_5d")
    shown_home.edit_registry(lambda r: r["strategies"]["v3_5d"].update(is_active=False))
    found = row(shown_home, "v3_5d")
    assert (found["state"], found["health"]) == ("inactive", "off")
    assert found["equity"] == before["equity"]


def test_one_that_has_not_begun_waits_with_its_capital(home: Home) -> None:
    starts(home, date(2014, 1, 6), "v3_5b")
    starts(home, None, "v3_5d")
    now = datetime(2014, 1, 3, 12, 0, tzinfo=UTC)
    waiting, off = row(home, "v3_5b", now), row(home, "v3_5d", now)
    assert (waiting["state"], waiting["health"], off["state"]) == ("waiting", "ok", "off")
    assert (waiting["equity"], waiting["session"], waiting["drawdown"]) == (10_000.0, None, None)


def test_a_mark_is_shown_until_a_session_follows_it(shown: Home) -> None:
    found = row(shown)["mark"]
    assert found["time"] == "2025-01-24T16:00:00Z"
    assert found["daily_return"] == 1.0
    assert found["equity"] == pytest.approx(1.01 * row(shown)["equity"])
    assert row(shown, "v3_5d")["mark"] is None


def test_the_project_is_as_well_as_its_worst_strategy(shown: Home) -> None:
    for now, said in ((NOW, "ok"), (NOW + timedelta(days=7), "late")):
        desk = read_desk(shown, lambda at=now: at)  # type: ignore[misc]
        found = status.status(desk)
        assert found["status"] == said
        assert found["last_night"] == {
            "date": "2025-01-22",
            "steps": {"OK": 2, "FAILED": 1, "SKIPPED": 1},
            "failed": ["tuner"],
        }
        assert {each["table"] for each in found["markets"]} == {"etf_daily", "crypto_15m"}
        assert all(each["synthetic"] for each in found["markets"])
        assert (found["schedules"], found["next_schedule"]) == (False, None)
        desk.close()


@pytest.mark.parametrize(
    ("now", "name", "time"),
    [
        ((0, 0), "trading_session", "2025-01-24T00:30:00Z"),
        ((0, 30), "nightly_research_cycle", "2025-01-24T02:30:00Z"),
        ((3, 0), "trading_session", "2025-01-25T00:30:00Z"),
    ],
)  # fmt: skip
def test_the_next_schedule(shown: Home, now: tuple[int, int], name: str, time: str) -> None:
    desk = read_desk(shown, lambda: datetime(2025, 1, 24, *now, tzinfo=UTC), schedules=True)
    assert status.status(desk)["next_schedule"] == {"name": name, "time": time}
    desk.close()
