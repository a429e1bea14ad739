"""How numbers and addresses are written."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from jutsu_dagster.dashboard.formats import Kind, ago, moment, shown, tone
from jutsu_dagster.dashboard.state import View
from jutsu_dagster.dashboard.theme import DARK, LIGHT, Palette, look
from jutsu_dagster.pipeline.views.asked import QuestionError

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "money", "–"),
        (12276.476, "money", "12,276.48"),
        (-12.5, "money", "−12.50"),
        (15.234, "change", "+15.23 %"),
        (-8.21, "change", "−8.21 %"),
        # What rounds to zero has no sign, and zero is not nothing.
        (0.0, "change", "0.00 %"),
        (-0.0004, "change", "0.00 %"),
        (25.33, "percent", "25.33 %"),
        (-0.04, "points", "−0.04 pp"),
        (0.001, "points", "0.00 pp"),
        (1.24, "ratio", "1.24"),
        (0.07, "ratio_change", "+0.07"),
        (1511, "count", "1,511"),
        (0.22, "plain", "0.22"),
        (True, "plain", "yes"),
        ("close", "plain", "close"),
        (0.99999, "evidence", ">0.9999"),
    ],
)
def test_a_number_is_written_in_one_way(value: object, kind: Kind, text: str) -> None:
    assert shown(value, kind) == text


def test_the_colour_of_a_change_is_that_of_what_is_shown() -> None:
    assert [tone(value) for value in (1.0, -1.0, 0.001, None)] == ["up", "down", "", ""]


def test_moments_are_utc_and_distances_are_rounded() -> None:
    assert moment("2026-11-21T11:30:00+02:00") == "2026-11-21 09:30 UTC"
    assert ago("2026-11-21T11:30:00Z", NOW) == "30 min ago"
    assert ago("2026-11-22T00:30:00Z", NOW) == "in 12 h"
    assert ago("2026-11-01T12:00:00Z", NOW) == "20 days ago"
    assert ago(None, NOW) == "–"


def test_a_link_keeps_what_is_chosen_and_nothing_of_another_page() -> None:
    params = {"strategies": "v3_5b,v3_5d", "from": "2015-01-01", "side": "SELL", "page": "3"}
    view = View("/trades", params)
    assert view.href("/backtest") == "/backtest?strategies=v3_5b,v3_5d&from=2015-01-01"
    assert view.href(page=None, side=None, from_=None) == "/trades?strategies=v3_5b,v3_5d"
    assert (view.strategies, view.first, view.page) == (["v3_5b", "v3_5d"], date(2015, 1, 1), 3)


def test_a_date_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(QuestionError, match=r"from \(banana\) must be a date"):
        _ = View("/", {"from": "banana"}).first


def test_lines_differ_without_their_colours_too() -> None:
    pens = [look(order, dark=False) for order in range(30)]
    assert len({(pen.colour, pen.stroke) for pen in pens}) == 30
    assert len({pen.stroke for pen in pens[:5]}) == 5


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_lines_stand_out_from_the_card(colours: Palette) -> None:
    for line in (*colours.lines, colours.ink, colours.faint):
        wanted = 4.5 if line in (colours.ink, colours.faint) else 3.0
        assert contrast(line, colours.card) >= wanted


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as WCAG 2 defines it."""
    lights = sorted(_luminance(colour) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    low = 0.04045
    red, green, blue = (
        part / 12.92 if part <= low else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
