"""What the views say is what the ledger holds, number by number."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.core.metrics import equity_metrics
from jutsu_dagster.core.stake_metrics import stake_metrics
from jutsu_dagster.pipeline.nights import SUMMARY
from jutsu_dagster.pipeline.research.artefacts import partition_path
from jutsu_dagster.pipeline.views import (
    backtests,
    comparing,
    nightly,
    performance,
    promotions,
    status,
    strategies,
    trades,
    variant_pages,
    variants,
)
from jutsu_dagster.pipeline.views.accounts import ShownMode
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.storage import exploration_log, promotion_log
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import IDS

MODES: tuple[ShownMode, ...] = ("paper", "backtest")


def rows_of(home: Home, id_: str, mode: Mode) -> dict[str, Any]:
    """Return equity, drawdown, capital and sessions of an account, straight from the ledger."""
    key = AccountKey(id_, mode)
    if id_ == "ETH_main":
        frame = exploration_log.days(home.ledger.engine, key)
        capital = float(frame["initial_capital"].iloc[0])
        equity, day = frame["equity"].to_numpy(), frame["day"]
    else:
        frame = home.ledger.snapshots(key)
        last = home.ledger.latest_checkpoint(key)
        assert last is not None
        capital = last.closing.initial_capital
        equity, day = frame["total_equity"].to_numpy(), frame["session"]
    return {
        "equity": equity,
        "drawdown": frame["drawdown"].to_numpy(),
        "capital": capital,
        "days": [f"{each:%Y-%m-%d}" for each in day],
        "sessions": day.to_numpy().astype("datetime64[D]"),
        "frame": frame,
    }


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("id_", IDS)
def test_curves_are_the_ledgers(shown: Home, desk: ReadDesk, id_: str, mode: ShownMode) -> None:
    ledger = rows_of(shown, id_, mode)
    curve = performance.equity_curve(desk, id_, mode)
    fall = performance.drawdown(desk, id_, mode)
    assert [row["time"] for row in curve["data"]] == ledger["days"]
    assert [row["value"] for row in curve["data"]] == ledger["equity"].tolist()
    assert [row["drawdown"] for row in fall["data"]] == (100.0 * ledger["drawdown"]).tolist()
    assert curve["initial_capital"] == ledger["capital"]
    assert fall["deepest"]["drawdown"] == 100.0 * ledger["drawdown"].min()
    cumulative = [row["cumulative_return"] for row in curve["data"]]
    np.testing.assert_allclose(
        cumulative, 100.0 * (ledger["equity"] / ledger["capital"] - 1.0), atol=1e-9
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("id_", IDS)
def test_metrics_are_those_of_the_core(
    shown: Home, desk: ReadDesk, id_: str, mode: ShownMode
) -> None:
    ledger = rows_of(shown, id_, mode)
    if id_ == "ETH_main":
        own = stake_metrics(ledger["equity"], ledger["capital"])
    else:
        own = equity_metrics(ledger["equity"], ledger["sessions"], ledger["capital"])
    found = performance.performance(desk, id_, mode)["metrics"]
    for name in ("total_return", "cagr", "volatility", "max_drawdown"):
        assert found[name] == (None if own[name] is None else 100.0 * own[name])
    for name in ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "final_equity", "sessions"):
        assert found[name] == own[name]


@pytest.mark.parametrize("mode", MODES)
def test_orders_are_the_ledgers_whatever_the_page(
    shown: Home, desk: ReadDesk, mode: ShownMode
) -> None:
    wanted = trades.TradeFilter(mode=mode)
    pages, page = [], 1
    while True:
        found = trades.trades(desk, wanted, page, 7)
        pages += found["trades"]
        if page >= found["total_pages"]:
            break
        page += 1
    assert len(pages) == found["total"] > 0
    expected = 0
    for id_ in IDS:
        mine = [row for row in reversed(pages) if row["strategy_id"] == id_]
        key = AccountKey(id_, mode)
        if id_ == "ETH_main":
            frame = exploration_log.trades(shown.ledger.engine, key)
            result = [None if np.isnan(each) else 100.0 * each for each in frame["pct"]]
            assert [row["result"] for row in mine] == result
            price = np.where(frame["type"] == "open", frame["entry_px"], frame["exit_px"])
            assert [row["fill_price"] for row in mine] == price.tolist()
        else:
            frame = shown.ledger.trades(key)
            assert [row["shares"] for row in mine] == frame["shares"].tolist()
            assert [row["fill_price"] for row in mine] == frame["fill_price"].tolist()
            assert [row["side"] for row in mine] == frame["side"].tolist()
        expected += len(frame)
    assert expected == len(pages)


def test_the_csv_holds_every_order_once(desk: ReadDesk) -> None:
    wanted = trades.TradeFilter(mode="backtest")
    text = "".join(trades.trades_csv(desk, wanted))
    header, *lines = text.splitlines()
    assert header == ",".join(trades.COLUMNS)
    assert len(lines) == trades.trades(desk, wanted)["total"]


@pytest.mark.parametrize("id_", IDS)
def test_status_is_where_the_account_stands(shown: Home, desk: ReadDesk, id_: str) -> None:
    row = status.strategy_status(desk)[id_]
    ledger = rows_of(shown, id_, "paper")
    assert row["equity"] == float(ledger["equity"][-1])
    assert row["drawdown"] == 100.0 * ledger["drawdown"][-1]
    assert row["session"] == ledger["days"][-1]
    before = ledger["equity"][-2]
    change = ledger["equity"][-1] - before
    base = ledger["capital"] if id_ == "ETH_main" else before
    assert row["daily_return"] == pytest.approx(100.0 * change / base, abs=1e-9)
    listed = {each["id"]: each for each in strategies.strategy_list(desk)["strategies"]}
    assert listed[id_]["current_equity"] == row["equity"]
    state = strategies.strategy_state(desk, id_)["state"]
    assert state["account_equity"] == row["equity"]
    assert state["last_run"] == row["last_run"] == listed[id_]["last_run"]


def test_a_comparison_repeats_the_metrics_of_the_same_range(desk: ReadDesk) -> None:
    found = comparing.compare(desk, ["v3_5b", "v3_5d"], "backtest")
    whole = backtests.backtest_data(desk, "v3_5b")["summary"]
    column = found["comparison"]["strategies"]["v3_5b"]
    for name in comparing.METRICS:
        assert column[name] == whole[name] == found["details"]["v3_5b"]["metrics"][name]
    second = found["comparison"]["strategies"]["v3_5d"]
    assert found["comparison"]["differences"] == {
        name: second[name] - column[name] for name in comparing.METRICS
    }


def test_variants_are_the_ledgers(shown: Home, desk: ReadDesk) -> None:
    listed = variants.variant_list(desk)["variants"]
    assert len(listed) == 5
    for row in listed:
        frame = exploration_log.days(shown.ledger.engine, AccountKey(row["id"], "shadow"))
        assert row["equity"] == float(frame["equity"].iloc[-1])
        assert row["trades"] == int(frame["exp_trades"].iloc[-1])
        assert row["total_pnl"] == 100.0 * float(frame["total_pnl"].iloc[-1])
        assert row["days"] == len(frame)
        capital = float(frame["initial_capital"].iloc[0])
        if row["parent_id"] == "ETH_main":
            own = stake_metrics(frame["equity"].to_numpy(), capital)
        else:
            days = frame["day"].to_numpy().astype("datetime64[D]")
            own = equity_metrics(frame["equity"].to_numpy(), days, capital)
        assert row["max_drawdown"] == 100.0 * own["max_drawdown"]
        assert row["sharpe_ratio"] == own["sharpe_ratio"]
        page = variant_pages.variant_detail(desk, row["id"])
        assert [each["value"] for each in page["equity"]] == frame["equity"].tolist()
        file = shown.path / "reports" / "variant" / f"{row['id']}_summary.json"
        assert page["summary"] == json.loads(file.read_text())
        bought = exploration_log.trades(shown.ledger.engine, AccountKey(row["id"], "shadow"))
        assert page["total_trades"] == len(bought)


def test_a_proposal_is_the_ledgers_and_a_night_its_file(shown: Home, desk: ReadDesk) -> None:
    (listed,) = promotions.promotion_list(desk)["promotions"]
    row = promotion_log.proposal(shown.ledger.engine, listed["id"])
    assert row is not None
    evidence, page = row.document["evidence"], promotions.promotion_detail(desk, row.id)
    assert {each["name"]: each["value"] for each in page["numbers"]} == {
        name: each["value"] for name, each in evidence["numbers"].items()
    }
    names = ("name", "passed", "value", "threshold", "why")
    assert [{name: gate[name] for name in names} for gate in page["gates_told"]] == [
        {name: gate[name] for name in names} for gate in evidence["gates"]
    ]
    assert page["curves"] == row.document["curves"]
    assert page["window"] == row.document["window"]
    assert page["gates_held"] == sum(gate["passed"] for gate in evidence["gates"])
    night = nightly.nightly(desk)
    file = partition_path(shown.path, SUMMARY, date.fromisoformat(night["date"]))
    assert night["summary"] == json.loads(file.read_text())
