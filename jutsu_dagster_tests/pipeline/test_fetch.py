"""Bars fetched without Dagster are checked all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd
import pytest

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.fetch import fetch_days
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster_tests.homes import Home

_TODAY = date(2014, 2, 1)
_DAY = date(2014, 1, 2)


class _Late(SampleMarket):
    """A vendor who has not delivered one symbol's bar yet."""

    def bars(self, symbols: Sequence[str], first: date, last: date) -> pd.DataFrame:
        rows = super().bars(symbols, first, last)
        return rows[rows["symbol"] != "TLT"].reset_index(drop=True)


def test_a_session_without_a_bar_is_not_traded_on(home: Home) -> None:
    source = _Late(_TODAY)
    with pytest.raises(DataError, match="TLT") as caught:
        fetch_days(source, home.store, source.symbols, _DAY, _DAY)
    assert "nothing is traded on bars that fail their checks" in str(caught.value)
    complete = SampleMarket(_TODAY)
    fetch_days(complete, home.store, complete.symbols, _DAY, _DAY)
    assert len(home.store.rows(ETF_DAILY, None, _DAY, _DAY)) == len(complete.symbols)


def test_a_range_from_before_the_source_starts_where_the_source_does(home: Home) -> None:
    source = SampleMarket(_TODAY)
    report = fetch_days(source, home.store, source.symbols, date(2008, 1, 1), date(2008, 9, 12))
    assert report.first_bar == source.listings(["QQQ"])["QQQ"].first
