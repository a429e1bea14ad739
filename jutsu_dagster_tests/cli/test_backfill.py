"""A backfill as the UI launches it: real webserver, daemon and run worker."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from jutsu_dagster.cli.web import ask
from jutsu_dagster.pipeline.adhoc import backtest_file
from jutsu_dagster_tests.cli.test_launch import PROJECT, free_port, until
from jutsu_dagster_tests.homes import LAST, Home, lift_closes
from jutsu_dagster_tests.pipeline.years import assert_ledger_is, market_file

LAUNCH = """mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
STATUS = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
  ... on PartitionBackfill { status error { message } } } }"""
STALE = """query($key: [AssetKeyInput!], $year: String) {
  assetNodes(assetKeys: $key) { staleStatus(partition: $year) } }"""
KEY = {"path": ["backtests", "v3_5b"]}


class Served:
    """`jutsu up` over a project, spoken to as its own pages do."""

    def __init__(self, home: Home) -> None:
        self.port = free_port()
        self.output = home.path / "up.txt"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DAGSTER")}
        ports = ["--port", str(self.port), "--api-port", str(free_port())]
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "jutsu_dagster.cli.app", "up", *ports],
                env={**environment, "PYTHONPATH": str(PROJECT)},
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=home.path,
            )
        if not until(lambda: "Dagster is at" in self.output.read_text(), 90):
            self.process.kill()
            self.process.wait()
            pytest.fail(self.output.read_text())

    def query(self, text: str, **variables: Any) -> Any:
        body = {"query": text, "variables": variables}
        answer = ask("127.0.0.1", self.port, "/graphql", body)
        assert "errors" not in answer, answer
        return answer["data"]

    def backfill(self, *years: int) -> None:
        params = {
            "assetSelection": [KEY],
            "partitionNames": [str(year) for year in years],
            "tags": [],
        }
        launched = self.query(LAUNCH, params=params)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        end = time.monotonic() + 180
        while time.monotonic() < end:
            found = self.query(STATUS, id=launched["backfillId"])["partitionBackfillOrError"]
            if found["status"] not in ("REQUESTED", "CANCELING"):
                assert found["status"] == "COMPLETED_SUCCESS", found
                return
            time.sleep(0.5)
        pytest.fail("the backfill did not end in 180 s")

    def stale(self, *years: int) -> list[str]:
        return [
            self.query(STALE, key=[KEY], year=str(year))["assetNodes"][0]["staleStatus"]
            for year in years
        ]


@pytest.fixture
def served(home: Home) -> Iterator[Served]:
    started = Served(home)
    yield started
    started.process.terminate()
    assert started.process.wait(timeout=10) == 0, started.output.read_text()


def test_a_backfill_from_the_ui_is_the_backtest_and_an_overwritten_year_makes_later_ones_stale(
    home: Home, served: Served
) -> None:
    served.backfill(2010, 2011, 2012, 2013)
    config = home.config()
    market = market_file(home, home.path / "bars.parquet")
    assert_ledger_is(home, backtest_file(config, market, config.backtest_start, LAST))
    assert served.stale(2010, 2011, 2012, 2013) == ["FRESH"] * 4

    home.change_bars(LAST.replace(2011, 6, 1), LAST.replace(2011, 6, 30), lift_closes)
    served.backfill(2011)
    assert served.stale(2010, 2011, 2012, 2013) == ["FRESH", "FRESH", "STALE", "STALE"]
