from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import OperationalError

from jutsu_dagster.cli._guard import alive
from jutsu_dagster.storage.database import parse_url
from jutsu_dagster_tests.postgres import programs
from jutsu_dagster_tests.postgres.programs import Runner, UnavailableError, find
from jutsu_dagster_tests.postgres.server import Mode, Server

pytestmark = pytest.mark.postgres

OWNER = """
import time
from jutsu_dagster_tests.postgres.server import Server
server = Server()
server.restart()
print(server.pid, server.folder, flush=True)
time.sleep(600)
"""


def connect(url: str) -> Connection:
    return create_engine(parse_url(url), poolclass=NullPool).connect()


def answers(url: str, question: str) -> list[object]:
    with connect(url) as connection:
        return [row[0] for row in connection.execute(text(question))]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_what_was_committed_is_there_after_a_restart_at_the_same_address(
    postgres_server: Server, mode: Mode
) -> None:
    with postgres_server.database() as url:
        with connect(url) as connection:
            connection.execute(text("CREATE TABLE kept (number integer)"))
            connection.execute(text("INSERT INTO kept VALUES (7)"))
            connection.commit()
            postgres_server.restart(mode)
            with pytest.raises(OperationalError):
                connection.execute(text("SELECT 1"))
            connection.invalidate()
        assert answers(url, "SELECT number FROM kept") == [7]


def test_a_stopped_server_refuses_until_the_next_database_is_wanted(
    postgres_server: Server,
) -> None:
    with postgres_server.database() as url:
        postgres_server.stop()
        assert postgres_server.pid is None
        with pytest.raises(OperationalError, match="refused"):
            connect(url)
        with postgres_server.database() as other:
            assert answers(other, "SELECT 1") == [1]


def test_a_database_is_empty_and_goes_with_its_connections(postgres_server: Server) -> None:
    with postgres_server.database() as url:
        assert answers(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
        left_open = connect(url)
    with pytest.raises(OperationalError, match="does not exist"):
        connect(url)
    left_open.invalidate()
    left_open.close()


def test_nobody_gets_in_without_the_password(postgres_server: Server) -> None:
    with postgres_server.database() as url:
        wrong = parse_url(url).set(password="guess")  # noqa: S106  (wrong on purpose)
        with pytest.raises(OperationalError, match="password authentication failed"):
            connect(wrong.render_as_string(hide_password=False))


@pytest.mark.usefixtures("postgres_server")
def test_an_owner_killed_at_once_leaves_neither_server_nor_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        assert alive(int(pid))
        owner.send_signal(signal.SIGKILL)
    until = time.monotonic() + 20
    while alive(int(pid)) or Path(folder).exists():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.usefixtures("postgres_server")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_programs_in_a_closed_folder_are_copied_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner()
    original = next(programs._candidates())
    if "pginstall" not in original.parent.name:
        pytest.skip("the programs are not from the package that we copy")
    package = tmp_path / "closed" / original.parents[1].name
    shutil.copytree(original.parent, package / original.parent.name)
    libraries = original.parents[1].with_name(f"{package.name}.libs")
    shutil.copytree(libraries, package.with_name(libraries.name))
    package.parent.chmod(stat.S_IRWXU)
    closed = package / original.parent.name / original.name
    monkeypatch.setattr(programs, "_candidates", lambda: iter([closed]))
    assert not runner.reaches(closed / "initdb")
    with Server() as server, server.database() as url:
        assert server.folder in server._programs.parents
        assert answers(url, "SELECT 1") == [1]


def test_programs_that_do_not_run_are_named_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    for name in ("initdb", "postgres"):
        (broken / name).write_text("#!/bin/sh\necho no such library\nexit 1\n")
        (broken / name).chmod(0o755)
    monkeypatch.setattr(programs, "_candidates", lambda: iter([broken]))
    monkeypatch.setattr(Runner, "reaches", lambda *_: True)
    monkeypatch.setattr(Runner, "options", lambda _, cwd: {"cwd": cwd})
    with pytest.raises(UnavailableError, match=r"initdb.*no such library"):
        find(Runner(), tmp_path)


def test_a_machine_without_programs_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_candidates", lambda: iter([]))
    with pytest.raises(UnavailableError, match="install this project's extra 'dev'"):
        find(Runner(), tmp_path)
