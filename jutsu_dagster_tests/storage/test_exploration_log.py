"""Accounts that count fractions, in either database: many chains at once, each on its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage import exploration_write as write
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.storage.ledger import Ledger

FIRST = date(2025, 1, 1)
FAMILY = AccountKey("ETH_main", "shadow")
LONG_REGIME = "cell 3 (" + "x" * 60 + ")"


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    ledger = Ledger(ledger_url)
    yield ledger.engine
    ledger.close()


def record(id_: str, day: int, *, mode: str = "shadow", track: str = "") -> DayRecord:
    """Return a day that follows from the one before it; day 0 opens the account."""
    account = AccountKey(id_, mode)  # type: ignore[arg-type]
    opened = {
        "ts": f"2025-01-{day + 1:02d}T00:15:00Z", "type": "open", "symbol": "ETHUSDT",
        "variant_id": id_, "dir": -1, "entry_px": 100.0, "regime": LONG_REGIME, "conf": 0.7,
        "mutated_threshold": 0.68,
    }  # fmt: skip
    closed = {
        "ts": f"2025-01-{day + 1:02d}T03:00:00Z", "type": "close", "symbol": "ETHUSDT",
        "variant_id": id_, "dir": -1, "entry_px": 100.0, "exit_px": 99.0, "pct": 0.0086,
        "gross_pct": 0.01, "exit_reason": "timeout", "regime": LONG_REGIME, "bars_open": 10,
    }  # fmt: skip
    stats = {"exp_trades": day + 1, "exp_pf": None, "total_pnl": 0.1 + 0.2 * day,
             "wins": day + 1, "losses": 0}  # fmt: skip
    return DayRecord(
        account=account, track=track, parent_id="ETH_main", day=FIRST + timedelta(days=day),
        opens=day == 0, opening_hash=f"{id_}{track}{day}", closing_hash=f"{id_}{track}{day + 1}",
        state={"total_pnl": 0.1 + 0.2 * day}, stats=stats, gross_pnl=0.01, position_dir=0,
        symbol="ETHUSDT", bars=96, trades=[opened, closed], initial_capital=1e4, equity=1.1e4,
        peak=1.2e4, last_close=99.0, parameter_hash="p", data_version="crypto_15m@3",
        data_hash="d", code_version="c", lines=b"12", trades_size=2 * (day + 1),
    )  # fmt: skip


def test_what_is_added_is_read_back_to_the_bit(engine: Engine) -> None:
    made = [record(id_, day) for id_ in ("a", "b") for day in range(3)]
    assert write.append(engine, FAMILY, made) == {}
    heads = log.latest(engine, "shadow", ["a", "b", "c"])
    assert {id_: head.day for id_, head in heads.items()} == dict.fromkeys("ab", date(2025, 1, 3))
    assert heads["a"].state == {"total_pnl": 0.1 + 0.2 * 2}
    assert (heads["a"].trades_size, heads["a"].closing_hash) == (6, "a3")
    assert log.latest(engine, "shadow", ["a"], before=date(2025, 1, 3))["a"].closing_hash == "a2"
    assert set(log.recorded(engine, "shadow", ["a"], FIRST, date(2025, 1, 2))) == {
        ("a", FIRST), ("a", date(2025, 1, 2)),
    }  # fmt: skip
    days = log.days(engine, AccountKey("a", "shadow"))
    assert days["day_pnl"].tolist() == [0.0086] * 3
    assert days["exp_pf"].isna().all()
    trades = log.trades(engine, AccountKey("b", "shadow"), first=date(2025, 1, 2))
    assert trades["type"].tolist() == ["open", "close"] * 2
    assert trades["regime"].iloc[0] == LONG_REGIME
    standing = log.standing(engine, "ETH_main")
    assert standing["exp_trades"].tolist() == [3, 3]
    assert log.recorded_ids(engine) == {"a", "b"}
    assert len(log.summaries(engine, "shadow")) == 2


def test_a_chain_that_does_not_fit_is_left_out_whole_and_the_others_are_recorded(
    engine: Engine,
) -> None:
    write.append(engine, FAMILY, [record("a", 0), record("b", 0)])
    late = replace(record("a", 1), opening_hash="elsewhere")
    refused = write.append(engine, FAMILY, [late, record("a", 2), record("b", 1), record("c", 1)])
    assert set(refused) == {"a", "c"}
    assert "does not start where 2025-01-01 closed" in refused["a"]
    assert "is not opened yet" in refused["c"]
    stands = {id_: head.day for id_, head in log.latest(engine, "shadow", ["a", "b", "c"]).items()}
    assert stands == {"a": FIRST, "b": date(2025, 1, 2)}


def test_the_same_again_changes_nothing_and_other_numbers_are_refused(engine: Engine) -> None:
    made = [record("a", 0), record("a", 1)]
    write.append(engine, FAMILY, made)
    before = log.days(engine, AccountKey("a", "shadow"))
    assert write.append(engine, FAMILY, made) == {}
    other = [replace(made[1], closing_hash="other")]
    assert "is recorded up to 2025-01-02" in write.append(engine, FAMILY, other)["a"]
    assert log.days(engine, AccountKey("a", "shadow")).equals(before)


def test_controls_of_one_parent_are_told_apart_by_their_track(engine: Engine) -> None:
    for track in ("one", "two"):
        control = record("ETH_main", 0, mode="control", track=track)
        assert write.append(engine, FAMILY, [control]) == {}
    found = log.latest(engine, "control", ["ETH_main"], track="two")
    assert found["ETH_main"].closing_hash == "ETH_maintwo1"
    assert len(log.summaries(engine, "control")) == 2


def test_only_a_backtest_is_ever_replaced(engine: Engine) -> None:
    key = AccountKey("ETH_main", "backtest")
    last = date(2025, 12, 31)
    made = [record("ETH_main", day, mode="backtest") for day in range(4)]
    write.replace(engine, key, FIRST, last, made)
    write.replace(engine, key, FIRST, last, made[:2])
    assert len(log.days(engine, key)) == 2
    assert len(log.trades(engine, key)) == 4
    with pytest.raises(LedgerError, match="only ever added to"):
        write.replace(engine, FAMILY, FIRST, last, [])
