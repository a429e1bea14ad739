"""The contract of every strategy class, ours and a user's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from jutsu_dagster.core.account import AccountState
from jutsu_dagster.core.bars import PRICE_FIELDS, Bars
from jutsu_dagster.core.engine import Timing
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.core.metrics import equity_metrics
from jutsu_dagster.core.sweep import CHUNK
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.pipeline.evaluate import evaluate
from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.kinds import load_kind
from jutsu_dagster_tests.strategies.subjects import (
    MARKETS,
    NAMES,
    account,
    assert_same,
    daily_account,
    parameters,
    sweep,
    weights_of,
    wild,
)
from jutsu_dagster_tests.strategies.test_kinds import MOMENTUM
from jutsu_dagster_tests.walks import scaled, walk

CURVES = ("equity", "cash", "shares", "marks", "weights", "rebalanced")
FILLS = ("row", "column", "shares", "price", "commission", "value_before", "value_after",
         "cash_before", "cash_after", "realised")  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project folder with the user's strategy file."""
    path, before = tmp_path_factory.mktemp("project"), list(sys.path)
    (path / "user_momentum.py").write_text(MOMENTUM)
    yield path
    sys.path[:] = before
    sys.modules.pop("user_momentum", None)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def sets(name: str, home: Path) -> list[AllocationStrategy]:
    kind = load_kind(name, home)
    assert issubclass(kind, AllocationStrategy)
    return [kind.model_validate(values) for values in parameters(name)]


@pytest.fixture(params=MARKETS)
def bars(request: pytest.FixtureRequest) -> Bars:
    market: Bars = MARKETS[request.param]()
    return market


def assert_same_history(one: Any, other: Any, stop: int | None = None) -> None:
    """Compare two runs: decisions, accounts and fills, bit for bit, up to row ``stop``."""
    (decision, segment), (decision_2, segment_2) = one, other
    np.testing.assert_array_equal(weights_of(decision)[:stop], weights_of(decision_2)[:stop])
    np.testing.assert_array_equal(decision.cells[:stop], decision_2.cells[:stop])
    for key, values in decision.diagnostics.items():
        np.testing.assert_array_equal(values[:stop], decision_2.diagnostics[key][:stop], key)
    rows = min(len(segment), len(segment_2))
    assert_same(segment, segment_2, CURVES, rows)
    done = int((segment.fills.row < rows).sum())
    assert done == int((segment_2.fills.row < rows).sum())
    assert_same(segment.fills, segment_2.fills, FILLS, done)


@pytest.mark.parametrize("timing", ["close", "next_open"])
def test_the_future_cannot_change_the_past(
    sets: list[AllocationStrategy], bars: Bars, timing: Timing
) -> None:
    for strategy in sets:
        whole = account(strategy, bars, timing)
        assert len(whole[1].fills) > 3
        for known in (strategy.warmup_sessions + 2, len(bars) // 2, len(bars) - 100, len(bars) - 1):
            assert_same_history(account(strategy, bars.head(known), timing), whole, known)


def test_another_future_leaves_the_same_past(sets: list[AllocationStrategy], bars: Bars) -> None:
    known = len(bars) - 60
    other = {field: getattr(bars, field).copy() for field in (*PRICE_FIELDS, "volume")}
    for values in other.values():
        values[known:] *= np.linspace(2, 0.5, 60)[:, None]
    changed = replace(bars, **other)
    for strategy in sets:
        one, two = account(strategy, bars), account(strategy, changed)
        assert_same_history((one[0], _cut(one[1], known, strategy)), (two[0], two[1]), known)
        assert one[1].closing != two[1].closing


def _cut(segment: Any, known: int, strategy: AllocationStrategy) -> Any:
    rows = known - strategy.warmup_sessions
    return replace(
        segment,
        sessions=segment.sessions[:rows],
        **{field: getattr(segment, field)[:rows] for field in CURVES},
    )


def test_a_null_change_is_bit_identical(sets: list[AllocationStrategy], bars: Bars) -> None:
    for strategy in sets:
        values = strategy.model_dump()
        copies = [
            type(strategy).model_validate(dict(reversed(values.items()))),
            type(strategy).model_validate_json(strategy.model_dump_json()),
        ]
        for copy in copies:
            assert copy.parameter_hash == strategy.parameter_hash
            assert_same_history(account(strategy, bars), account(copy, bars))


def test_every_parameter_has_a_part_in_the_hash(sets: list[AllocationStrategy]) -> None:
    assert len({one.parameter_hash for one in sets}) == len(sets)


@pytest.mark.parametrize("power", [-3, 5])
def test_a_price_has_no_unit(sets: list[AllocationStrategy], bars: Bars, power: int) -> None:
    for strategy in sets:
        own = bars.select(strategy.universe)
        one, two = strategy.decide(own), strategy.decide(scaled(own, 2.0**power))
        np.testing.assert_array_equal(weights_of(one), weights_of(two))
        np.testing.assert_array_equal(one.cells, two.cells)


@pytest.mark.parametrize("timing", ["close", "next_open", "next_close"])
def test_a_set_gives_the_same_bits_alone_and_in_any_company(
    sets: list[AllocationStrategy], bars: Bars, timing: Timing
) -> None:
    start = 120
    together = sweep(sets, bars, start, timing=timing)
    assert np.ptp(together.column("final_equity")) > 0
    order = np.random.default_rng(1).permutation(len(sets))
    shuffled = sweep([sets[i] for i in order], bars, start, timing=timing)
    assert_same(shuffled, replace(together, metrics=together.metrics[order]), ("metrics",))
    assert together.curves is not None
    for at, strategy in enumerate(sets):
        alone = sweep([strategy], bars, start, timing=timing)
        np.testing.assert_array_equal(alone.metrics[0], together.metrics[at])
        assert alone.curves is not None
        np.testing.assert_array_equal(alone.curves[0], together.curves[at])


def test_threads_change_nothing(sets: list[AllocationStrategy]) -> None:
    bars = wild().head(170)
    many = (sets * CHUNK)[: CHUNK + 30]
    one, two = (sweep(many, bars, 120, threads=threads) for threads in (1, 2))
    assert len(one) == CHUNK + 30
    assert_same(one, two, ("metrics", "curves", "sessions"))
    np.testing.assert_array_equal(one.metrics[: len(sets)], one.metrics[len(sets) : 2 * len(sets)])


def test_a_past_longer_than_the_warm_up_changes_nothing(
    sets: list[AllocationStrategy], bars: Bars
) -> None:
    start = len(bars) - 80
    whole = sweep(sets, bars, start)
    for at, strategy in enumerate(sets):
        anchor = start - strategy.warmup_sessions
        own = sweep([strategy], bars.window(anchor, len(bars)), strategy.warmup_sessions)
        np.testing.assert_array_equal(own.metrics[0], whole.metrics[at])


def test_a_set_in_a_sweep_equals_its_backtest(
    name: str, sets: list[AllocationStrategy], bars: Bars, home: Path
) -> None:
    start, last = len(bars) - 150, bars.sessions[-1].item()
    swept = sweep(sets, bars, start)
    assert swept.curves is not None
    for at, values in enumerate(parameters(name)):
        document: dict[str, Any] = {
            "strategy_id": "swept",
            "strategy": {"name": name, "parameters": values},
            "symbols": ["QQQ", "TLT", "TMF"],
            "backtest": {"start": bars.sessions[start].item()},
        }
        if "symbols" not in values:
            document["symbols"] = {"signal_symbol": "QQQ", "leveraged_long_symbol": "TQQQ"}
        (home / "swept.yaml").write_text(yaml.safe_dump(document))
        config = load_strategy_config("swept.yaml", home)
        evaluation = evaluate(config, bars, last)
        segment = evaluation.run(
            AccountState.open(10_000.0), evaluation.start, len(evaluation.bars), warmup=True
        )
        traded = slice(evaluation.start, None)
        np.testing.assert_array_equal(segment.equity[traded], swept.curves[at])
        metrics = equity_metrics(segment.equity[traded], segment.sessions[traded], 10_000.0)
        metrics |= trade_statistics(segment.fills.realised)
        del metrics["sessions"]
        row = {key: swept.column(key)[at] for key in metrics}
        assert {key: None if np.isnan(value) else value for key, value in row.items()} == metrics


@pytest.mark.parametrize("timing", ["close", "next_open", "next_close"])
@pytest.mark.parametrize("market", ["walk", "splits"])
def test_day_by_day_equals_at_once(
    sets: list[AllocationStrategy], market: str, timing: Timing
) -> None:
    bars = MARKETS[market]().window(40, 260)
    strategy = sets[0]
    whole_decision, whole = account(strategy, bars, timing)
    decisions, days = daily_account(strategy, bars, timing)
    assert len(whole.fills) > 10
    weights = np.array([weights_of(decision)[-1] for decision in decisions])
    np.testing.assert_array_equal(weights, weights_of(whole_decision)[strategy.warmup_sessions :])
    for field in CURVES:
        joined = np.concatenate([getattr(day, field) for day in days])
        np.testing.assert_array_equal(joined, getattr(whole, field), field)
    for field in FILLS[1:]:
        joined = np.concatenate([getattr(day.fills, field) for day in days])
        np.testing.assert_array_equal(joined, getattr(whole.fills, field), field)
    assert days[-1].closing == whole.closing
    assert days[-1].closing.digest == whole.closing.digest


def test_the_walks_pass_through_every_regime(name: str, sets: list[AllocationStrategy]) -> None:
    cells = {int(cell) for one in sets for cell in account(one, wild())[0].cells}
    assert cells >= set(sets[0].regimes), name


def test_a_sweep_refuses_too_short_a_past_and_mixed_symbols(
    sets: list[AllocationStrategy],
) -> None:
    longest = max(sets, key=lambda one: one.warmup_sessions)
    with pytest.raises(StrategyError, match=f"needs {longest.warmup_sessions} sessions"):
        sweep(sets, wild(), longest.warmup_sessions - 1)
    field = "symbols" if "symbols" in type(longest).model_fields else "bull_bond_symbol"
    other = longest.model_copy(update={field: ("QQQ", "TLT") if field == "symbols" else "UBT"})
    with pytest.raises(StrategyError, match="one set of symbols"):
        sweep([longest, other], walk(), 200)
