"""Families from the ledger: aligned with their control, cut at the night's end."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.research.families import Closed, Control, FamilyData
from jutsu_dagster.pipeline.research.family_read import read_families
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import curves
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.pipeline.research_evidence.families import (
    FIRST,
    LAST,
    ONE,
    THREE,
    TWO,
    YOUNG,
    Families,
)

DAY = timedelta(days=1)
MIDDLE = date(2025, 2, 1)


def only(families: Families, day: date) -> FamilyData:
    (found,) = families.read(day).families
    return found


def same(one: FamilyData, other: FamilyData) -> None:
    assert one.names == other.names
    assert one.closed == other.closed
    for left, right in (
        (one.days, other.days), (one.returns, other.returns), (one.first, other.first),
        (one.last, other.last), (one.control.returns, other.control.returns),
        (one.control.closed, other.control.closed),
    ):  # fmt: skip
        np.testing.assert_array_equal(left, right)


def test_a_days_return_is_the_change_of_equity_over_the_stake(families: Families) -> None:
    found = only(families, LAST)
    assert found.names == (ONE, TWO, THREE, YOUNG)
    assert (found.days[0].item(), found.days[-1].item()) == (FIRST, LAST)
    frame = curves(families.home.ledger.engine, "shadow", [YOUNG])[YOUNG]
    stake = frame["initial_capital"].iloc[0]
    expected = np.diff(np.concatenate(([stake], frame["equity"]))) / stake
    column = found.names.index(YOUNG)
    np.testing.assert_array_equal(found.returns[14:, column], expected)
    assert np.isnan(found.returns[:14, column]).all()
    assert found.window(column) == (date(2025, 1, 20), LAST)


def test_a_control_is_counted_over_the_variants_own_days(families: Families) -> None:
    found, engine = only(families, LAST), families.home.ledger.engine
    column = found.names.index(YOUNG)
    _, base = found.sides(column)
    account = AccountKey("ETH_main", "control")
    trades = log.trades(engine, account, track=found.track, first=date(2025, 1, 20), last=LAST)
    closed = trades[trades["type"] == "close"]
    won, lost = (closed["pct"][closed["pct"] * sign > 0].sum() for sign in (1, -1))
    assert base.trades == len(closed)
    assert base.total_pnl == pytest.approx(closed["pct"].sum())
    assert base.pf == pytest.approx(-won / lost)
    track = found.base(14)
    assert track.gross is not None
    assert track.net is not None
    costs = (closed["gross_pct"] - closed["pct"]).sum()
    assert track.gross - track.net == pytest.approx(costs)
    assert costs == pytest.approx(len(closed) * 0.0014)


def test_the_days_after_a_night_are_not_known_to_it(families: Families) -> None:
    before = only(families, MIDDLE)
    assert before.days[-1].item() == MIDDLE
    with families.home.ledger.engine.begin() as connection:
        for table in (log.DAYS, log.TRADES):
            connection.execute(table.delete().where(table.c.day > MIDDLE))
    same(before, only(families, LAST))


def test_a_family_is_who_was_there_on_the_candidates_first_day(families: Families) -> None:
    found = only(families, LAST)
    old, young = found.first[0], found.first[found.names.index(YOUNG)]
    assert found.members(old)[0] == (ONE, TWO, THREE)
    names, returns = found.members(young)
    assert names == (ONE, TWO, THREE, YOUNG)
    np.testing.assert_array_equal(returns, found.returns[young:])


def test_one_that_ended_goes_on_with_its_control(families: Families) -> None:
    with families.home.ledger.engine.begin() as connection:
        gone = (log.DAYS.c.strategy_id == TWO, log.DAYS.c.day > MIDDLE)
        connection.execute(log.DAYS.delete().where(*gone))
    found = only(families, LAST)
    column, end = found.names.index(TWO), int(found.last[found.names.index(TWO)])
    assert found.days[end].item() == MIDDLE
    assert column not in found.current
    names, returns = found.members(int(found.first[column]))
    assert names == (ONE, TWO, THREE)
    np.testing.assert_array_equal(returns[end + 1 :, 1], found.control.returns[end + 1 :])
    np.testing.assert_array_equal(returns[: end + 1, 1], found.returns[: end + 1, column])


@pytest.mark.parametrize(
    ("mode", "id_", "refused", "why"),
    [
        ("shadow", THREE, {THREE}, "it lacks days that its control has"),
        ("control", "ETH_main", {ONE, TWO, THREE, YOUNG}, "it has days that its control has not"),
    ],
)
def test_what_cannot_be_aligned_is_named_and_not_guessed(
    families: Families, mode: str, id_: str, refused: set[str], why: str
) -> None:
    table = log.DAYS.c
    with families.home.ledger.engine.begin() as connection:
        hole = (table.strategy_id == id_, table.mode == mode, table.day == MIDDLE)
        connection.execute(log.DAYS.delete().where(*hole))
    found = families.read(LAST)
    assert found.refused == dict.fromkeys(refused, why)
    assert not refused & {name for family in found.families for name in family.names}


def test_a_control_without_a_loss_in_the_window_has_no_finite_factor() -> None:
    sums = np.array([[0, 0, 0, 0, 0], [2, -0.1, 0, 0.2, -0.3], [3, 0.1, 0.2, 0.4, -0.3]])
    control = Control(np.array([-0.1, 0.2]), sums)
    assert control.between(1).pf == float("inf")
    assert control.between(0) == Closed(3, 0.1, 0.2, 0.4 / 0.3)


@pytest.mark.postgres
def test_both_databases_give_the_same_families(families: Families, postgres_url: str) -> None:
    other = Ledger(postgres_url)
    other.migrate()
    for table in (log.DAYS, log.TRADES):
        with families.home.ledger.engine.connect() as connection:
            rows = [dict(row) for row in connection.execute(table.select()).mappings()]
        with other.engine.begin() as connection:
            connection.execute(table.insert(), rows)
    tracks = {id_: row.base_params_hash or "" for id_, row in families.rows.rows.items()}
    (found,) = read_families(other, "ETH_main", "ETHUSDT", tracks, LAST, compound=False).families
    other.close()
    same(found, only(families, LAST))
