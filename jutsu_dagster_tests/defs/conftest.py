"""Runs of the asset graph of a small project, in this process, on an instance of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster.definitions import build_definitions
from jutsu_dagster_tests.homes import Home

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


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
            run_config=_QUIET,
            raise_on_error=False,
            **({"tags": tags} if last else {"partition_key": first}),
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
def graph(home: Home) -> Iterator[Graph]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Graph(home, instance)


def failure(result: dg.ExecuteInProcessResult) -> str:
    """Return what the first failed step said."""
    assert not result.success
    event = next(event for event in result.all_events if event.is_step_failure)
    data = event.step_failure_data
    if data.user_failure_data is not None:
        return str(data.user_failure_data.description)
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    assert error is not None
    return error.message
