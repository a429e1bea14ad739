from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.market_rows import JANUARY, rows_of

ROWS = rows_of()


@pytest.fixture
def store(tmp_path: Path) -> MarketStore:
    return MarketStore(tmp_path / "market")


_ENDLESS_WRITER = """
import sys
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.market_rows import JANUARY, rows_of
store, rows = MarketStore(sys.argv[1]), rows_of()
number = 0
while True:
    number += 1
    store.write("etf", rows.assign(volume=float(number)), *JANUARY)
    print(number, flush=True)
"""


@pytest.mark.parametrize("delay", [0.0, 0.004, 0.011, 0.017])
def test_a_writer_killed_in_the_middle_leaves_a_whole_table(
    store: MarketStore, delay: float
) -> None:
    command = [sys.executable, "-W", "ignore", "-c", _ENDLESS_WRITER, store.url]
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ}
    ) as writer:
        assert writer.stdout is not None
        done = [int(writer.stdout.readline()) for _ in range(3)][-1]
        time.sleep(delay)
        writer.kill()
    found = store.rows("etf")
    assert set(found["volume"]) == {found["volume"][0]}
    assert found["volume"][0] >= done
    pd.testing.assert_frame_equal(found.assign(volume=ROWS["volume"]), ROWS)
    store.write("etf", ROWS, *JANUARY)
    pd.testing.assert_frame_equal(store.rows("etf"), ROWS)
