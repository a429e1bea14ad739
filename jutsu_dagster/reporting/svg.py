"""Pieces of small SVG plots: scales, ticks, thinning and text. Strings only, a millisecond each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray

# Beyond this ratio of highest to lowest, equal steps should mean equal growth.
LOG_FROM = 5.0
# Two points a pixel column would be wasted.
MAX_POINTS = 400
# Calendar days: from here on an axis shows months, and beyond three years only years.
_MONTHS_FROM, _YEAR = 75, 365

BACKGROUND, FRAME, GRID, INK, FAINT = "#ffffff", "#d5dae1", "#e9edf2", "#1f2933", "#66727f"
_FONT = "system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class Box:
    """A panel of a plot, in pixels from the top left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Scale:
    """From values between ``low`` and ``high`` to pixels between ``start`` and ``stop``."""

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, values: FloatArray) -> FloatArray:
        """Return the pixels of values, float64 of their shape."""
        low, high = self.low, self.high
        if self.log:
            low, high, values = math.log(low), math.log(high), np.log(values)
        return self.start + (values - low) * ((self.stop - self.start) / (high - low))

    def ticks(self, count: int) -> list[float]:
        """Return about ``count`` round values inside the scale."""
        if not self.log:
            return linear_ticks(self.low, self.high, count)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        for mantissas in ((1, 2, 5), (1, 3), (1,)):
            found = [
                mantissa * 10.0**power for power in range(first, last + 1) for mantissa in mantissas
            ]
            found = [value for value in found if self.low <= value <= self.high]
            if len(found) <= count + 1:
                break
        return found[:: max(1, math.ceil(len(found) / (count + 1)))]


def value_scale(
    lowest: float, highest: float, box: Box, *, log: bool = False, margin: float = 0.06
) -> Scale:
    """Return a vertical scale with some air above and below."""
    if log:
        air = (highest / lowest) ** margin
        return Scale(lowest / air, highest * air, box.bottom, box.top, log=True)
    air = (highest - lowest) * margin or abs(highest) * 0.01 or 1.0
    return Scale(lowest - air, highest + air, box.bottom, box.top)


def linear_ticks(low: float, high: float, count: int) -> list[float]:
    """Return round values at equal steps of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * size for size in (1.0, 2.0, 5.0, 10.0) if power * size >= rough)
    return [index * step for index in range(math.ceil(low / step), math.floor(high / step) + 1)]


def date_ticks(first: date, last: date, count: int) -> list[tuple[date, str]]:
    """Return about ``count`` dates with labels: years, or months or days of a short span."""
    days = (last - first).days
    if days > 3 * _YEAR:
        step = math.ceil((last.year - first.year + 1) / count)
        years = range(first.year + 1, last.year + 1)
        return [(date(year, 1, 1), str(year)) for year in years if (last.year - year) % step == 0]
    if days > _MONTHS_FROM:
        months = range(first.year * 12 + first.month, last.year * 12 + last.month)
        starts = [date(month // 12, month % 12 + 1, 1) for month in months]
        chosen = starts[:: math.ceil(len(starts) / count)]
        return [(day, f"{day:%b %Y}" if days > _YEAR else f"{day:%b}") for day in chosen]
    span = np.linspace(first.toordinal(), last.toordinal(), min(count, days + 1))
    return [(day, f"{day:%d %b}") for day in map(date.fromordinal, span.round().astype(int))]


def thinned(values: FloatArray, most: int = MAX_POINTS) -> IntArray:
    """Return at most ``most`` ascending indices that keep the ends and every local extreme.

    NaN are left out. Of each of ``most // 2`` stretches the lowest and the highest value stay.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) <= most:
        return known
    buckets = most // 2 - 1
    edges = np.linspace(0, len(known), buckets + 1).astype(np.int64)
    width = int(np.diff(edges).max())
    # Stretches differ by one in length; the last of each is repeated to fill a table.
    table = known[np.minimum(edges[:-1, None] + np.arange(width), edges[1:, None] - 1)]
    rows = np.arange(buckets)
    chosen = (table[rows, values[table].argmin(1)], table[rows, values[table].argmax(1)])
    return np.unique(np.concatenate((*chosen, known[[0, -1]])))


def points(x: FloatArray, y: FloatArray) -> str:
    """Return coordinates as an SVG point list, to a tenth of a pixel."""
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in pairs)


def line(x: FloatArray, y: FloatArray, colour: str, *, width: float = 1.5, dashes: str = "") -> str:
    """Return a line through the points."""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<polyline points="{points(x, y)}" fill="none" stroke="{colour}"'
        f' stroke-width="{width}" stroke-linejoin="round"{dashed}/>'
    )


def rule(x1: float, y1: float, x2: float, y2: float, colour: str = GRID) -> str:
    """Return a straight thin line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 10, colour: str = FAINT,
    bold: bool = False,
) -> str:  # fmt: skip
    """Return words at a place; ``anchor`` is start, middle or end."""
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
        f' fill="{colour}"{weight}>{escape(words)}</text>'
    )


def short_number(value: float) -> str:
    """Return a number as 950, 12k or 3.4M."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def picture(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    """Return the whole SVG: a light card, so that it reads on dark pages as on light ones."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(title)}'
        f' font-family="{_FONT}"><title>{escape(title)}</title>'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"'
        f' fill="{BACKGROUND}" stroke="{FRAME}"/>{"".join(parts)}</svg>'
    )
