"""What a nightly run is doing, seen from outside; and after its kill, how far it had come."""

from __future__ import annotations

import time
from contextlib import suppress
from types import TracebackType
from typing import Self

import dagster as dg
from sqlalchemy import create_engine, text

from jutsu_dagster.cli.instance import instance
from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.database import parse_url
from jutsu_dagster.storage.journal import attempts
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.killable import Night

_LOCKS = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
_TICK_SECONDS = 0.0005
_END = {"STEP_SUCCESS", "STEP_FAILURE"}


class Watch:
    """Sees a project's run begin, and its writes to market, ledger and state files."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.runs = self._run_ids()
        self.version = MarketStore(settings.market_url).version("etf_daily")
        self.noted = self._noted()
        url = parse_url(settings.ledger_url)
        self._connection = None
        if url.get_backend_name() == "postgresql":
            self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
            self._connection = self._engine.connect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._engine.dispose()

    def wait(self, what: str, night: Night) -> float:
        """Wait until something happens, or the night is over; return the seconds that it took."""
        begun, before = time.monotonic(), self._seen(what)
        while self._seen(what) == before and night.process.poll() is None:
            time.sleep(_TICK_SECONDS)
        return time.monotonic() - begun

    def _seen(self, what: str) -> object:
        state = self.settings.state_dir
        if what == "run":
            # Dagster captures each run's output from its first step on.
            return sum(1 for _ in (self.settings.dagster_home / "storage").glob("*"))
        if what == "market":
            return sum(1 for _ in (state / "market" / "etf_daily").glob("*/*"))
        if what == "state":
            return [path.stat().st_ino for path in sorted(state.glob("strategies/*/state.json"))]
        if self._connection is not None:
            return self._connection.execute(_LOCKS).scalar()
        with suppress(FileNotFoundError):
            return (state / "jutsu.db-wal").stat().st_mtime_ns
        return None

    def _run_ids(self) -> set[str]:
        with instance(self.settings, mend=False) as opened:
            return set(opened.get_run_ids())

    def _noted(self) -> set[tuple[str, str, str]]:
        ledger = Ledger(self.settings.ledger_url)
        found = attempts(ledger.engine, limit=10_000)
        ledger.close()
        columns = (found["strategy_id"], found["partition"], found["run_id"])
        return set(zip(*columns, strict=True))


def phase_of(settings: Settings, watch: Watch) -> str:
    """Return how far the run had come that was killed."""
    with instance(settings, mend=False) as opened:
        new = [run for run in opened.get_runs() if run.run_id not in watch.runs]
        if not new:
            return "1 imports, before the run"
        run = new[0]
        if run.status == dg.DagsterRunStatus.SUCCESS:
            return "9 after the run"
        step = None
        for entry in opened.all_logs(run.run_id):
            if entry.dagster_event is None:
                continue
            kind = entry.dagster_event.event_type_value
            step = entry.dagster_event.step_key if kind == "STEP_START" else step
            step = None if kind in _END else step
    if step is None:
        return "2 between steps"
    if step == "market__etf_daily":
        changed = MarketStore(settings.market_url).version("etf_daily") != watch.version
        return f"3 market, {'after' if changed else 'before'} its commit"
    if not step.startswith("strategies__") or "replay" in step:
        return "7 replay" if "replay" in step else "4 checks of the market"
    return _account_phase(settings, watch, step, run.tags["dagster/asset_partition_range_end"])


def _account_phase(settings: Settings, watch: Watch, step: str, day: str) -> str:
    registry = StrategyRegistry(settings.registry_path, settings.home)
    id_ = next(id_ for id_ in registry.entries if step.endswith(id_))
    ledger = Ledger(settings.ledger_url)
    try:
        recorded = ledger.checkpoint(AccountKey(id_, "paper"), day)
        if recorded is None:
            return "5 account, before its commit"
        path = settings.state_dir / "strategies" / id_ / "state.json"
        shown = path.read_text(encoding="utf-8") if path.exists() else ""
        if f"{recorded.recorded_at:%Y-%m-%dT%H:%M:%S.%f}" not in shown:
            return "6 account, between commit and state file"
        noted = {key for key in watch._noted() - watch.noted if key[0] == id_}  # noqa: SLF001
        return f"6 account, {'after all' if noted else 'between state file and journal'}"
    finally:
        ledger.close()
