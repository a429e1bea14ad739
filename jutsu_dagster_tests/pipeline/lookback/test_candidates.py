"""Which sets are tried: the parent first, its neighbours or a grid's, each once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.pipeline.lookback.candidates import (
    described,
    from_file,
    pair,
    require_choice,
    star,
)
from jutsu_dagster.registry.mutations import MutationError
from jutsu_dagster.research.lookback.measures import LookbackError
from jutsu_dagster_tests.homes import Home


def written(folder: Path, parameters: dict[str, list[object]]) -> Path:
    path = folder / "grid.yaml"
    path.write_text(yaml.safe_dump({"parameters": parameters}))
    return path


def test_neighbours_are_the_same_every_time_and_one_parameter_aside(home: Home) -> None:
    found, again = star(home.config(), 1), star(home.config(), 1)
    hashes = [one.strategy.parameter_hash for one in found.sets]
    assert hashes == [one.strategy.parameter_hash for one in again.sets]
    assert len(set(hashes)) == len(hashes)
    assert found.sets[0].strategy == home.config().strategy
    assert found.sets[0].changed == {}
    for one in found.sets[1:]:
        assert len(one.changed) == 1
    steps = {(name, n) for one in found.sets for name, n in one.steps.items()}
    assert {("sma_fast", 1), ("sma_fast", -1), ("allow_treasury", 0)} <= steps
    wider = {one.strategy.parameter_hash for one in star(home.config(), 2).sets}
    assert set(hashes) < wider


def test_a_neighbour_that_breaks_a_rule_is_left_out_with_the_reason(home: Home) -> None:
    # One step further up sma_fast would reach sma_slow.
    close = home.config(sma_fast=139)
    found = star(close, 1, ["sma_fast"])
    assert [dict(one.changed) for one in found.sets[1:]] == [{"sma_fast": 129}]
    assert "must be < sma_slow (140)" in found.refused[0][1]
    with pytest.raises(LookbackError, match=r"--steps 6 must be between 1 and 5"):
        star(close, 6)
    with pytest.raises(MutationError, match=r"sma_fats is no parameter.*mean 'sma_fast'"):
        star(close, 1, ["sma_fats"])


def test_a_grid_gets_the_parent_first_and_no_set_twice(home: Home, tmp_path: Path) -> None:
    found = from_file(home.config(), written(tmp_path, {"sma_fast": [30, 40, 30, 150, 50]}))
    assert [dict(one.changed) for one in found.sets] == [{}, {"sma_fast": 30}, {"sma_fast": 50}]
    assert found.refused[0][0] == {"sma_fast": 150}
    grid = found.grid()
    assert grid.names == ("sma_fast",)
    assert list(grid.sets) == [(40,), (30,), (50,)]


def test_a_grid_that_offers_nothing_is_refused(home: Home, tmp_path: Path) -> None:
    config = home.config()
    with pytest.raises(ConfigError, match=r"'sma_fats' is no parameter|mean 'sma_fast'"):
        from_file(config, written(tmp_path, {"sma_fats": [30]}))
    with pytest.raises(ConfigError, match=r"has no valid set: .*must be < sma_slow"):
        from_file(config, written(tmp_path, {"sma_fast": [150, 200]}))
    with pytest.raises(ConfigError, match="must map names to lists"):
        from_file(config, written(tmp_path, {}))
    with pytest.raises(ConfigError, match=r"upper_thresh_z \(99.0\) is beyond a bound"):
        from_file(config, written(tmp_path, {"upper_thresh_z": [99.0]}))
    only = from_file(config, written(tmp_path, {"sma_fast": [40]}))
    with pytest.raises(LookbackError, match="at least two parameter sets"):
        require_choice(only, "pbo")


def test_two_parameters_make_a_grid_around_the_parent(home: Home) -> None:
    found, drawn = pair(home.config(), ["sma_fast", "upper_thresh_z"], 2)
    assert drawn.levels[0] == [30, 35, 40, 45, 50]
    assert drawn.levels[1] == pytest.approx([0.8, 0.9, 1.0, 1.1, 1.2])
    assert drawn.places[2, 2] == 0
    assert len(found.sets) == 25
    corner = found.sets[drawn.places[0, 4]]
    assert corner.changed == pytest.approx({"sma_fast": 30, "upper_thresh_z": 1.2})
    for names in (["sma_fast"], ["sma_fast", "sma_fast"], ["a", "b", "c"]):
        with pytest.raises(LookbackError, match="must be two different parameters"):
            pair(home.config(), names, 2)


def test_a_change_is_said_without_the_dust_of_sums() -> None:
    assert described({"a": -0.15 + 0.04, "b": True}) == "a -0.11, b True"
    assert described({}) == "parent"
