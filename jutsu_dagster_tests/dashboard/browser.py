"""The browser that the tests drive: Debian's Chromium, found or named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMED = "JUTSU_TEST_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Return a Chromium's path; a machine without one fails the tests, and is told what to do."""
    named = os.environ.get(NAMED)
    found = named or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        message = f"no Chromium: run scripts/setup dev, which installs it, or name one in {NAMED}"
        raise RuntimeError(message)
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a Chromium without a window."""
    with sync_playwright() as playwright:
        # In a container, and as root, Chromium's own sandbox cannot be had.
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), chromium_sandbox=False
        )
        yield browser
        browser.close()
