"""Plots of looking back over time: stitched curves, and the fan of drawn courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray, TimeArray
from jutsu_dagster.reporting import plot_parts as shared
from jutsu_dagster.reporting import svg

_WIDTH, _HEIGHT, _FOOT = 760, 334, 325
_BOX = svg.Box(56, 42, 748, 290)
_COLOUR_OF = {0: shared.STRATEGY, 1: "#e07b00", 2: shared.BASELINE}


def stitched_svg(
    days: TimeArray, lines: Mapping[str, FloatArray], cuts: TimeArray, title: str
) -> str:
    """Return curves over the same days, with a mark where each window begins.

    Parameters
    ----------
    days : datetime64[D] of shape (D,)
        Ascending.
    lines : mapping of name to float64 of shape (D,)
        At most three: equity as multiples of the start; the third, dashed, is buy-and-hold.
    cuts : datetime64[D] of shape (W,)
        First days of the windows.
    title : str
    """
    when = days.astype("datetime64[D]").astype(np.float64)
    across = shared.time_scale(when, _BOX)
    up = shared.growth_scale(list(lines.values()), _BOX)
    parts = [shared.heading(title)]
    parts += shared.horizontal_grid(up, _BOX, [(v, f"{v:.4g}×") for v in up.ticks(5)])
    parts += shared.dates(when, across, (_BOX,))
    for x in across(cuts.astype("datetime64[D]").astype(np.float64)).tolist():
        parts.append(svg.rule(x, _BOX.bottom - 7, x, _BOX.bottom, svg.FAINT))
    legend = []
    # The strategy in question is drawn last, above the others.
    for place, (name, line) in reversed(list(enumerate(lines.items()))):
        colour, dashes = _COLOUR_OF[place], "4 3" if place > 1 else ""
        at = svg.thinned(line)
        width = 1.8 if place == 0 else 1.3
        parts.append(svg.line(across(when[at]), up(line[at]), colour, width=width, dashes=dashes))
        legend.append((name, colour))
    parts += shared.legend(legend[::-1], _BOX.right)
    note = "ticks at the foot: a new window begins"
    parts.append(svg.text(_BOX.left, _FOOT, note, size=9))
    return svg.picture(_WIDTH, _HEIGHT, title, parts)


def fan_svg(
    days: IntArray, fan: FloatArray, observed: FloatArray | None, per_year: int, title: str
) -> str:
    """Return the fan of drawn courses: median, middle half, 5 to 95 and 1 to 99 percent.

    Parameters
    ----------
    days : int64 of shape (P,)
        After how many days the fan is cut, ascending.
    fan : float64 of shape (P, 7)
        Percentiles 1, 5, 25, 50, 75, 95, 99 of equity, multiples of the start.
    observed : float64 of shape (P,), optional
        What really happened, on the same days.
    per_year : int
        Days a year, for the axis.
    title : str
    """
    years = days / per_year
    across = svg.Scale(0.0, float(years[-1]), _BOX.left, _BOX.right)
    shown = [fan, *([observed] if observed is not None else [])]
    up = shared.growth_scale(shown, _BOX)
    parts = [shared.heading(title)]
    parts += shared.horizontal_grid(up, _BOX, [(v, f"{v:.4g}×") for v in up.ticks(6)])
    for year in across.ticks(10):
        place = float(across(np.array(year)))
        parts.append(svg.rule(place, _BOX.top, place, _BOX.bottom))
        parts.append(svg.text(place, _BOX.bottom + 14, f"{year:g}", anchor="middle"))
    parts.append(svg.text(_BOX.right, _FOOT, "years", anchor="end", size=9))
    x = across(years)
    for low, high, shade in ((0, 6, 0.10), (1, 5, 0.14), (2, 4, 0.22)):
        outline = svg.points(np.r_[x, x[::-1]], up(np.r_[fan[:, low], fan[::-1, high]]))
        parts.append(
            f'<polygon points="{outline}" fill="{shared.STRATEGY}" fill-opacity="{shade}"/>'
        )
    start = float(up(np.array(1.0)))
    parts.append(svg.rule(_BOX.left, start, _BOX.right, start, svg.FAINT))
    parts.append(svg.line(x, up(fan[:, 3]), shared.STRATEGY, width=1.8))
    legend = [("median", shared.STRATEGY)]
    if observed is not None:
        parts.append(svg.line(x, up(observed), svg.INK, width=1.1))
        legend.append(("what happened", svg.INK))
    parts += shared.legend(legend, _BOX.right)
    note = "bands: 25 to 75, 5 to 95 and 1 to 99 percent of the drawn courses"
    parts.append(svg.text(_BOX.left, _FOOT, note, size=9))
    return svg.picture(_WIDTH, _HEIGHT, title, parts)


def histogram_svg(
    edges: Sequence[float], counts: Sequence[int], title: str, axis: str, marked: float = 0.0
) -> str:
    """Return a histogram, what lies below ``marked`` in red.

    Parameters
    ----------
    edges : sequence of float, length B + 1
        Ascending.
    counts : sequence of int, length B
    title, axis : str
    marked : float
    """
    box = svg.Box(56, 42, 748, 274)
    across = svg.Scale(edges[0], edges[-1], box.left, box.right)
    total = max(sum(counts), 1)
    shares = [count / total for count in counts]
    up = svg.Scale(0.0, max(shares) * 1.08 or 1.0, box.bottom, box.top)
    parts = [shared.heading(title)]
    parts += shared.horizontal_grid(up, box, [(v, shared.percent(v)) for v in up.ticks(5)])
    for at, share in enumerate(shares):
        left, right = across(np.array(edges[at : at + 2])).tolist()
        top = float(up(np.array(share)))
        middle = (edges[at] + edges[at + 1]) / 2
        colour = shared.LOSS if middle < marked else shared.STRATEGY
        parts.append(
            f'<rect x="{left + 0.5:.1f}" y="{top:.1f}" width="{right - left - 1:.1f}"'
            f' height="{box.bottom - top:.1f}" fill="{colour}" fill-opacity="0.75"/>'
        )
    x = float(across(np.array(marked)))
    parts.append(svg.rule(x, box.top, x, box.bottom, svg.INK))
    for value in across.ticks(8):
        at_tick = float(across(np.array(value)))
        parts.append(svg.text(at_tick, box.bottom + 14, f"{value:g}", anchor="middle"))
    parts.append(svg.text((box.left + box.right) / 2, 308, axis, anchor="middle", size=9))
    return svg.picture(_WIDTH, _HEIGHT, title, parts)
