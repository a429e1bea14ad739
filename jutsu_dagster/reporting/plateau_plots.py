"""Plots of a plateau: neighbours parameter by parameter, and the heat map of two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

import numpy as np

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.reporting import plot_parts as shared
from jutsu_dagster.reporting import svg

_LEFT, _WIDTH, _ROW, _TOP = 214, 784, 18, 46
_NAME_LENGTH = 34
_CELL = (56, 30)
# From poor to good, pale in the middle; readable for colour-blind readers.
_POOR, _MIDDLE, _GOOD = (190, 58, 52), (246, 244, 238), (37, 99, 235)
_DARK = 140

Mark = tuple[str, float, int]
"""What a neighbour is there, what it keeps, and its signed steps (0 for another flag)."""


def neighbours_svg(
    rows: Sequence[tuple[str, Sequence[Mark]]],
    title: str,
    axis: str,
    *,
    own: float = 1.0,
    floor: float | None = None,
    shown: Callable[[float], str] = shared.percent,
) -> str:
    """Return one row a parameter with a dot for each neighbour: blue above, orange below.

    Parameters
    ----------
    rows : sequence of (parameter, marks)
    title, axis : str
    own : float
        Where a line marks the strategy itself.
    floor : float, optional
        Where a line says that less is too little.
    shown : callable
        Writes a value.
    """
    every = [value for _, marks in rows for _, value, _ in marks]
    every += [own, floor if floor is not None else own]
    lowest, highest = min(every), max(every)
    air = (highest - lowest) * 0.06 or 0.05
    height = _TOP + _ROW * max(len(rows), 1) + 44
    box = svg.Box(_LEFT, _TOP, _WIDTH - 26, _TOP + _ROW * max(len(rows), 1))
    across = svg.Scale(lowest - air, highest + air, box.left, box.right)
    parts = [shared.heading(title)]
    for value in across.ticks(8):
        x = float(across(np.array(value)))
        parts.append(svg.rule(x, box.top, x, box.bottom))
        parts.append(svg.text(x, box.bottom + 14, shown(value), anchor="middle"))
    lines = [(own, svg.INK), *([(floor, shared.LOSS)] if floor is not None else [])]
    for value, colour in lines:
        x = float(across(np.array(value)))
        parts.append(svg.rule(x, box.top - 4, x, box.bottom, colour))
    for place, (name, marks) in enumerate(rows):
        y = box.top + (place + 0.5) * _ROW
        parts.append(svg.rule(box.left, y, box.right, y))
        parts.append(svg.text(box.left - 8, y + 3.5, _cut(name), anchor="end", colour=svg.INK))
        for value_there, value, steps in marks:
            x = float(across(np.array(value)))
            colour = shared.STRATEGY if steps > 0 else "#e07b00" if steps < 0 else "#0f9d76"
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}" fill-opacity="0.85">'
                f"<title>{escape(f'{name} {value_there}: {shown(value)}')}</title></circle>"
            )
    parts.append(svg.text((box.left + box.right) / 2, height - 12, axis, anchor="middle", size=9))
    parts += shared.legend(
        [("value raised", shared.STRATEGY), ("lowered", "#e07b00"), ("switched", "#0f9d76")],
        box.right,
    )
    return svg.picture(_WIDTH, height, title, parts)


def _cut(name: str) -> str:
    """Return a long name without its beginning: the end tells entries of a map apart."""
    return name if len(name) <= _NAME_LENGTH else f"…{name[1 - _NAME_LENGTH :]}"


def heat_svg(
    names: tuple[str, str],
    values: tuple[Sequence[str], Sequence[str]],
    grid: FloatArray,
    own: tuple[int, int],
    title: str,
) -> str:
    """Return a heat map of two parameters, the parent's place framed.

    Parameters
    ----------
    names : (rows', columns')
    values : labels of the rows and of the columns
    grid : float64 of shape (rows, columns)
        NaN where a combination is refused: left blank.
    own : (row, column) of the parent
    title : str
    """
    wide, high = _CELL
    left, top = 110, 66
    width = max(left + wide * grid.shape[1] + 20, 420)
    height = top + high * grid.shape[0] + 30
    parts = [shared.heading(title)]
    parts.append(svg.text(left + wide * grid.shape[1] / 2, 42, names[1], anchor="middle"))
    parts.append(svg.text(12, 58, names[0]))
    for column, label in enumerate(values[1]):
        parts.append(svg.text(left + (column + 0.5) * wide, 58, label, anchor="middle"))
    low, peak = float(np.nanmin(grid)), float(np.nanmax(grid))
    for row, label in enumerate(values[0]):
        y = top + row * high
        parts.append(svg.text(left - 8, y + high / 2 + 3.5, label, anchor="end"))
        for column in range(grid.shape[1]):
            value, x = float(grid[row, column]), left + column * wide
            if not np.isfinite(value):
                parts.append(svg.text(x + wide / 2, y + high / 2 + 3.5, "–", anchor="middle"))
                continue
            share = (value - low) / (peak - low) if peak > low else 1.0
            red, green, blue = _shade(share)
            ink = "#ffffff" if (red * 3 + green * 6 + blue) / 10 < _DARK else svg.INK
            parts.append(
                f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide - 2}" height="{high - 2}" rx="2"'
                f' fill="rgb({red},{green},{blue})"/>'
            )
            middle = (x + wide / 2 - 1, y + high / 2 + 2.5)
            parts.append(svg.text(*middle, f"{value:.3f}", anchor="middle", colour=ink))
    x, y = left + own[1] * wide, top + own[0] * high
    parts.append(
        f'<rect x="{x - 1:.1f}" y="{y - 1:.1f}" width="{wide}" height="{high}" rx="3" fill="none"'
        f' stroke="{svg.INK}" stroke-width="2"/>'
    )
    note = "framed: the strategy as it is; –: refused by a rule of the class"
    parts.append(svg.text(12, height - 10, note, size=9))
    return svg.picture(width, height, title, parts)


def _shade(share: float) -> tuple[int, int, int]:
    """Return the colour of a value between the lowest (0) and the highest (1)."""
    from_, to, at = (
        (_POOR, _MIDDLE, share * 2) if share < 0.5 else (_MIDDLE, _GOOD, share * 2 - 1)  # noqa: PLR2004
    )
    red, green, blue = (round(a + (b - a) * at) for a, b in zip(from_, to, strict=True))
    return red, green, blue
