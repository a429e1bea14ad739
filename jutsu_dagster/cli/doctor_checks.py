"""The checks of ``jutsu doctor``, each by itself: none needs another to have passed."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.doctor import Check

if TYPE_CHECKING:
    from jutsu_dagster.registry.load import StrategyRegistry
    from jutsu_dagster.settings import Settings
    from jutsu_dagster.storage.ledger import Ledger

_DAGSTER = ("dagster", "dagster-webserver", "dagster-graphql")
_LIBRARIES = ("pandas", "numpy", "numba", "pyarrow", "deltalake", "sqlalchemy", "pydantic")
_PYTHONS = ((3, 11), (3, 15))
_LITTLE_SPACE = 1 << 30
_NO_SPACE = 100 << 20
_NO_READER = "no running strategy reads daily bars"


def check_versions(_settings: Settings) -> Check:
    """Look whether Python and the libraries are those we support, Dagster's parts as one."""
    name, mend = "versions", "run scripts/setup"
    python = ".".join(map(str, sys.version_info[:3]))
    if not _PYTHONS[0] <= sys.version_info[:2] < _PYTHONS[1]:
        return Check(name, "fail", f"Python {python}; it must be 3.11 to 3.14", mend)
    found, absent = {}, []
    for package in (*_DAGSTER, *_LIBRARIES):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            absent.append(package)
    if absent:
        return Check(name, "fail", f"not installed: {', '.join(absent)}", mend)
    shown = ", ".join(f"{package} {number}" for package, number in found.items())
    if len({found[package] for package in _DAGSTER}) > 1:
        return Check(name, "fail", f"the parts of Dagster differ: {shown}", mend)
    return Check(name, "ok", f"Python {python}, {shown}")


def check_project(settings: Settings) -> Check:
    """Look whether the project's folder has its configuration."""
    name, home = "project", settings.home.resolve()
    if not settings.registry_path.is_file():
        mend = "run jutsu inside the project, or set JUTSU_HOME to it"
        return Check(name, "fail", f"{home} has no config/strategies_registry.yaml", mend)
    return Check(name, "ok", str(home))


def _registry(settings: Settings) -> StrategyRegistry:
    from jutsu_dagster.registry.load import StrategyRegistry

    return StrategyRegistry(settings.registry_path, settings.home)


def check_registry(settings: Settings) -> Check:
    """Look whether the registry loads, with no broken strategy."""
    from jutsu_dagster.registry.universe import market_faults

    name, registry = "registry", _registry(settings)
    faults = [*(fault for each in registry.broken.values() for fault in each)]
    active = ", ".join(entry.id for entry in registry.get_active_strategies())
    early = market_faults(registry)
    if faults:
        detail = f"set aside: {', '.join(registry.broken)}\n" + "\n".join(map(str, faults))
        return Check(name, "warn", detail, "mend the files named; the others run meanwhile")
    if early:
        return Check(name, "warn", "\n".join(map(str, early)), "set an earlier market_start")
    return Check(name, "ok", f"active: {active}; primary: {registry.get_primary_strategy().id}")


def check_source(settings: Settings) -> Check:
    """Look whether the source answers for every symbol that the strategies ask for."""
    from jutsu_dagster.registry.universe import etf_symbols
    from jutsu_dagster.sources.open import open_source

    symbols = etf_symbols(_registry(settings))
    if not symbols:
        return Check("source", "ok", _NO_READER)
    source = open_source(settings.etf_source, settings.home)
    latest = source.latest(symbols)
    kind = "synthetic" if source.synthetic else "real"
    newest = latest["timestamp"].max().date()
    return Check(
        "source", "ok", f"{source.name} ({kind}): {len(symbols)} symbols, latest price of {newest}"
    )


def check_market(settings: Settings) -> Check:
    """Look whether the store begins before the backtests and ends with the source."""
    from jutsu_dagster.core.calendar import sessions_between
    from jutsu_dagster.pipeline.ingest import ETF_DAILY
    from jutsu_dagster.registry.universe import entries_on, etf_symbols, market_anchor
    from jutsu_dagster.sources.open import open_source
    from jutsu_dagster.storage.market import MarketStore

    name, mend = "market", "run `jutsu ingest`"
    registry, store = _registry(settings), MarketStore(settings.market_url)
    symbols = etf_symbols(registry)
    if not symbols:
        return Check(name, "ok", _NO_READER)
    if not store.exists(ETF_DAILY):
        return Check(name, "fail", f"{settings.market_url}: nothing ingested yet", mend)
    stored = store.coverage(ETF_DAILY)
    spans = zip(stored["first"], stored["last"], strict=True)
    have: dict[str, tuple[date, date]] = dict(zip(stored["symbol"], spans, strict=True))
    absent = [symbol for symbol in symbols if symbol not in have]
    if absent:
        return Check(name, "fail", f"no bars of {', '.join(absent)}", mend)
    source = open_source(settings.etf_source, settings.home)
    listings, rows = source.listings(symbols), source.latest(symbols)
    latest = dict(zip(rows["symbol"], rows["timestamp"].dt.date, strict=True))
    begins: dict[str, date] = {}
    for entry in entries_on(registry, "1d"):
        anchor = market_anchor(entry)
        for symbol in entry.config.strategy.universe if entry.config else ():
            begins[symbol] = min(anchor, begins.get(symbol, anchor))
    gaps = []
    for symbol, anchor in sorted(begins.items()):
        # An anchor without warm-up may be no session: then the next one counts.
        start = max(anchor, listings[symbol].first)
        needed: date = sessions_between(start, start + timedelta(days=14))[0].item()
        if have[symbol][0] > needed:
            gaps.append(
                f"{symbol} is needed from {needed}; the store has it from {have[symbol][0]}"
            )
    if gaps:
        return Check(name, "fail", "\n".join(gaps), mend)
    behind = [symbol for symbol in symbols if have[symbol][1] < latest[symbol]]
    if behind:
        detail = f"{', '.join(behind)}: the source has newer bars, up to {max(latest.values())}"
        return Check(name, "warn", detail, mend)
    newest = max(last for _, last in have.values())
    return Check(name, "ok", f"{len(have)} symbols up to {newest} in {settings.market_url}")


@contextmanager
def _ledger(settings: Settings) -> Iterator[Ledger]:
    from jutsu_dagster.storage.ledger import Ledger

    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        yield ledger
    finally:
        ledger.close()


def _no_ledger_yet(settings: Settings) -> bool:
    """Return whether the ledger is a file that nobody made yet; a look must not make it."""
    from jutsu_dagster.storage.database import parse_url, sqlite_file

    path = sqlite_file(parse_url(settings.ledger_url))
    return path is not None and not path.exists()


def check_ledger(settings: Settings) -> Check:
    """Look whether the ledger answers, with the tables of this version."""
    name = "ledger"
    if _no_ledger_yet(settings):
        return Check(name, "fail", "there is none yet", "run `jutsu init`")
    with _ledger(settings):
        kind = settings.ledger_url.partition(":")[0]
    return Check(name, "ok", f"{kind}, tables up to date")


def check_backtests(settings: Settings) -> Check:
    """Look for backtest years that rest on something which was replaced since."""
    from jutsu_dagster.core.account import AccountKey
    from jutsu_dagster.pipeline.compare import stale_years

    name = "backtests"
    if _no_ledger_yet(settings):
        return Check(name, "ok", "no backtest yet")
    stale = []
    with _ledger(settings) as ledger:
        for entry in _registry(settings).get_active_strategies():
            account = AccountKey(entry.id, "backtest")
            # An account has either sessions or days; of the other there are none.
            years = ledger.stale_periods(account) or stale_years(ledger, account)
            if years:
                stale.append(f"{entry.id}: {', '.join(years)}")
    if stale:
        detail = "an earlier year has changed since these were made: " + "; ".join(stale)
        return Check(name, "warn", detail, "run `jutsu backtest`, or backfill these years")
    return Check(name, "ok", "no year is stale")


def check_disk(settings: Settings) -> Check:
    """Look whether the folder for state can be written on a disk with some space."""
    name = "disk"
    folder = next(p for p in (settings.dagster_home, *settings.dagster_home.parents) if p.exists())
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check(name, "fail", f"{folder} cannot be written", f"chmod u+w {folder}")
    free = shutil.disk_usage(folder).free
    detail = f"{folder}: {free / (1 << 30):.1f} GB free"
    if free < _NO_SPACE:
        return Check(name, "fail", detail, "free some space")
    if free < _LITTLE_SPACE:
        return Check(name, "warn", detail, "free some space")
    return Check(name, "ok", detail)


def check_runs(settings: Settings) -> Check:
    """Look for runs that are believed to be running while their process is gone."""
    from jutsu_dagster.cli.instance import instance, locked, stranded_runs

    name = "runs"
    if not (settings.dagster_home / "dagster.yaml").exists():
        return Check(name, "ok", "no run yet")
    lock = Path(settings.dagster_home / ".users.lock")
    with locked(lock, fcntl.LOCK_EX | fcntl.LOCK_NB) as alone:
        idle = alone is not None
    with instance(settings, mend=False) as opened:
        ids = stranded_runs(opened)
    if not ids:
        return Check(name, "ok", "none is running")
    if not idle:
        return Check(name, "ok", f"{len(ids)} running")
    shown = ", ".join(run_id[:8] for run_id in ids)
    mend = "the next `jutsu up` or `jutsu backtest` marks them as failed"
    return Check(name, "warn", f"left behind by a killed process: {shown}", mend)
