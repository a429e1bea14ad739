"""Nightly runs as processes that may be killed, and what they leave: moments and numbers aside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from dagster import AssetKey
from sqlalchemy import select

from jutsu_dagster.cli.instance import instance, stranded_runs
from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.models import Base
from jutsu_dagster.storage.state_view import state_in_ledger

Content = dict[str, list[str]]
"""Lines that two projects must have alike, by where they stand."""

MARK = "JUTSU_NIGHT_MARK"
JUTSU = (sys.executable, "-m", "jutsu_dagster.cli.app")

_PROC = Path("/proc")
_SHOWN = 400
# When something was done, how long it took, in which run of Dagster's, under which number.
_ASIDE = {
    "id", "recorded_at", "created_at", "updated_at", "started_at", "first_at", "last_at",
    "duration_seconds", "run_id",
}  # fmt: skip


class Night:
    """One command in a process group of its own, whose descendants can all be found.

    A context manager, at whose end all of them are killed.

    Parameters
    ----------
    program : sequence of str
        What is run, with its arguments.
    environment : mapping of str to str
        Beside this process's own, without its ``JUTSU_*`` variables.
    """

    def __init__(self, program: Sequence[str], environment: Mapping[str, str]) -> None:
        self.mark = uuid4().hex
        own = {key: value for key, value in os.environ.items() if not key.startswith("JUTSU_")}
        self.process = subprocess.Popen(
            program,
            env={**own, "COLUMNS": "200", **environment, MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def end(self, seconds: float = 120) -> tuple[int, str, str]:
        """Wait for the end; return exit code, what it answered and what it said."""
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out, err

    def kill(self, *, whole: bool = True) -> None:
        """Kill it by SIGKILL: with all that it started, at once, or its own process alone."""
        # First, because finding the others takes milliseconds.
        self.process.kill()
        while whole and (living := self.descendants()):
            for pid in living:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def descendants(self) -> list[int]:
        """Return the processes that came from it and live, itself among them."""
        wanted = f"{MARK}={self.mark}".encode()
        return [pid for pid in _living() if wanted in _environment(pid).split(b"\0")]

    def outlived_by(self, seconds: float = 5) -> list[int]:
        """Return what still lives of it some time after its end."""
        until = time.monotonic() + seconds
        while (left := self.descendants()) and time.monotonic() < until:
            time.sleep(0.05)
        return left


def _living() -> Iterator[int]:
    for entry in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            if (entry / "stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                yield int(entry.name)


def _environment(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def content(settings: Settings) -> Content:
    """Return ledger and state files of a project, row by row and file by file."""
    ledger = Ledger(settings.ledger_url)
    try:
        return _ledger_content(ledger) | _state_content(settings, ledger)
    finally:
        ledger.close()


def _ledger_content(ledger: Ledger) -> Content:
    found: Content = {}
    with ledger.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name not in _ASIDE]
            rows = connection.execute(select(*columns))
            # repr keeps every bit of a float.
            found[table.name] = sorted(
                ", ".join(f"{name}={_plain(value)!r}" for name, value in row._mapping.items())
                for row in rows
            )
    return found


def _plain(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def _state_content(settings: Settings, ledger: Ledger) -> Content:
    found: Content = {}
    registry = StrategyRegistry(settings.registry_path, settings.home)
    for id_ in registry.entries:
        folder = settings.state_dir / "strategies" / id_
        path = folder / "state.json"
        if not path.exists():
            continue
        found[f"{id_}/state.json"] = [_state(path), f"up to date: {_is_view(path, ledger, id_)}"]
        found[f"{id_}/backups"] = [_state(each) for each in sorted((folder / "backups").glob("*"))]
    link = settings.state_dir / "state.json"
    found["state.json"] = [str(link.readlink())] if link.is_symlink() else []
    return found


def _state(path: Path) -> str:
    document = json.loads(path.read_bytes())
    del document["last_run"], document["metadata"]["created_at"]
    return json.dumps(document, sort_keys=True)


def _is_view(path: Path, ledger: Ledger, strategy_id: str) -> bool:
    """Whether the file says when the ledger recorded what it shows."""
    state = state_in_ledger(ledger, strategy_id)
    shown = json.loads(path.read_bytes())["last_run"]
    return state is not None and json.loads(state.model_dump_json())["last_run"] == shown


def differences(expected: Content, found: Content, aside: Sequence[str] = ()) -> list[str]:
    """Return what differs, each shortly; ``aside`` are columns that may."""
    lines = []
    for place in sorted({*expected, *found}):
        one, other = (_without(each.get(place, []), aside) for each in (expected, found))
        lines += [f"{place}: lost or changed: {row[:_SHOWN]}" for row in one if row not in other]
        lines += [f"{place}: new or changed: {row[:_SHOWN]}" for row in other if row not in one]
        if sorted(set(one)) == sorted(set(other)) and len(one) != len(other):
            lines.append(f"{place}: {len(other)} instead of {len(one)}")
    return lines


def _without(rows: list[str], aside: Sequence[str]) -> list[str]:
    def kept(row: str) -> str:
        parts = row.split(", ")
        return ", ".join(part for part in parts if part.partition("=")[0] not in aside)

    return [kept(row) for row in rows] if aside else rows


def leftovers(settings: Settings) -> list[str]:
    """Return temporary files in a project, and runs that Dagster believes to be under way."""
    files = [str(path) for path in settings.home.rglob("*.tmp*")]
    with instance(settings, mend=False) as opened:
        return files + [f"run {run_id} is under way" for run_id in stranded_runs(opened)]


def unshown(settings: Settings, strategy_ids: Sequence[str]) -> list[str]:
    """Return the recorded sessions that Dagster does not show as materialized."""
    ledger, missing = Ledger(settings.ledger_url), []
    with instance(settings, mend=False) as opened:
        for id_ in strategy_ids:
            shown = opened.get_materialized_partitions(AssetKey(["strategies", id_]))
            done = [each.period for each in ledger.checkpoints(AccountKey(id_, "paper"))]
            missing += [f"strategies/{id_} {day}" for day in done if day not in shown]
    ledger.close()
    return missing
