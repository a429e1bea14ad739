"""Paper accounts as assets: troubles of one reach no other, and each is named and told once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from jutsu_dagster.defs.failures import alert_was_sent
from jutsu_dagster_tests.alert_server import service
from jutsu_dagster_tests.defs.conftest import Graph, failures, started
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.nights import (
    NIGHT,
    START,
    account,
    assert_same_account,
    attempts,
    register,
    sessions,
    set_settings,
    subjects,
    write_module,
)

BOTH = ("v3_5b", "v3_5d")
TROUBLES = {
    "raises": "ZeroDivisionError: no volatility at all",
    "hangs": "no decision after 4 s (settings.execution_timeout); it was killed",
    "nans": "must be finite",
    "broken": "share ('half')",
}


def accounts_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the accounts in the order in which they were run."""
    steps = [step.removeprefix("strategies__") for step in started(result)]
    return [step for step in steps if "replay" not in step and "etf_daily" not in step]


def add_troubles(home: Home) -> None:
    module = write_module(home)
    for id_, kind in (("raises", "Raises"), ("hangs", "Hangs"), ("nans", "Nans")):
        register(home, id_, f"{module}:{kind}")
    register(home, "broken", f"{module}:Steady", share="half")
    # Time enough for the healthy ones on a busy machine.
    set_settings(home, execution_timeout=4)


def test_four_troubled_strategies_leave_the_others_as_they_would_be_without_them(
    paper: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = paper.home
    calm = Graph(Home(shutil.copytree(home.path, tmp_path / "calm", symlinks=True)), paper.instance)
    assert calm.night(NIGHT).success
    add_troubles(home)
    with service() as told:
        monkeypatch.setenv("JUTSU_ALERT_URLS", told.url)
        result = paper.night(START, NIGHT)
        titles = list(told.titles)
        again = paper.night(START, NIGHT)
        assert told.titles == titles

    for id_ in BOTH:
        assert sessions(home, id_)[-1] == str(NIGHT)
        assert_same_account(account(home, id_), account(calm.home, id_))
    found = failures(result)
    assert set(found) == {f"strategies__{id_}" for id_ in TROUBLES}
    assert failures(again) == found
    kept = attempts(home, again.run_id)
    assert {line["status"] for id_ in BOTH for line in kept[id_].values()} == {"ok"}
    for id_, reason in TROUBLES.items():
        assert reason in found[f"strategies__{id_}"]
        ((day, line),) = kept[id_].items()
        # Nobody knows when a broken one was to start.
        assert day == str(NIGHT if id_ == "broken" else START)
        assert line["status"] == "failed"
        assert reason in line["error"]
        assert (line["duration_seconds"] >= 4.0) == (id_ == "hangs")
        assert sessions(home, id_) == []
    assert sorted(titles) == sorted(
        f"jutsu warning: secondary strategy {id_} failed on {NIGHT}" for id_ in TROUBLES
    )
    steps = [event for event in result.all_events if event.is_step_failure]
    assert all(alert_was_sent(event) for event in steps)
    node = paper.definitions.resolve_asset_graph().get(dg.AssetKey(["strategies", "broken"]))
    assert node.tags["status"] == "broken"
    assert TROUBLES["broken"] in (node.description or "")


@pytest.mark.parametrize("order", [["v3_5d", "zebra", "apple", "v3_5b"], None])
def test_accounts_run_in_execution_order_and_not_as_they_are_defined_or_spelt(
    paper: Graph, order: list[str] | None
) -> None:
    module = write_module(paper.home)
    register(paper.home, "zebra", f"{module}:Steady")
    register(paper.home, "apple", f"{module}:Steady", share=0.25)

    def change(registry: dict[str, Any]) -> None:
        entries = registry["strategies"]
        if order is None:
            del registry["execution_order"]
        else:
            entries["v3_5b"]["is_primary"], entries["v3_5d"]["is_primary"] = False, True
            registry["execution_order"] = order

    paper.home.edit_registry(change)
    result = paper.night(START, NIGHT)
    assert result.success, failures(result)
    assert accounts_of(result) == (order or ["v3_5b", "v3_5d", "zebra", "apple"])
    # Every account before any of the replays, which may take longer.
    assert [("replay" in step) for step in started(result)[2:]] == [False] * 4 + [True] * 4


@pytest.mark.parametrize("isolated", [True, False])
def test_a_failed_primary_fails_the_run_and_stops_the_others_only_if_asked_to(
    paper: Graph, *, isolated: bool
) -> None:
    home = paper.home
    before = sessions(home, "v3_5b")

    def change(document: dict[str, Any]) -> None:
        document["strategy"] = {"name": f"{module}:Raises"}
        document["symbols"] = {}

    module = write_module(home)
    home.edit("v3_5b", change)
    home.edit_registry(lambda r: r["strategies"]["v3_5b"].update(strategy_class=f"{module}:Raises"))
    set_settings(home, isolate_failures=isolated)
    found = failures(paper.night(NIGHT))
    assert TROUBLES["raises"] in found["strategies__v3_5b"]
    assert sessions(home, "v3_5b") == before
    assert sessions(home, "v3_5d") == before + [str(NIGHT)] * isolated
    assert subjects(home) == {f"primary strategy v3_5b failed on {NIGHT}": "critical"}
    if not isolated:
        assert "not run, because v3_5b failed" in found["strategies__v3_5d"]
        assert attempts(home)["v3_5d"][str(NIGHT)]["status"] == "skipped"


def test_what_was_done_before_a_failure_is_shown_as_done(paper: Graph) -> None:
    register(paper.home, "quits", f"{write_module(paper.home)}:Quits")
    result = paper.night(START, NIGHT)
    assert "no opinion on 2013-12-10" in failures(result)["strategies__quits"]
    shown = paper.materialized("strategies/quits")
    assert sorted(shown) == [f"2013-12-{day:02}" for day in range(2, 10)]
    assert sessions(paper.home, "quits")[-1] == "2013-12-09"
    assert paper.metadata("strategies/quits", "2013-12-08")["status"] == "closed"
    equity = account(paper.home, "quits")[0]["total_equity"].iloc[-1]
    assert paper.metadata("strategies/quits", "2013-12-09")["equity"] == equity
    kept = attempts(paper.home, result.run_id)["quits"]
    assert [day for day, row in kept.items() if row["status"] != "ok"] == ["2013-12-10"]
    assert len(kept) == len(sessions(paper.home, "quits")) + 1
