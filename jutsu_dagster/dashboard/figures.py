"""The figure of accounts: equity over drawdown over regimes, on one axis of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.dashboard.lines import Line
from jutsu_dagster.dashboard.theme import Palette, frame, regime_order

_RIBBON, _AXIS = 16, 48
_PANELS, _GAP = (250, 110), 26
_DAY = np.timedelta64(1, "D")


def account_figure(
    lines: Sequence[Line], colours: Palette, baseline: Line | None, *, log: bool = False
) -> go.Figure:
    """Return the figure of one account or several.

    One account is shown in money. Several begin at 100, so that their growth compares whatever
    they began with; what is read off them is the cumulative return, as answered.

    Parameters
    ----------
    lines : sequence of Line
    colours : Palette
    baseline : Line or None
    log : bool
        Whether growth is drawn on a logarithmic scale.
    """
    several = len(lines) > 1
    ribbons = [line for line in lines if line.regimes]
    height = sum(_PANELS) + 2 * _GAP + _RIBBON * len(ribbons) + _AXIS
    figure = go.Figure(layout=_layout(colours, height, len(ribbons), log=log, several=several))
    if baseline is not None:
        _curves(figure, baseline, baseline.look.stroke, 1.3, several=several)
    for line in lines:
        stroke = line.look.stroke if several else "solid"
        _curves(figure, line, stroke, 1.7, several=several, filled=not several)
    for place, line in enumerate(ribbons):
        figure.add_trace(_ribbon(line, place, colours))
    return figure


def regime_names(lines: Sequence[Line]) -> list[str]:
    """Return the regimes that lines pass through, in the order of their colours."""
    found = {name for line in lines for name in line.regimes if name is not None}
    return sorted(found, key=lambda name: (regime_order(name) or 0, name))


def _curves(
    figure: go.Figure,
    line: Line,
    stroke: str,
    width: float,
    *,
    several: bool,
    filled: bool = False,
) -> None:
    pen = {"color": line.look.colour, "width": width, "dash": stroke}
    shade = {"fill": "tozeroy", "fillcolor": _faded(line.look.colour)} if filled else {}
    hover = "%{customdata:+,.2f} %" if several else "%{y:,.2f} (%{customdata:+,.2f} %)"
    figure.add_scatter(
        x=line.days, y=growth(line) if several else line.value, customdata=line.gain,
        name=line.name, mode="lines", line=pen, meta=line.source, hovertemplate=hover,
    )  # fmt: skip
    figure.add_scatter(
        x=line.days, y=line.fall, name=line.name, mode="lines",
        line=pen | {"width": 0.7 * width}, yaxis="y2", meta=line.source,
        hovertemplate="%{y:.2f} %", **shade,
    )  # fmt: skip


def growth(line: Line) -> FloatArray:
    """Return a line's growth from 100."""
    return np.asarray(100.0 + line.gain, dtype=np.float64)


def _ribbon(line: Line, place: int, colours: Palette) -> go.Heatmap:
    """Return a line's regimes as one row of blocks, each as long as it was held."""
    days = np.array(line.days, dtype="datetime64[D]")
    names = line.regimes
    begins = [at for at in range(len(names)) if at == 0 or names[at] != names[at - 1]]
    held = [names[at] for at in begins]
    edges = np.append(days[begins], days[-1] + _DAY)
    count = len(colours.cells)
    scale = [step for at, colour in enumerate(colours.cells)
             for step in ([at / count, colour], [(at + 1) / count, colour])]  # fmt: skip
    return go.Heatmap(
        x=edges.astype(str), y=[place, place + 0.82], z=[[regime_order(name) for name in held]],
        customdata=[[(name or "").replace("_", " ") for name in held]],
        zmin=-0.5, zmax=count - 0.5, colorscale=scale, showscale=False, yaxis="y3",
        name=line.name, hoverongaps=False,
        hovertemplate="%{customdata}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _layout(
    colours: Palette, height: int, ribbons: int, *, log: bool, several: bool
) -> dict[str, Any]:
    layout = frame(colours, height)
    inner = height - _AXIS
    ribbon = _RIBBON * ribbons / inner
    low = ribbon + (_GAP / inner if ribbons else 0)
    middle = low + _PANELS[1] / inner
    base = layout["yaxis"]
    layout["xaxis"] |= {
        "fixedrange": False, "anchor": "y3" if ribbons else "y2", "showspikes": True,
        "spikemode": "across", "spikethickness": 1, "spikedash": "solid",
        "spikecolor": colours.faint, "type": "date", "hoverformat": "%a %Y-%m-%d",
    }  # fmt: skip
    layout["yaxis"] = base | {
        "domain": [middle + _GAP / inner, 1.0], "type": "log" if log else "linear",
        "tickformat": ",~g" if several else ",~s", "dtick": "D2" if log else None,
    }  # fmt: skip
    layout["yaxis2"] = base | {
        "domain": [low, middle], "ticksuffix": " %", "nticks": 4, "rangemode": "tozero",
    }  # fmt: skip
    layout["yaxis3"] = base | {
        "domain": [0.0, max(ribbon, 0.001)], "showgrid": False, "showticklabels": False,
        "range": [0, max(ribbons, 1)],
    }  # fmt: skip
    layout["annotations"] = [
        _caption("Start = 100" if several else "USD", 1.0, colours),
        _caption("Drawdown", middle, colours),
    ]
    layout["hovermode"], layout["dragmode"] = "x unified", "zoom"
    return layout


def _caption(text: str, height: float, colours: Palette) -> dict[str, Any]:
    """Return a panel's name, above its left edge."""
    return {
        "text": text, "xref": "paper", "yref": "paper", "x": 0, "y": height, "xanchor": "left",
        "yanchor": "bottom", "showarrow": False, "font": {"color": colours.faint, "size": 11},
    }  # fmt: skip


def _faded(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.14)"
