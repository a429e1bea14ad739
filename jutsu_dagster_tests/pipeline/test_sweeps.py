"""Sweeps: grids refused by name, draws that repeat, and every set counted once as a trial."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import ConfigError, DataError
from jutsu_dagster.pipeline.adhoc import backtest_file, trade_frame
from jutsu_dagster.pipeline.grid import Grid, load_grid
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.pipeline.sweeps import (
    Sweep,
    build_sets,
    curve_frame,
    fill_frame,
    run_sweep,
    trials_of,
)
from jutsu_dagster_tests.homes import LAST, Home

GRID = Grid(("sma_fast", "upper_thresh_z"), [(30, 0.9), (40, 1.0), (50, 1.1), (400, 1.0)])


def grid_file(folder: Path, document: Any) -> Path:
    path = folder / "grid.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def sweep(home: Home, grid: Grid = GRID, **options: Any) -> Sweep:
    def load(symbols: Sequence[str], anchor: date) -> Bars:
        return home.store.read(ETF_DAILY, symbols, anchor, LAST)

    return run_sweep(home.config(), grid, load, **options)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"parameters": {"sma_fast": 3}}, r"parameters.sma_fast \(3\) must be a list"),
        ({"sma_fast": []}, r"parameters.sma_fast \(\[\]\) must be a list"),
        ({"parameters": {}}, "parameters must map names to lists"),
        ({}, "must"),
        ("a: [1", "not valid YAML"),
        ("- 1\n", "must"),
    ],
)
def test_a_file_that_is_no_grid_is_refused_by_name(
    tmp_path: Path, document: Any, said: str
) -> None:
    with pytest.raises(ConfigError, match=r"grid\.yaml.*" + said):
        load_grid(grid_file(tmp_path, document))


def test_a_draw_repeats_and_takes_distinct_sets_of_the_product(tmp_path: Path) -> None:
    lists = {"sma_fast": list(range(20, 70)), "sma_slow": list(range(100, 150))}
    path = grid_file(tmp_path, {"parameters": lists})
    whole = load_grid(path)
    assert len(whole) == 2500
    assert whole.names == ("sma_fast", "sma_slow")
    drawn = load_grid(path, sample=100, seed=7)
    assert list(drawn.sets) == list(load_grid(path, sample=100, seed=7).sets)
    assert list(drawn.sets) != list(load_grid(path, sample=100, seed=8).sets)
    assert len(set(drawn.sets)) == 100
    assert set(drawn.sets) <= set(whole.sets)
    assert list(load_grid(path, sample=9999).sets) == list(whole.sets)


def test_an_unknown_parameter_is_refused_with_the_nearest_name(home: Home) -> None:
    with pytest.raises(ConfigError, match=r"'sma_fats'.* Did you mean 'sma_fast'"):
        build_sets(home.config(), Grid(("sma_fats",), [(1,)], "g.yaml"))


def test_sets_that_break_a_rule_are_left_out_with_the_reason(home: Home) -> None:
    kept, strategies, refused = build_sets(home.config(), GRID)
    assert list(kept.sets) == [(30, 0.9), (40, 1.0), (50, 1.1)]
    assert [one.model_dump()["sma_fast"] for one in strategies] == [30, 40, 50]
    assert refused[0][0] == (400, 1.0)
    assert "must be < sma_slow (140)" in refused[0][1]
    with pytest.raises(ConfigError, match=r"g.yaml: parameters has no valid set: sma_fast"):
        build_sets(home.config(), Grid(("sma_fast",), [(400,)], "g.yaml"))


def test_every_set_equals_a_backtest_of_its_own(home: Home, tmp_path: Path) -> None:
    told: list[int] = []
    done = sweep(home, curves=True, progress=told.append)
    assert told[-1] == 3
    market = tmp_path / "bars.parquet"
    home.store.rows(ETF_DAILY).to_parquet(market, index=False)
    curves, fills, frame = curve_frame(done), fill_frame(home.config(), done), done.frame()
    for at, values in enumerate(done.grid.sets):
        own = backtest_file(home.config(**dict(zip(done.grid.names, values, strict=True))), market)
        equity = own.segment.equity[own.evaluation.start :]
        np.testing.assert_array_equal(curves[str(at)], equity)
        assert frame["final_equity"][at] == equity[-1]
        assert frame["parameter_hash"][at] == own.evaluation.strategy.parameter_hash
        expected = trade_frame(own)
        mine = fills[fills["set"] == at].reset_index(drop=True)
        names = ["date", "symbol", "side", "shares", "fill_price", "commission", "realised_pnl"]
        pd.testing.assert_frame_equal(mine[names], expected[names], check_exact=True)
        assert frame["total_fills"][at] == len(expected)


def test_threads_change_nothing(home: Home) -> None:
    many = Grid(("sma_fast",), [(fast,) for fast in range(20, 60)])
    one, two = sweep(home, many), sweep(home, many, threads=2)
    pd.testing.assert_frame_equal(one.frame(), two.frame(), check_exact=True)


def test_a_set_tried_twice_is_one_trial(home: Home) -> None:
    config, done = home.config(), sweep(home)
    rows = trials_of(config, done, "data")
    assert home.ledger.record_trials(rows) == 3
    assert home.ledger.record_trials(trials_of(config, sweep(home), "data")) == 0
    assert home.ledger.record_trials(trials_of(config, done, "other data")) == 3
    trials = home.ledger.trials("v3_5b")
    assert len(trials) == 6
    assert trials["parameters"][0] == {"sma_fast": 30, "upper_thresh_z": 0.9}
    assert trials["source"].unique().tolist() == ["sweep"]
    sharpe = done.frame()["sharpe_ratio"]
    np.testing.assert_allclose(trials["daily_sharpe"][:3] * np.sqrt(252), sharpe, rtol=1e-12)


def test_data_that_do_not_reach_are_refused(home: Home) -> None:
    def late(symbols: Sequence[str], _anchor: date) -> Bars:
        return home.store.read(ETF_DAILY, symbols, date(2012, 1, 1), LAST)

    with pytest.raises(DataError, match="QQQ has no bar on"):
        run_sweep(home.config(), GRID, late)
    beyond = home.config(**{"backtest.end": None, "backtest.start": date(2014, 3, 3)})
    with pytest.raises(DataError, match="data end before 2014-03-03"):
        run_sweep(beyond, GRID, lambda symbols, _: home.store.read(
            ETF_DAILY, symbols, date(2008, 9, 1), LAST))  # fmt: skip
