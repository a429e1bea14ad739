"""Every number of a page, and where it says that it is from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from playwright.sync_api import Page

from jutsu_dagster.dashboard.formats import Kind, shown
from jutsu_dagster_tests.dashboard.site import Site

_NUMBERS = """() => [...document.querySelectorAll('#content [data-from]')].map(
  (each) => [each.dataset.from, each.dataset.kind, each.textContent])"""
# Text outside numbers, code, addresses and explanations.
_OTHER_TEXT = """() => {
  const found = [], skipped = '[data-from], code, pre, time, .why, .clip, .note, svg, .ag-root,'
    + ' .faint[title], .gates td:last-child';
  const walk = document.createTreeWalker(document.querySelector('#content'), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest(skipped)) { found.push(walk.currentNode.data); }
  }
  return found; }"""
# Names such as v3.5b are none.
_MEASURED = re.compile(r"(?<![A-Za-z\d.])\d[\d,]*\.\d|\d\s*(?:%|pp)")


_HOLDS: dict[str, Callable[[Any], bool]] = {
    "": bool,
    " > 0": lambda value: value is not None and value > 0,
    " known": lambda value: value is not None,
}


@dataclass(frozen=True)
class Number:
    """One number of a page.

    Attributes
    ----------
    url, path : str
        The question, and where in its answer.
    kind : Kind
    text : str
        As it stands there.
    """

    url: str
    path: str
    kind: Kind
    text: str


def numbers(page: Page) -> list[Number]:
    """Return all numbers of the page that is open."""
    found = []
    for source, kind, text in page.evaluate(_NUMBERS):
        url, _, path = source.partition("#")
        found.append(Number(url, path, cast("Kind", kind), text))
    return found


def unsourced(page: Page) -> list[str]:
    """Return texts with a measured number in them that does not say where it is from."""
    return [text for text in page.evaluate(_OTHER_TEXT) if _MEASURED.search(text)]


class Answers:
    """The API's answers, each asked once."""

    def __init__(self, site: Site) -> None:
        self._ask = cache(self._asked)
        self._site = site

    def body(self, url: str) -> Any:
        """Return the answer to a question."""
        return self._ask(url)

    def expected(self, number: Number) -> str:
        """Return a number as it must stand on its page."""
        body = self.body(number.url)
        counted = re.fullmatch(r"count\((\w+)/(\w+)( > 0| known)?\)", number.path)
        if counted:
            rows, name, how = counted.groups()
            holds = _HOLDS[how or ""]
            return shown(sum(holds(row[name]) for row in body[rows]), number.kind)
        values = [_at(body, path) for path in number.path.split(" - ")]
        if len(values) == 1:
            return shown(values[0], number.kind)
        one, other = values
        return shown(None if one is None or other is None else one - other, number.kind)

    def _asked(self, url: str) -> Any:
        answer = self._site.api.get(url)
        assert answer.status_code == 200, (url, answer.text)
        return answer.json()


def _at(body: Any, path: str) -> Any:
    for part in path.split("/"):
        body = body[int(part)] if isinstance(body, list) else body[part]
    return body
