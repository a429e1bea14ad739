"""Nights through Dagster: their order, what a failure stops, and what the summary says of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster.defs.night_events import NIGHT_JOB, REPORT_JOB
from jutsu_dagster.defs.nights import MISSED
from jutsu_dagster.pipeline.research.artefacts import partition_path
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster_tests.defs.conftest import QUIET, Graph, failures
from jutsu_dagster_tests.homes import COIN_START, Home, entered

DAY = COIN_START + timedelta(days=3)


def write_variants(home: Home, *numbers: int) -> None:
    path = home.path / SHADOWS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "id": f"ETH_main_mut_{number:04d}", "symbol": "ETHUSDT", "status": "shadow",
            "mutations": {"conf_min_delta": round(-0.01 * number, 2)},
            "created_partition": (COIN_START - timedelta(days=1)).isoformat(),
        }
        for number in numbers
    ]  # fmt: skip
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))


def run(graph: Graph, job: str, day: date) -> dg.ExecuteInProcessResult:
    return graph.definitions.resolve_job_def(job).execute_in_process(
        instance=graph.instance, run_config=QUIET, raise_on_error=False,
        partition_key=day.isoformat(),
    )  # fmt: skip


def night(graph: Graph, day: date) -> tuple[dg.ExecuteInProcessResult, dict[str, str]]:
    """Run a night and its report; return its run, and each step's status."""
    ended = run(graph, NIGHT_JOB, day)
    run(graph, REPORT_JOB, day)
    steps = summary(graph.home, day)["steps"]
    return ended, {step["name"]: step["status"] for step in steps}


def summary(home: Home, day: date) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        partition_path(home.path, "nightly_summary", day).read_text()
    )
    return found


def block(home: Home, step: str, day: date) -> Path:
    """Make a step fail as a broken disk would: its file cannot be written."""
    path = partition_path(home.path, step, day)
    path.mkdir(parents=True)
    (path / "in the way").touch()
    return path


@pytest.fixture(scope="module")
def prepared(filled_coins: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project and its instance: both markets, two variants, accounts traded up to DAY."""
    folder = tmp_path_factory.mktemp("prepared")
    shutil.copytree(filled_coins, folder / "home", symlinks=True)
    write_variants(Home(folder / "home"), 1, 2)
    (folder / "dagster").mkdir()
    with pytest.MonkeyPatch.context() as patch, _opened(folder, patch) as graph:
        assert graph.night(COIN_START, DAY).success
        first = (COIN_START, DAY - timedelta(days=1))
        ids = ["ETH_main_mut_0001", "ETH_main_mut_0002"]
        variants = dg.AssetSelection.assets(*(dg.AssetKey(["variants", id_]) for id_ in ids))
        assert graph.run(variants, *map(str, first)).success
        graph.home.ledger.close()
    return folder


@pytest.fixture
def coins(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    """A copy of it that the test may spoil."""
    shutil.copytree(prepared, tmp_path / "own", symlinks=True)
    with _opened(tmp_path / "own", monkeypatch) as graph:
        yield graph


@contextmanager
def _opened(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Graph]:
    home = entered(folder / "home", patch)
    with dg.DagsterInstance.local_temp(str(folder / "dagster")) as instance:
        yield Graph(home, instance)


def times(result: dg.ExecuteInProcessResult, kind: str) -> dict[str, int]:
    """Return at which place of the event log each step started or ended."""
    return {
        str(event.step_key): place
        for place, event in enumerate(result.all_events)
        if event.event_type_value == kind
    }


def test_no_variant_starts_before_memory_and_meta_review_have_ended(coins: Graph) -> None:
    result, statuses = night(coins, DAY)
    assert result.success
    assert set(statuses.values()) == {"OK"}
    started, ended = times(result, "STEP_START"), times(result, "STEP_SUCCESS")
    variants = [place for step, place in started.items() if step.startswith("variants__")]
    assert variants
    for before in ("research__memory_snapshot", "research__meta_review"):
        assert min(variants) > ended[before]


def test_a_failed_meta_review_skips_the_variants_and_the_summary_says_so(coins: Graph) -> None:
    blocked = block(coins.home, "meta_review", DAY)
    result, statuses = night(coins, DAY)
    assert str(blocked) in failures(result)["research__meta_review"]
    assert not [step for step in times(result, "STEP_START") if step.startswith("variants__")]
    assert statuses["meta_review"] == "FAILED"
    skipped = {name for name, status in statuses.items() if status == "SKIPPED"}
    assert skipped == {"variants", "mutation_strategies", "promotion_candidates"}
    said = {step["name"]: step.get("error") for step in summary(coins.home, DAY)["steps"]}
    assert said["variants"] == "because of meta_review"
    # Nothing else needs it.
    rest = [name for name in statuses if name not in {"meta_review", *skipped}]
    assert {statuses[name] for name in rest} == {"OK"}
    assert coins.materialized("variants/ETH_main_mut_0001") == {
        str(COIN_START + timedelta(days=offset)) for offset in range(3)
    }


def test_a_failed_step_stops_what_needs_it_and_nothing_else(coins: Graph) -> None:
    block(coins.home, "drift_report", DAY)
    _, statuses = night(coins, DAY)
    assert statuses["drift_report"] == "FAILED"
    for name in ("reflection", "tuner", "evolver_output", "memory_snapshot", "variants"):
        assert statuses[name] == "SKIPPED", name
    for name in ("are_snapshot", "dream", "nightly_summary"):
        assert statuses[name] == "OK", name


def test_a_night_without_its_trades_fails_and_is_reported(coins: Graph) -> None:
    later = DAY + timedelta(days=1)
    result, statuses = night(coins, later)
    assert not result.success
    assert "jutsu trade" in failures(result)["research__are_snapshot"]
    assert statuses["are_snapshot"] == "FAILED"
    assert statuses["variants"] == "SKIPPED"
    assert statuses["strategies/ETH_main"] == "FAILED"


def test_a_failed_variant_is_named_in_the_summary(coins: Graph) -> None:
    write_variants(coins.home, 1, 2, 3)  # the third lacks the days before
    _, statuses = night(coins, DAY)
    assert statuses["variants"] == "FAILED"
    error = next(s for s in summary(coins.home, DAY)["steps"] if s["name"] == "variants")["error"]
    assert "ETH_main_mut_0003" in error


def test_a_night_run_again_leaves_the_same_bytes(coins: Graph) -> None:
    night(coins, DAY)
    before = {name: data for name, data in coins.home.content().items() if "reports" in name}
    assert before
    result, _ = night(coins, DAY)
    assert result.success
    after = {name: data for name, data in coins.home.content().items() if "reports" in name}
    assert after == before


def test_several_nights_are_no_one_run(coins: Graph) -> None:
    result = coins.run("research/are_snapshot", str(COIN_START), str(DAY))
    assert "several nights" in next(iter(failures(result).values()))


def test_checks_warn_of_issues_and_prove_that_config_is_untouched(coins: Graph) -> None:
    result = run(coins, NIGHT_JOB, DAY)
    found = {one.check_name: one for one in result.get_asset_check_evaluations()}
    assert found["issues"].passed
    assert not found["issues"].blocking
    report = run(coins, REPORT_JOB, DAY)
    (paper_only,) = report.get_asset_check_evaluations()
    assert paper_only.passed
    coins.home.edit("ETH_main", lambda document: document.update(version="9"))
    (changed,) = run(coins, REPORT_JOB, DAY).get_asset_check_evaluations()
    assert not changed.passed
    assert "config/strategies/ETH_main.yaml has changed" in str(changed.description)


def tick(graph: Graph, at: datetime) -> Any:
    definitions = graph.definitions
    schedule = definitions.resolve_schedule_def(NIGHT_JOB)
    with dg.build_schedule_context(
        graph.instance, at, repository_def=definitions.get_repository_def()
    ) as context:
        return schedule.evaluate_tick(context)


def test_the_schedule_waits_for_trading_until_its_last_hour(coins: Graph) -> None:
    at = datetime.combine(DAY + timedelta(days=2), datetime.min.time(), UTC).replace(minute=30)
    assert "not traded yet" in str(tick(coins, at.replace(hour=2)).skip_message)
    (request,) = [one for one in tick(coins, at.replace(hour=6)).run_requests if one.partition_key]
    assert request.partition_key == str(DAY + timedelta(days=1))


def test_the_schedule_asks_for_stragglers_then_for_the_first_missed_night(coins: Graph) -> None:
    write_variants(coins.home, 1, 2, 3)
    at = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), UTC)
    requests = tick(coins, at.replace(hour=2, minute=30)).run_requests
    behind, tonight = requests
    assert [key.path[-1] for key in behind.asset_selection] == ["ETH_main_mut_0003"]
    assert behind.tags["dagster/asset_partition_range_start"] == str(COIN_START)
    assert behind.tags["dagster/asset_partition_range_end"] == str(DAY - timedelta(days=1))
    assert tonight.partition_key == str(DAY)


def test_after_a_night_its_tick_has_nothing_to_do(coins: Graph) -> None:
    night(coins, DAY)
    at = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), UTC)
    assert "is over" in str(tick(coins, at.replace(hour=3, minute=30)).skip_message)


def test_missed_nights_come_one_after_the_other(coins: Graph) -> None:
    def missed() -> Any:
        definitions = coins.definitions
        with dg.build_sensor_context(
            coins.instance, repository_def=definitions.get_repository_def()
        ) as context:
            return definitions.resolve_sensor_def(MISSED).evaluate_tick(context)

    assert "no night yet" in str(missed().skip_message)
    first = DAY - timedelta(days=1)
    night(coins, first)
    (request,) = [one for one in missed().run_requests if one.partition_key]
    assert request.partition_key == str(DAY)
