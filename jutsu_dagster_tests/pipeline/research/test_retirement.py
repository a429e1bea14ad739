"""A night retires variants by rule: those that their control dominates, and those of great age."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from jutsu_dagster.pipeline.research.retirement import Result, along, is_dominated
from jutsu_dagster.pipeline.shadow_registry import changed
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.research.trades import stamp
from jutsu_dagster_tests.pipeline.research.families import live_through, make, rows
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights

LAST = NIGHTS[0]
DAY = timedelta(days=1)
MADE = date(2024, 12, 18)
FIRST = MADE + DAY
# Up to the day before the night, of which the night itself knows nothing yet.
COUNT = (LAST - FIRST).days
WORSE: list[dict[str, object]] = [{"max_bars_open": 7}]


def course(end: float, low: float) -> list[float]:
    """Return a course that falls to ``low`` in its middle and ends at ``end``."""
    return [10_000.0, low, *[end] * (COUNT - 2)]


def family(traded: Nights, own: list[float], control: list[float], closed: int = 30) -> str:
    """Make a variant with a record; its control began five days before it, at 20,000."""
    (row,) = make(traded.home, MADE, *WORSE)
    live_through(traded.home, row.id, FIRST, own, closed=closed)
    before = [20_000.0] * 5
    moved = [20_000.0 + value - 10_000.0 for value in control]
    track = row.base_params_hash
    live_through(traded.home, "ETH_main", FIRST - 5 * DAY, [*before, *moved], track=track)
    return row.id


def retired(traded: Nights, day: date = LAST) -> list[dict[str, Any]]:
    assert set(traded.run(day).values()) == {None}
    found: list[dict[str, Any]] = traded.of("mutation_strategies", day)["retired"]
    return found


@pytest.mark.parametrize(
    ("own", "control", "verdict"),
    [
        ((-0.02, 0.05), (0.01, 0.05), "dominated"),
        ((-0.02, 0.05), (0.01, 0.04), "dominated"),
        ((-0.02, 0.03), (0.01, 0.04), ""),
        ((0.01, 0.05), (0.01, 0.04), ""),
        ((0.02, 0.05), (0.01, 0.04), ""),
    ],
)
def test_worse_return_and_no_smaller_drawdown_is_dominated(
    own: tuple[float, float], control: tuple[float, float], verdict: str
) -> None:
    assert is_dominated(Result(*own), Result(*control)) is bool(verdict)


def test_returns_and_drawdowns_are_of_the_stake_where_that_is_fixed() -> None:
    found = along(20_000.0, [22_000.0, 19_000.0, 21_000.0])
    assert (found.total_return, found.drawdown) == pytest.approx((0.05, 3 / 22))
    found = along(20_000.0, [22_000.0, 19_000.0, 21_000.0], 10_000.0)
    assert (found.total_return, found.drawdown) == pytest.approx((0.1, 0.3))


def test_a_dominated_variant_is_retired_with_the_numbers(traded: Nights) -> None:
    id_ = family(traded, course(9_900.0, 9_700.0), course(10_100.0, 9_800.0))
    (found,) = retired(traded)
    assert found["id"] == id_
    assert found["rule"] == "dominated"
    assert (found["first"], found["last"]) == ("2024-12-19", "2025-01-08")
    numbers = [found[name] for name in
               ("total_return", "control_return", "drawdown", "control_drawdown")]  # fmt: skip
    assert numbers == pytest.approx([-0.01, 0.01, 0.03, 0.02])
    row = rows(traded.home)[id_]
    assert row.status == "retired"
    told = row.model_extra or {}
    assert told["retired_at"] == stamp(LAST)
    assert "return -1.00% against 1.00%, drawdown 3.00% against 2.00%, after 30" in found["reason"]
    assert told["retired_reason"] == found["reason"]


def test_what_a_night_retires_it_finds_again(traded: Nights) -> None:
    family(traded, course(9_900.0, 9_700.0), course(10_100.0, 9_800.0))
    retired(traded)
    before = traded.files()
    # What it does later is not looked at.
    live_through(traded.home, "ETH_main_mut_0010", LAST, [99_999.0])
    retired(traded)
    assert traded.files() == before


@pytest.mark.parametrize(
    ("own", "control", "closed"),
    [
        (course(9_900.0, 9_700.0), course(10_100.0, 9_800.0), 29),
        (course(9_900.0, 9_850.0), course(10_100.0, 9_800.0), 30),
        (course(10_200.0, 9_700.0), course(10_100.0, 9_800.0), 30),
    ],
    ids=["few trades", "smaller drawdown", "better return"],
)
def test_others_stay(traded: Nights, own: list[float], control: list[float], closed: int) -> None:
    id_ = family(traded, own, control, closed)
    assert retired(traded) == []
    assert rows(traded.home)[id_].is_live


def test_the_nights_own_day_is_not_judged(traded: Nights) -> None:
    id_ = family(traded, course(9_900.0, 9_700.0), course(10_100.0, 9_800.0))
    # Its trades close on the eighth: the night of that day knows of none.
    assert retired(traded, LAST - DAY) == []
    assert [found["id"] for found in retired(traded)] == [id_]


def test_without_a_control_on_its_days_nothing_is_judged(traded: Nights) -> None:
    (row,) = make(traded.home, MADE, *WORSE)
    live_through(traded.home, row.id, FIRST, course(9_000.0, 9_000.0))
    live_through(traded.home, "ETH_main", FIRST + DAY, course(10_100.0, 9_800.0)[1:],
                 track=row.base_params_hash)  # fmt: skip
    assert retired(traded) == []


def test_a_proposed_variant_waits_for_a_person(traded: Nights) -> None:
    id_ = family(traded, course(9_900.0, 9_700.0), course(10_100.0, 9_800.0))
    proposed = rows(traded.home)[id_].model_copy(update={"status": "proposed"})
    changed(traded.home.registry, traded.home.path, lambda _book: [proposed])
    assert retired(traded) == []


def test_a_variant_of_great_age_is_retired(traded: Nights) -> None:
    most = traded.home.registry.settings.research.retire_after_days
    young, old = (
        make(traded.home, LAST - (most + more) * DAY, {"max_bars_open": 5 + more})[0]
        for more in (0, 1)
    )
    (found,) = retired(traded)
    assert (found["id"], found["rule"], found["age_days"]) == (old.id, "age", most + 1)
    assert found["reason"] == f"is {most + 1} days old; retire_after_days is {most}"
    assert rows(traded.home)[young.id].is_live


def test_what_a_person_retired_is_left_as_it_is(traded: Nights) -> None:
    id_ = family(traded, course(9_900.0, 9_700.0), course(10_100.0, 9_800.0))
    retire(traded.home.registry, traded.home.path, [id_], "enough", f"{LAST}T10:00:00Z")
    assert retired(traded) == []
    assert (rows(traded.home)[id_].model_extra or {})["retired_reason"] == "enough"


def test_an_etf_variant_is_judged_by_its_share_of_the_peak(traded: Nights) -> None:
    (row,) = make(traded.home, MADE, {"sma_fast": 33}, parent="v3_5b")
    live_through(traded.home, row.id, FIRST, course(9_900.0, 9_700.0), parent="v3_5b")
    live_through(traded.home, "v3_5b", FIRST - 2 * DAY,
                 [20_000.0, 20_000.0, *(2 * one for one in course(10_100.0, 9_800.0))],
                 parent="v3_5b", track=row.base_params_hash)  # fmt: skip
    (found,) = retired(traded)
    numbers = [found[name] for name in
               ("total_return", "control_return", "drawdown", "control_drawdown")]  # fmt: skip
    assert numbers == pytest.approx([-0.01, 0.01, 0.03, 0.02])
