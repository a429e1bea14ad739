"""A strategy that makes trouble on demand, and who can tell what is left of its processes."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import numpy as np
import yaml

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.pipeline.evaluate import allocation_strategy, decided
from jutsu_dagster.pipeline.isolation.client import Isolated
from jutsu_dagster.registry.config import StrategyConfig, load_strategy_config
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster_tests.homes import write_config
from jutsu_dagster_tests.walks import ETFS, walk, with_split

MARKET = walk(ETFS, 600, 5)
SPLIT = with_split(MARKET, "QQQ", 300, 3.0)
CLASS = "isolation_troubles:Trouble"

_MODULE = '''\
import ctypes, os, signal, sys, time
from pathlib import Path

import numpy as np

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.strategies.allocation import Allocation
from jutsu_dagster.strategies.base import AllocationStrategy

HERE = Path(__file__).parent


def note():
    with (HERE / "pids").open("a") as file:
        file.write(f"{os.getpid()}\\n")


def grandchild():
    if not os.fork():
        note()
        time.sleep(600)


def runaway():
    """A grandchild that leaves the group and outlives its parent."""
    if not os.fork():
        os.setsid()
        if not os.fork():
            note()
            time.sleep(600)
        os._exit(0)


class Trouble(AllocationStrategy):
    symbols: tuple[str, ...] = ("QQQ", "TLT")
    mode: str = "quiet"

    @property
    def warmup_sessions(self):
        return 5

    def target_weights(self, bars):
        weights = np.full((len(bars), 2), 0.5)
        weights[:5] = np.nan
        exec(MODES.get(self.mode, "pass"))
        return weights

    def allocate(self, bars):
        right = super().allocate(bars)
        arrays = {
            "codes": np.where(np.arange(len(bars)) < 5, -1, 0),
            "table": np.array([[0.5, 0.5]]), "cells": right.cells, "diagnostics": {},
        }
        if self.mode not in ANSWERS:
            return right
        decision = eval(ANSWERS[self.mode], globals() | {"T": len(bars)} | arrays)
        return Allocation(**arrays | decision) if isinstance(decision, dict) else decision


MODES = {
    "raises": "weights / {}[0]",
    "our own error": "bars.column('GLD')",
    "exits": "sys.exit(3)",
    "interrupts": "raise KeyboardInterrupt",
    "ends": "os._exit(3)",
    "ends well": "os._exit(0)",
    "sleeps": "time.sleep(600)",
    "loops": "while True: pass",
    "ignores": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "stops": "os.kill(os.getpid(), signal.SIGSTOP)",
    "crashes": "print('so far', flush=True); ctypes.string_at(0)",
    "is killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "hogs": "np.ones(60_000_000)",
    "hogs slowly": "kept = [bytearray(1 << 20) for _ in range(600)]",
    "takes its share": "np.ones(12_000_000)",
    "prints": "[print('x' * 1_000_000) for _ in range(100)]",
    "closes all": "os.closerange(0, 1000)",
    "writes everywhere": (
        "for n in range(3, 100):\\n try: os.write(n, bytes(range(200)) * 9)\\n"
        " except OSError: pass\\nos._exit(0)"
    ),
    "writes without end": (
        "for n in range(3, 100):\\n try:\\n  while True: os.write(n, bytes([250]) * 4_000_000)\\n"
        " except OSError: pass"
    ),
    "leaves a grandchild": "grandchild()",
    "leaves a runaway": "runaway(); time.sleep(0.1)",
    "hangs with both": "grandchild(); runaway(); note(); time.sleep(600)",
    "kills the server": "os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)",
    "kills the server once": (
        "if not (HERE / 'once').exists():\\n"
        " (HERE / 'once').touch(); os.kill(os.getppid(), signal.SIGKILL); time.sleep(600)"
    ),
}
ANSWERS = {
    "no allocation": "[1, 2]",
    "NaN": "{'table': table * np.nan}",
    "infinite": "{'table': table * np.inf}",
    "negative": "{'table': table - 0.6}",
    "above one": "{'table': table + 1e-6}",
    "wrong shape": "{'codes': codes[1:]}",
    "narrow table": "{'table': table[:, :1]}",
    "other types": "{'codes': codes.astype(np.int32)}",
    "beyond the table": "{'codes': codes + 1}",
    "short diagnostic": "{'diagnostics': {'x': np.arange(3)}}",
    "objects": "{'diagnostics': {'x': np.array([object()] * T)}}",
    "all sorts": (
        "{'diagnostics': {'text': np.array(['a', None, 'ü'] * (T // 3), dtype=object),"
        " 'flags': np.arange(T) % 2 == 0, 'words': np.array(['up', 'down'] * (T // 2)),"
        " 'days': bars_days(T), 'column': np.ones((T, 2))[:, 0]}}"
    ),
}


def bars_days(count):
    return np.datetime64("2020-01-01", "D") + np.arange(count)
'''


def write_home(home: Path) -> Path:
    """Write a project with the shipped strategies and the troublesome module."""
    write_config(home)
    (home / "isolation_troubles.py").write_text(_MODULE)
    return home


def trouble(home: Path, mode: str) -> StrategyConfig:
    document = {
        "strategy_id": "v3_x",
        "strategy": {"name": CLASS, "parameters": {"mode": mode}},
    }
    path = home / "trouble.yaml"
    path.write_text(yaml.safe_dump(document))
    return load_strategy_config(path, home)


def shipped(home: Path, strategy_id: str = "v3_5b") -> StrategyConfig:
    return load_strategy_config(home / "config" / "strategies" / f"{strategy_id}.yaml", home)


def ask(isolated: Isolated, config: StrategyConfig, market: Bars = MARKET) -> Allocation:
    strategy = allocation_strategy(config)
    return isolated.decide(config, strategy, market.select(strategy.universe))


def assert_decides_as_here(
    isolated: Isolated, config: StrategyConfig, market: Bars = MARKET
) -> None:
    """Assert that a decision equals one made in this process, to the bit."""
    strategy = allocation_strategy(config)
    here = decided(config, strategy, market.select(strategy.universe))
    there = ask(isolated, config, market)
    assert list(there.diagnostics) == list(here.diagnostics)
    names = ("codes", "table", "cells")
    pairs = [(getattr(there, name), getattr(here, name)) for name in names]
    pairs += [(there.diagnostics[name], here.diagnostics[name]) for name in here.diagnostics]
    for ours, theirs in pairs:
        assert ours.dtype == theirs.dtype
        assert ours.flags.writeable
        if ours.dtype == object:
            np.testing.assert_array_equal(ours, theirs)
        else:
            assert ours.tobytes() == theirs.tobytes()


def noted(home: Path) -> list[int]:
    """Return the ids of processes that noted themselves, and forget them."""
    path = home / "pids"
    pids = [int(line) for line in path.read_text().splitlines()] if path.exists() else []
    path.unlink(missing_ok=True)
    return pids


def living(pid: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


def children(pid: int | None) -> list[int]:
    assert pid is not None
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> list[int]:
    """Return those still alive after so many seconds."""
    until = time.monotonic() + seconds
    while (left := [pid for pid in pids if living(pid)]) and time.monotonic() < until:
        time.sleep(0.01)
    return left


def own_session(pid: int | None) -> bool:
    assert pid is not None
    return os.getsid(pid) == pid
