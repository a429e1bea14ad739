"""Neighbours carried over the same bars, and the test that no decision reads what comes later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.pipeline.allocation_lanes import Opened
from jutsu_dagster.pipeline.evaluate import terms_of
from jutsu_dagster.pipeline.research.judging import OnBars
from jutsu_dagster.pipeline.research.look_ahead import allocation_cuts, evenly
from jutsu_dagster.pipeline.research.neighbours import neighbours_of
from jutsu_dagster.pipeline.research.on_bars import on_bars
from jutsu_dagster.pipeline.variant_cycle import VariantDesk
from jutsu_dagster.registry.mutations import mutate
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.strategies.base import AllocationStrategy
from jutsu_dagster.strategies.regime_allocator import HierarchicalAdaptiveV35b
from jutsu_dagster_tests.homes import Home, edit
from jutsu_dagster_tests.own_directional import SOUND, own_strategy
from jutsu_dagster_tests.pipeline.research_evidence.families import (
    FIRST,
    LAST,
    ONE,
    TWO,
    YOUNG,
    Families,
)

SESSIONS = [date(2013, 12, day) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13)]


def asked(families: Families, id_: str, first: date = FIRST, last: date = LAST) -> OnBars:
    home = families.home
    desk = VariantDesk(home.store, home.ledger, home.path)
    shadow = families.rows.shadow(id_)
    return on_bars(desk, home.registry.entries[families.parent], shadow, first, last)


def test_a_neighbour_is_what_a_variant_of_its_parameters_recorded(families: Families) -> None:
    found = families.read(LAST).families[0]
    # The parent's own neighbour that leaves later is the variant that was made in January.
    beside = asked(families, ONE, date(2025, 1, 6))
    assert beside.neighbours["max_bars_open 11"].shape == (44,)
    families.make({"conf_min_delta": -0.02, "exploration_cap_delta": 1, "exit_min_conf": 0.32})
    families.run(FIRST, LAST)
    (again,) = families.read(LAST).families
    own = again.returns[:, again.names.index("ETH_main_mut_0005")]
    np.testing.assert_array_equal(beside.neighbours["exit_min_conf 0.32"], own)
    assert not np.array_equal(own, found.returns[:, 0])


def test_what_undoes_the_mutation_is_no_neighbour(families: Families) -> None:
    beside = asked(families, ONE)
    assert set(beside.left_out) == {
        "conf_min.trend 0.7", "conf_min.chop 0.72", "conf_min.high_vol 0.71", "exploration_cap 2",
    }  # fmt: skip
    assert {"conf_min.trend 0.66", "exploration_cap 4", "max_bars_open 9"} <= set(beside.neighbours)


def test_a_step_back_that_stays_ahead_of_the_parent_is_a_neighbour() -> None:
    base = HierarchicalAdaptiveV35b.model_validate({})
    far = mutate(base, {"sma_fast_delta": 20}).strategy
    near = mutate(base, {"sma_fast_delta": 1}).strategy
    names = {name for name in neighbours_of(far, base)[0] if name.startswith("sma_fast")}
    assert names == {"sma_fast 55", "sma_fast 65"}
    kept, left_out = neighbours_of(near, base)
    assert {name for name in kept if name.startswith("sma_fast")} == {"sma_fast 46"}
    assert left_out == ["sma_fast 36"]
    # Flags and labels have no steps, and every neighbour is one number away.
    assert all(len(_differences(near, other)) == 1 for other in kept.values())


def _differences(one: Any, other: Any) -> list[str]:
    left, right = one.model_dump(), other.model_dump()
    return [name for name in left if left[name] != right[name]]


def test_an_honest_variant_passes(families: Families) -> None:
    gate = asked(families, TWO).look_ahead
    assert (gate.name, gate.passed, gate.value) == ("look_ahead", True, 0)
    assert gate.why.startswith("Decisions with the bars cut at 12 places equal")
    assert "30 recorded days" in asked(families, YOUNG, date(2025, 1, 20)).look_ahead.why


def test_an_account_that_is_another_one_computed_again_fails(families: Families) -> None:
    day = date(2025, 2, 3)
    with families.home.ledger.engine.begin() as connection:
        one = (log.DAYS.c.strategy_id == TWO, log.DAYS.c.day == day)
        connection.execute(log.DAYS.update().where(*one).values(closing_hash="f" * 16))
    gate = asked(families, TWO).look_ahead
    assert (gate.passed, gate.value) == (False, 1)
    assert gate.why.startswith(f"The account recorded on {day} is another one computed again")


def test_bars_that_are_gone_are_said_and_stop_only_this_candidate(families: Families) -> None:
    home = families.home
    store: Any = _Nothing(home.store)
    bare = VariantDesk(store, home.ledger, home.path)
    shadow = families.rows.shadow(TWO)
    found = on_bars(bare, home.registry.entries["ETH_main"], shadow, FIRST, LAST)
    assert not found.look_ahead.passed
    assert found.look_ahead.why == (
        "The test cannot be made: crypto_15m has no bars of ETHUSDT up to 2025-02-18;"
        " run `jutsu ingest`"
    )
    assert not found.neighbours


class _Nothing:
    """A store whose tables are empty."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read_candles(self, *given: Any, **named: Any) -> Any:
        bars = self._store.read_candles(*given, **named)
        return bars.window(0, 0)


CHEATS: Mapping[str, str] = {
    "the last bar of the window that it is given": """
        ahead = np.sign(close[-1] / close - 1).astype(np.int8)
        return Directional(ahead, np.ones(len(close)), regime)
""",
    "the bar after each": """
        ahead = np.sign(np.diff(close, append=close[-1])).astype(np.int8)
        return Directional(ahead, np.ones(len(close)), regime)
""",
    "how sure it would be in hindsight": """
        moved = moved / np.abs(moved).max()
        return Directional(np.sign(moved).astype(np.int8), np.abs(moved), regime)
""",
}


def own(
    home: Home,
    name: str,
    body: str,
    days: tuple[date, date] = (FIRST, date(2025, 1, 15)),
    parameters: Mapping[str, object] | None = None,
    mutations: Sequence[Mapping[str, object]] = ({"lookback": 12},),
) -> Families:
    """Register a user's strategy, with variants that have traded."""
    module = f"{name}_{home.path.parent.name}"
    file = own_strategy(home.path, module, body)

    def begin(document: dict[str, Any]) -> None:
        document["backtest"] = {"start": date(2025, 1, 4)}
        document["strategy"]["parameters"] = dict(parameters or {})

    edit(file, begin)
    entry = {
        "display_name": "Follow", "strategy_class": f"{module}:Follow",
        "config_file": "follow.yaml",
    }  # fmt: skip

    def register(registry: dict[str, Any]) -> None:
        registry["strategies"]["follow"] = entry
        registry["execution_order"].append("follow")

    home.edit_registry(register)
    families = Families(home, "follow")
    families.make(*mutations)
    families.run(*days)
    return families


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_strategy_that_reads_what_comes_later_is_caught(crypto_home: Home, cheat: str) -> None:
    name = f"cheat{list(CHEATS).index(cheat)}"
    families = own(crypto_home, name, CHEATS[cheat])
    gate = asked(families, "follow_mut_0001", FIRST, date(2025, 1, 15)).look_ahead
    assert not gate.passed
    assert gate.why.endswith("is another one with all bars: it reads what comes later.")
    assert isinstance(gate.value, int)
    assert gate.value > 0


def test_a_sound_strategy_of_a_user_passes(crypto_home: Home) -> None:
    families = own(crypto_home, "sound", SOUND)
    assert asked(families, "follow_mut_0001", FIRST, date(2025, 1, 15)).look_ahead.passed


class Follow(AllocationStrategy):
    """Holds QQQ after a session on which it rose; ``ahead``, also before one."""

    symbols: tuple[str, ...] = ("QQQ",)
    ahead: bool = False

    @property
    def warmup_sessions(self) -> int:
        return 1

    def target_weights(self, bars: Bars) -> Any:
        close = bars.close[:, bars.column("QQQ")]
        rose = np.diff(close, prepend=close[0]) > 0
        return np.where(np.roll(rose, -1) if self.ahead else rose, 1.0, 0.0)[:, None]


@pytest.mark.parametrize("ahead", [False, True])
def test_weights_are_held_to_the_same_test(home: Home, *, ahead: bool) -> None:
    config = home.config("v3_5b")
    opened = Opened(terms_of(config), date(2013, 10, 1))
    count, said = allocation_cuts(home.store, config, Follow(ahead=ahead), opened, SESSIONS)
    assert count == 9
    assert bool(said) is ahead
    if ahead:
        assert said[0] == "2013-12-04, with bars up to 2013-12-04"


def test_cuts_are_spread_over_the_whole_range() -> None:
    assert evenly(10, 13) == [10, 11, 12]
    assert evenly(5, 5) == []
    assert evenly(0, 1000, 5) == [0, 250, 500, 749, 999]
