"""Trades: filtered by account, side, symbol, strategy and days, paged, and exported as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Page, expect

from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site


def column(page: Page, at: int) -> list[str]:
    return page.locator(f"table.trades tbody tr > :nth-child({at})").all_inner_texts()


def test_all_strategies_are_shown_unless_some_are_chosen(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/trades")
    total = shown_site.api.get("/api/trades").json()["total"]
    expect(page.locator(".card h2").first).to_have_text(f"{total} orders")
    assert page.get_attribute("#strategies", "placeholder") == "All strategies"
    tab.open(shown_site, "/trades?strategies=v3_5b")
    assert set(column(page, 1)) == {"v3_5b"}


def test_filters_are_in_the_url_and_can_be_taken_back(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/trades?strategies=ETH_main")
    page.click("nav[aria-label=Side] >> text=Sell")
    page.wait_for_url("**side=SELL")
    expect(page.locator("nav[aria-label=Side] .is-chosen")).to_have_text("Sell")
    assert set(column(page, 4)) == {"SELL"}
    page.click("nav[aria-label=Symbol] >> text=ETHUSDT")
    page.wait_for_url("**symbol=ETHUSDT")
    expect(page.locator("nav[aria-label=Symbol] .is-chosen")).to_have_text("ETHUSDT")
    assert set(column(page, 3)) == {"ETHUSDT"}
    page.click("nav[aria-label=Account] >> text=Backtest")
    page.wait_for_url("**mode=backtest**")
    tab.open(shown_site, "/trades?strategies=v3_5b&symbol=ETHUSDT")
    expect(page.locator(".empty")).to_contain_text("No order fits this filter")
    page.click("text=Show all orders")
    page.wait_for_url("**/trades?strategies=v3_5b")
    expect(page.locator("table.trades")).to_be_visible()


def test_long_lists_come_in_pages(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/trades")
    first = column(page, 2)
    page.click("nav[aria-label=Page] >> text='2'")
    page.wait_for_url("**page=2")
    expect(page.locator("nav[aria-label=Page] .is-chosen")).to_have_text("2")
    assert column(page, 2) != first
    assert max(column(page, 2)) <= min(first)


def test_the_export_holds_what_is_shown(shown_site: Site, tab: Tab, tmp_path: Path) -> None:
    page = tab.open(shown_site, "/trades?strategies=v3_5b&from=2025-01-06&to=2025-01-15")
    with page.expect_download() as waiting:
        page.click("#export")
    target = tmp_path / "trades.csv"
    waiting.value.save_as(target)
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["date"] for row in reversed(rows)] == column(page, 2)
    assert {row["strategy_id"] for row in rows} == {"v3_5b"}
    assert [row["symbol"] for row in reversed(rows)] == column(page, 3)
