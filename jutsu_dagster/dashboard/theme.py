"""Colours, lines and the frame of figures; what differs between the dark and the light theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"

# Told apart by colour-blind readers, on light and on dark, and by their strokes besides.
_LIGHT = ("#0b62c4", "#c8500a", "#00806a", "#8a3ea8", "#8a6a00", "#0e7490")
_DARK = ("#62aeff", "#ff9a5c", "#3fd0ae", "#d39bf0", "#e3c04b", "#63d1ea")
STROKES = ("solid", "6px,3px", "2px,2px", "6px,3px,2px,3px", "10px,3px,2px,3px")
"""Solid, dashed, dotted, and two mixed ones, as figures and SVG take them."""

BASELINE_STROKE = "11px,4px"

# Trend is the hue, volatility the depth: bull blue, sideways grey, bear orange.
_CELLS_LIGHT = ("#9cc7f2", "#3d86d1", "#dadfe6", "#a3adba", "#f6c08f", "#d9741f")
_CELLS_DARK = ("#2f5f92", "#62aeff", "#343d48", "#66717f", "#80502a", "#ff9a5c")
_OTHER_REGIMES = ("trend", "chop", "high_vol")


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one theme.

    Attributes
    ----------
    ink, faint, grid, card, baseline : str
    lines : sequence of str
        Of strategies.
    cells : sequence of str
        Of regimes 1 to 6.
    """

    ink: str
    faint: str
    grid: str
    card: str
    baseline: str
    lines: Sequence[str]
    cells: Sequence[str]


LIGHT = Palette("#1b2430", "#5b6775", "#e8ebf0", "#ffffff", "#7d8896", _LIGHT, _CELLS_LIGHT)
DARK = Palette("#e7ebf1", "#9aa6b5", "#262e38", "#171c23", "#8a96a5", _DARK, _CELLS_DARK)


def palette(*, dark: bool) -> Palette:
    """Return the colours of a theme."""
    return DARK if dark else LIGHT


@dataclass(frozen=True, slots=True)
class Look:
    """How one account's line is drawn.

    Attributes
    ----------
    colour : str
        Hexadecimal.
    stroke : str
        One of STROKES, or the baseline's.
    """

    colour: str
    stroke: str


def look(order: int, *, dark: bool) -> Look:
    """Return the line of the strategy at a place in the registry; the same on every page."""
    colours = palette(dark=dark).lines
    return Look(colours[order % len(colours)], STROKES[order % len(STROKES)])


def regime_order(name: str | None) -> int | None:
    """Return a regime's place in the colours; None for no regime."""
    if name is None:
        return None
    if name.startswith("Cell_"):
        return int(name.removeprefix("Cell_")) - 1
    return _OTHER_REGIMES.index(name) * 2 if name in _OTHER_REGIMES else None


def frame(colours: Palette, height: int) -> dict[str, Any]:
    """Return the layout that all figures begin with."""
    axis = {
        "gridcolor": colours.grid,
        "zeroline": False,
        "linecolor": colours.grid,
        "tickfont": {"color": colours.faint, "size": 11},
        "title": {"font": {"color": colours.faint, "size": 11}},
        "automargin": True,
        "fixedrange": True,
    }
    return {
        "template": None,
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 20, "b": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "color": colours.ink, "size": 12},
        "hoverlabel": {
            "bgcolor": colours.card,
            "bordercolor": colours.grid,
            "font": {"family": FONT, "color": colours.ink, "size": 12},
        },
        "showlegend": False,
        "xaxis": dict(axis),
        "yaxis": dict(axis),
        # A new figure with the same is the same to the reader: what was zoomed stays.
        "uirevision": "kept",
    }


MANTINE = {
    "fontFamily": FONT,
    "fontFamilyMonospace": "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    "primaryColor": "jutsu",
    "primaryShade": {"light": 7, "dark": 4},
    "defaultRadius": "md",
    "colors": {
        "jutsu": [
            "#eaf3fe", "#d3e5fb", "#a5c9f5", "#7bb0f0", "#62aeff",
            "#3f86dd", "#1f70d0", "#0b62c4", "#0a519f", "#073d79",
        ],
        "dark": [
            "#e7ebf1", "#c3cbd6", "#9aa6b5", "#6b7786", "#46515e",
            "#333c47", "#29313b", "#171c23", "#12161c", "#0d1116",
        ],
    },
}  # fmt: skip
