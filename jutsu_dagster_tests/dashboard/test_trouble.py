"""Whatever goes away: the page says what happened and what to do, and goes on when it is back."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site
from jutsu_dagster_tests.homes import Home, edit
from jutsu_dagster_tests.postgres.server import Server

_SOON = 20_000


def database(site: Site) -> Path:
    return site.settings.state_dir / "jutsu.db"


def move(site: Site, folder: Path, *, back: bool = False) -> None:
    """Take the ledger away, or bring it back."""
    for suffix in ("", "-wal", "-shm"):
        file = database(site).with_name(f"jutsu.db{suffix}")
        here, there = (folder / file.name, file) if back else (file, folder / file.name)
        if here.exists():
            shutil.move(here, there)


def test_a_ledger_that_is_gone_is_said_and_found_again(
    own_site: Site, tab: Tab, tmp_path: Path
) -> None:
    page = tab.open(own_site, "/performance?strategies=v3_5b,v3_5d")
    move(own_site, tmp_path)
    expect(page.locator(".empty h2")).to_have_text("The ledger does not answer", timeout=_SOON)
    expect(page.locator(".empty")).to_contain_text("jutsu init")
    move(own_site, tmp_path, back=True)
    expect(page.locator("h1")).to_have_text("Performance, compared", timeout=_SOON)
    assert page.url.endswith("?strategies=v3_5b,v3_5d")


def test_a_locked_ledger_is_said_and_waited_for(shown_home: Home, tab: Tab) -> None:
    holder = sqlite3.connect(shown_home.settings.state_dir / "jutsu.db", isolation_level=None)
    # What a repair does; a writer of ours locks no reader out.
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    site = Site(shown_home)
    try:
        page = tab.open(site, "/")
        expect(page.locator(".empty h2")).to_have_text("The ledger does not answer")
        expect(page.locator(".empty")).to_contain_text("locked")
        holder.close()
        expect(page.locator(".card.strategy")).to_have_count(3, timeout=_SOON)
    finally:
        site.stop()


@pytest.mark.postgres
def test_a_postgresql_that_restarts_is_said_and_found_again(
    shown_home: Home, postgres_server: Server, tab: Tab
) -> None:
    with postgres_server.database() as url:
        ledger = Ledger(url)
        ledger.migrate()
        site = Site(shown_home, database_url=url)
        try:
            page = tab.open(site, "/")
            expect(page.locator(".card.strategy")).to_have_count(3)
            postgres_server.stop()
            expect(page.locator(".empty h2")).to_have_text(
                "The ledger does not answer", timeout=2 * _SOON
            )
            postgres_server.start()
            expect(page.locator(".card.strategy")).to_have_count(3, timeout=2 * _SOON)
        finally:
            site.stop()
            ledger.close()


def test_an_empty_ledger_says_what_to_run(own_site: Site, tab: Tab) -> None:
    for suffix in ("", "-wal", "-shm"):
        database(own_site).with_name(f"jutsu.db{suffix}").unlink(missing_ok=True)
    made = Ledger(own_site.settings.ledger_url)
    made.migrate()
    made.close()
    page = tab.open(own_site, "/")
    expect(page.locator(".card.strategy")).to_have_count(3)
    expect(page.locator(".card.strategy").first).to_contain_text("Waiting for its first session")
    for path, told in (
        ("/performance", "jutsu trade"),
        ("/backtest", "jutsu backtest"),
        ("/trades", "jutsu trade"),
        ("/promotions", "Nothing is proposed"),
    ):
        tab.open(own_site, path)
        expect(page.locator("#content")).to_contain_text(told)
    tab.open(own_site, "/variants?parent=ETH_main")
    expect(page.locator("#content")).to_contain_text("jutsu variants run")


def test_a_strategy_removed_while_its_page_is_open_is_said_and_comes_back(
    own_site: Site, tab: Tab
) -> None:
    registry = own_site.settings.registry_path
    before = registry.read_text()
    page = tab.open(own_site, "/performance?strategies=v3_5b,v3_5d")
    remove(own_site.home, "v3_5d")
    expect(page.locator("#banners")).to_contain_text("v3_5d is not in the registry", timeout=_SOON)
    expect(page.locator("h1")).to_have_text("Hierarchical Adaptive v3.5b")
    # The address keeps what was asked for: put back, it is shown again.
    assert page.url.endswith("strategies=v3_5b,v3_5d")
    registry.write_text(before)
    expect(page.locator("h1")).to_have_text("Performance, compared", timeout=_SOON)
    expect(page.locator("#banners")).to_be_empty()
    remove(own_site.home, "v3_5d")
    page.click("text=go on without", timeout=_SOON)
    page.wait_for_url("**/performance?strategies=v3_5b")
    expect(page.locator("#banners")).to_be_empty()


def test_a_broken_registry_leaves_the_last_sound_one_and_says_where(
    own_site: Site, tab: Tab
) -> None:
    registry = own_site.settings.registry_path
    before = registry.read_text()
    page = tab.open(own_site, "/")
    registry.write_text(before.replace("strategies:", "strategies: [", 1))
    expect(page.locator("#banners")).to_contain_text("The registry has faults", timeout=_SOON)
    expect(page.locator("#banners")).to_contain_text("strategies_registry.yaml")
    expect(page.locator(".card.strategy")).to_have_count(3)
    registry.write_text(before)
    expect(page.locator("#banners")).to_be_empty(timeout=_SOON)


def test_a_server_that_is_away_is_said_and_the_page_goes_on(own_site: Site, tab: Tab) -> None:
    page = tab.open(own_site, "/")
    own_site.stop()
    expect(page.locator("body[data-away]")).to_have_count(1, timeout=_SOON)
    expect(page.locator(".card.strategy")).to_have_count(3)
    own_site.start()
    expect(page.locator("body[data-away]")).to_have_count(0, timeout=_SOON)
    page.click("#nav-swap")
    expect(page.locator("h1")).to_have_text("Trades")
    tab.faults.clear()  # that requests failed while nobody answered is what was to be seen


def test_a_page_or_a_promotion_that_is_not_there(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/nowhere")
    expect(page.locator(".empty")).to_contain_text("There is no such page")
    tab.open(shown_site, "/promotions?promotion=nobody_20250101")
    expect(page.locator(".empty")).to_contain_text("There is no such promotion")
    tab.open(shown_site, "/nightly?night=2025-01-02")
    expect(page.locator(".empty")).to_contain_text("2025-01-22")


def remove(home: Home, id_: str) -> None:
    def change(registry: dict[str, Any]) -> None:
        del registry["strategies"][id_]
        registry["execution_order"].remove(id_)

    edit(home.settings.registry_path, change)
