"""Fills at the next open and the next close, and splits, worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.bars import Bars, FloatArray, IntArray
from jutsu_dagster.core.engine import Terms, Timing, buy_and_hold, latest_closes, run_segment
from jutsu_dagster_tests.core.test_fills import FREE, orders, trade
from jutsu_dagster_tests.walks import bars_of, scaled, walk, with_split

OPENS = [[100.0], [80.0], [125.0], [50.0]]
CLOSES = [[100.0], [100.0], [125.0], [60.0]]
WEIGHTS = [[0.5], [0.5], [0.0], [0.0]]


def timed(timing: Timing) -> Segment:
    return trade(bars_of(CLOSES, open_=OPENS), WEIGHTS, replace(FREE, timing=timing))


def test_an_order_fills_at_its_own_close() -> None:
    segment = timed("close")
    assert orders(segment) == [(0, "A", 50), (2, "A", -50)]
    assert segment.fills.price.tolist() == [100, 125]
    assert segment.equity.tolist() == [10_000, 10_000, 11_250, 11_250]


def test_an_order_fills_at_the_next_open() -> None:
    segment = timed("next_open")
    # Decided at 100, bought at 80: 5000 / 80 = 62.5; sold a day after the decision, at 50.
    assert orders(segment) == [(1, "A", 62), (3, "A", -62)]
    assert segment.fills.price.tolist() == [80, 50]
    assert segment.rebalanced.tolist() == [True, False, True, False]
    cash = 10_000 - 62 * 80
    assert segment.equity.tolist() == [10_000, cash + 6200, cash + 62 * 125, cash + 3100]
    assert segment.fills.value_before.tolist() == [10_000, cash + 62 * 50]


def test_an_order_fills_at_the_next_close() -> None:
    segment = timed("next_close")
    assert orders(segment) == [(1, "A", 50), (3, "A", -50)]
    assert segment.fills.price.tolist() == [100, 60]
    assert segment.equity.tolist() == [10_000, 10_000, 5000 + 50 * 125, 8000]


@pytest.mark.parametrize("timing", ["next_open", "next_close"])
def test_the_last_decision_waits_in_the_state(timing: Timing) -> None:
    bars = bars_of(CLOSES, open_=OPENS)
    terms = replace(FREE, timing=timing)
    head = trade(bars.head(1), WEIGHTS[:1], terms)
    assert orders(head) == []
    assert head.closing.pending_from == {}
    assert head.closing.accepted == {"A": 0.5}
    assert trade(bars, WEIGHTS, terms).closing.pending_from is None


def test_a_symbol_without_a_bar_at_the_fill_is_not_bought() -> None:
    closes = [[100.0, 10.0], [100.0, np.nan], [100.0, 10.0]]
    segment = trade(bars_of(closes), [[0.4, 0.5]] * 3, replace(FREE, timing="next_open"))
    assert orders(segment) == [(1, "A", 40)]


def test_a_split_multiplies_shares_and_keeps_the_value() -> None:
    bars = bars_of([[100.0], [50.0], [60.0]], splits={(1, 0): 2.0})
    segment = trade(bars, [[0.5], [0.5], [0.0]])
    assert segment.shares[:, 0].tolist() == [50, 100, 0]
    assert segment.equity.tolist() == [10_000, 10_000, 11_000]
    # Realised against the cost of the position, which the split did not change.
    assert segment.fills.realised[-1] == 1000


def test_a_fraction_of_a_share_is_paid_in_cash() -> None:
    bars = bars_of([[99.0], [66.0], [66.0]], splits={(1, 0): 1.5})
    segment = trade(bars, [[0.51], [0.51], [0.0]])
    # 51 shares become 76.5; half a share is worth 33.
    assert segment.shares[:, 0].tolist() == [51, 76, 0]
    assert segment.cash.tolist() == [10_000 - 51 * 99, 10_000 - 51 * 99 + 33, 10_000]
    assert segment.equity.tolist() == [10_000] * 3
    assert segment.fills.realised[-1] == pytest.approx(0.0, abs=1e-9)


def test_a_reverse_split_pays_its_fraction_too() -> None:
    bars = bars_of([[10.0], [100.0]], splits={(1, 0): 0.1})
    segment = trade(bars, [[0.505]] * 2, Terms(1000.0, 0.0, 0.0))
    assert segment.shares[:, 0].tolist() == [50, 5]
    odd = trade(bars, [[0.555]] * 2, Terms(1000.0, 0.0, 0.0))
    assert odd.shares[:, 0].tolist() == [55, 5]
    assert odd.cash.tolist() == [450, 500]
    assert odd.equity.tolist() == [1000, 1000]


def test_an_order_waiting_over_a_split_fills_on_the_new_basis() -> None:
    bars = bars_of([[100.0], [50.0]], open_=[[100.0], [40.0]], splits={(1, 0): 2.0})
    segment = trade(bars, [[0.5]] * 2, replace(FREE, timing="next_open"))
    assert orders(segment) == [(1, "A", 125)]


def test_a_gap_carries_the_last_close_over_a_split() -> None:
    bars = bars_of([[100.0], [np.nan], [np.nan], [55.0]], splits={(2, 0): 2.0})
    assert latest_closes(bars)[:, 0].tolist() == [100, 100, 50, 55]
    segment = trade(bars, [[0.5]] * 4)
    assert segment.equity.tolist() == [10_000, 10_000, 10_000, 10_500]


def test_a_split_market_gives_the_same_account_as_the_unsplit_one() -> None:
    # Powers of two and no rounding to whole shares: a free market of tiny prices.
    plain = scaled(walk(("A", "B"), 200), 2.0**-10)
    halved = with_split(plain, "A", 100, 2.0)
    targets = np.random.default_rng(1).choice([0.0, 0.5], (200, 2))
    one, two = (trade(bars, targets.tolist()) for bars in (plain, halved))
    np.testing.assert_allclose(one.equity, two.equity, rtol=1e-6)


def daily(bars: Bars, codes: IntArray, table: FloatArray, terms: Terms) -> list[Segment]:
    """Run session by session, each from the JSON of the state before."""
    state, done = AccountState.open(terms.initial_capital), []
    for row in range(len(bars)):
        segment = run_segment(
            bars.head(row + 1), codes[: row + 1], table, terms, state,
            min_weight_change=0.01, start=row, stop=row + 1,
        )  # fmt: skip
        state = AccountState.from_dict(segment.closing.to_dict())
        done.append(segment)
    return done


@given(
    st.integers(0, 1000),
    st.sampled_from(["close", "next_open", "next_close"]),
    st.sampled_from([2.0, 1.5, 0.1, 3.0]),
    st.integers(1, 58),
)
@settings(deadline=None, max_examples=30)
def test_a_range_equals_its_days_across_a_split(
    seed: int, timing: Timing, ratio: float, row: int
) -> None:
    bars = with_split(walk(("A", "B", "C"), 60, seed, late={"C": 20}), "B", row, ratio)
    rng = np.random.default_rng(seed)
    table = np.vstack([np.zeros(3), rng.dirichlet(np.ones(4), 4)[:, :3]])
    codes = np.repeat(rng.integers(-1, 5, 20), 3)
    terms = Terms(timing=timing)
    whole = run_segment(
        bars, codes, table, terms, AccountState.open(10_000.0), min_weight_change=0.01,
        start=0, stop=60,
    )  # fmt: skip
    days = daily(bars, codes, table, terms)
    for name in ("equity", "cash", "shares", "weights", "rebalanced"):
        joined = np.concatenate([getattr(day, name) for day in days])
        np.testing.assert_array_equal(joined, getattr(whole, name), err_msg=name)
    for name in ("shares", "price", "cash_after", "value_after", "realised"):
        joined = np.concatenate([getattr(day.fills, name) for day in days])
        np.testing.assert_array_equal(joined, getattr(whole.fills, name), err_msg=name)
    assert days[-1].closing == whole.closing
    assert days[-1].closing.digest == whole.closing.digest


@given(st.integers(0, 1000), st.integers(-6, 6))
@settings(deadline=None, max_examples=30)
def test_money_has_no_unit(seed: int, power: int) -> None:
    bars, factor = walk(("A", "B"), 80, seed), 2.0**power
    targets = np.random.default_rng(seed).dirichlet(np.ones(3), 80)[:, :2].tolist()
    one = trade(bars, targets, Terms(10_000.0, 0.01, 0.001), threshold=0.3)
    two = trade(
        scaled(bars, factor), targets, Terms(10_000.0 * factor, 0.01 * factor, 0.001), threshold=0.3
    )
    np.testing.assert_array_equal(one.equity * factor, two.equity)
    np.testing.assert_array_equal(one.shares, two.shares)


def test_a_baseline_holds_fractional_shares_through_a_split() -> None:
    bars = bars_of([[80.0], [100.0], [60.0], [np.nan], [40.0]], splits={(2, 0): 2.0})
    value = buy_and_hold(bars, "A", 1, 1000.0)
    # Ten shares, twenty after the split; a day without a bar keeps the last close.
    assert value.tolist() == [1000, 1200, 1200, 800]


def test_a_split_on_the_first_day_of_a_baseline_is_none() -> None:
    bars = bars_of([[100.0], [50.0], [55.0]], splits={(1, 0): 2.0})
    assert buy_and_hold(bars, "A", 1, 1000.0).tolist() == pytest.approx([1000, 1100])
