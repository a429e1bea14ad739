"""Deciding in the browser: the evidence, a wrong token, a right one, a rejection, POST off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import TOKEN, Site
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.promoting import files, propose


@pytest.fixture
def proposed(shown_home: Home) -> Iterator[tuple[Site, str]]:
    """A site with an open proposal that has not expired, and its id."""
    night = datetime.now(UTC).date() - timedelta(days=1)
    row = propose(shown_home, "v3_5b_mut_0002", night)
    site = Site(shown_home, lambda: datetime.now(UTC))
    yield site, row.id
    site.stop()


def decide(page: Page, action: str, token: str) -> None:
    """Fill in the dialog and send it."""
    page.click(f"#open-{action}")
    page.fill("#decide-by", "Ada")
    page.fill("#decide-why", "it holds")
    page.fill("#decide-token", token)
    page.click("#decide-go")


def test_the_evidence_is_a_click_away(proposed: tuple[Site, str], tab: Tab) -> None:
    site, id_ = proposed
    page = tab.open(site, "/")
    expect(page.locator("#count-check")).to_have_text("1")
    page.click("text=Decide")
    page.click("text=v3_5b_mut_0002")
    page.wait_for_url(f"**promotion={id_}")
    expect(page.locator(".note").first).to_contain_text("gates hold")
    for part in ("What changes", "Gates", "Against the parent", "What happened"):
        expect(page.get_by_role("heading", name=part, exact=True)).to_be_visible()
    assert page.locator(".gates tbody tr").count() == 9
    expect(page.get_by_text("sma_slow", exact=True)).to_be_visible()


def test_a_wrong_token_changes_nothing_and_a_right_one_approves(
    proposed: tuple[Site, str], tab: Tab
) -> None:
    site, id_ = proposed
    before = files(site.home)
    page = tab.open(site, f"/promotions?promotion={id_}")
    page.click("#open-approve")
    page.click("#decide-go")
    expect(page.locator("#decide-said")).to_contain_text("Please say: who, why, token")
    page.click("#decide-cancel")
    decide(page, "approve", "wrong")
    expect(page.locator("#decide-said")).to_contain_text("not the right one")
    assert files(site.home) == before
    page.fill("#decide-token", TOKEN)
    page.click("#decide-go")
    expect(page.locator("#decide-said")).to_contain_text("v3_5b_mut_0002 is approved")
    expect(page.locator("#decide-said")).to_contain_text("goes on as version")
    page.click("#decide-cancel")
    # The page behind follows by itself.
    expect(page.locator(".page-head")).to_contain_text("approved")
    expect(page.locator("#open-approve")).to_have_count(0)
    told = site.api.get(f"/api/promotions/{id_}").json()
    assert told["status"] == "approved"
    assert ("approved", "Ada", "it holds") in [
        (each["event"], each["who"], each["why"]) for each in told["history"]
    ]
    assert files(site.home) != before


def test_a_rejection_closes_the_proposal(proposed: tuple[Site, str], tab: Tab) -> None:
    site, id_ = proposed
    page = tab.open(site, f"/promotions?promotion={id_}")
    decide(page, "reject", TOKEN)
    expect(page.locator("#decide-said")).to_contain_text("v3_5b_mut_0002 is rejected")
    assert site.api.get(f"/api/promotions/{id_}").json()["status"] == "rejected"


def test_what_was_said_is_not_kept_for_the_next_decision(
    proposed: tuple[Site, str], tab: Tab
) -> None:
    site, id_ = proposed
    page = tab.open(site, f"/promotions?promotion={id_}")
    decide(page, "approve", "wrong")
    expect(page.locator("#decide-said")).to_contain_text("not the right one")
    page.click("#decide-cancel")
    page.click("#open-reject")
    expect(page.locator("#decide-go")).to_have_text("Reject")
    expect(page.locator("#decide-said")).to_be_empty()


def test_while_the_server_decides_the_dialog_says_so_and_takes_no_second_click(
    proposed: tuple[Site, str], tab: Tab
) -> None:
    site, id_ = proposed
    page = tab.open(site, f"/promotions?promotion={id_}")
    decide(page, "reject", "wrong")
    expect(page.locator("#decide-said")).to_contain_text("not the right one")
    held: list[Route] = []
    # Playwright marks the function that it is given; a list's method takes no mark.
    page.route("**/api/promotions/*/reject", lambda route: held.append(route))  # noqa: PLW0108
    page.fill("#decide-token", TOKEN)
    page.click("#decide-go")
    expect(page.locator("#decide-said")).to_have_text("Checking everything anew, then writing…")
    expect(page.locator("#decide-go")).to_be_disabled()
    (route,) = held
    route.continue_()
    expect(page.locator("#decide-said")).to_contain_text("v3_5b_mut_0002 is rejected")


def test_without_a_token_the_page_says_how_to_decide(shown_home: Home, tab: Tab) -> None:
    site = Site(shown_home, api_token=None)
    try:
        page = tab.open(site, "/promotions?promotion=v3_5b_mut_0001_20250122")
        expect(page.locator("#open-approve")).to_be_disabled()
        expect(page.locator(".note").first).to_contain_text("JUTSU_API_TOKEN")
        expect(page.locator(".note").first).to_contain_text("jutsu promotions approve")
    finally:
        site.stop()
