"""The crypto market asset: a day, a range, and checks that block what is below."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
import yaml

from jutsu_dagster.defs.market import (
    CRYPTO_15M_KEY,
    build_crypto,
    build_crypto_15m,
    build_crypto_checks,
)
from jutsu_dagster.defs.partitions import daily_partitions
from jutsu_dagster.defs.resources import build_resources
from jutsu_dagster.pipeline.ingest import CRYPTO_15M
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.candle_rows import BOTH, COINS, WEEK, candles_of, without
from jutsu_dagster_tests.defs.conftest import QUIET, evaluations, failure
from jutsu_dagster_tests.homes import edit, write_config

FIRST, LAST = WEEK
DAYS = {str(FIRST + timedelta(days=n)) for n in range(7)}


@dataclass
class Crypto:
    """The crypto market's assets, runs of them, and what they left."""

    settings: Settings
    instance: dg.DagsterInstance

    @property
    def store(self) -> MarketStore:
        return MarketStore(self.settings.market_url)

    def run(self, first: date, last: date | None = None) -> dg.ExecuteInProcessResult:
        days = daily_partitions(date(2008, 1, 1))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)

            @dg.asset(
                name="below",
                deps=[CRYPTO_15M_KEY],
                partitions_def=days,
                backfill_policy=dg.BackfillPolicy.single_run(),
            )
            def below() -> None:
                """Anything that reads bars."""

            definitions = dg.Definitions(
                assets=[build_crypto_15m(BOTH, days), below],
                asset_checks=[build_crypto_checks(BOTH, self.settings)],
                jobs=[dg.define_asset_job("all", selection="*")],
                resources=build_resources(self.settings),
                executor=dg.in_process_executor,
            )
        tags = {
            "dagster/asset_partition_range_start": str(first),
            "dagster/asset_partition_range_end": str(last or first),
        }
        return definitions.resolve_job_def("all").execute_in_process(
            instance=self.instance, run_config=QUIET, raise_on_error=False, tags=tags
        )

    def event(self, day: date) -> dg.AssetMaterialization:
        wanted = dg.AssetRecordsFilter(asset_key=CRYPTO_15M_KEY, asset_partitions=[str(day)])
        event = self.instance.fetch_materializations(wanted, limit=1).records[0]
        assert event.asset_materialization is not None
        return event.asset_materialization

    def shown(self, day: date) -> dict[str, object]:
        return {name: value.value for name, value in self.event(day).metadata.items()}

    def materialized(self, key: dg.AssetKey = CRYPTO_15M_KEY) -> set[str]:
        return self.instance.get_materialized_partitions(key)


@pytest.fixture
def sample(tmp_path: Path) -> Iterator[Crypto]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Crypto(Settings(home=tmp_path), instance)


def of_files(tmp_path: Path, rows: pd.DataFrame, instance: dg.DagsterInstance) -> Crypto:
    path = tmp_path / "candles.parquet"
    rows.to_parquet(path, index=False)
    return Crypto(Settings(home=tmp_path, crypto_source=f"files:{path}"), instance)


def test_a_day_holds_96_bars_a_symbol_and_their_hash(sample: Crypto) -> None:
    assert sample.run(FIRST).success
    shown = sample.shown(FIRST)
    assert shown["session"] == "open"
    assert shown["rows_per_symbol"] == dict.fromkeys(BOTH, 96)
    assert shown["dagster/partition_row_count"] == 192
    assert (shown["source"], shown["synthetic"]) == ("sample", True)
    assert "data:image/svg" in str(shown["closes"])
    version = (sample.event(FIRST).tags or {})["dagster/data_version"]
    assert (
        version == shown["content_hash"] == sample.store.day_hashes(CRYPTO_15M, FIRST, FIRST)[FIRST]
    )
    assert sample.materialized() == {str(FIRST)}


def test_a_range_is_one_run_and_the_same_bars_as_its_days(sample: Crypto) -> None:
    result = sample.run(FIRST, LAST)
    assert result.success
    found = evaluations(result)
    assert {name.removeprefix("crypto_15m: ") for name in found} == {
        "present", "whole_day", "finite_positive", "high_low", "no_duplicate", "on_calendar",
        "big_move",
    }  # fmt: skip
    assert all(one.passed for one in found.values())
    assert sample.materialized() == sample.materialized(dg.AssetKey("below")) == DAYS
    assert sample.shown(LAST)["range"] == "2025-03-03 to 2025-03-09"
    rows, version = sample.store.rows(CRYPTO_15M), sample.store.version(CRYPTO_15M)
    assert sample.run(FIRST).success
    assert sample.run(LAST).success
    assert sample.store.version(CRYPTO_15M) == version
    pd.testing.assert_frame_equal(sample.store.rows(CRYPTO_15M), rows)


def test_files_are_a_source(tmp_path: Path) -> None:
    rows = candles_of()
    with dg.DagsterInstance.ephemeral() as instance:
        crypto = of_files(tmp_path, rows.rename(columns={"timestamp": "ts"}), instance)
        assert crypto.run(FIRST, LAST).success
        pd.testing.assert_frame_equal(crypto.store.rows(CRYPTO_15M), rows)
        assert crypto.shown(LAST)["synthetic"] is False


def test_a_gap_is_stored_shown_and_blocks(tmp_path: Path) -> None:
    rows = without(candles_of(), "ETHUSDT", "2025-03-05 10:15")
    with dg.DagsterInstance.ephemeral() as instance:
        crypto = of_files(tmp_path, rows, instance)
        result = crypto.run(FIRST, LAST)
        assert not result.success
        assert "blocking asset check" in failure(result)
        found = evaluations(result)["crypto_15m: whole_day"]
        assert not found.passed
        said = "ETHUSDT 2025-03-05: must have 96 bars, has 95; none opens at 10:15"
        assert said in str(found.metadata["findings"].value)
        assert crypto.shown(date(2025, 3, 5))["uneven"] == "ETHUSDT (95 bars)"
        assert crypto.materialized(dg.AssetKey("below")) == set()


def test_a_day_that_the_source_has_not_whole_fails_and_stores_nothing(tmp_path: Path) -> None:
    rows = candles_of()
    with dg.DagsterInstance.ephemeral() as instance:
        crypto = of_files(tmp_path, rows[rows["timestamp"] < "2025-03-09 20:00"], instance)
        assert "has not all bars of 2025-03-09 yet" in failure(crypto.run(FIRST, LAST))
        assert not crypto.store.exists(CRYPTO_15M)
        assert crypto.materialized() == set()


def test_the_market_is_built_for_those_who_read_it_only(tmp_path: Path) -> None:
    write_config(tmp_path)
    settings, days = Settings(home=tmp_path), daily_partitions(date(2008, 1, 1))
    file = "config/strategies/coins.yaml"
    config = {
        "strategy_id": "coins",
        "strategy": {"name": COINS},
        "symbols": ["ETHUSDT", "BTCUSDT"],
    }
    (tmp_path / file).write_text(yaml.safe_dump(config))
    entry = {"display_name": "Coins", "strategy_class": COINS, "config_file": file}

    def built(*, active: bool) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
        def add(document: dict[str, Any]) -> None:
            kept = {id_: document["strategies"][id_] for id_ in ("v3_5b", "v3_5d")}
            document["strategies"] = kept | {"coins": {**entry, "is_active": active}}
            document["execution_order"] = list(document["strategies"])

        edit(settings.registry_path, add)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dg.BetaWarning)
            registry = StrategyRegistry(settings.registry_path, tmp_path)
            return build_crypto(registry, settings, days)

    assert built(active=False) == ([], [])
    (asset,), (checks,) = built(active=True)
    assert asset.key == CRYPTO_15M_KEY
    assert asset.metadata_by_key[asset.key]["symbols"] == ["BTCUSDT", "ETHUSDT"]
    assert {key.asset_key for key in checks.check_keys} == {CRYPTO_15M_KEY}
