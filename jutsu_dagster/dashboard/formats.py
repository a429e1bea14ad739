"""How numbers and moments are written for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from jutsu_dagster.reporting.promotion_view import shown as evidence_shown

Kind = Literal[
    "money", "change", "percent", "points", "ratio", "ratio_change", "count", "plain", "evidence",
    "text",
]  # fmt: skip

NONE = "–"
_MINUS = "−"
_PLAIN_DIGITS = 6
_HOURS = 48


def shown(value: object, kind: Kind) -> str:
    """Return a number as it stands on a page; a dash for None.

    Parameters
    ----------
    value : object
        A number, or text.
    kind : Kind
        ``money`` (two decimals, thousands divided), ``change`` (percent points with a sign),
        ``percent`` (without one), ``points`` (a difference of percentages), ``ratio``,
        ``ratio_change`` (with a sign), ``count``, ``plain`` (up to six significant digits),
        ``evidence`` (as the evidence page of a promotion has it), ``text``.
    """
    if value is None:
        return NONE
    if kind == "evidence":
        return evidence_shown(value).replace("-", _MINUS)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "text" or not isinstance(value, int | float):
        return str(value)
    if kind == "plain":
        return f"{value:.{_PLAIN_DIGITS}g}".replace("-", _MINUS)
    text = {
        "money": f"{value:,.2f}",
        "change": f"{value:+,.2f} %",
        "percent": f"{value:,.2f} %",
        "points": f"{value:+,.2f} pp",
        "ratio": f"{value:,.2f}",
        "ratio_change": f"{value:+,.2f}",
        "count": f"{value:,.0f}",
    }[kind]
    return _unsigned_zero(text).replace("-", _MINUS)


def tone(value: object) -> str:
    """Return ``up``, ``down`` or nothing, for the colour of a change."""
    if not isinstance(value, int | float) or round(value, 2) == 0:
        return ""
    return "up" if value > 0 else "down"


def moment(text: str | None) -> str:
    """Return an ISO moment as date and minute, UTC."""
    if text is None:
        return NONE
    return f"{_read(text):%Y-%m-%d %H:%M} UTC"


def ago(text: str | None, now: datetime) -> str:
    """Return how long ago or ahead a moment is, in the largest fitting unit."""
    if text is None:
        return NONE
    seconds = (now - _read(text)).total_seconds()
    minutes = abs(seconds) / 60
    if minutes < 1:
        return "just now"
    if minutes < 60:  # noqa: PLR2004  (an hour)
        size = f"{minutes:.0f} min"
    elif minutes < 60 * _HOURS:
        size = f"{minutes / 60:.0f} h"
    else:
        size = f"{minutes / 1440:.0f} days"
    return f"{size} ago" if seconds > 0 else f"in {size}"


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _unsigned_zero(text: str) -> str:
    """Return the text without the sign of a number that is rounded to zero."""
    return text.lstrip("+-") if not text.strip("+-0.%p ") else text
