"""The command line with both kinds of strategies."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.storage.exploration_accounts import span
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import COIN_DAYS, COIN_START, Home

FRIDAY, SUNDAY = date(2025, 1, 10), date(2025, 1, 12)
ETH = AccountKey("ETH_main", "paper")


@pytest.fixture
def coins(crypto_home: Home) -> Home:
    """The home with v3_5b's backtest over January 2025 alone, like the market."""
    crypto_home.edit("v3_5b", lambda document: document["backtest"].update(end=COIN_DAYS[1]))
    return crypto_home


@pytest.mark.usefixtures("coins")
def test_trade_brings_both_kinds_up_and_shows_them(jutsu: Jutsu) -> None:
    answer = jutsu("trade", "--to", SUNDAY, "--json")
    assert answer.code == 0, answer
    rows = {row["strategy_id"]: row for row in answer.json["accounts"]}
    assert (rows["v3_5b"]["session"], rows["ETH_main"]["session"]) == (str(FRIDAY), str(SUNDAY))
    eth = rows["ETH_main"]
    assert (eth["status"], eth["missing_sessions"]) == ("ok", 0)
    assert set(eth["positions"]) <= {"ETHUSDT"}
    assert eth["equity"] == pytest.approx(10_000 * (1 + eth["since_start"]))
    again = jutsu("trade", "--to", SUNDAY)
    assert again.code == 0, again
    assert f"every account is up to {SUNDAY}" in again.err
    assert "ETH_main" in again.out
    assert "synthetic (crypto_15m, etf_daily)" in again.err
    listed = jutsu("strategies", "list").out
    assert f"on paper up to {SUNDAY}" in listed
    assert jutsu("reproduce", "--strategy", "ETH_main", "--date", FRIDAY).code == 0


def test_trade_of_one_fetches_its_own_market_alone(coins: Home, jutsu: Jutsu) -> None:
    version = coins.store.version("etf_daily")
    answer = jutsu("trade", "--strategy", "ETH_main", "--to", COIN_START, "--json")
    assert answer.code == 0, answer
    assert [row["strategy_id"] for row in answer.json["accounts"]] == ["ETH_main"]
    assert coins.store.version("etf_daily") == version
    assert span(coins.ledger.engine, ETH) == (COIN_START, COIN_START)
    assert coins.ledger.checkpoints(AccountKey("v3_5b", "paper")) == []


@pytest.mark.usefixtures("coins")
def test_backtests_of_both_kinds_stand_side_by_side(jutsu: Jutsu) -> None:
    answer = jutsu("backtest", "--json")
    assert answer.code == 0, answer
    found = answer.json
    assert set(found["strategies"]) == {"v3_5b", "ETH_main"}
    balance = found["trades_by_regime"]["ETH_main"]
    trades = sum(side["trades"] for row in balance.values() for side in row.values())
    assert 0 < trades <= found["strategies"]["ETH_main"]["Trades"] / 2 + 1
    assert all(side["net"] < side["gross"] for row in balance.values() for side in row.values()
               if side["trades"])  # fmt: skip
    text = jutsu("backtest", "--strategy", "ETH_main")
    assert "ETH_main: 2025 to 2025 stand as recorded" in text.err
    assert "closed trades by regime of entry" in text.out
    assert "2025-01-04 to 2025-01-31, UTC days; every trade stakes the initial capital" in text.err
    part = jutsu("backtest", "--strategy", "ETH_main", "--start", "2025-01-20", "--json")
    assert part.json["strategies"]["ETH_main"]["Initial capital"] == 10_000


def test_a_market_that_begins_later_is_said(coins: Home, jutsu: Jutsu) -> None:
    def earlier(document: dict[str, Any]) -> None:
        document["backtest"].update(start=date(2024, 6, 1))

    coins.edit("ETH_main", earlier)
    answer = jutsu("backtest", "--strategy", "ETH_main")
    assert answer.code == 0, answer
    assert "starts on 2025-01-04, not on backtest.start (2024-06-01)" in answer.err


def test_what_is_of_files_or_weights_alone_is_refused_with_a_way(
    coins: Home, jutsu: Jutsu, tmp_path: Any
) -> None:
    file = coins.file("ETH_main")
    ad_hoc = ("--config", file, "--market", tmp_path / "no.csv", "--out", tmp_path / "out")
    (fault,) = jutsu("backtest", *ad_hoc).faults
    assert "decides the direction of one symbol" in fault
    assert f"`jutsu simulate --config {file} --candles FILE --out DIR`" in fault
    grid = tmp_path / "grid.yaml"
    grid.write_text("parameters:\n  exploration_cap: [1, 2]\n")
    out = ("--grid", grid, "--out", tmp_path / "sweep.parquet")
    (fault,) = jutsu("sweep", "--strategy", "ETH_main", *out).faults
    assert "sweeps are of strategies that decide weights" in fault
    assert "`jutsu simulate --mutations JSON`" in fault
    (fault,) = jutsu("export", "trades", "--strategy", "ETH_main").faults
    assert "holds no shares, which these files are about" in fault


def test_an_export_of_all_leaves_out_who_holds_no_shares(coins: Home, jutsu: Jutsu) -> None:
    assert jutsu("backtest", "--strategy", "v3_5b").code == 0
    answer = jutsu("export", "trades", "--out", coins.path / "out")
    assert answer.code == 0, answer
    assert "left out: ETH_main" in answer.err
    assert [path.name for path in (coins.path / "out").iterdir()] != []


def test_ingest_begins_with_what_the_strategies_read(coins: Home, jutsu: Jutsu) -> None:
    """Not with market_start, which is of the ETFs, nor before the source has a bar."""

    def earlier(document: dict[str, Any]) -> None:
        document["backtest"].update(start=date(2022, 6, 1))

    coins.edit("ETH_main", earlier)
    coins.edit_registry(lambda document: document["settings"].update(market_start=date(2022, 1, 1)))
    answer = jutsu("ingest", "--to", "2023-08-10")
    assert answer.code == 0, answer
    assert "sample starts on 2023-01-01; the strategies would read from 2022-05-29 on" in answer.err
    assert "crypto_15m: 222 days ingested; sample, 2023-01-01 to 2023-08-10" in answer.err


def test_the_doctor_sees_both_markets_and_accounts(coins: Home, jutsu: Jutsu) -> None:
    assert jutsu("trade", "--to", COIN_START).code == 0
    found = {check["name"]: check for check in jutsu("doctor", "--json").json}
    assert f"ETH_main: last session {COIN_START}" in found["paper"]["detail"]
    assert found["state"]["status"] == "ok"
    path = coins.path / "state" / "strategies" / "ETH_main" / "state.json"
    path.write_text(
        path.read_text().replace('"current_positions": {', '"current_positions": {"X": 1')
    )
    found = {check["name"]: check for check in jutsu("doctor", "--json").json}
    assert found["state"]["status"] == "warn"
