"""Where the council's recorded tables are, and how they are read."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.bars import Bars, IntArray
from jutsu_dagster_tests.councils import from_frame

SHARED = Path(os.environ.get("JUTSU_TEST_SHARED") or Path(__file__).parents[3] / "shared")
CASES = SHARED / "oracle" / "council"
DATASETS = sorted(path.stem for path in (CASES / "decisions").glob("*.csv"))

ORACLE = [
    pytest.mark.oracle,
    pytest.mark.skipif(not DATASETS, reason="../shared/oracle is not there"),
]


@cache
def recorded(dataset: str) -> Bars:
    """Return the candles of a dataset."""
    return from_frame(pd.read_csv(CASES / "data" / f"{dataset}.csv"))


def has_candles(dataset: str) -> bool:
    """Return whether a dataset's candles were handed over."""
    return (CASES / "data" / f"{dataset}.csv").exists()


@cache
def table(name: str) -> pd.DataFrame:
    """Return a CSV of the folder."""
    return pd.read_csv(CASES / name)


def rows(frame: pd.DataFrame) -> IntArray:
    """Return the bars that the rows of a table are of."""
    return frame["i"].to_numpy(np.int64)


def lines(name: str) -> list[dict[str, Any]]:
    """Return the cases of a JSONL file."""
    text = (CASES / "units" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def document(name: str) -> dict[str, Any]:
    """Return a JSON file of the units."""
    loaded: dict[str, Any] = json.loads((CASES / "units" / name).read_text(encoding="utf-8"))
    return loaded
