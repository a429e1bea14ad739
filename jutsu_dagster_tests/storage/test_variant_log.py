"""Variants as research judges them, summed by either database and cut at a day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.storage import exploration_write as write
from jutsu_dagster.storage import research_log, variant_log
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.ledger import Ledger

FIRST = date(2025, 1, 1)
DAY = timedelta(days=1)
IDS = [f"ETH_main_mut_{at:04d}" for at in range(1, 602)]


def record(id_: str, day: int, equity: float, mode: str = "shadow", track: str = "") -> DayRecord:
    ts = f"{FIRST + day * DAY}T03:00:00Z"
    close = {
        "ts": ts, "type": "close", "symbol": "ETHUSDT", "variant_id": id_, "dir": -1,
        "entry_px": 100.0, "exit_px": 99.0, "pct": 0.01, "gross_pct": 0.01,
        "exit_reason": "timeout", "regime": "chop", "bars_open": 10,
    }  # fmt: skip
    stats = {"exp_trades": day + 1, "exp_pf": None, "total_pnl": 0.1, "wins": 1, "losses": 0}
    return DayRecord(
        account=AccountKey(id_, mode), track=track,  # type: ignore[arg-type]
        parent_id="ETH_main", day=FIRST + day * DAY, opens=day == 0,
        opening_hash=f"{id_}{track}{day}", closing_hash=f"{id_}{track}{day + 1}", state={},
        stats=stats, gross_pnl=0.01, position_dir=0, symbol="ETHUSDT", bars=96, trades=[close],
        initial_capital=1e4, equity=equity, peak=max(1e4, equity, 1.2e4 if day else 0.0),
        last_close=99.0, parameter_hash="p", data_version="crypto_15m@3", data_hash="d",
        code_version="c",
    )  # fmt: skip


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """601 variants, a control and a paper account: three days, up to 12,000 and down again."""
    for id_, mode, track in [
        *((id_, "shadow", "") for id_ in IDS),
        ("ETH_main", "control", "t"),
        ("ETH_main", "paper", ""),
    ]:
        days = [record(id_, day, equity, mode, track)
                for day, equity in enumerate((1.2e4, 9e3, 1.1e4))]  # fmt: skip
        if id_ in {IDS[0], IDS[-1], "ETH_main"}:
            assert write.append(ledger.engine, AccountKey("ETH_main", "shadow"), days) == {}
    return ledger


def test_a_record_is_where_a_variant_stood_on_the_day(filled: Ledger) -> None:
    found = variant_log.records(filled.engine, IDS, FIRST + DAY)
    assert set(found) == {IDS[0], IDS[-1]}
    assert found[IDS[0]] == variant_log.Record(FIRST, FIRST + DAY, 2, 9e3, 1e4)
    assert variant_log.records(filled.engine, IDS, FIRST - DAY) == {}


def test_a_fall_is_the_deepest_up_to_the_day(filled: Ledger) -> None:
    assert variant_log.falls(filled.engine, IDS, FIRST)[IDS[0]] == variant_log.Fall(0.0, 0.0)
    fall = variant_log.falls(filled.engine, IDS, FIRST + 2 * DAY)[IDS[-1]]
    assert (fall.share, fall.stakes) == pytest.approx((0.25, 0.3))


def test_a_curve_is_of_one_account_alone(filled: Ledger) -> None:
    days = variant_log.curve(filled.engine, "ETH_main", "control", "t", FIRST + DAY)
    assert [(one.day, one.equity) for one in days] == [(FIRST, 1.2e4), (FIRST + DAY, 9e3)]
    assert variant_log.curve(filled.engine, "ETH_main", "control", "u", FIRST) == []


def test_paper_accounts_are_told_apart_from_variants(filled: Ledger) -> None:
    reached = research_log.reaches(filled.engine, ["ETH_main", IDS[0]], FIRST + DAY)
    assert reached == {"ETH_main": research_log.Reach(FIRST, FIRST + DAY, 192)}
    rows = research_log.directional_trades(filled.engine, ["ETH_main", IDS[0]], FIRST + DAY)
    assert [(row["strategy_id"], row["ts"]) for row in rows] == [
        ("ETH_main", "2025-01-01T03:00:00Z"), ("ETH_main", "2025-01-02T03:00:00Z")
    ]  # fmt: skip
