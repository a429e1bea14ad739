"""Variants at once, one by one, in pieces, compiled or not: always the same bits."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core import exploration_kernel as k
from jutsu_dagster.core.exploration import CapScope, Explored, explore
from jutsu_dagster.core.exploration_rows import bar_columns, trade_rows
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster_tests.decided import many_rules, walk

SCOPES: list[CapScope] = ["utc_day", "lifetime", "none"]
BARS, SETS = walk(600, 3, "2025-01-03T05:00:00"), many_rules(12, 4)


def through_json(states: tuple[ExplorationState, ...]) -> list[ExplorationState]:
    return [ExplorationState.from_dict(json.loads(json.dumps(one.to_dict()))) for one in states]


def rows_of(explored: Explored, bars: Decided, variant: int) -> list[dict[str, Any]]:
    events = explored.events_of(variant)
    return trade_rows(events, bars, symbol="-", variant_id="-", gross=True)


@given(cuts=st.lists(st.integers(0, 600), max_size=8), scope=st.sampled_from(SCOPES))
@settings(max_examples=40, deadline=None)
def test_any_cut_gives_the_bits_of_the_whole(cuts: list[int], scope: CapScope) -> None:
    whole = explore(BARS, SETS, cap_scope=scope)
    states = [ExplorationState()] * len(SETS)
    rows: list[list[Any]] = [[] for _ in SETS]
    pnl: list[Any] = []
    edges = [0, *sorted(cuts), len(BARS)]
    for start, stop in itertools.pairwise(edges):
        piece = BARS.window(start, stop)
        done = explore(piece, SETS, states, cap_scope=scope)
        pnl.append(bar_columns(done.events_of(0), piece, SETS[0], states[0]))
        states = through_json(done.closing)
        for variant, found in enumerate(rows):
            found.extend(rows_of(done, piece, variant))
    assert tuple(states) == whole.closing
    assert rows == [rows_of(whole, BARS, variant) for variant in range(len(SETS))]
    once = bar_columns(whole.events_of(0), BARS, SETS[0], ExplorationState())
    for name, column in once.items():
        pieces = np.concatenate([np.asarray(part[name]) for part in pnl])
        np.testing.assert_array_equal(pieces, column, name)


@pytest.mark.parametrize("scope", SCOPES)
def test_many_at_once_equal_one_by_one(scope: CapScope) -> None:
    sets = many_rules(300, 5)
    together = explore(BARS, sets, cap_scope=scope)
    threaded = explore(BARS, sets, cap_scope=scope, threads=2)
    assert together.events.tobytes() == threaded.events.tobytes()
    assert together.closing == threaded.closing
    assert together.closing == explore(BARS, sets, cap_scope=scope, events=False).closing
    for variant in range(0, 300, 25):
        alone = explore(BARS, [sets[variant]], cap_scope=scope)
        assert alone.closing[0] == together.closing[variant]
        assert alone.events.tobytes() == together.events_of(variant).tobytes()


def test_compiled_equals_its_python_source(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = explore(BARS, SETS)
    kernel: Any = k.explore_variants
    monkeypatch.setattr(k, "explore_variants", kernel.py_func)
    python = explore(BARS, SETS)
    assert compiled.events.tobytes() == python.events.tobytes()
    assert compiled.closing == python.closing
    assert len(compiled.events) > 500


def plainly(bars: Decided, rules: ExplorationRules, scope: CapScope) -> list[Any]:
    """Restate the rules in plain Python; return (bar, what, result) of each event."""
    side, entry, age, done, today, entries = 0, 0.0, 0, 0, "", 0
    said: list[Any] = []
    for t, close in enumerate(bars.close.tolist()):
        date, wanted, sure = str(bars.timestamps[t])[:10], bars.direction[t], bars.confidence[t]
        if today != date:
            today, entries = date, 0
        if side:
            age += 1
            why = "low_conf" if sure < rules.exit_min_conf else None
            why = "reverse" if wanted == -side and sure >= rules.reverse_min_conf else why
            why = "timeout" if age >= rules.max_bars_open else why
            if why:
                result = (close - entry) / entry * side - 2 * rules.cost_bps_per_side / 1e4
                said.append((t, why, result))
                side, done = 0, done + 1
        count = {"utc_day": entries, "lifetime": done, "none": -1}[scope]
        free = count < max(1, rules.exploration_cap)
        needed = rules.threshold(bars.regimes[bars.regime[t]])
        if not side and wanted and sure >= needed and free:
            side, entry, age, entries = int(wanted), close, 0, entries + 1
            said.append((t, "open", close))
    return said


@given(seed=st.integers(0, 10_000), scope=st.sampled_from(SCOPES))
@settings(max_examples=30, deadline=None)
def test_the_kernel_equals_a_plain_restatement(seed: int, scope: CapScope) -> None:
    bars, (rules,) = walk(200, seed, "2025-01-03T09:00:00"), many_rules(1, seed)
    explored = explore(bars, [rules], cap_scope=scope)
    found = []
    for event in explored.events_of(0):
        opened = event["kind"] == k.OPEN
        what = "open" if opened else k.REASONS[event["reason"]]
        found.append((event["row"], what, event["entry_px" if opened else "pct"]))
    expected = plainly(bars, rules, scope)
    assert found == expected
    results = [result for _, what, result in expected if what != "open"]
    (state,) = explored.closing
    assert state.total_pnl == sum(results)
    assert state.won == sum(result for result in results if result > 0)
    assert (state.exp_trades, state.wins) == (len(results), sum(one > 0 for one in results))


@given(known=st.integers(1, 599))
@settings(max_examples=20, deadline=None)
def test_the_future_cannot_change_the_past(known: int) -> None:
    full, partial = explore(BARS, SETS[:1]), explore(BARS.window(0, known), SETS[:1])
    events = full.events_of(0)
    assert events[events["row"] < known].tobytes() == partial.events_of(0).tobytes()


def test_a_checkpoint_says_who_holds_what_since_when() -> None:
    explored = explore(BARS, SETS)
    held = [state for state in explored.closing if state.dir]
    assert held
    for state in held:
        row = BARS.timestamps.tolist().index(
            np.datetime64(str(state.entry_bar).removesuffix("Z"), "s").item()
        )
        assert BARS.close[row] == state.entry_px
        assert BARS.regimes[BARS.regime[row]] == state.entry_regime
        assert state.bars_open == len(BARS) - 1 - row
    assert len({state.digest for state in explored.closing}) == len(set(explored.closing))
