"""Trials: every parameter set ever tried for a parent counts, once, dead ones too."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.grid import Grid
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.research.trials import note_variants, trial_sharpes
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.pipeline.shadow_registry import create
from jutsu_dagster.pipeline.shadow_retire import retire
from jutsu_dagster.pipeline.sweeps import run_sweep, trials_of
from jutsu_dagster.registry.shadow_create import Making
from jutsu_dagster.storage import evidence_log
from jutsu_dagster.storage.exploration_accounts import curve, curves
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster_tests.homes import YEARS, Home
from jutsu_dagster_tests.pipeline.research_evidence.families import (
    FIRST,
    LAST,
    ONE,
    THREE,
    TWO,
    YOUNG,
    Families,
)

MIDDLE = date(2025, 2, 10)
DAY = timedelta(days=1)


def note(families: Families, day: date = LAST) -> int:
    ledger = families.home.ledger
    standings = evidence_log.standings(ledger.engine, families.parent, day)
    return note_variants(ledger, families.parent, families.rows, standings)


def hashes(families: Families) -> dict[str, str]:
    found = {}
    for id_ in families.rows.rows:
        mutated = families.rows.shadow(id_).mutated
        assert mutated is not None
        found[id_] = mutated.strategy.parameter_hash
    return found


def sharpe(families: Families, id_: str, last: date = LAST) -> float:
    frame = curves(families.home.ledger.engine, "shadow", [id_])[id_]
    frame = frame[frame["day"].dt.date <= last]
    stake = frame["initial_capital"].iloc[0]
    results = np.diff(np.concatenate(([stake], frame["equity"]))) / stake
    return float(results.mean() / results.std(ddof=1))


def tried(families: Families, day: date = LAST) -> list[float]:
    return sorted(trial_sharpes(families.home.ledger, families.parent, day).tolist())


def test_variants_are_noted_when_they_are_first_evaluated_and_only_then(families: Families) -> None:
    assert note(families, FIRST) == 3
    assert note(families) == 1
    assert note(families) == 0
    rows = families.home.ledger.trials("ETH_main")
    assert rows["source"].tolist() == ["variant"] * 4
    assert rows["parameter_hash"].tolist() == list(hashes(families).values())
    assert [row["variant_id"] for row in rows["parameters"]] == [ONE, TWO, THREE, YOUNG]
    assert (rows["first_session"] == rows["last_session"]).all()


def test_a_live_variant_counts_with_its_days_up_to_the_night(families: Families) -> None:
    note(families)
    expected = sorted([*(sharpe(families, id_) for id_ in (ONE, TWO, THREE, YOUNG))])
    assert tried(families) == pytest.approx(expected)
    assert tried(families, FIRST + 40 * DAY) != pytest.approx(expected)
    # Of one that has fewer than thirty days it is known only that it was tried.
    found = trial_sharpes(families.home.ledger, "ETH_main", MIDDLE)
    known = found[np.isfinite(found)]
    assert len(found) == 4
    assert sorted(known) == pytest.approx(
        sorted(sharpe(families, id_, MIDDLE) for id_ in (ONE, TWO, THREE))
    )
    assert len(trial_sharpes(families.home.ledger, "ETH_main", FIRST)) == 3


def test_one_that_has_ended_keeps_its_result(families: Families) -> None:
    note(families)
    home = families.home
    retire(home.registry, home.path, [TWO], "dominated", "2025-02-19T00:00:00Z")
    before = tried(families)
    assert note(families) == 1
    assert note(families) == 0
    assert tried(families) == before
    row = home.ledger.trials("ETH_main").iloc[-1]
    assert row["parameter_hash"] == hashes(families)[TWO]
    assert row["parameters"]["status"] == "retired"
    assert (row["first_session"].date(), row["last_session"].date()) == (FIRST, LAST)
    assert row["daily_sharpe"] == pytest.approx(sharpe(families, TWO))
    # A night before the end knows it as it was then.
    found = trial_sharpes(home.ledger, "ETH_main", MIDDLE)
    assert any(math.isclose(one, sharpe(families, TWO, MIDDLE)) for one in found)


def test_one_that_was_gone_before_anybody_noted_it_counts_too(families: Families) -> None:
    home = families.home
    expected = hashes(families)
    retire(home.registry, home.path, [TWO], "dominated", "2025-02-19T00:00:00Z")
    # Its row in the registry lost, only the ledger knows of the third.
    path = home.path / "reports/evolver/mutation_strategies.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if THREE.encode() not in line))
    assert note(families) == 6
    rows = home.ledger.trials("ETH_main")
    assert set(rows["parameter_hash"]) == set(expected.values())
    ended = {row["variant_id"]: row["status"] for row in rows["parameters"] if "status" in row}
    assert ended == {TWO: "retired", THREE: "gone"}
    assert len(tried(families)) == 4


def trial(hash_: str, sharpe_: float | None, first: date, last: date) -> TrialRecord:
    return TrialRecord(
        parent_id="ETH_main", source="sweep", parameter_hash=hash_, parameters={},
        first_session=first, last_session=last, daily_sharpe=sharpe_, total_return=0.0,
        data_hash="d", code_version="c",
    )  # fmt: skip


def test_a_set_that_was_tried_often_counts_once_and_its_newest_row_holds(home: Home) -> None:
    long, day = FIRST - 400 * DAY, FIRST
    rows = [
        trial("a", 0.1, long, day), trial("b", 0.2, long, day), trial("a", 0.3, long, day - DAY),
        trial("never traded", None, long, day), trial("short", 9.0, day - 20 * DAY, day),
        trial("later", 0.5, long, day + DAY),
    ]  # fmt: skip
    home.ledger.record_trials(rows)
    found = trial_sharpes(home.ledger, "ETH_main", day)
    np.testing.assert_array_equal(found, [0.3, 0.2, math.nan, math.nan])
    # One without a result takes nothing away from what is known.
    home.ledger.record_trials([trial("b", 0.4, long, day - DAY), trial("b", None, day, day)])
    assert trial_sharpes(home.ledger, "ETH_main", day)[1] == 0.4


def test_a_sweeps_set_and_the_same_variant_are_one_trial(home: Home) -> None:
    config = home.config("v3_5b")
    grid = Grid(("sma_fast",), [(40,), (45,)])
    done = run_sweep(config, grid, lambda s, a: home.store.read(ETF_DAILY, s, a, date.max))
    swept = trials_of(config, done, "data")
    made = create(
        home.registry, home.path, "v3_5b", [{"sma_fast_delta": 5}],
        Making(date(2013, 1, 1), "2013-01-02T00:00:00Z"),
    )  # fmt: skip
    variants = VariantRows(home.registry, home.path)
    mutated = variants.shadow(made.rows[0].id).mutated
    assert mutated is not None
    assert mutated.strategy.parameter_hash == swept[1].parameter_hash
    assert config.strategy.parameter_hash == swept[0].parameter_hash


def test_a_backtest_is_a_trial_of_its_span(home: Home) -> None:
    config, ledger = home.config("v3_5b"), home.ledger
    list(run_years(config, home.store, ledger, YEARS))
    rows = ledger.trials("v3_5b")
    assert rows["source"].tolist() == ["backtest"]
    row = rows.iloc[0]
    assert row["parameter_hash"] == config.strategy.parameter_hash
    snapshots = ledger.snapshots(AccountKey("v3_5b", "backtest"))
    days = snapshots["daily_return"]
    assert row["daily_sharpe"] == pytest.approx(days.mean() / days.std(ddof=1))
    assert row["last_session"] == snapshots["session"].iloc[-1]
    list(run_years(config, home.store, ledger, YEARS))
    assert len(ledger.trials("v3_5b")) == 1
    assert len(trial_sharpes(ledger, "v3_5b", date(2014, 1, 1))) == 1


def test_years_of_two_settings_are_no_trial(home: Home) -> None:
    list(run_years(home.config("v3_5b"), home.store, home.ledger, YEARS[:2]))
    assert len(home.ledger.trials("v3_5b")) == 1
    other = home.config("v3_5b", **{"strategy.parameters.sma_fast": 45})
    list(run_years(other, home.store, home.ledger, YEARS[:1]))
    assert len(home.ledger.trials("v3_5b")) == 1


def test_a_directional_backtest_is_a_trial_too(crypto_home: Home) -> None:
    config, ledger = crypto_home.config("ETH_main"), crypto_home.ledger
    list(run_years(config, crypto_home.store, ledger, [2025]))
    rows = ledger.trials("ETH_main")
    assert rows["parameter_hash"].tolist() == [config.strategy.parameter_hash]
    frame = curve(ledger.engine, AccountKey("ETH_main", "backtest"))
    results = np.diff(np.concatenate(([config.initial_capital], frame["equity"])))
    expected = results.mean() / results.std(ddof=1)
    assert rows["daily_sharpe"].iloc[0] == pytest.approx(expected)
