"""The versions that results name: the same, whether or not a writer was ever cut short."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from jutsu_dagster.storage import market
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.market_rows import rows_of

YEAR = rows_of(("QQQ",), date(2015, 1, 1), date(2015, 2, 27))
DAYS = [moment.date() for moment in YEAR["date"]]
# Before any of the write, between compaction and write, after the commit.
CUTS = ("compact", "write", "done")


class CutError(BaseException):
    """The end of a process, as far as the store can tell."""


@contextmanager
def cut(monkeypatch: pytest.MonkeyPatch, where: str) -> Iterator[None]:
    """Let the next write end at a point."""

    def stop(*_args: object, **_options: object) -> None:
        raise CutError

    with monkeypatch.context() as patched:
        if where == "compact":
            patched.setattr(MarketStore, "_compact", stop)
        elif where == "write":
            patched.setattr(market, "write_deltalake", stop)
        yield


def ingest(store: MarketStore, day: date) -> int:
    rows = YEAR[YEAR["date"] == pd.Timestamp(day)]
    return store.write("etf", rows, day, day, "frame")


def test_cut_writes_give_the_same_sequence_of_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = MarketStore(tmp_path / "whole"), MarketStore(tmp_path / "broken")
    expected = [ingest(whole, day) for day in DAYS]
    # Not one version a day: some nights compact as well.
    assert 1 <= expected[-1] - expected[0] - len(DAYS) + 1 <= 2
    found = []
    for number, day in enumerate(DAYS):
        for where in CUTS[number % 3 :]:
            with cut(monkeypatch, where):
                if where == "done":
                    ingest(broken, day)
                    continue
                with pytest.raises(CutError):
                    ingest(broken, day)
        found.append(ingest(broken, day))
    assert found == expected
    for version in (expected[0], expected[30], expected[-1]):
        pd.testing.assert_frame_equal(
            broken.rows("etf", version=version), whole.rows("etf", version=version)
        )
