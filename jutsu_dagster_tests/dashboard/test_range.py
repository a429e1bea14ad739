"""The range of days: chosen in the calendar, by years, or on the chart; metrics follow it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLateError

from jutsu_dagster.dashboard.pages.backtest import span_after
from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site

NEW_YEAR, LAST_DAY = date(2015, 1, 1), date(2015, 12, 31)


def period(page: Page) -> str:
    found = re.match(r"[\d-]{10} to [\d-]{10}", page.locator(".period").first.inner_text())
    assert found is not None
    return found.group()


def drag(page: Page, begin: float, end: float) -> None:
    """Draw over a part of the chart, from one share of its width to another."""
    box = page.locator("#account-figure .nsewdrag").first.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + begin * box["width"], middle)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], middle, steps=6)
    page.mouse.up()


@pytest.mark.parametrize(
    ("clicked", "first", "last", "span"),
    [
        (2015, None, None, (2015, 2015)),
        (2020, NEW_YEAR, LAST_DAY, (2015, 2020)),
        (2012, NEW_YEAR, LAST_DAY, (2012, 2015)),
        (2015, NEW_YEAR, LAST_DAY, (2015, 2015)),
        # A span is over: the next click begins another.
        (2018, NEW_YEAR, date(2020, 12, 31), (2018, 2018)),
        (2018, date(2015, 3, 1), LAST_DAY, (2018, 2018)),
    ],
)
def test_a_click_on_a_year_and_on_another_spans_both(
    clicked: int, first: date | None, last: date | None, span: tuple[int, int]
) -> None:
    assert span_after(clicked, first, last) == span


def test_three_clicks_from_home_to_two_strategies_over_years(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/")
    page.click("text=Compare v3_5b against v3_5d")
    page.wait_for_url("**/backtest?strategies=v3_5b,v3_5d")
    page.click(".years >> text=2024")
    page.wait_for_url("**from=2024-01-01&to=2024-12-31")
    page.click(".years >> text=2025")
    page.wait_for_url("**/backtest?strategies=v3_5b,v3_5d&from=2024-01-01&to=2025-12-31")
    expect(page.locator(".years .is-chosen")).to_have_text(["2024", "2025"])
    expect(page.locator("h1")).to_have_text("Backtests, compared")
    names = page.locator("#content .legend").first.locator("li").all_inner_texts()
    assert names == ["v3_5b", "v3_5d", "QQQ bought and held"]
    expect(page.locator("#account-figure .main-svg").first).to_be_visible()


def test_a_range_in_the_address_is_that_of_chart_and_metrics(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/backtest?strategies=v3_5b&from=2024-12-16&to=2025-01-10")
    assert period(page) == "2024-12-16 to 2025-01-10"
    expect(page.locator("#dates")).to_have_text("2024-12-16 – 2025-01-10")
    days = page.evaluate("document.querySelector('#account-figure .js-plotly-plot').data.at(-1).x")
    assert (days[0], days[-1]) == ("2024-12-16", "2025-01-11")  # of the last band, its end


def test_drawing_on_the_chart_chooses_days_and_a_double_click_all(
    shown_site: Site, tab: Tab
) -> None:
    page = tab.open(shown_site, "/backtest?strategies=v3_5b")
    whole = period(page)
    before = page.locator(".headline .num").all_inner_texts()
    drag(page, 0.3, 0.8)
    page.wait_for_url("**from=*&to=*")
    tab.drawn()
    expect(page.locator(".period").first).not_to_contain_text(whole)
    assert page.locator(".headline .num").all_inner_texts() != before
    begin, end = page.url.rpartition("from=")[2].split("&to=")
    assert begin <= period(page).partition(" to ")[0]
    assert period(page).partition(" to ")[2] <= end
    # Two clicks are one double-click only where the browser sees them soon after each other.
    for _ in range(3):
        page.locator("#account-figure .nsewdrag").first.dblclick()
        with suppress(TooLateError):
            page.wait_for_url("**/backtest?strategies=v3_5b", timeout=4_000)
            break
    expect(page.locator(".period").first).to_contain_text(whole)


def test_days_are_chosen_in_the_calendar_and_cleared(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b&from=2025-01-06&to=2025-01-23")
    page.click("#dates")
    page.get_by_role("button", name="8 January 2025", exact=True).click()
    page.get_by_role("button", name="14 January 2025", exact=True).click()
    page.wait_for_url("**from=2025-01-08&to=2025-01-14")
    expect(page.locator(".period").first).to_contain_text("2025-01-08 to 2025-01-14")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear days").click()
    page.wait_for_url("**/performance?strategies=v3_5b")


def test_days_without_a_session_say_so(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b&from=2019-01-01&to=2019-02-01")
    expect(page.locator(".note").first).to_contain_text("nothing is recorded")
    tab.open(shown_site, "/performance?strategies=v3_5b&from=banana")
    expect(page.locator(".empty")).to_contain_text("must be a date")
    page.click("text=Show the page without it")
    expect(page.locator("h1")).to_have_text("Hierarchical Adaptive v3.5b")
