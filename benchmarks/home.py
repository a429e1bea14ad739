"""How long Home takes from navigation to its cards with numbers, each time in a new browser.

    .venv/bin/jutsu up &
    python benchmarks/home.py [--url URL] [--times N]

Nothing is cached in the browser; the server has answered once before.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence

from jutsu_dagster_tests.dashboard.browser import chromium

_MOST = 1.5
# Equity, day, since start and drawdown of each card stand there as numbers.
_SHOWN = """() => {
  const cards = [...document.querySelectorAll('#content .card.strategy')];
  return cards.length > 0 && cards.every((card) =>
    [...card.querySelectorAll('[data-from]')].filter(
      (each) => /[0-9]/.test(each.innerText)).length >= 4); }"""


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and fail where the median is beyond what was promised."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000/")
    parser.add_argument("--times", type=int, default=10)
    options = parser.parse_args(argv)
    with chromium() as browser:
        found = []
        for _ in range(options.times + 1):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            begun = time.monotonic()
            page.goto(options.url, wait_until="commit")
            page.wait_for_function(_SHOWN)
            found.append(time.monotonic() - begun)
            context.close()
    _, *counted = found
    print(
        f"Home: {statistics.median(counted):.2f} s ({min(counted):.2f} to {max(counted):.2f}),"
        f" at most {_MOST}; the first {found[0]:.2f}"
    )
    return int(statistics.median(counted) > _MOST)


if __name__ == "__main__":
    sys.exit(main())
