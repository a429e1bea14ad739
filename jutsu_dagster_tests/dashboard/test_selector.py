"""The selector: several strategies, kept in the URL and in local storage; single and compare."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site


def choose(page: Page, *ids: str) -> None:
    """Add strategies with the selector, by typing."""
    for id_ in ids:
        page.fill("#strategies", id_)
        page.locator(f".option:has-text('{id_}')").click()
    page.keyboard.press("Escape")


def pills(page: Page) -> list[str]:
    return page.locator(".selector .mantine-MultiSelect-pill").all_inner_texts()


def test_without_a_choice_the_primary_is_shown(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance")
    expect(page.locator("h1")).to_have_text("Hierarchical Adaptive v3.5b")
    assert pills(page) == ["v3_5b"]
    assert "strategies" not in page.url


def test_the_selector_finds_by_typing_and_shows_health_in_words(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance")
    page.fill("#strategies", "ETH")
    options = page.locator(".option:visible")
    expect(options).to_have_count(1)
    expect(options.locator(".dot")).to_have_count(1)
    expect(options.locator(".option-state")).not_to_be_empty()
    page.fill("#strategies", "no such")
    expect(page.get_by_text("No strategy is called that")).to_be_visible()


def test_two_chosen_are_compared_and_the_url_says_so(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance")
    choose(page, "v3_5d")
    page.wait_for_url("**/performance?strategies=v3_5b,v3_5d")
    expect(page.locator("h1")).to_have_text("Performance, compared")
    heads = page.locator("table.compare thead th").all_inner_texts()
    assert heads == ["Metric", "v3_5b", "v3_5d", "v3_5d − v3_5b", "Baseline"]


def test_the_state_of_the_url_survives_a_reload_and_another_tab(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/backtest?strategies=v3_5b,v3_5d&from=2025-01-02&to=2025-01-10")
    before = page.inner_text("#content")
    page.reload()
    tab.drawn()
    assert page.inner_text("#content") == before
    assert pills(page) == ["v3_5b", "v3_5d"]
    assert page.url.endswith("?strategies=v3_5b,v3_5d&from=2025-01-02&to=2025-01-10")
    # And what was chosen is remembered where a URL says nothing.
    page.goto(f"{shown_site.url}/trades")
    page.wait_for_url("**/trades?strategies=v3_5b,v3_5d")
    tab.drawn()
    assert pills(page) == ["v3_5b", "v3_5d"]


def test_back_goes_back_one_choice_at_a_time(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b")
    choose(page, "v3_5d")
    page.wait_for_url("**strategies=v3_5b,v3_5d")
    page.click("#nav-clock")
    page.wait_for_url("**/backtest?strategies=v3_5b,v3_5d")
    expect(page.locator("h1")).to_have_text("Backtests, compared")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Performance, compared")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Hierarchical Adaptive v3.5b")
    assert pills(page) == ["v3_5b"]


def test_three_are_compared_by_colour_and_stroke(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b,v3_5d,ETH_main")
    pens = page.evaluate(
        "document.querySelector('#account-figure .js-plotly-plot').data"
        ".filter((each) => each.type === 'scatter' && !each.yaxis)"
        ".map((each) => [each.name, each.line.color, each.line.dash])"
    )
    assert [name for name, _, _ in pens] == [
        "QQQ bought and held", "v3_5b", "v3_5d", "ETH_main",
    ]  # fmt: skip
    assert [dash for _, _, dash in pens] == ["11px,4px", "solid", "6px,3px", "2px,2px"]
    assert len({colour for _, colour, _ in pens}) == 4
    # Of more than two, each difference stands below its number, against the first.
    assert page.locator("table.compare .more").count() > 0


def test_a_strategy_leads_to_its_own_page(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance?strategies=v3_5b,v3_5d")
    page.click("table.compare thead >> text=v3_5d")
    expect(page.locator("h1")).to_have_text("Hierarchical Adaptive v3.5d")
    lineage = page.get_by_role("link", name="Lineage")
    assert lineage.get_attribute("href") == (
        "http://127.0.0.1:9/assets/strategies/v3_5d?view=lineage"
    )


def test_everything_can_be_reached_by_keyboard(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/performance")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {f"nav-{name}" for name in ("home", "clock", "moon")} <= reached
    assert {"theme-button", "strategies", "dates", "choice", "wide"} <= reached
    page.focus("#strategies")
    page.keyboard.type("v3_5d")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**strategies=v3_5b,v3_5d")
