"""A decision in a process of its own: the same bits, the same faults, nothing believed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError, StrategyCrashError, StrategyError
from jutsu_dagster.pipeline.evaluate import allocation_strategy, decided
from jutsu_dagster.pipeline.isolation.client import ChildError, Isolated, shared
from jutsu_dagster_tests.pipeline.troubles import (
    MARKET,
    SPLIT,
    ask,
    assert_decides_as_here,
    children,
    own_session,
    shipped,
    trouble,
    write_home,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = list(sys.path)
    yield write_home(tmp_path_factory.mktemp("isolation"))
    sys.path[:] = path
    sys.modules.pop("isolation_troubles", None)


@pytest.fixture(scope="module")
def isolated() -> Iterator[Isolated]:
    with Isolated(timeout_seconds=60) as isolated:
        yield isolated


@pytest.mark.parametrize("market", [MARKET, SPLIT], ids=["plain", "with a split"])
@pytest.mark.parametrize("name", ["v3_5b", "v3_5d"])
def test_a_child_decides_to_the_bit_as_this_process_does(
    isolated: Isolated, home: Path, name: str, market: Bars
) -> None:
    assert_decides_as_here(isolated, shipped(home, name), market)


@pytest.mark.parametrize("mode", ["quiet", "all sorts"])
def test_so_does_a_class_of_the_user(isolated: Isolated, home: Path, mode: str) -> None:
    assert_decides_as_here(isolated, trouble(home, mode))
    assert_decides_as_here(isolated, trouble(home, mode), SPLIT)


def test_overrides_reach_the_child(isolated: Isolated, home: Path) -> None:
    config = shipped(home).with_overrides({"sma_fast": 7, "t_norm_bull_thresh": 0.03})
    assert_decides_as_here(isolated, config)


@pytest.mark.parametrize("mode", ["raises", "our own error", "exits", "NaN"])
def test_what_the_strategy_raises_is_told_as_in_this_process(
    isolated: Isolated, home: Path, mode: str
) -> None:
    config = trouble(home, mode)
    strategy = allocation_strategy(config)
    with pytest.raises((StrategyError, DataError)) as there:
        ask(isolated, config)
    if mode == "NaN":  # made by a class that does not check itself: here it is believed
        assert str(there.value).startswith("v3_x: isolation_troubles:Trouble: target weights of")
        return
    with pytest.raises((StrategyError, DataError)) as here:
        decided(config, strategy, MARKET.select(strategy.universe))
    assert str(there.value) == str(here.value)
    assert type(there.value) is type(here.value)
    assert isinstance(there.value.__cause__, ChildError)
    assert "isolation_troubles.py" in str(there.value.__cause__)


@pytest.mark.parametrize(
    ("mode", "rule"),
    [
        ("NaN", "must be finite"),
        ("infinite", "must be finite"),
        ("negative", "must be >= 0"),
        ("above one", "must sum to at most 1"),
        ("wrong shape", r"codes has shape \(599,\) of int64; expected \(600,\) of int64"),
        ("narrow table", r"table has shape \(1, 1\) of float64; expected \(1, 2\)"),
        ("other types", "codes has shape .* of int32; expected .* of int64"),
        ("beyond the table", "codes lie between 0 and 1; they must be rows of its table, 0 to 0"),
        ("short diagnostic", "the diagnostic 'x' has shape"),
        ("objects", "the diagnostic 'x' must hold numbers, flags or texts"),
        ("no allocation", "decided a list; it must be an Allocation"),
    ],
)
def test_a_decision_that_breaks_the_contract_is_refused_by_name(
    isolated: Isolated, home: Path, mode: str, rule: str
) -> None:
    with pytest.raises(StrategyError, match=rule) as caught:
        ask(isolated, trouble(home, mode))
    assert str(caught.value).startswith("v3_x: isolation_troubles:Trouble: ")
    assert not isinstance(caught.value, StrategyCrashError)


def test_code_that_changed_since_it_was_loaded_does_not_decide(
    isolated: Isolated, home: Path
) -> None:
    config = trouble(home, "quiet")
    ask(isolated, config)
    module = home / "isolation_troubles.py"
    text = module.read_text()
    module.write_text(text + "\n# changed\n")
    with pytest.raises(StrategyError, match="v3_x: its code changed after this process"):
        ask(isolated, config)
    module.write_text(text)
    ask(isolated, config)


def test_the_server_is_out_of_reach_of_the_terminal_and_forks_with_one_thread(
    isolated: Isolated, home: Path
) -> None:
    ask(isolated, shipped(home))
    pid = isolated.server.pid
    assert own_session(pid)
    assert len(list(Path(f"/proc/{pid}/task").iterdir())) == 1
    assert children(pid) == []


def test_threads_wait_for_each_other(isolated: Isolated, home: Path) -> None:
    configs = [shipped(home, name) for name in ("v3_5b", "v3_5d")] * 3
    faults: list[BaseException] = []

    def run(index: int) -> None:
        try:
            assert_decides_as_here(isolated, configs[index])
        except BaseException as fault:  # noqa: BLE001  (told by the main thread)
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(configs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_the_shared_server_is_one_and_outlives_its_users() -> None:
    one, other = shared(60), shared(5, 512)
    assert one.server is other.server
    assert (other.timeout_seconds, other.memory_mb) == (5, 512)
    other.server.start()
    before = one.server.pid
    one.close()  # ends nothing: it is the process's
    assert before is not None
    assert one.server.pid == before
