from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from jutsu_dagster_tests.dashboard.browser import chromium
from jutsu_dagster_tests.dashboard.site import Site
from jutsu_dagster_tests.homes import Home

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
_PATIENCE = 15_000
_DRAWN = """() => !document.querySelector('[data-dash-is-loading]')
  && [...document.querySelectorAll('#content .dash-graph')].every(
    (figure) => figure.querySelector('.main-svg'))"""


# Playwright keeps an event loop running in this thread; a Dagster run beside it cannot end its own.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for these tests, gone before any others of this process."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def shown_site(filled_shown: Path) -> Iterator[Site]:
    """The project with something of everything; only to be read."""
    site = Site(Home(filled_shown), webserver_url="http://127.0.0.1:9")
    yield site
    site.stop()


@pytest.fixture
def own_site(shown_home: Home) -> Iterator[Site]:
    """A copy of it that the test may spoil."""
    site = Site(shown_home)
    yield site
    site.stop()


class Tab:
    """A page of the browser that keeps what went wrong on it.

    Attributes
    ----------
    faults : list of str
        Errors that its console said, and requests to anywhere but the site.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(_PATIENCE)
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", self._said)
        self.page.on("request", self._requested)

    def open(self, site: Site, path: str) -> Page:
        """Go to a page and wait until it is drawn."""
        self._site = site
        self.page.goto(site.url + path)
        self.drawn()
        return self.page

    def drawn(self) -> None:
        """Wait until a page stands there and nothing is being drawn."""
        self.page.wait_for_selector("#content .page-head, #content .empty")
        self.page.wait_for_function(_DRAWN)

    def _said(self, message: Any) -> None:
        # A refusal of the API is an answer; the browser logs it as an error of its own.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _requested(self, request: Any) -> None:
        site = getattr(self, "_site", None)
        if site is not None and not request.url.startswith((site.url, "data:", "blob:")):
            self.faults.append(f"asked {request.url}")


@pytest.fixture(scope="package")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A desktop that has read the scripts before: to parse them anew takes most of a test."""
    opened = browser.new_context(viewport=DESKTOP, accept_downloads=True)  # type: ignore[arg-type]
    yield opened
    opened.close()


@pytest.fixture
def tab(context: BrowserContext) -> Iterator[Tab]:
    """A tab of a browser that remembers no visit; nothing may go wrong in it."""
    found = Tab(context)
    yield found
    for page in context.pages:
        page.evaluate("location.protocol.startsWith('http') && localStorage.clear()")
        page.close()
    context.clear_cookies()
    assert found.faults == []
