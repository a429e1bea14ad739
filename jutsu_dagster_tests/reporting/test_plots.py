from __future__ import annotations

import base64
from time import perf_counter
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.reporting.plots import closes_svg, equity_and_drawdown_svg, markdown_image
from jutsu_dagster.reporting.svg import MAX_POINTS, linear_ticks, short_number, thinned

SESSIONS = np.datetime64("2010-01-04", "D") + np.arange(4000)


def walk(length: int, seed: int = 0, drift: float = 0.0005) -> FloatArray:
    moves = 1 + np.random.default_rng(seed).normal(drift, 0.01, length)
    return np.asarray(10_000.0 * np.cumprod(moves), dtype=np.float64)


def lines_of(image: str) -> list[str]:
    root = ET.fromstring(image)  # noqa: S314  (our own text)
    return [node.attrib["points"] for node in root.iter("{http://www.w3.org/2000/svg}polyline")]


@pytest.mark.parametrize("length", [1, 2, 5, 60, 252, 600, 4000])
def test_a_plot_of_any_length_is_valid_and_stays_inside(length: int) -> None:
    image = equity_and_drawdown_svg(SESSIONS[:length], walk(length), walk(length, 1), title="a<b&")
    lines = lines_of(image)
    assert len(lines) == 3
    for line in lines:
        points = np.array([pair.split(",") for pair in line.split()], dtype=float)
        assert len(points) <= MAX_POINTS
        assert points[:, 0].min() >= 0
        assert points[:, 0].max() <= 640
        assert points[:, 1].min() >= 0
        assert points[:, 1].max() <= 260


@pytest.mark.parametrize(
    "equity", [np.full(300, 10_000.0), np.linspace(10_000, 1, 300), np.geomspace(1, 1e9, 300)]
)
def test_flat_ruined_and_exploding_accounts_are_drawn(equity: FloatArray) -> None:
    assert "nan" not in equity_and_drawdown_svg(SESSIONS[:300], equity, None).lower()


def test_a_baseline_may_begin_later() -> None:
    baseline = walk(300, 1)
    baseline[:100] = np.nan
    image = equity_and_drawdown_svg(SESSIONS[:300], walk(300), baseline)
    assert "nan" not in image.lower()


def test_a_plot_costs_little() -> None:
    equity, baseline = walk(4000), walk(4000, 1)
    equity_and_drawdown_svg(SESSIONS, equity, baseline)
    best = 1.0
    for _ in range(10):
        started = perf_counter()
        equity_and_drawdown_svg(SESSIONS, equity, baseline)
        best = min(best, perf_counter() - started)
    assert best < 0.01  # 1.5 ms here; a plotting library needs 60


@given(arrays(np.float64, st.integers(1, 3000), elements=st.floats(-1e9, 1e9)))
def test_thinning_keeps_the_ends_and_the_extremes(values: FloatArray) -> None:
    at = thinned(values)
    assert len(at) <= MAX_POINTS
    assert (np.diff(at) > 0).all()
    assert (at[0], at[-1]) == (0, len(values) - 1)
    assert (values[at].min(), values[at].max()) == (values.min(), values.max())


def test_a_plot_carries_its_own_background_and_data() -> None:
    image = equity_and_drawdown_svg(SESSIONS[:9], walk(9), title="a [b]\n& c")
    assert 'fill="#ffffff"' in image
    alt, _, rest = markdown_image(image).partition("](data:image/svg+xml;base64,")
    assert alt == "![a b & c"
    assert base64.b64decode(rest.removesuffix(")")).decode() == image


def test_closes_are_drawn_for_every_symbol_from_its_first_bar() -> None:
    days = SESSIONS[:300].astype("datetime64[s]")
    frames = [
        pd.DataFrame({"date": days[at:], "symbol": name, "close": walk(300 - at, at)})
        for at, name in ((0, "QQQ"), (120, "TQQQ"))
    ]
    rows = pd.concat(frames).sample(frac=1.0, random_state=1)
    image = closes_svg(rows, title="sample (synthetic)")
    assert len(lines_of(image)) == 2
    assert f"QQQ {walk(300)[-1]:,.2f}" in image
    assert "nan" not in image.lower()
    assert "no bars" in closes_svg(rows.iloc[:0])
    assert closes_svg(rows[rows["date"] == days[200]]).count("<circle") == 2


def test_numbers_and_ticks_are_round() -> None:
    assert [short_number(value) for value in (950, 12_000, 3.4e6, 0.5)] == [
        "950", "12k", "3.4M", "0.5",
    ]  # fmt: skip
    assert linear_ticks(0.3, 9.7, 4) == [5.0]
    assert linear_ticks(-0.11, 0.0, 2) == [-0.1, 0.0]
