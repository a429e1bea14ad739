"""Small self-contained SVG plots for Dagster's metadata; a library would cost 60 ms each."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import unescape

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray, TimeArray
from jutsu_dagster.reporting import plot_parts as shared
from jutsu_dagster.reporting import svg

_WIDTH, _HEIGHT = 640, 260


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
    across = shared.time_scale(days, top)
    shown = [equity] if baseline is None else [equity, baseline]
    up = shared.growth_scale(shown, top)
    drawdown = equity / np.maximum.accumulate(equity) - 1.0
    worst = float(drawdown.min())
    down = svg.Scale(min(worst * 1.08, -0.001), 0.0, bottom.bottom, bottom.top)
    parts = [shared.heading(title)]
    legend = [(f"worst drawdown {worst:.1%}", shared.LOSS), ("strategy", shared.STRATEGY)]
    parts += shared.horizontal_grid(up, top, [(v, svg.short_number(v)) for v in up.ticks(4)])
    parts += shared.horizontal_grid(down, bottom, [(v, shared.percent(v)) for v in down.ticks(3)])
    parts += shared.dates(days, across, (top, bottom))
    at = svg.thinned(drawdown)
    x, y = across(days[at]), down(drawdown[at])
    outline = svg.points(np.r_[x[0], x, x[-1]], np.r_[bottom.top, y, bottom.top])
    parts.append(f'<polygon points="{outline}" fill="{shared.LOSS}" fill-opacity="0.18"/>')
    parts.append(svg.line(x, y, shared.LOSS, width=1))
    if baseline is not None:
        legend.append(("buy and hold", shared.BASELINE))
        at = svg.thinned(baseline)
        parts.append(svg.line(across(days[at]), up(baseline[at]), shared.BASELINE, dashes="4 3"))
    at = svg.thinned(equity)
    parts.append(svg.line(across(days[at]), up(equity[at]), shared.STRATEGY))
    if len(equity) == 1:
        parts += shared.dots(across(days), up(equity), shared.STRATEGY)
    parts += shared.legend(legend, top.right)
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
    across = shared.time_scale(np.sort(np.concatenate(days)), box)
    lowest = min(float(values.min()) for _, values in every)
    highest = max(float(values.max()) for _, values in every)
    up = svg.value_scale(lowest, highest, box, log=False)
    parts = [shared.heading(title)]
    parts += shared.horizontal_grid(up, box, [(v, shared.percent(v)) for v in up.ticks(5)])
    parts += shared.dates(np.sort(np.concatenate(days)), across, (box,))
    pitch = min(16.0, (box.bottom - box.top) / len(every))
    names = [*lines, *(["control"] if control is not None else [])]
    for place, (name, when, (_, values)) in enumerate(zip(names, days, every, strict=True)):
        own = name == "control" and control is not None
        colour = svg.INK if own else shared.COLOURS[place % len(shared.COLOURS)]
        at = svg.thinned(values)
        x, y = across(when[at]), up(values[at])
        width = 2.4 if own else 1.2
        parts += [svg.line(x, y, colour, width=width)] if len(at) > 1 else shared.dots(x, y, colour)
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
        return svg.picture(_WIDTH, _HEIGHT, title, [shared.heading(title), empty])
    days = pd.to_datetime(table.index).to_numpy().astype("datetime64[D]").astype(np.float64)
    box = svg.Box(52, 34, 540, 236)
    closes = [table[symbol].to_numpy(np.float64) for symbol in table.columns]
    grown = [close / close[np.isfinite(close)][0] for close in closes]
    across, up = shared.time_scale(days, box), shared.growth_scale(grown, box)
    parts = [shared.heading(title)]
    parts += shared.horizontal_grid(up, box, [(v, f"{v:.4g}×") for v in up.ticks(5)])
    parts += shared.dates(days, across, (box,))
    pitch = min(16.0, (box.bottom - box.top) / len(grown))
    for place, (symbol, close, path) in enumerate(zip(table.columns, closes, grown, strict=True)):
        colour = shared.COLOURS[place % len(shared.COLOURS)]
        at = svg.thinned(path)
        x, y = across(days[at]), up(path[at])
        parts += [svg.line(x, y, colour, width=1.2)] if len(at) > 1 else shared.dots(x, y, colour)
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
