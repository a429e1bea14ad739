"""Orders worked out by hand: sizes, cash, average cost, what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountState, Fills, Segment
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.engine import Terms, run_segment
from jutsu_dagster_tests.walks import bars_of

FREE = Terms(10_000.0, 0.0, 0.0)
# 1 % slippage and 1 of commission a share make sums that fit on a line.
DEAR = Terms(10_000.0, 1.0, 0.01)


def trade(
    bars: Bars,
    weights: Sequence[Sequence[float]],
    terms: Terms = FREE,
    *,
    state: AccountState | None = None,
    threshold: float = 0.0,
    first_trade: int | None = None,
) -> Segment:
    """Run an account whose target weights are given for every session."""
    table, codes = np.unique(np.array(weights, dtype=np.float64), axis=0, return_inverse=True)
    return run_segment(
        bars,
        codes.astype(np.int64),
        table,
        terms,
        state or AccountState.open(terms.initial_capital),
        min_weight_change=threshold,
        start=0,
        stop=len(bars),
        first_trade=first_trade,
    )


def orders(segment: Segment) -> list[tuple[int, str, int]]:
    """Return (session, symbol, shares) of every fill."""
    fills: Fills = segment.fills
    return [
        (row, segment.symbols[column], shares)
        for row, column, shares in zip(
            fills.row.tolist(), fills.column.tolist(), fills.shares.tolist(), strict=True
        )
    ]


def holding(shares: Mapping[str, int], cash: float, accepted: Mapping[str, float]) -> AccountState:
    """Return an open account, its basis 50 a share."""
    basis = {symbol: 50.0 * count for symbol, count in shares.items()}
    day = bars_of([[1.0]]).sessions[0].item()
    return AccountState(
        10_000.0, cash, 0.0, 0.0, day, shares=shares, basis=basis, accepted=accepted
    )


def test_a_purchase_is_rounded_down_and_costs_slippage_and_commission() -> None:
    segment = trade(bars_of([[100.0]]), [[0.6]], DEAR)
    # 6000 / (101 + 1) = 58.8
    assert orders(segment) == [(0, "A", 58)]
    fills = segment.fills
    assert fills.price.tolist() == [101.0]
    assert fills.commission.tolist() == [58.0]
    assert fills.cash_before.tolist() == [10_000.0]
    assert fills.cash_after.tolist() == [10_000.0 - 58 * 102]
    assert fills.value_before.tolist() == [10_000.0]
    assert fills.value_after.tolist() == [pytest.approx(10_000.0 - 58 * 2)]
    assert np.isnan(fills.realised).all()
    assert segment.equity.tolist() == [10_000.0 - 58 * 2]
    assert segment.closing.basis == {"A": 58 * 102.0}


def test_all_of_the_cash_buys_what_fits_with_its_costs() -> None:
    segment = trade(bars_of([[100.0]]), [[1.0]], DEAR)
    assert orders(segment) == [(0, "A", 98)]
    assert segment.cash.tolist() == [10_000.0 - 98 * 102]


def test_a_size_that_is_whole_in_decimals_is_not_rounded_down_in_doubles() -> None:
    # 0.29 * 100 is 28.999999999999996 in doubles.
    segment = trade(bars_of([[1.0]]), [[0.29]], Terms(100.0, 0.0, 0.0))
    assert orders(segment) == [(0, "A", 29)]


def test_closing_sells_everything_and_realises_against_average_cost() -> None:
    segment = trade(bars_of([[100.0], [120.0]]), [[0.5], [0.0]], DEAR)
    # 5000 / 102 = 49.02; sold at 120 * 0.99 = 118.8 less 1 commission; cost 102 a share
    assert orders(segment) == [(0, "A", 49), (1, "A", -49)]
    assert segment.fills.price.tolist() == [101.0, pytest.approx(118.8)]
    assert segment.fills.realised[1] == pytest.approx(49 * (118.8 - 102 - 1))
    assert segment.cash[1] == pytest.approx(10_000 + 49 * (118.8 - 1 - 102))
    assert segment.closing.shares == {}
    assert segment.closing.basis == {}


def test_a_partial_sale_leaves_the_average_cost_of_the_rest() -> None:
    state = holding({"A": 100}, 0.0, {"A": 1.0})
    segment = trade(bars_of([[80.0]]), [[0.5]], DEAR, state=state)
    # 4000 too much / (80 * 0.99) = 50.5
    assert orders(segment) == [(0, "A", -50)]
    assert segment.fills.realised[0] == pytest.approx(50 * (79.2 - 50) - 50)
    assert segment.closing.basis["A"] == pytest.approx(50 * 50.0)
    assert segment.cash[0] == pytest.approx(50 * 78.2)


def test_adding_mixes_the_average_cost() -> None:
    state = holding({"A": 10}, 1000.0, {"A": 0.2})
    segment = trade(bars_of([[100.0]]), [[0.9]], FREE, state=state)
    # 0.9 * 2000 - 1000 = 800
    assert orders(segment) == [(0, "A", 8)]
    assert segment.closing.basis == {"A": 10 * 50.0 + 8 * 100.0}


def test_sales_come_first_and_each_order_sees_the_value_left_by_the_last() -> None:
    state = holding({"B": 100}, 0.0, {"B": 1.0})
    segment = trade(bars_of([[10.0, 100.0]]), [[0.5, 0.5]], DEAR, state=state)
    # B: 5000 / 99 = 50.5 -> sell 50 at 99, less 50 commission: cash 4900, value 9900.
    # A: 4950 wanted, 4900 there; 4900 / (10.1 + 1) = 441.4
    assert orders(segment) == [(0, "B", -50), (0, "A", 441)]
    assert segment.fills.cash_before.tolist() == [0.0, 4900.0]
    assert segment.fills.value_before.tolist() == [10_000.0, pytest.approx(9900.0)]
    assert segment.fills.cash_after[1] == pytest.approx(4900 - 441 * 11.1)


def test_orders_of_a_phase_follow_the_order_of_symbols() -> None:
    state = holding({"A": 10, "C": 10}, 0.0, {"A": 0.5, "C": 0.5})
    segment = trade(bars_of([[50.0] * 4]), [[0.0, 0.25, 0.1, 0.25]], FREE, state=state)
    assert [symbol for _, symbol, _ in orders(segment)] == ["A", "C", "B", "D"]


def test_an_order_to_reduce_may_buy() -> None:
    # Accepted 60 %, but A has fallen to 20 % of the account: the way down to 40 % is a purchase.
    state = holding({"A": 20}, 8000.0, {"A": 0.6})
    segment = trade(bars_of([[100.0]]), [[0.4]], FREE, state=state)
    assert orders(segment) == [(0, "A", 20)]


def test_an_order_to_increase_may_sell() -> None:
    state = holding({"A": 90}, 1000.0, {"A": 0.5})
    segment = trade(bars_of([[100.0]]), [[0.6]], FREE, state=state)
    assert orders(segment) == [(0, "A", -30)]


def test_an_unchanged_target_gets_no_order_however_far_it_has_drifted() -> None:
    state = holding({"A": 90, "B": 0}, 1000.0, {"A": 0.5, "B": 0.5})
    segment = trade(bars_of([[100.0, 10.0]]), [[0.5, 0.0]], FREE, state=state)
    assert orders(segment) == []
    assert segment.rebalanced.tolist() == [True]
    assert segment.closing.accepted == {"A": 0.5}


def test_less_than_a_share_is_no_trade() -> None:
    state = holding({"A": 50}, 5000.0, {"A": 0.4})
    assert orders(trade(bars_of([[100.0]]), [[0.505]], FREE, state=state)) == []
    assert orders(trade(bars_of([[100.0]]), [[0.51]], FREE, state=state)) == [(0, "A", 1)]


def test_a_sale_of_more_than_there_is_is_refused() -> None:
    # 9900 too much / (100 * 0.95) = 104 shares, of 100.
    state = holding({"A": 100}, 0.0, {"A": 1.0})
    terms = Terms(10_000.0, 0.0, 0.05)
    segment = trade(bars_of([[100.0]]), [[0.01]], terms, state=state)
    assert orders(segment) == []
    assert segment.shares.tolist() == [[100]]
    assert segment.closing.accepted == {"A": 0.01}


def test_drift_alone_never_trades() -> None:
    segment = trade(bars_of([[100.0], [300.0], [50.0]]), [[0.5]] * 3)
    assert orders(segment) == [(0, "A", 50)]
    assert segment.rebalanced.tolist() == [True, False, False]
    assert segment.equity.tolist() == [10_000, 5000 + 50 * 300, 5000 + 50 * 50]


@pytest.mark.parametrize(("change", "trades"), [(0.0249, 0), (0.025, 0), (0.0251, 1)])
def test_the_summed_change_must_exceed_the_threshold(change: float, trades: int) -> None:
    bars = bars_of([[1.0, 1.0]])
    state = holding({"A": 1000}, 9000.0, {"A": 0.1})
    half = change / 2
    segment = trade(bars, [[0.1 + half, half]], FREE, state=state, threshold=0.025)
    assert segment.rebalanced.sum() == trades


def test_small_changes_add_up_against_the_accepted_weights() -> None:
    weights = [[0.50], [0.51], [0.52], [0.53], [0.54]]
    segment = trade(bars_of([[1.0]] * 5), weights, threshold=0.025)
    assert segment.rebalanced.tolist() == [True, False, False, True, False]
    assert segment.weights.ravel().tolist() == [0.5, 0.5, 0.5, 0.53, 0.53]


def test_what_cannot_be_afforded_is_asked_for_at_every_session() -> None:
    closes = [[100.0, 20_000.0], [100.0, 11_000.0], [100.0, 5000.0], [100.0, 5000.0]]
    segment = trade(bars_of(closes), [[0.4, 0.5]] * 4)
    assert segment.rebalanced.tolist() == [True, True, True, False]
    assert orders(segment) == [(0, "A", 40), (2, "B", 1)]
    assert segment.weights.tolist() == [[0.4, 0.0], [0.4, 0.0], [0.4, 0.5], [0.4, 0.5]]


def test_a_symbol_without_a_bar_yet_is_asked_for_until_it_has_one() -> None:
    closes = [[100.0, np.nan], [100.0, np.nan], [100.0, 50.0]]
    segment = trade(bars_of(closes), [[0.4, 0.5]] * 3)
    assert segment.rebalanced.tolist() == [True, True, True]
    assert orders(segment) == [(0, "A", 40), (2, "B", 100)]
    assert np.isnan(segment.marks[:2, 1]).all()


def test_one_share_that_value_allows_but_cash_with_costs_does_not_is_no_trade() -> None:
    segment = trade(bars_of([[10_000.0]] * 2), [[1.0]] * 2, DEAR)
    assert orders(segment) == []
    # It was accepted all the same, so it is not asked for again.
    assert segment.rebalanced.tolist() == [True, False]
    assert segment.closing.accepted == {"A": 1.0}


def test_warm_up_accepts_targets_but_buys_nothing_and_starts_from_zero() -> None:
    segment = trade(bars_of([[100.0]] * 4), [[0.5]] * 4, first_trade=2)
    assert segment.rebalanced.tolist() == [True, False, True, False]
    assert orders(segment) == [(2, "A", 50)]
    assert segment.cash.tolist() == [10_000, 10_000, 5000, 5000]


def test_no_opinion_keeps_what_there_is() -> None:
    bars = bars_of([[100.0]] * 3)
    segment = run_segment(
        bars, np.array([0, -1, 1]), np.array([[0.5], [0.0]]), FREE, AccountState.open(10_000.0),
        min_weight_change=0.0, start=0, stop=3,
    )  # fmt: skip
    assert orders(segment) == [(0, "A", 50), (2, "A", -50)]
    assert segment.closing.cash == 10_000
    assert segment.closing.peak == 10_000


def test_the_closing_state_is_the_last_session() -> None:
    segment = trade(bars_of([[100.0, np.nan], [150.0, np.nan], [120.0, 7.0]]), [[0.5, 0.0]] * 3)
    closing = segment.closing
    assert closing.session == segment.sessions[-1].item()
    assert closing.shares == {"A": 50}
    assert closing.marks == {"A": 120.0, "B": 7.0}
    assert closing.equity == 5000 + 50 * 120
    assert closing.peak == 5000 + 50 * 150
    assert AccountState.from_dict(closing.to_dict()) == closing
