"""Figures of variants: return against drawdown, and each one's small picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import numpy as np
import plotly.graph_objects as go

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.dashboard.lines import Line
from jutsu_dagster.dashboard.theme import Palette, frame

_SIZE = (220.0, 72.0)


def scatter(rows: Sequence[dict[str, Any]], source: str, colours: Palette,
            parent: tuple[str, float, float] | None) -> go.Figure:  # fmt: skip
    """Return variants by drawdown and return; those ahead of their parent are filled.

    Parameters
    ----------
    rows : sequence of dict
        Of ``variant_list``, with a recorded day.
    source : str
        The question that they answer.
    colours : Palette
    parent : (str, float, float), optional
        Name, drawdown and return of the parent over the same days.
    """
    figure = go.Figure(layout=_layout(colours))
    ahead = [row for row in rows if (row["difference"] or 0.0) > 0]
    behind = [row for row in rows if (row["difference"] or 0.0) <= 0]
    for name, group, symbol, colour in (
        ("Behind the parent", behind, "circle-open", colours.faint),
        ("Ahead of the parent", ahead, "circle", colours.lines[0]),
    ):
        figure.add_scatter(
            x=[row["max_drawdown"] for row in group], y=[row["total_return"] for row in group],
            text=[row["id"] for row in group],
            customdata=[[row["id"], row["difference"]] for row in group],
            mode="markers", name=name, meta=source,
            marker={"symbol": symbol, "size": 9, "color": colour, "line": {"width": 1.5}},
            hovertemplate=(
                "<b>%{text}</b><br>Return %{y:+.2f} %<br>Drawdown %{x:.2f} %"
                "<br>Against the parent %{customdata[1]:+.2f} pp<extra></extra>"
            ),
        )  # fmt: skip
    if parent is not None:
        name, drawdown, gain = parent
        figure.add_scatter(
            x=[drawdown], y=[gain], text=[name], mode="markers+text", textposition="top center",
            textfont={"color": colours.ink, "size": 12}, name="Parent",
            marker={"symbol": "diamond", "size": 13, "color": colours.lines[1]},
            hovertemplate="<b>%{text}</b>, the parent<br>Return %{y:+.2f} %"
            "<br>Drawdown %{x:.2f} %<extra></extra>",
        )  # fmt: skip
    return figure


def miniature(own: Line, parent: Line | None, span: tuple[float, float], colours: Palette) -> str:
    """Return a variant's growth over its parent's as the address of a small picture.

    Both begin with nothing gained, the day before the first. ``span`` is the lowest and the
    highest cumulative return of all pictures, which share it.
    """
    days = [np.datetime64(day) for day in own.days]
    width = (days[-1] - days[0]).astype(float) + 1.0
    zero = _points(np.array([0.0, _SIZE[0]]), np.array([0.0, 0.0]), span)
    parts = [_path(zero, colours.grid, 1.0, "")]
    for line, colour, dashes in ((parent, colours.baseline, "6,3"), (own, own.look.colour, "")):
        if line is None:
            continue
        since = [(np.datetime64(day) - days[0]).astype(float) + 1.0 for day in line.days]
        place = _points(
            np.array([0.0, *since]) * _SIZE[0] / width, np.array([0.0, *line.gain]), span
        )
        parts.append(_path(place, colour, 1.8, dashes))
    view = f"0 -3 {_SIZE[0]:g} {_SIZE[1] + 6:g}"
    text = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='{view}' preserveAspectRatio='none'>"
        f"{''.join(parts)}</svg>"
    )
    return f"data:image/svg+xml,{quote(text)}"


def _points(x: FloatArray, gain: FloatArray, span: tuple[float, float]) -> str:
    low, high = span
    y = _SIZE[1] * (1.0 - (gain - low) / max(high - low, 1e-9))
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _path(points: str, colour: str, width: float, dashes: str) -> str:
    dashed = f" stroke-dasharray='{dashes}'" if dashes else ""
    return (
        f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='{width}'"
        f" vector-effect='non-scaling-stroke'{dashed}/>"
    )


def _layout(colours: Palette) -> dict[str, Any]:
    layout = frame(colours, 360)
    for axis, title in (("xaxis", "Max drawdown"), ("yaxis", "Total return")):
        layout[axis] |= {
            "ticksuffix": " %", "zeroline": axis == "yaxis", "zerolinecolor": colours.grid,
            "zerolinewidth": 2, "title": {"text": title, **layout[axis]["title"]},
        }  # fmt: skip
    layout["hovermode"], layout["dragmode"] = "closest", False
    layout["margin"] |= {"t": 12}
    return layout
