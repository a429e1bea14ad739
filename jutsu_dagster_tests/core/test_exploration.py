"""The exploration engine: rules worked out by hand, and what must hold for any bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from jutsu_dagster.core.errors import DataError, JutsuError, StrategyError
from jutsu_dagster.core.exploration import CapScope, Explored, explore
from jutsu_dagster.core.exploration_rows import trade_rows
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster_tests.decided import decided, rules

LONG, SHORT, HOLD = (1, 0.8), (-1, 0.8), (1, 0.5)


def story(explored: Explored, bars: Decided) -> list[str]:
    """Return one variant's trades, a word each: what happened, when, why."""
    rows = trade_rows(explored.events_of(0), bars, symbol="ETHUSDT", variant_id="v")
    return [
        f"{row['ts'][8:16]} {row.get('exit_reason', row['type'])} {row['dir']:+d}" for row in rows
    ]


def told(
    decisions: Sequence[tuple[int, float]],
    one: ExplorationRules | None = None,
    scope: CapScope = "utc_day",
    start: str = "2025-01-03T00:00:00",
) -> list[str]:
    bars = decided([100.0 + i for i in range(len(decisions))], decisions, start=start)
    return story(explore(bars, [one or rules()], cap_scope=scope), bars)


def test_a_weak_decision_ends_a_position_and_a_middling_opposite_one_does_not() -> None:
    assert told([LONG, (-1, 0.59), (1, 0.29)]) == ["03T00:00 open +1", "03T00:30 low_conf +1"]


def test_a_reversal_closes_and_opens_at_the_same_close() -> None:
    assert told([LONG, SHORT]) == [
        "03T00:00 open +1", "03T00:15 reverse +1", "03T00:15 open -1",
    ]  # fmt: skip
    # Sure enough to leave, not to enter.
    assert told([LONG, (-1, 0.65)]) == ["03T00:00 open +1", "03T00:15 reverse +1"]


def test_a_position_times_out_at_its_tenth_bar_and_may_reopen_there() -> None:
    assert told([LONG] + [HOLD] * 10)[1:] == ["03T02:30 timeout +1"]
    assert told([LONG] * 11)[1:] == ["03T02:30 timeout +1", "03T02:30 open +1"]


def test_of_several_reasons_the_last_rule_names_the_exit() -> None:
    odd = rules(reverse_min_conf=0.1, max_bars_open=2)
    assert told([LONG, (-1, 0.2)], odd)[1] == "03T00:15 reverse +1"
    assert told([LONG, HOLD, (-1, 0.2)], odd)[1] == "03T00:30 timeout +1"
    assert told([LONG, (0, 0.2)], odd)[1] == "03T00:15 low_conf +1"


def test_the_cap_counts_entries_of_a_utc_day() -> None:
    flips, two = [LONG, SHORT] * 3, rules(exploration_cap=2)
    assert told(flips, two)[-1] == "03T00:30 reverse -1"
    # 23:15 to 00:30: two entries before midnight, two after it.
    late = told(flips, two, start="2025-01-03T23:15:00")
    assert [word for word in late if "open" in word] == [
        "03T23:15 open +1", "03T23:30 open -1", "04T00:00 open -1", "04T00:15 open +1",
    ]  # fmt: skip


def test_a_position_carried_over_midnight_does_not_count_again() -> None:
    one = rules(exploration_cap=1)
    carried = told([LONG, HOLD, SHORT, LONG], one, start="2025-01-03T23:45:00")
    assert carried == ["03T23:45 open +1", "04T00:15 reverse +1", "04T00:15 open -1",
                       "04T00:30 reverse -1"]  # fmt: skip


def test_the_lifetime_cap_counts_closed_trades_for_good() -> None:
    flips = [LONG, SHORT] * 60  # into the second day
    assert len(told(flips, rules(exploration_cap=2), "lifetime")) == 4
    assert len(told(flips, rules(exploration_cap=2), "none")) == 239
    assert len(told([LONG], rules(exploration_cap=0))) == 1


@pytest.mark.parametrize(
    ("regime", "needed"),
    [("trend_up", 0.70), ("trend_down", 0.70), ("panic_down", 0.70), ("chop", 0.72),
     ("unknown", 0.72), ("high_vol", 0.71)],
)  # fmt: skip
def test_an_entry_needs_the_threshold_of_its_regime(regime: str, needed: float) -> None:
    for confidence, opened in ((needed, 1), (np.nextafter(needed, 0), 0)):
        bars = decided([100.0], [(1, confidence)], [regime])
        assert len(explore(bars, [rules()]).events) == opened


def test_thresholds_keep_within_their_bounds_and_exits_ignore_them() -> None:
    wild = rules(conf_min={"trend": 0.1, "chop": 1.4, "high_vol": 0.6})
    assert [wild.threshold(name) for name in ("trend_up", "chop")] == [0.50, 0.95]
    assert told([(1, 0.95), HOLD, HOLD], wild) == ["03T00:00 open +1"]


def test_costs_are_paid_on_both_sides_and_gross_stays_beside_net() -> None:
    bars = decided([100.0, 100.1, 102.0, 102.0], [LONG, SHORT, (0, 0.0), (0, 0.0)])
    (state,) = explore(bars, [rules(cost_bps_per_side=7)]).closing
    gross = (100.1 - 100.0) / 100.0, (102.0 - 100.1) / 100.1 * -1
    # 14 basis points turn the winner of 10 into a loser.
    assert (state.wins, state.losses, state.stats["exp_pf"]) == (0, 2, 0.0)
    assert state.total_pnl == (gross[0] - 0.0014) + (gross[1] - 0.0014)
    assert state.gross_stats == {"total_pnl": sum(gross), "exp_pf": gross[0] / -gross[1]}


def test_a_result_of_zero_is_neither_and_no_loser_means_no_profit_factor() -> None:
    bars = decided([100.0, 100.0, 99.0, 99.0], [LONG, SHORT, (0, 0.0), (0, 0.0)])
    (state,) = explore(bars, [rules()]).closing
    assert state.stats == {
        "exp_trades": 2, "exp_pf": None, "norm_trades": 0, "norm_pf": None, "total_pnl": 0.01,
        "wins": 1, "losses": 0,
    }  # fmt: skip
    assert ExplorationState().stats["exp_pf"] is None


def test_rows_have_the_recorded_keys_in_their_order() -> None:
    bars = decided([100.0, 101.0], [LONG, (0, 0.1)], ["trend_up", "high_vol"])
    events = explore(bars, [rules(cost_bps_per_side=5)]).events_of(0)
    opened, closed = trade_rows(events, bars, symbol="ETHUSDT", variant_id="v", gross=True)
    assert list(opened.items()) == [
        ("ts", "2025-01-03T00:00:00Z"), ("type", "open"), ("symbol", "ETHUSDT"),
        ("variant_id", "v"), ("dir", 1), ("entry_px", 100.0), ("regime", "trend_up"),
        ("conf", 0.8), ("mutated_threshold", 0.7),
    ]  # fmt: skip
    assert list(closed.items()) == [
        ("ts", "2025-01-03T00:15:00Z"), ("type", "close"), ("symbol", "ETHUSDT"),
        ("variant_id", "v"), ("dir", 1), ("entry_px", 100.0), ("exit_px", 101.0),
        ("pct", 0.01 - 0.001), ("gross_pct", 0.01), ("exit_reason", "low_conf"),
        ("regime", "high_vol"), ("bars_open", 1),
    ]  # fmt: skip


def test_a_bar_seen_before_is_refused() -> None:
    bars = decided([100.0, 101.0], [LONG, HOLD])
    closing = explore(bars, [rules()]).closing
    with pytest.raises(DataError, match="2025-01-03T00:15:00Z comes again"):
        explore(bars.window(1, 2), [rules()], closing)
    assert closing[0].last_bar == "2025-01-03T00:15:00Z"
    nothing = explore(bars.window(2, 2), [rules()], closing)
    assert nothing.closing == closing


@pytest.mark.parametrize(
    ("change", "message"),
    [({"direction": 2}, "direction at .* is 2"), ({"confidence": np.nan}, "confidence at"),
     ({"regime": 6}, "regime at"), ({"close": 0.0}, "close, finite and > 0"),
     ({"timestamps": np.datetime64("2020-01-01", "s")}, "ascend")],
)  # fmt: skip
def test_bars_that_cannot_be_are_refused(change: dict[str, object], message: str) -> None:
    bars = decided([1.0] * 3, [LONG] * 3)
    fields = {name: getattr(bars, name).copy() for name in Decided.__slots__ if name != "regimes"}
    for name, value in change.items():
        fields[name][1] = value
    with pytest.raises(JutsuError, match=message):
        Decided(**fields, regimes=bars.regimes)


def test_a_regime_without_a_threshold_is_named_when_it_occurs() -> None:
    partial = rules(conf_min={"trend": 0.7})
    assert len(explore(decided([1.0], [LONG], ["trend_up"]), [partial]).events) == 1
    with pytest.raises(StrategyError, match="'chop' has no entry threshold"):
        explore(decided([1.0], [LONG]), [partial])
