"""The Dagster instance in ``state/dagster``: its configuration, its first touch, its leftovers."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import yaml

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.storage.atomic import write_text_atomic
from jutsu_dagster.storage.attempt import storage_fault
from jutsu_dagster.storage.database import parse_url

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from jutsu_dagster.settings import Settings

ACCOUNT_TAG = "jutsu/account"
"""Runs that carry the same value of this tag never run at once."""

_HEAD = (
    "# Written by `jutsu` at every start: settings come from JUTSU_* variables, not from here.\n"
)
_HOUR = 3600


def _postgres_url(database_url: str) -> str | None:
    """Return ``database_url`` with the driver that Dagster has, None if it is not PostgreSQL."""
    scheme, _, rest = database_url.partition("://")
    if scheme.partition("+")[0] not in {"postgres", "postgresql"}:
        return None
    # Named, since SQLAlchemy 2.1 takes another driver where none is.
    return f"postgresql+psycopg2://{rest}"


def dagster_config(settings: Settings) -> dict[str, Any]:
    """Return the content of ``dagster.yaml``; compute logs stay at their default, inside it."""
    config: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "run_coordinator": {
            "module": "dagster",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        "concurrency": {
            "runs": {
                "max_concurrent_runs": 2,
                "tag_concurrency_limits": [
                    {"key": ACCOUNT_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1}
                ],
            },
            # The UI's backfill dialog sets no tags, so an asset names its account as its pool too.
            "pools": {"default_limit": 1, "granularity": "run"},
        },
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 300,
            "cancel_timeout_seconds": 60,
            "max_runtime_seconds": 6 * _HOUR,
            "poll_interval_seconds": 30,
        },
        # Only jobs that ask for it by tag are retried: max_retries of the instance stays 0.
        "run_retries": {"enabled": True, "max_retries": 0},
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 2, "started": 7, "success": 30}},
        },
    }
    postgres_url = _postgres_url(settings.ledger_url)
    if postgres_url is not None:
        config["storage"] = {"postgres": {"postgres_url": postgres_url}}
    return config


def write_dagster_yaml(settings: Settings) -> Path:
    """Write ``state/dagster/dagster.yaml`` where it differs, and return its path.

    Parameters
    ----------
    settings : Settings
        A PostgreSQL ``database_url`` moves Dagster's storage there; anything else is SQLite.
    """
    path = settings.dagster_home / "dagster.yaml"
    text = _HEAD + yaml.safe_dump(dagster_config(settings), sort_keys=False)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The database's password stands in it; an existing file keeps its permissions.
        path.touch(mode=0o600)
        write_text_atomic(path, text)
    return path


@contextmanager
def locked(path: Path, how: int) -> Iterator[IO[str] | None]:
    """Hold a file lock; None where ``how`` includes ``LOCK_NB`` and another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            yield None
        else:
            yield file


@contextmanager
def instance(settings: Settings, *, mend: bool = True) -> Iterator[DagsterInstance]:
    """Open the project's Dagster instance, with ``DAGSTER_HOME`` set meanwhile.

    Runs that a killed process left behind are marked as failed first: those of the command line,
    and all of them if no other process of this project holds the instance.

    Parameters
    ----------
    settings : Settings
    mend : bool
        False leaves such runs as they are.

    Raises
    ------
    JutsuError
        If ``database_url`` names PostgreSQL and the extra ``postgres`` is not installed, or
        Dagster's storage is damaged.
    """
    _require_driver(settings)
    home = settings.dagster_home.resolve()
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        from dagster import DagsterInstance

        from jutsu_dagster.defs.live_runs import fail_dead_runs

        # Two processes that create a fresh instance's tables at once break it for good.
        with locked(home / ".first_touch.lock", fcntl.LOCK_EX):
            write_dagster_yaml(settings)
            try:
                opened = DagsterInstance.get()
                opened.get_runs_count()
            # Dagster lets through whatever its storage raises.
            except Exception as error:
                reason = storage_fault(error) or str(error).partition("\n")[0]
                message = f"Dagster's storage in {home} cannot be opened: {reason}"
                raise JutsuError(message) from error
        users = home / ".users.lock"
        with opened, _told(settings):
            if mend:
                with locked(users, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
                    if alone is not None:
                        fail_stranded_runs(opened)
                # Beside others, those of the command line.
                fail_dead_runs(opened, home)
            with locked(users, fcntl.LOCK_SH):
                yield opened
    finally:
        if before is None:
            os.environ.pop("DAGSTER_HOME", None)
        else:
            os.environ["DAGSTER_HOME"] = before


@contextmanager
def _told(settings: Settings) -> Iterator[None]:
    """Say in one line what Dagster's storage refused: a full disk, a lost server."""
    try:
        yield
    except (JutsuError, OSError):
        raise
    # Dagster lets through whatever its storage raises.
    except Exception as error:
        reason = storage_fault(error)
        if reason is None:
            raise
        place = str(settings.dagster_home)
        if _postgres_url(settings.ledger_url) is not None:
            place = parse_url(settings.ledger_url).render_as_string(hide_password=True)
        raise JutsuError(f"Dagster's storage in {place} refused: {reason}") from error


def _require_driver(settings: Settings) -> None:
    if _postgres_url(settings.ledger_url) is None:
        return
    if find_spec("dagster_postgres") is None:
        message = (
            "JUTSU_DATABASE_URL names PostgreSQL, which needs the extra 'postgres': "
            "run `scripts/setup postgres`"
        )
        raise JutsuError(message)


def stranded_runs(opened: DagsterInstance) -> list[str]:
    """Return the ids of runs that the instance believes to be running."""
    from dagster import DagsterRunStatus, RunsFilter

    # STARTING first appears when a worker is launched; QUEUED runs wait for the daemon and live on.
    statuses = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
    return [run.run_id for run in opened.get_runs(RunsFilter(statuses=statuses))]


def fail_stranded_runs(opened: DagsterInstance) -> list[str]:
    """Mark runs as failed whose process is gone, and return their ids; nothing else does.

    The caller knows that no process of this project is running anything.
    """
    from jutsu_dagster.defs.live_runs import DIED

    ids = stranded_runs(opened)
    for run_id in ids:
        run = opened.get_run_by_id(run_id)
        if run is not None:
            opened.report_run_failed(run, DIED)
    return ids
