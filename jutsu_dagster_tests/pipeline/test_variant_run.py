"""Variants night by night: one account each, added once, whatever becomes of the others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.directional_paper import trade_days
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.pipeline.variant_books import MADE, Variants

DAY = timedelta(days=1)
FIRST, LAST = date(2025, 1, 6), date(2025, 1, 10)
ONE = "ETH_main_mut_0001"
MUTATIONS: tuple[dict[str, object], ...] = (
    {"conf_min_delta": -0.02, "exploration_cap_delta": 1},
    {"max_bars_open_delta": -4},
    {"signal_window_delta": 20},
)


@pytest.fixture
def three(crypto_home: Home) -> Variants:
    """Three variants that have not traded yet."""
    variants = Variants(crypto_home)
    variants.make(*MUTATIONS)
    return variants


def statuses(run: Any) -> list[str]:
    assert run.error is None
    return [day.status for day in run.days]


def test_a_range_at_once_is_night_by_night(three: Variants) -> None:
    for offset in range(5):
        three.run(FIRST + offset * DAY)
    rows, files = three.rows(), three.files()
    assert len(rows["exploration_days"]) == 4 * 5
    assert {row["dir"] for row in rows["exploration_trades"]} == {-1, 1}
    assert len(files) == 6
    three.forget()
    three.run(FIRST, LAST)
    assert three.rows() == rows
    assert three.files() == files


def test_a_repeat_changes_nothing_and_compares(three: Variants) -> None:
    three.run(FIRST, LAST)
    with three.home.ledger.engine.connect() as connection:
        before = connection.execute(log.DAYS.select()).all()
    folder = three.home.path / "reports" / "variant"
    stats = {path.name: path.stat() for path in folder.iterdir()}
    again = three.run(FIRST + DAY, LAST)
    assert [statuses(run) for run in again.values()] == [["verified"] * 4] * 3
    with three.home.ledger.engine.connect() as connection:
        assert connection.execute(log.DAYS.select()).all() == before
    after = {path.name: path.stat() for path in folder.iterdir()}
    assert {name: (one.st_ino, one.st_mtime_ns) for name, one in after.items()} == {
        name: (one.st_ino, one.st_mtime_ns) for name, one in stats.items()
    }


def test_a_day_before_the_variant_was_made_is_no_day_of_its(three: Variants) -> None:
    runs = three.run(MADE - DAY, FIRST)
    assert statuses(runs[ONE]) == ["before", "before", "recorded"]
    assert runs[ONE].days[0].note == "made too late for this day: it trades from 2025-01-06 on"
    assert [row["day"] for row in three.of(ONE)] == [FIRST]


def test_a_range_before_the_first_day_is_no_attempt(three: Variants) -> None:
    engine = three.home.ledger.engine
    three.run(MADE - DAY, MADE)
    assert journal.attempts(engine, "run", 10, mode="shadow").empty
    three.run(FIRST)
    noted = journal.attempts(engine, "run", 10, mode="shadow")
    assert sorted(noted["strategy_id"]) == sorted(one.id for one in three.shadows())


def test_a_gap_in_the_chain_names_its_range(three: Variants) -> None:
    gap = "starts from the day before it, which is not recorded; materialize"
    fresh = three.run(FIRST + 2 * DAY)[ONE].error
    assert fresh == (
        f"2025-01-08 {gap} 2025-01-06 to 2025-01-07 first (`jutsu variants run --from 2025-01-06`)"
    )
    three.run(FIRST)
    assert f"2025-01-09 {gap} 2025-01-07 to 2025-01-08" in str(
        three.run(date(2025, 1, 9))[ONE].error
    )
    assert len(three.of(ONE)) == 1


def test_a_market_that_lacks_a_day_keeps_what_was_before_it(three: Variants) -> None:
    with pytest.raises(DataError, match="has 0 of 96 bars of ETHUSDT on 2025-02-01"):
        three.run(FIRST, date(2025, 2, 1))
    assert len(three.of(ONE)) == 26


def test_one_retired_and_made_again_is_another(three: Variants) -> None:
    three.run(FIRST, LAST)
    old, files = three.of(ONE), three.files()
    retire(three.home.registry, three.home.path, [ONE], "enough", "2025-01-11T03:00:00Z")
    (new,) = three.make(MUTATIONS[0], again=True)
    assert new == "ETH_main_mut_0004"
    runs = three.run(FIRST, LAST + DAY)
    assert set(runs) == {"ETH_main_mut_0002", "ETH_main_mut_0003", new}
    assert statuses(runs[new]) == ["recorded"] * 6
    assert three.of(ONE) == old
    now = three.files()
    assert {name: now[name] for name in now if ONE in name} == {
        name: files[name] for name in files if ONE in name
    }
    # The same rules over the same bars: the same numbers, on an account of its own.
    same = [row["closing_hash"] for row in three.of(new)[:5]]
    assert same == [row["closing_hash"] for row in old]


def test_a_parent_that_changes_leaves_its_variants_as_they_are(three: Variants) -> None:
    three.run(FIRST, LAST)
    rows, files = three.rows(), three.files()
    three.forget()
    three.run(FIRST, FIRST + DAY)

    def change(document: dict[str, Any]) -> None:
        document["strategy"]["parameters"].update(max_bars_open=3, exploration_cap=9)

    three.home.edit("ETH_main", change)
    assert all(shadow.rebased for shadow in three.shadows())
    three.run(FIRST + 2 * DAY, LAST)
    assert three.rows() == rows
    assert three.files() == files


def test_files_are_views_of_the_ledger(three: Variants) -> None:
    three.run(FIRST, LAST)
    before = three.files()
    folder = three.home.path / "reports" / "variant"
    trades = [folder / f"ETH_main_mut_{n:04d}_trades.jsonl" for n in (1, 2, 3)]
    trades[0].write_bytes(trades[0].read_bytes()[:-20])
    trades[1].write_bytes(trades[1].read_bytes() + b'{"ts": "half')
    trades[2].unlink()
    (folder / f"{ONE}_summary.json").write_text("{}")
    three.run(LAST)
    assert three.files() == before
    trades[0].write_bytes(b"")
    three.run(LAST + DAY)
    assert all(path.read_bytes().startswith(before[path.name]) for path in trades)


def test_a_changed_bar_shows_as_a_difference_and_changes_nothing(three: Variants) -> None:
    three.run(FIRST, LAST)
    rows, files = three.rows(), three.files()
    day = date(2025, 1, 8)
    bars = three.home.store.rows(CRYPTO_15M, None, day, day)
    prices = ["open", "high", "low", "close"]
    bars[prices] = bars[prices] * np.linspace(1, 1.05, len(bars))[:, None]
    three.home.store.write(CRYPTO_15M, bars, day, day, "sample")
    run = three.run(FIRST, LAST)[ONE]
    # The next days start from what is recorded, and differ by the bars before them at most.
    assert statuses(run)[:3] == ["verified", "verified", "differs"]
    assert run.days[2].note.startswith("2025-01-08: recorded equity ")
    assert run.days[2].content_hash == three.of(ONE)[2]["closing_hash"]
    assert (three.rows(), three.files()) == (rows, files)


def test_two_runs_at_once_leave_one_record_a_day(three: Variants) -> None:
    three.run(FIRST, LAST)
    rows, files = three.rows(), three.files()
    three.forget()
    with ThreadPoolExecutor(4) as pool:
        found = [pool.submit(three.run, FIRST, LAST) for _ in range(4)]
    assert {run.error for each in found for run in each.result().values()} == {None}
    assert three.rows() == rows
    assert three.files() == files


def test_the_control_is_the_parent_itself_and_the_null_mutation(three: Variants) -> None:
    (shadow, *_) = three.shadows()
    assert shadow.mutated is not None
    assert shadow.base is not None
    null = replace(shadow, mutated=replace(shadow.mutated, strategy=shadow.base))
    three.run(FIRST, LAST, [null])
    list(
        trade_days(three.home.config("ETH_main"), three.home.store, three.home.ledger, FIRST, LAST)
    )
    control, variant = three.of("ETH_main", "control"), three.of(ONE)
    parent = three.of("ETH_main", "paper")
    assert control[0]["track"] == shadow.row.base_params_hash
    # The paper account's first day also vouches for the bars of its warm-up.
    own = ("strategy_id", "mode", "track", "trades_size", "parameter_hash", "data_hash")
    bare = [
        [{name: row[name] for name in row if name not in own} for row in rows]
        for rows in (control, variant, parent)
    ]
    assert bare[0] == bare[1] == bare[2]
    assert sum(row["entries"] for row in control) > 0
    for track, mode, id_ in (("", "shadow", ONE), (control[0]["track"], "control", "ETH_main")):
        key = AccountKey(id_, mode)  # type: ignore[arg-type]
        found = log.trades(three.home.ledger.engine, key, track=track)
        theirs = log.trades(three.home.ledger.engine, AccountKey("ETH_main", "paper"))
        shown = ["day", "sequence", "ts", "type", "dir", "entry_px", "exit_px", "pct", "regime"]
        pd.testing.assert_frame_equal(found[shown], theirs[shown], check_exact=True)
