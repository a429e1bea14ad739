"""Every page on a desktop and on a phone, light and dark: whole, quiet, from here alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from jutsu_dagster_tests.dashboard.conftest import DESKTOP, PHONE, Tab
from jutsu_dagster_tests.dashboard.site import Site

PAGES = (
    "/", "/performance?strategies=v3_5b", "/performance?strategies=v3_5b,v3_5d",
    "/backtest?strategies=v3_5b,v3_5d", "/trades", "/variants?parent=ETH_main",
    "/variants?variant=ETH_main_mut_0001", "/promotions",
    "/promotions?promotion=v3_5b_mut_0001_20250122", "/nightly",
)  # fmt: skip
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_NAMELESS = """() => [...document.querySelectorAll('button, a[href], input')].filter((each) =>
  each.checkVisibility({ visibilityProperty: true })
  && !each.closest('.ag-root, [aria-hidden=true]') && !each.innerText
  && !each.getAttribute('aria-label') && !each.title && !each.labels?.length
).map((each) => each.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_and_says_that_the_market_is_synthetic(
    path: str, size: str, shown_site: Site, browser: Browser
) -> None:
    phone = size == "phone"
    context = browser.new_context(
        viewport=PHONE if phone else DESKTOP, is_mobile=phone, has_touch=phone,  # type: ignore[arg-type]
        color_scheme="dark" if phone else "light",
    )  # fmt: skip
    tab = Tab(context)
    try:
        page = tab.open(shown_site, path)
        assert page.evaluate(_WIDER) <= 0
        badge = page.locator("#market-top" if phone else "#market-side")
        expect(badge).to_have_text("Synthetic market")
        assert page.locator("h1").count() == 1
        assert page.evaluate(_NAMELESS) == []
        theme = page.get_attribute("html", "data-mantine-color-scheme")
        assert theme == ("dark" if phone else "light")
    finally:
        context.close()
    assert tab.faults == []


def test_the_menu_opens_and_closes_on_a_phone(shown_site: Site, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True)  # type: ignore[arg-type]
    tab = Tab(context)
    page = tab.open(shown_site, "/?strategies=v3_5d")
    expect(page.locator("#nav-swap")).not_to_be_visible()
    page.tap("#menu-button")
    expect(page.locator("#nav-swap")).to_be_visible()
    assert page.get_attribute("#menu-button", "aria-expanded") == "true"
    page.tap("#nav-swap")
    page.wait_for_url("**/trades?strategies=v3_5d")
    expect(page.locator("#nav-swap")).not_to_be_visible()
    context.close()
    assert tab.faults == []


def test_dark_and_light_are_chosen_and_remembered(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b")
    ink = "getComputedStyle(document.querySelector('#account-figure .xtick text')).fill"
    light = page.evaluate(ink)
    page.click("#theme-button")
    page.wait_for_selector("html[data-mantine-color-scheme=dark]")
    page.wait_for_function(f"(before) => {ink} !== before", arg=light)
    page.reload()
    tab.drawn()
    assert page.get_attribute("html", "data-mantine-color-scheme") == "dark"


def test_nothing_is_asked_of_anybody_else(shown_site: Site) -> None:
    answer = shown_site.api.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert re.findall(r"(?:src|href)=\"(?:https?:)?//", answer.text) == []


def test_home_shows_its_cards_with_numbers_without_a_warm_cache(
    shown_site: Site, browser: Browser
) -> None:
    context = browser.new_context(viewport=DESKTOP)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(shown_site.url, wait_until="commit")
    page.wait_for_selector(".card.strategy .big .num")
    context.close()
