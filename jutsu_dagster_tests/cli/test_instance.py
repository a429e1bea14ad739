from __future__ import annotations

import os
import stat
from pathlib import Path

import dagster as dg
import pytest
import yaml

from jutsu_dagster.cli.instance import instance, write_dagster_yaml
from jutsu_dagster.defs.live_runs import living
from jutsu_dagster.settings import Settings


def test_the_file_is_rewritten_only_when_it_changes(tmp_path: Path) -> None:
    path = write_dagster_yaml(Settings(home=tmp_path))
    before = path.stat()
    assert write_dagster_yaml(Settings(home=tmp_path)) == path
    assert path.stat().st_ino == before.st_ino
    assert yaml.safe_load(path.read_text())["telemetry"] == {"enabled": False}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgres_url_moves_dagster_there_by_named_driver(tmp_path: Path, scheme: str) -> None:
    path = write_dagster_yaml(Settings(home=tmp_path, database_url=f"{scheme}://me:pw@db:5432/x"))
    url = yaml.safe_load(path.read_text())["storage"]["postgres"]["postgres_url"]
    assert url == "postgresql+psycopg2://me:pw@db:5432/x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_instance_is_the_projects_and_the_environment_is_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with instance(Settings(home=tmp_path)) as opened:
        assert os.environ["DAGSTER_HOME"] == str(tmp_path / "state" / "dagster")
        assert isinstance(opened.run_coordinator, dg.QueuedRunCoordinator)
        assert opened.run_monitoring_enabled
        assert not opened.telemetry_enabled
        assert not opened.nux_enabled
        assert opened.root_directory == str(tmp_path / "state" / "dagster")
    assert "DAGSTER_HOME" not in os.environ


def test_runs_of_a_killed_process_are_failed_only_when_nobody_else_is_there(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path)
    with instance(settings) as opened:
        run = opened.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTED)
        with instance(settings) as second:  # this process is the somebody else
            assert status_of(second, run.run_id) == dg.DagsterRunStatus.STARTED
    with instance(settings, mend=False) as opened:
        assert status_of(opened, run.run_id) == dg.DagsterRunStatus.STARTED
    with instance(settings) as opened:
        assert status_of(opened, run.run_id) == dg.DagsterRunStatus.FAILURE


def test_a_dead_run_of_the_command_line_is_failed_although_others_are_there(
    tmp_path: Path,
) -> None:
    settings = Settings(home=tmp_path)
    with instance(settings) as opened:
        lives, died, elsewhere = (
            opened.create_run_for_job(_job, status=dg.DagsterRunStatus.STARTED).run_id
            for _ in range(3)
        )
        with living(settings.dagster_home, lives):
            place = settings.dagster_home / ".live_runs"
            (place / died).touch()  # its lock went with its process
            with instance(settings) as second:
                assert status_of(second, died) == dg.DagsterRunStatus.FAILURE
                assert status_of(second, lives) == dg.DagsterRunStatus.STARTED
                assert status_of(second, elsewhere) == dg.DagsterRunStatus.STARTED
            assert [path.name for path in place.iterdir()] == [lives]
        assert list(place.iterdir()) == []


def status_of(opened: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = opened.get_run_by_id(run_id)
    assert run is not None
    return run.status


@dg.op
def _nothing() -> None:
    """Do nothing."""


@dg.job
def _job() -> None:
    _nothing()
