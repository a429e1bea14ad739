"""Small self-contained SVG plots for Dagster's metadata; a library would cost 60 ms each."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from datetime import date
from html import unescape

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.reporting import svg

_STRATEGY, _BASELINE, _LOSS = "#2563eb", "#8a94a0", "#dc2626"
# Distinct for colour-blind readers too; after eight symbols they repeat.
_COLOURS = (
    "#2563eb", "#e07b00", "#0f9d76", "#c2378f", "#6b4fd8", "#8c6d1f", "#0891b2", "#be3a34",
)  # fmt: skip
_WIDTH, _HEIGHT = 640, 260
_TITLE_LENGTH = 44


def equity_and_drawdown_svg(
    sessions: TimeArray,
    equity: FloatArray,
    baseline: FloatArray | None = None,
    title: str = "Equity and drawdown",
) -> str:
    """Return equity over its baseline, and drawdown below, as one SVG of 640 x 260.

    Parameters
    ----------
    sessions : datetime64 of shape (T,)
        Ascending, T >= 1.
    equity : float64 of shape (T,)
        Money at each close; the drawdown is against its own running peak, which must be > 0.
    baseline : float64 of shape (T,), optional
        Money of buy-and-hold; NaN where there is none.
    title : str
        Shown above; cut at 44 characters.

    Returns
    -------
    str
        Logarithmic above when highest / lowest exceeds 5; at most 400 points a line.
    """
    days = sessions.astype("datetime64[D]").astype(np.float64)
    top, bottom = svg.Box(52, 34, 628, 158), svg.Box(52, 176, 628, 236)
    across = _time_scale(days, top)
    shown = [equity] if baseline is None else [equity, baseline]
    up = _growth_scale(shown, top)
    drawdown = equity / np.maximum.accumulate(equity) - 1.0
    worst = float(drawdown.min())
    down = svg.Scale(min(worst * 1.08, -0.001), 0.0, bottom.bottom, bottom.top)
    parts = [_heading(title)]
    legend = [(f"worst drawdown {worst:.1%}", _LOSS), ("strategy", _STRATEGY)]
    parts += _horizontal_grid(up, top, [(v, svg.short_number(v)) for v in up.ticks(4)])
    parts += _horizontal_grid(down, bottom, [(v, _percent(v)) for v in down.ticks(3)])
    parts += _dates(days, across, (top, bottom))
    at = svg.thinned(drawdown)
    x, y = across(days[at]), down(drawdown[at])
    outline = svg.points(np.r_[x[0], x, x[-1]], np.r_[bottom.top, y, bottom.top])
    parts.append(f'<polygon points="{outline}" fill="{_LOSS}" fill-opacity="0.18"/>')
    parts.append(svg.line(x, y, _LOSS, width=1))
    if baseline is not None:
        legend.append(("buy and hold", _BASELINE))
        at = svg.thinned(baseline)
        parts.append(svg.line(across(days[at]), up(baseline[at]), _BASELINE, dashes="4 3"))
    at = svg.thinned(equity)
    parts.append(svg.line(across(days[at]), up(equity[at]), _STRATEGY))
    if len(equity) == 1:
        parts += _dots(across(days), up(equity), _STRATEGY)
    parts += _legend(legend, top.right)
    return svg.picture(_WIDTH, _HEIGHT, title, parts)


def family_svg(
    lines: Mapping[str, tuple[TimeArray, FloatArray]],
    control: tuple[TimeArray, FloatArray] | None,
    title: str,
) -> str:
    """Return results of variants beside their parent's control, as one SVG of 640 x 260.

    Parameters
    ----------
    lines : mapping of variant to (days, results)
        Best first; results are fractions of the stake, summed since the variant began. At least
        one.
    control : tuple of (days, results), optional
        The parent over the same days.
    title : str
        Shown above; cut at 44 characters.
    """
    box = svg.Box(52, 34, 540, 236)
    every = [*lines.values(), *([control] if control is not None else [])]
    days = [when.astype("datetime64[D]").astype(np.float64) for when, _ in every]
    across = _time_scale(np.sort(np.concatenate(days)), box)
    lowest = min(float(values.min()) for _, values in every)
    highest = max(float(values.max()) for _, values in every)
    up = svg.value_scale(lowest, highest, box, log=False)
    parts = [_heading(title)]
    parts += _horizontal_grid(up, box, [(v, _percent(v)) for v in up.ticks(5)])
    parts += _dates(np.sort(np.concatenate(days)), across, (box,))
    pitch = min(16.0, (box.bottom - box.top) / len(every))
    names = [*lines, *(["control"] if control is not None else [])]
    for place, (name, when, (_, values)) in enumerate(zip(names, days, every, strict=True)):
        own = name == "control" and control is not None
        colour = svg.INK if own else _COLOURS[place % len(_COLOURS)]
        at = svg.thinned(values)
        x, y = across(when[at]), up(values[at])
        width = 2.4 if own else 1.2
        parts += [svg.line(x, y, colour, width=width)] if len(at) > 1 else _dots(x, y, colour)
        label = f"{name.rpartition('_mut_')[2]} {values[-1]:+.1%}"
        height = box.top + (place + 0.7) * pitch
        parts.append(f'<rect x="546" y="{height - 7:.1f}" width="6" height="6" fill="{colour}"/>')
        parts.append(svg.text(556, height, label, size=9, colour=svg.INK))
    return svg.picture(_WIDTH, _HEIGHT, title, parts)


def closes_svg(rows: pd.DataFrame, title: str = "Closes") -> str:
    """Return closes of every symbol, each as a multiple of its first, as one SVG of 640 x 260.

    Parameters
    ----------
    rows : DataFrame
        Columns date (or session), symbol and close; any order.
    title : str
        Shown above; cut at 44 characters.
    """
    when = "date" if "date" in rows.columns else "session"
    table = rows.pivot_table(index=when, columns="symbol", values="close", aggfunc="last")
    if table.empty:
        empty = svg.text(_WIDTH / 2, _HEIGHT / 2, "no bars", anchor="middle", size=12)
        return svg.picture(_WIDTH, _HEIGHT, title, [_heading(title), empty])
    days = pd.to_datetime(table.index).to_numpy().astype("datetime64[D]").astype(np.float64)
    box = svg.Box(52, 34, 540, 236)
    closes = [table[symbol].to_numpy(np.float64) for symbol in table.columns]
    grown = [close / close[np.isfinite(close)][0] for close in closes]
    across, up = _time_scale(days, box), _growth_scale(grown, box)
    parts = [_heading(title)]
    parts += _horizontal_grid(up, box, [(v, f"{v:.4g}×") for v in up.ticks(5)])
    parts += _dates(days, across, (box,))
    pitch = min(16.0, (box.bottom - box.top) / len(grown))
    for place, (symbol, close, path) in enumerate(zip(table.columns, closes, grown, strict=True)):
        colour = _COLOURS[place % len(_COLOURS)]
        at = svg.thinned(path)
        x, y = across(days[at]), up(path[at])
        parts += [svg.line(x, y, colour, width=1.2)] if len(at) > 1 else _dots(x, y, colour)
        label = f"{symbol} {close[np.isfinite(close)][-1]:,.2f}"
        height = box.top + (place + 0.7) * pitch
        parts.append(f'<rect x="546" y="{height - 7:.1f}" width="6" height="6" fill="{colour}"/>')
        parts.append(svg.text(556, height, label, size=9, colour=svg.INK))
    return svg.picture(_WIDTH, _HEIGHT, title, parts)


def markdown_image(image: str) -> str:
    """Return an SVG as a Markdown image that carries its own data."""
    found = re.search(r"<title>(.*?)</title>", image, re.DOTALL)
    # Brackets and line ends would end the alternative text early.
    alt = re.sub(r"[\[\]\s]+", " ", unescape(found[1])).strip() if found else "plot"
    return f"![{alt}](data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()})"


def _time_scale(days: FloatArray, box: svg.Box) -> svg.Scale:
    # A single session stands in the middle.
    air = 0.5 if days[0] == days[-1] else 0.0
    return svg.Scale(float(days[0]) - air, float(days[-1]) + air, box.left, box.right)


def _growth_scale(lines: Sequence[FloatArray], box: svg.Box) -> svg.Scale:
    lowest = min(float(np.nanmin(values)) for values in lines)
    highest = max(float(np.nanmax(values)) for values in lines)
    log = lowest > 0 and highest / lowest > svg.LOG_FROM
    return svg.value_scale(lowest, highest, box, log=log)


def _heading(title: str) -> str:
    cut = title if len(title) <= _TITLE_LENGTH else f"{title[: _TITLE_LENGTH - 1]}…"
    return svg.text(12, 21, cut, size=12, colour=svg.INK, bold=True)


def _horizontal_grid(
    scale: svg.Scale, box: svg.Box, ticks: Sequence[tuple[float, str]]
) -> list[str]:
    parts = []
    for value, label in ticks:
        y = float(scale(np.array(value)))
        parts.append(svg.rule(box.left, y, box.right, y))
        parts.append(svg.text(box.left - 6, y + 3.5, label, anchor="end"))
    return parts


def _dates(days: FloatArray, scale: svg.Scale, boxes: Sequence[svg.Box]) -> list[str]:
    epoch = date(1970, 1, 1).toordinal()
    first, last = (date.fromordinal(epoch + int(day)) for day in (days[0], days[-1]))
    parts = []
    for day, label in svg.date_ticks(first, last, 8):
        x = float(scale(np.array(day.toordinal() - epoch, dtype=np.float64)))
        parts += [svg.rule(x, box.top, x, box.bottom) for box in boxes]
        at = min(max(x, boxes[-1].left), boxes[-1].right - 8)
        parts.append(svg.text(at, boxes[-1].bottom + 14, label, anchor="middle"))
    return parts


def _legend(entries: Sequence[tuple[str, str]], right: float) -> list[str]:
    parts = []
    for words, colour in reversed(entries):
        parts.append(svg.text(right, 21, words, anchor="end", colour=svg.INK))
        start = right - 6.0 * len(words) - 6
        dashed = ' stroke-dasharray="4 3"' if colour == _BASELINE else ""
        parts.append(
            f'<line x1="{start - 16:.1f}" y1="17.5" x2="{start:.1f}" y2="17.5" stroke="{colour}"'
            f' stroke-width="2"{dashed}/>'
        )
        right = start - 30
    return parts


def _dots(x: FloatArray, y: FloatArray, colour: str) -> list[str]:
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in pairs]


def _percent(value: float) -> str:
    return "0" if value == 0 else f"{value * 100:.3g}%"
