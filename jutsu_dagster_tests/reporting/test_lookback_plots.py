"""Plots of looking back: valid SVG whatever the numbers, long names and all."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from jutsu_dagster.reporting.lookback_plots import fan_svg, histogram_svg, stitched_svg
from jutsu_dagster.reporting.plateau_plots import heat_svg, neighbours_svg

DAYS = np.datetime64("2012-01-02") + np.arange(300)


def parsed(image: str) -> ET.Element:
    assert "nan" not in image.replace("tnan", "")
    return ET.fromstring(image)  # noqa: S314  (our own)


def texts(image: str) -> str:
    return " ".join(one.text or "" for one in parsed(image).iter() if one.tag.endswith("text"))


def test_stitched_curves_are_named_and_every_window_is_marked() -> None:
    rng = np.random.default_rng(0)
    lines = {
        name: 1.0 + rng.normal(0.001, 0.01, 300).cumsum()
        for name in ("stitched", "parent", "buy and hold")
    }
    image = stitched_svg(DAYS, lines, DAYS[[0, 100, 200]], "a & b")
    assert all(name in texts(image) for name in lines)
    ticks = [one for one in parsed(image).iter() if one.get("y1") == "283.0"]
    assert len(ticks) == 3


@pytest.mark.parametrize("observed", [None, np.linspace(1, 2, 20)])
@pytest.mark.parametrize("low", [0.2, -0.5])
def test_a_fan_has_three_bands_below_nothing_too(observed: np.ndarray | None, low: float) -> None:
    levels = np.linspace(low, 3.0, 7)
    fan = 1.0 + np.linspace(0, 1, 20)[:, None] * (levels - 1.0)
    image = fan_svg(np.arange(20), fan, observed, 252, "fan")
    bands = [one for one in parsed(image).iter() if one.tag.endswith("polygon")]
    assert len(bands) == 3
    assert ("what happened" in texts(image)) == (observed is not None)


def test_a_histogram_is_red_below_the_mark() -> None:
    image = histogram_svg([-2, -1, 0, 1, 2], [1, 2, 3, 4], "logits", "logit")
    colours = [one.get("fill") for one in parsed(image).iter() if one.get("fill-opacity")]
    assert colours == ["#dc2626"] * 2 + ["#2563eb"] * 2
    parsed(histogram_svg([0.0, 1.0], [0], "nothing", "x"))


def test_neighbours_are_coloured_by_direction_and_long_names_keep_their_end() -> None:
    name = "signals.A_Very_Long_Signal_Name.votes.momentum"
    image = neighbours_svg([(name, [("1", 0.9, 1), ("2", 1.1, -1), ("x", 0.5, 0)])], "t", "axis")
    dots = [one.get("fill") for one in parsed(image).iter() if one.tag.endswith("circle")]
    assert dots == ["#2563eb", "#e07b00", "#0f9d76"]
    assert "…" in texts(image)
    assert "votes.momentum" in texts(image)
    parsed(neighbours_svg([], "none", "axis", floor=0.7))


def test_a_heat_map_frames_the_parent_and_leaves_gaps() -> None:
    grid = np.array([[0.5, np.nan], [0.7, 0.9]])
    image = heat_svg(("a", "b"), (["1", "2"], ["3", "4"]), grid, (1, 0), "t")
    assert "0.900" in texts(image)
    assert "–" in texts(image)
    frames = [one for one in parsed(image).iter() if one.get("fill") == "none"]
    assert len(frames) == 1
    parsed(heat_svg(("a", "b"), (["1"], ["2"]), np.array([[0.5]]), (0, 0), "one"))
