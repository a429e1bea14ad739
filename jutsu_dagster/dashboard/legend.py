"""Samples of lines and regimes: what the figures' strokes and colours stand for."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard.theme import BASELINE_STROKE, Look, Palette, regime_order
from jutsu_dagster.dashboard.wiring import attributes


def sample(colour: str, stroke: str) -> Component:
    """Return a short piece of a line."""
    dashes = "" if stroke == "solid" else f" stroke-dasharray='{stroke}'"
    text = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='30' height='8'>"
        f"<line x1='0' y1='4' x2='30' y2='4' stroke='{colour}' stroke-width='2.4'{dashes}/></svg>"
    )
    return html.Img(src=f"data:image/svg+xml,{quote(text)}", alt="", className="sample")


def lines_legend(
    lines: Sequence[tuple[str, Look]], colours: Palette, baseline: str | None
) -> Component:
    """Return what each line of a figure is; one line alone is solid."""
    alone = len(lines) == 1
    found = [
        html.Li([sample(each.colour, "solid" if alone else each.stroke), name])
        for name, each in lines
    ]
    if baseline is not None:
        found.append(html.Li([sample(colours.baseline, BASELINE_STROKE), baseline]))
    return html.Ul(found, className="legend", **attributes(aria_label="Lines"))


def regimes_legend(names: Sequence[str], words: dict[str, str], colours: Palette) -> Component:
    """Return what each colour of the regime bands is."""
    found = []
    for name in names:
        order = regime_order(name)
        colour = colours.grid if order is None else colours.cells[order]
        swatch = html.Span(className="swatch", style={"background": colour})
        found.append(html.Li([swatch, words.get(name, name.replace("_", " "))]))
    return html.Ul(found, className="legend small", **attributes(aria_label="Regimes"))
