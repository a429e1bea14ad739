"""Plots of a promotion's evidence: against the parent, against the family, among neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.reporting import plot_parts as shared
from jutsu_dagster.reporting import svg

_WIDTH, _LEFT, _RIGHT = 760, 62, 748
_MOST_BARS = 20
_ROW = 20
_OTHER = "#9fb3c8"
_ORANGE = "#e07b00"


def against_svg(
    days: TimeArray, variant: FloatArray, control: FloatArray, title: str, *, compound: bool
) -> str:
    """Return three panels over the same days: both equities, their difference, both drawdowns.

    Parameters
    ----------
    days : datetime64[D] of shape (T,)
        Ascending.
    variant, control : float64 of shape (T,)
        Daily net returns, fractions.
    title : str
    compound : bool
        Whether results are reinvested; else they add up.
    """
    boxes = [svg.Box(_LEFT, top, _RIGHT, bottom) for top, bottom in
             ((52, 246), (272, 358), (384, 470))]  # fmt: skip
    when = days.astype("datetime64[D]").astype(np.float64)
    across = shared.time_scale(when, boxes[0])
    curves = [_equity(returns, compound=compound) for returns in (variant, control)]
    falls = [_drawdown(curve) for curve in curves]
    apart = curves[0] - curves[1]
    parts = [shared.heading(title)]
    scales = [
        shared.growth_scale(curves, boxes[0]),
        svg.value_scale(min(0.0, apart.min()), max(0.0, apart.max()), boxes[1]),
        svg.value_scale(min(each.min() for each in falls), 0.0, boxes[2]),
    ]
    labels = [lambda value: f"{value:.4g}×", shared.percent, shared.percent]
    for scale, box, label, count in zip(scales, boxes, labels, (5, 3, 3), strict=True):
        ticks = [(value, label(value)) for value in scale.ticks(count)]
        parts += shared.horizontal_grid(scale, box, ticks)
    parts += shared.dates(when, across, boxes)
    for box, words in zip(boxes, ("equity", "variant less control", "drawdown"), strict=True):
        parts.append(svg.text(box.left, box.top - 4, words, colour=svg.INK))
    for scale, (own, base) in ((scales[0], curves), (scales[2], falls)):
        parts.append(_line(when, base, across, scale, shared.BASELINE, dashes="4 3"))
        parts.append(_line(when, own, across, scale, shared.STRATEGY))
    nothing = float(scales[1](np.array(0.0)))
    parts.append(svg.rule(_LEFT, nothing, _RIGHT, nothing, svg.FAINT))
    parts.append(_line(when, apart, across, scales[1], _ORANGE))
    parts += shared.legend(
        [("variant", shared.STRATEGY), ("parent's control", shared.BASELINE)], _RIGHT
    )
    return svg.picture(_WIDTH, 496, title, parts)


def stepm_svg(
    statistics: Mapping[str, float], critical: float, named: Sequence[str], own: str, title: str
) -> str:
    """Return the family's best StepM statistics as bars, with the critical value as a line.

    Parameters
    ----------
    statistics : mapping of variant to float
    critical : float
        Of the first step.
    named : sequence of str
        The superior set.
    own : str
        The candidate, always shown.
    title : str
    """
    best = sorted(statistics, key=lambda name: -statistics[name])
    chosen = best[:_MOST_BARS]
    if own in statistics and own not in chosen:
        chosen[-1] = own
    rows = [
        (name + (" (this one)" if name == own else ""), statistics[name],
         shared.STRATEGY if name == own else _OTHER, "in the set" if name in named else "")
        for name in chosen
    ]  # fmt: skip
    left_out = len(statistics) - len(chosen)
    note = "line: what the first step asks for"
    note += f"; {left_out} weaker ones are not shown" if left_out else ""
    return _bars(rows, title, [(critical, shared.LOSS)], note, lambda value: f"{value:.2f}")


def kept_svg(shares: Mapping[str, float], floor: float | None, title: str) -> str:
    """Return which share of the edge each one-step neighbour keeps, as bars.

    Parameters
    ----------
    shares : mapping of neighbour to float
    floor : float or None
        The least that the worst must keep, as a line.
    title : str
    """
    rows = [
        (name, share, shared.STRATEGY if floor is None or share >= floor else shared.LOSS,
         "" if floor is None or share >= floor else "too little")
        for name, share in sorted(shares.items(), key=lambda pair: pair[1])
    ]  # fmt: skip
    lines = [(1.0, svg.INK), *([(floor, shared.LOSS)] if floor is not None else [])]
    note = "lines: all of the edge, and the least that the worst must keep"
    return _bars(rows, title, lines, note, shared.percent)


def _bars(
    rows: Sequence[tuple[str, float, str, str]],
    title: str,
    lines: Sequence[tuple[float, str]],
    note: str,
    words: object,
) -> str:
    """Return horizontal bars: name, value, colour and remark of each."""
    shown = words if callable(words) else str
    bottom = 40 + _ROW * len(rows)
    box = svg.Box(210, 40, _RIGHT - 104, bottom)
    every = [0.0, *(value for _, value, _, _ in rows), *(value for value, _ in lines)]
    across = svg.value_scale(min(every), max(every), svg.Box(0, box.left, 0, box.right))
    across = svg.Scale(across.low, across.high, box.left, box.right)
    parts = [shared.heading(title)]
    for value in across.ticks(7):
        x = float(across(np.array(value)))
        parts += [svg.rule(x, box.top, x, bottom),
                  svg.text(x, bottom + 14, shown(value), anchor="middle")]  # fmt: skip
    start = float(across(np.array(0.0)))
    for place, (name, value, colour, remark) in enumerate(rows):
        y, end = box.top + place * _ROW, float(across(np.array(value)))
        parts.append(
            f'<rect x="{min(start, end):.1f}" y="{y + 4:.1f}" width="{abs(end - start):.1f}"'
            f' height="{_ROW - 8}" rx="2" fill="{colour}"/>'
        )
        cut = name if len(name) <= 34 else f"…{name[-33:]}"  # noqa: PLR2004  (what fits)
        parts.append(svg.text(box.left - 8, y + 14, cut, anchor="end", colour=svg.INK))
        told = f"{shown(value)} {remark}".strip()
        parts.append(svg.text(_RIGHT, y + 14, told, anchor="end", colour=svg.INK))
    for value, colour in lines:
        x = float(across(np.array(value)))
        parts.append(svg.rule(x, box.top - 4, x, bottom, colour))
    parts.append(svg.text(box.left, bottom + 32, note, size=9))
    return svg.picture(_WIDTH, bottom + 44, title, parts)


def _equity(returns: FloatArray, *, compound: bool) -> FloatArray:
    grown: FloatArray = np.multiply.accumulate(1.0 + returns)
    added: FloatArray = 1.0 + np.add.accumulate(returns)
    return grown if compound else added


def _drawdown(equity: FloatArray) -> FloatArray:
    peak = np.maximum.accumulate(np.maximum(equity, 1.0))
    found: FloatArray = equity / peak - 1.0
    return found


def _line(
    when: FloatArray, values: FloatArray, across: svg.Scale, up: svg.Scale, colour: str,
    dashes: str = "",
) -> str:  # fmt: skip
    at = svg.thinned(values)
    return svg.line(across(when[at]), up(values[at]), colour, dashes=dashes)
