"""Runs of the asset graph of a small project, in this process, on an instance of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster.definitions import build_definitions
from jutsu_dagster.defs.failures import reason_of
from jutsu_dagster.defs.schedules import TRADING_JOB
from jutsu_dagster_tests.homes import Home

MARKET = dg.AssetKey(["market", "etf_daily"])
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Graph:
    """The asset graph of a home, and runs of it."""

    home: Home
    instance: dg.DagsterInstance
    extra: list[dg.AssetsDefinition] = field(default_factory=list)

    @property
    def definitions(self) -> dg.Definitions:
        built = build_definitions(self.home.registry, self.home.settings)
        return dg.Definitions.merge(built, dg.Definitions(assets=self.extra))

    def run(
        self, selection: str | dg.AssetSelection, first: str, last: str | None = None
    ) -> dg.ExecuteInProcessResult:
        """Materialize a selection over a partition or, with ``last``, a range in one run."""
        if isinstance(selection, str):
            key = dg.AssetKey.from_user_string(selection)
            selection = dg.AssetSelection.assets(key)
        job = dg.define_asset_job("asked", selection=selection)
        whole = dg.Definitions.merge(self.definitions, dg.Definitions(jobs=[job]))
        tags = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last or first,
        }
        return whole.resolve_job_def("asked").execute_in_process(
            instance=self.instance,
            run_config=QUIET,
            raise_on_error=False,
            **({"tags": tags} if last else {"partition_key": first}),
        )

    def night(
        self, first: date, last: date | None = None, ids: Sequence[str] = ()
    ) -> dg.ExecuteInProcessResult:
        """Run the night's own job, as the schedule does; with ``ids``, of some, as a person may."""
        keys = [MARKET, *(dg.AssetKey(["strategies", id_]) for id_ in ids)]
        return self.definitions.resolve_job_def(TRADING_JOB).execute_in_process(
            instance=self.instance,
            run_config=QUIET,
            raise_on_error=False,
            asset_selection=keys if ids else None,
            tags={
                "dagster/asset_partition_range_start": str(first),
                "dagster/asset_partition_range_end": str(last or first),
            },
        )

    def latest(self, key: str, partition: str) -> dg.AssetMaterialization:
        """Return the newest materialization of one partition."""
        wanted = dg.AssetRecordsFilter(
            asset_key=dg.AssetKey.from_user_string(key), asset_partitions=[partition]
        )
        found = self.instance.fetch_materializations(wanted, limit=1).records
        assert found, f"{key} {partition} was never materialized"
        event = found[0].asset_materialization
        assert event is not None
        return event

    def metadata(self, key: str, partition: str) -> Mapping[str, Any]:
        """Return the newest materialization's metadata as plain values."""
        return {name: value.value for name, value in self.latest(key, partition).metadata.items()}

    def materialized(self, key: str) -> set[str]:
        return self.instance.get_materialized_partitions(dg.AssetKey.from_user_string(key))


@pytest.fixture
def paper(paper_home: Home) -> Iterator[Graph]:
    """The project with two weeks of paper behind it, and an instance that knows of none."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Graph(paper_home, instance)


@pytest.fixture
def graph(home: Home) -> Iterator[Graph]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Graph(home, instance)


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Return what the first failed step said."""
    return next(iter(failures(result).values()))


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Return what each failed step said."""
    failed = [event for event in result.all_events if event.is_step_failure]
    assert bool(failed) != result.success
    return {str(event.step_key): reason_of(event) for event in failed}


def started(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the steps in the order in which they were run."""
    return [str(event.step_key) for event in result.all_events if event.is_step_start]


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """Return what each check of a run found, by ``asset: check``."""
    found = result.get_asset_check_evaluations()
    return {f"{one.asset_key.path[-1]}: {one.check_name}": one for one in found}
