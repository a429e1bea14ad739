"""What reading needs: registry, shadow registry and ledger, as they stand when they are asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, cast

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.pipeline.views.asked import UnknownError
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.freshness import LedgerStamp
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore

_T = TypeVar("_T")
Print = tuple[tuple[str, int, int, int] | None, ...]


class ReadDesk:
    """A project opened for reading, by many threads for as long as they like.

    Registry and shadow registry are read again when their files change; a registry that has
    become faulty leaves the last good one in place, and ``registry_faults`` says why. The ledger
    may go and come back: every use of ``ledger`` looks.

    Parameters
    ----------
    settings : Settings
    now : callable
        The present moment, UTC.

    Attributes
    ----------
    home : Path
    store : MarketStore
    """

    def __init__(
        self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.home = settings.home
        self.now = now
        self.store = MarketStore(settings.market_url)
        self._lock = threading.RLock()
        self._registry: StrategyRegistry | None = None
        self._registry_print: Print | None = None
        self._faults: tuple[Fault, ...] = ()
        self._book: tuple[Hashable, ShadowBook] | None = None
        self._ledger: Ledger | None = None
        self._stamp: LedgerStamp | None = None
        self._checked: Hashable = None
        self._memory: dict[str, tuple[Hashable, object]] = {}

    @property
    def registry(self) -> StrategyRegistry:
        """The registry as its files stand, or as they last were sound.

        Raises
        ------
        ConfigError
            If it never was.
        """
        with self._lock:
            path = self.settings.registry_path
            if self._registry is not None and self._registry_print == self._print(self._registry):
                return self._registry
            try:
                self._registry = StrategyRegistry(path, self.home)
                self._faults = ()
            except ConfigError as error:
                self._faults = error.faults
                if self._registry is None:
                    raise
            self._registry_print = self._print(self._registry)
            return self._registry

    @property
    def registry_faults(self) -> tuple[Fault, ...]:
        """Why the registry's files are not what ``registry`` shows; empty where they are."""
        with self._lock:
            _ = self.registry
            return self._faults

    @property
    def book(self) -> ShadowBook:
        """The shadow registry as its file stands."""
        with self._lock:
            registry = self.registry
            key = (self._registry_print, *_prints([self.home / SHADOWS_PATH]))
            if self._book is None or self._book[0] != key:
                self._book = (key, read_book(registry, self.home))
            return self._book[1]

    @property
    def ledger(self) -> Ledger:
        """The ledger, there and with this version's schema.

        Raises
        ------
        LedgerError
            If it is gone, locked, of another version, or does not answer; it may come back.
        """
        return self._opened()[0]

    def glance(self) -> Hashable | None:
        """Return the stamp if it can be had without a wait; None where only ``stamp`` can tell."""
        registry, stamp = self._registry, self._stamp
        if registry is None or stamp is None or stamp.generation != self._checked:
            return None
        found = self._print(registry)
        ledger = stamp.glance() if found == self._registry_print else None
        return None if ledger is None else self._told(ledger, found)

    def stamp(self) -> Hashable:
        """Return what changes whenever an answer could: of equal stamps all answers are equal.

        Take it before reading. The hour is part of it: what is missing depends on the time.

        Raises
        ------
        LedgerError, ConfigError
            As ``ledger`` and ``registry``.
        """
        with self._lock:
            _ = self.registry
            found = self._registry_print
        return self._told(self._opened()[1], found)

    def _told(self, ledger: Hashable, registry: Print | None) -> Hashable:
        hour = self.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return ledger, registry, _prints([self.home / SHADOWS_PATH]), hour

    def remembered(self, name: str, build: Callable[[], _T]) -> _T:
        """Return what ``build`` returns, once for as long as the stamp is the same."""
        stamp = self.stamp()
        with self._lock:
            found = self._memory.get(name)
        if found is not None and found[0] == stamp:
            return cast("_T", found[1])
        made = build()
        with self._lock:
            self._memory[name] = (stamp, made)
        return made

    def entry(self, strategy_id: str | None) -> StrategyEntry:
        """Return a registered strategy, the primary for None; raise UnknownError for none."""
        registry = self.registry
        if strategy_id is None:
            return registry.get_primary_strategy()
        found = registry.get_strategy(strategy_id)
        if found is None:
            raise UnknownError("strategy", strategy_id, registry.entries)
        return found

    def config(self, entry: StrategyEntry) -> StrategyConfig:
        """Return a strategy's configuration; raise ConfigError with its faults if it is broken."""
        if entry.config is None:
            raise ConfigError(entry.faults)
        return entry.config

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._stamp is not None:
                self._stamp.close()
            if self._ledger is not None:
                self._ledger.close()
            self._ledger = self._stamp = None

    def _opened(self) -> tuple[Ledger, Hashable]:
        with self._lock:
            if self._ledger is None or self._stamp is None:
                self._ledger = Ledger(self.settings.ledger_url, for_reading=True)
                self._stamp = LedgerStamp(self._ledger.engine)
            ledger, stamp = self._ledger, self._stamp
        found = stamp.get()
        # A ledger that was replaced has another generation, and perhaps another schema.
        generation = stamp.generation
        if generation != self._checked:
            ledger.require_current()
            self._checked = generation
        return ledger, found

    def _print(self, registry: StrategyRegistry | None) -> Print:
        files = [self.settings.registry_path]
        if registry is not None:
            files += [self.home / entry.config_file for entry in registry.entries.values()]
        return _prints(files)


def _prints(paths: Iterable[Path]) -> Print:
    """Return what changes when a file does; None where there is none."""
    found: list[tuple[str, int, int, int] | None] = []
    for path in paths:
        try:
            stat = path.stat()
        except (OSError, ValueError):
            found.append(None)
        else:
            found.append((str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino))
    return tuple(found)
