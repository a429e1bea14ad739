"""What several plots share: scales of time and growth, title, grids, dates, legend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.reporting import svg

STRATEGY, BASELINE, LOSS = "#2563eb", "#8a94a0", "#dc2626"
# Distinct for colour-blind readers too; after eight they repeat.
COLOURS = (
    "#2563eb", "#e07b00", "#0f9d76", "#c2378f", "#6b4fd8", "#8c6d1f", "#0891b2", "#be3a34",
)  # fmt: skip
TITLE_LENGTH = 44


def time_scale(days: FloatArray, box: svg.Box) -> svg.Scale:
    """Return the horizontal scale of ascending days, float64 since 1970."""
    # A single session stands in the middle.
    air = 0.5 if days[0] == days[-1] else 0.0
    return svg.Scale(float(days[0]) - air, float(days[-1]) + air, box.left, box.right)


def growth_scale(lines: Sequence[FloatArray], box: svg.Box) -> svg.Scale:
    """Return the vertical scale of curves, logarithmic where they grow much."""
    lowest = min(float(np.nanmin(values)) for values in lines)
    highest = max(float(np.nanmax(values)) for values in lines)
    log = lowest > 0 and highest / lowest > svg.LOG_FROM
    return svg.value_scale(lowest, highest, box, log=log)


def heading(title: str) -> str:
    """Return the title of a plot, cut at 44 characters."""
    cut = title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1]}…"
    return svg.text(12, 21, cut, size=12, colour=svg.INK, bold=True)


def horizontal_grid(
    scale: svg.Scale, box: svg.Box, ticks: Sequence[tuple[float, str]]
) -> list[str]:
    """Return lines across a panel at ``ticks``, labelled on its left."""
    parts = []
    for value, label in ticks:
        y = float(scale(np.array(value)))
        parts.append(svg.rule(box.left, y, box.right, y))
        parts.append(svg.text(box.left - 6, y + 3.5, label, anchor="end"))
    return parts


def dates(days: FloatArray, scale: svg.Scale, boxes: Sequence[svg.Box]) -> list[str]:
    """Return lines down the panels at dates, labelled below the last one."""
    epoch = date(1970, 1, 1).toordinal()
    first, last = (date.fromordinal(epoch + int(day)) for day in (days[0], days[-1]))
    parts = []
    for day, label in svg.date_ticks(first, last, 8):
        x = float(scale(np.array(day.toordinal() - epoch, dtype=np.float64)))
        parts += [svg.rule(x, box.top, x, box.bottom) for box in boxes]
        at = min(max(x, boxes[-1].left), boxes[-1].right - 8)
        parts.append(svg.text(at, boxes[-1].bottom + 14, label, anchor="middle"))
    return parts


def legend(entries: Sequence[tuple[str, str]], right: float) -> list[str]:
    """Return what the colours stand for, right-aligned above the panels."""
    parts = []
    for words, colour in reversed(entries):
        parts.append(svg.text(right, 21, words, anchor="end", colour=svg.INK))
        start = right - 6.0 * len(words) - 6
        dashed = ' stroke-dasharray="4 3"' if colour == BASELINE else ""
        parts.append(
            f'<line x1="{start - 16:.1f}" y1="17.5" x2="{start:.1f}" y2="17.5" stroke="{colour}"'
            f' stroke-width="2"{dashed}/>'
        )
        right = start - 30
    return parts


def dots(x: FloatArray, y: FloatArray, colour: str) -> list[str]:
    """Return a dot a point."""
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in pairs]


def percent(value: float) -> str:
    """Return a fraction as percent."""
    return "0" if value == 0 else f"{value * 100:.3g}%"
