"""What figures draw: curves as arrays, taken from answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.theme import BASELINE_STROKE, Look, Palette


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """An account as it is drawn, a point a session.

    Attributes
    ----------
    name : str
    look : Look
    source : str
        The question that the values answer.
    days : sequence of str
    value, gain, fall : float64 of shape (T,)
        Money; cumulative return and drawdown in percent points.
    regimes : sequence of str or None
        At each session's close; empty where nothing is known of them.
    """

    name: str
    look: Look
    source: str
    days: Sequence[str]
    value: FloatArray
    gain: FloatArray
    fall: FloatArray
    regimes: Sequence[str | None] = ()


def account_line(name: str, look: Look, equity: Answer, drawdown: Answer) -> Line:
    """Return an account's line from its curve and its drawdown, which have the same sessions."""
    rows = equity.body["data"]
    regimes = [row["regime"] for row in rows]
    return Line(
        name, look, equity.url, _texts(rows), _floats(rows, "value"),
        _floats(rows, "cumulative_return"), _floats(drawdown.body["data"], "drawdown"),
        regimes if any(regimes) else (),
    )  # fmt: skip


def baseline_line(name: str, equity: Answer, drawdown: Answer, colours: Palette) -> Line:
    """Return the line of an account's baseline: grey and long-dashed, always."""
    rows = equity.body["data"]
    return Line(
        name, baseline_look(colours), equity.url, _texts(rows), _floats(rows, "baseline_value"),
        _floats(rows, "baseline_return"), _floats(drawdown.body["data"], "baseline_drawdown"),
    )  # fmt: skip


def points_line(name: str, look: Look, answer: Answer, path: str) -> Line | None:
    """Return the line of a variant's or a parent's points; None where there are none."""
    rows = answer.at(path)
    if not rows:
        return None
    return Line(
        name, look, answer.url, _texts(rows), _floats(rows, "value"),
        _floats(rows, "cumulative_return"), _floats(rows, "drawdown"),
    )  # fmt: skip


def baseline_look(colours: Palette) -> Look:
    """Return how a baseline is drawn."""
    return Look(colours.baseline, BASELINE_STROKE)


def _texts(rows: Sequence[dict[str, Any]]) -> list[str]:
    return [row["time"] for row in rows]


def _floats(rows: Sequence[dict[str, Any]], name: str) -> FloatArray:
    return np.array([row[name] for row in rows], dtype=np.float64)
