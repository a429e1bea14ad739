"""Backtest years of directional strategies: chained years, and the same trades as on paper."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import DataError, LedgerError
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.compare import account_result
from jutsu_dagster.pipeline.directional_paper import trade_days
from jutsu_dagster.pipeline.ingest import CRYPTO_15M, ingest_range
from jutsu_dagster.pipeline.outdated import outdated_years
from jutsu_dagster.pipeline.year_report import Curve, YearReport
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.sources.sample_crypto import SampleCrypto
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.exploration_accounts import curve, span
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home

BACKTEST = AccountKey("ETH_main", "backtest")
COINS = SampleCrypto(COIN_DAYS[1] + timedelta(days=1)).symbols


def run(
    home: Home, wanted: Sequence[int], config: StrategyConfig | None = None
) -> list[YearReport]:
    config = config or home.config("ETH_main")
    return list(run_years(config, home.store, home.ledger, wanted))


def account(home: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all that is recorded of the account; when and from which version aside."""
    aside = ["recorded_at", "data_version"]
    days = log.days(home.ledger.engine, BACKTEST).drop(columns=aside)
    return days, log.trades(home.ledger.engine, BACKTEST).drop(columns="data_version")


def assert_recorded_same(
    one: tuple[pd.DataFrame, pd.DataFrame], other: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    for ours, theirs in zip(one, other, strict=True):
        assert len(ours)
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)


@pytest.fixture
def two_years(crypto_home: Home) -> Home:
    """The home with the last weeks of 2024 before its January; the backtest starts in them."""
    store = crypto_home.store
    source = SampleCrypto(COIN_DAYS[1] + timedelta(days=1))
    ingest_range(source, store, COINS, date(2024, 12, 1), date(2024, 12, 31), table=CRYPTO_15M)
    crypto_home.edit("ETH_main", lambda d: d["backtest"].update(start=date(2024, 12, 10)))
    return crypto_home


def test_backtest_and_paper_over_the_same_days_trade_alike(crypto_home: Home) -> None:
    config = crypto_home.config("ETH_main", **{"backtest.start": COIN_START})
    (report,) = run(crypto_home, [2025], config)
    list(trade_days(config, crypto_home.store, crypto_home.ledger, *(COIN_START, COIN_DAYS[1])))
    books = crypto_home.ledger.engine
    for read in (log.days, log.trades):
        one, other = (read(books, AccountKey("ETH_main", mode)) for mode in ("backtest", "paper"))
        aside = ["mode", "recorded_at"]
        pd.testing.assert_frame_equal(
            one.drop(columns=aside, errors="ignore"),
            other.drop(columns=aside, errors="ignore"),
            check_exact=True,
        )
    assert report.metrics["total_fills"] == len(log.trades(books, BACKTEST))


def test_years_one_by_one_and_a_range_are_the_same_account(two_years: Home) -> None:
    by_year = [*run(two_years, [2024]), *run(two_years, [2025])]
    one = account(two_years)
    at_once = run(two_years, [2024, 2025])
    assert_recorded_same(one, account(two_years))
    assert [r.content_hash for r in by_year] == [r.content_hash for r in at_once]
    assert [len(report.segment or ()) for report in at_once] == [22, 31]
    first, second = at_once
    assert second.opening_equity == first.metrics["final_equity"]
    assert second.opening_baseline == first.baseline[-1]
    assert first.baseline[0] == first.opening_equity == 10_000
    assert isinstance(second.segment, Curve)
    year = second.segment.from_stake
    assert year[-1] - 10_000 == pytest.approx(
        second.metrics["final_equity"] - second.opening_equity
    )
    total = sum(report.metrics["total_return"] for report in at_once)
    result = account_result(two_years.ledger, BACKTEST, 10_000.0, directional=True)
    assert result is not None
    assert result.metrics["total_return"] == pytest.approx(total, abs=1e-12)
    assert result.metrics["final_equity"] == second.metrics["final_equity"]
    trades = sum(each.long.trades + each.short.trades for r in at_once for each in r.balance)
    assert trades == result.trades["closed_trades"]


def test_a_year_needs_the_year_before_with_the_same_settings(two_years: Home) -> None:
    with pytest.raises(LedgerError, match="materialize 2024 first, from 2024"):
        run(two_years, [2025])
    run(two_years, [2024])
    other = two_years.config("ETH_main", exploration_cap=5)
    with pytest.raises(LedgerError, match="2024 was recorded with other settings"):
        run(two_years, [2025], other)
    assert span(two_years.ledger.engine, BACKTEST) == (date(2024, 12, 10), date(2024, 12, 31))


def test_a_market_that_begins_later_begins_the_account_later(crypto_home: Home) -> None:
    crypto_home.edit("ETH_main", lambda d: d["backtest"].update(start=date(2023, 5, 1)))
    reports = run(crypto_home, [2023, 2024, 2025])
    assert [report.segment is None for report in reports] == [True, True, False]
    said = (
        "starts on 2025-01-04, not on backtest.start (2023-05-01): crypto_15m has bars of ETHUSDT"
    )
    assert all(report.note.startswith(said) for report in reports)
    assert span(crypto_home.ledger.engine, BACKTEST) == (date(2025, 1, 4), COIN_DAYS[1])
    config = crypto_home.config("ETH_main")
    assert outdated_years(config, crypto_home.store, crypto_home.ledger, [2024, 2025]) == {}


def test_years_outside_are_named_and_removed(two_years: Home) -> None:
    run(two_years, [2024, 2025])
    two_years.edit("ETH_main", lambda d: d["backtest"].update(end=date(2024, 12, 20)))
    config = two_years.config("ETH_main")
    books = (config, two_years.store, two_years.ledger)
    assert outdated_years(*books, [2024]) == {
        2025: "after backtest.end (2024-12-20)", 2024: "its bars changed",
    }  # fmt: skip
    reports = run(two_years, [2023, 2024, 2025])
    assert [report.note for report in reports] == [
        "before backtest.start (2024-12-10)", "", "after backtest.end (2024-12-20)",
    ]  # fmt: skip
    assert span(two_years.ledger.engine, BACKTEST) == (date(2024, 12, 10), date(2024, 12, 20))
    assert outdated_years(*books, [2024]) == {}


def test_what_no_longer_stands_is_named_with_the_reason(two_years: Home) -> None:
    years = [2024, 2025]
    store, ledger = two_years.store, two_years.ledger

    def outdated(**overrides: object) -> dict[int, str]:
        return outdated_years(two_years.config("ETH_main", **overrides), store, ledger, years)

    assert outdated() == dict.fromkeys(years, "not recorded yet")
    run(two_years, years)
    assert outdated() == {}
    assert outdated(conf_min={"trend": 0.6, "chop": 0.6, "high_vol": 0.6}) == dict.fromkeys(
        years, "its settings changed"
    )
    # A bar of the warm-up, which no day of the account holds.
    day = date(2024, 12, 8)
    rows = store.rows(CRYPTO_15M, None, day, day)
    store.write(CRYPTO_15M, rows.assign(volume=rows["volume"] * 2), day, day, "sample")
    assert outdated() == {2024: "its bars changed", 2025: "2024 is computed anew"}
    # And one on which it traded, with another result.
    day = date(2024, 12, 30)
    rows = store.rows(CRYPTO_15M, None, day, day)
    prices = ["open", "high", "low", "close"]
    ramp = np.linspace(1.0, 1.1, len(rows))[:, None]
    store.write(CRYPTO_15M, rows.assign(**(rows[prices] * ramp)), day, day, "sample")
    run(two_years, [2024])
    assert outdated() == {2025: "2024 was computed anew"}
    result = account_result(ledger, BACKTEST, 10_000.0, directional=True)
    assert result is not None
    assert result.stale == ("2025",)


def test_a_part_of_its_life_is_shown_as_one_that_began_with_the_stake(two_years: Home) -> None:
    run(two_years, [2024, 2025])
    whole = account_result(two_years.ledger, BACKTEST, 10_000.0, directional=True)
    part = account_result(two_years.ledger, BACKTEST, 10_000.0, date(2025, 1, 1), directional=True)
    assert whole is not None
    assert part is not None
    assert len(part.sessions) == 31
    moved = whole.equity[-31:] - whole.equity[-32]
    np.testing.assert_allclose(part.equity, 10_000 + moved, rtol=0, atol=1e-9)
    assert part.baseline[-1] / 10_000 == pytest.approx(whole.baseline[-1] / whole.baseline[-32])


def test_without_bars_there_is_no_backtest(crypto_home: Home) -> None:
    late = crypto_home.config("ETH_main", **{"backtest.start": "2025-03-01"})
    with pytest.raises(DataError, match=r"nothing is left from backtest\.start"):
        run(crypto_home, [2025], late)
    other = crypto_home.config("ETH_main", symbol="DOGEUSDT")
    with pytest.raises(DataError, match="crypto_15m has no bars of DOGEUSDT; run `jutsu ingest`"):
        run(crypto_home, [2025], other)
    with pytest.raises(DataError, match="the market has no day of 2026; it ends on 2025-01-31"):
        run(crypto_home, [2025, 2026])
    assert len(curve(crypto_home.ledger.engine, BACKTEST)) == 28
