"""The strategy registry: every rule enforced at once, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.config import StrategyConfig, load_strategy_config
from jutsu_dagster.registry.faults import dotted, faults_of, relative, shown
from jutsu_dagster.registry.models import EntrySpec, RegistryFile, RegistrySettings
from jutsu_dagster.registry.rules import id_faults, order_faults, primary_faults
from jutsu_dagster.registry.yaml_file import read_mapping
from jutsu_dagster.strategies.kinds import KindError, load_kind

REGISTRY_PATH = Path("config/strategies_registry.yaml")


@dataclass(frozen=True, eq=False, slots=True)
class StrategyEntry:
    """One registered strategy.

    Attributes
    ----------
    id, display_name, strategy_class, config_file, description : str
    is_primary, is_active, paper_trading : bool
    active_strategy, parent_strategy : str or None
        The variant whose parameters its file has, and its parent; None where none was promoted.
    variants : tuple of str
        Every variant that was ever promoted to it.
    config : StrategyConfig or None
        None where the strategy is broken.
    faults : tuple of Fault
        Why it is broken; empty where it is not.
    """

    id: str
    display_name: str
    strategy_class: str
    config_file: str
    is_primary: bool
    is_active: bool
    paper_trading: bool
    description: str
    active_strategy: str | None = None
    parent_strategy: str | None = None
    variants: tuple[str, ...] = ()
    config: StrategyConfig | None = field(default=None, repr=False)
    faults: tuple[Fault, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it is active and not broken."""
        return self.is_active and self.config is not None


class StrategyRegistry:
    """The registered strategies, validated.

    A fault of the registry itself or of the primary stops the load. Another strategy whose
    configuration is broken is set aside: it stays in ``entries`` with its faults and runs
    nowhere. An inactive one's faults are shown only.

    Parameters
    ----------
    registry_path : Path or str
    home : Path or str, optional
        The project, where ``config_file`` paths start and a user's own classes are found;
        unless given, the folder above the registry's ``config/``.
    drafts : mapping of absolute path to text, optional
        What files would say, the registry's own or a strategy's: such a path is not read. This
        is how a change is validated before it is written.

    Attributes
    ----------
    entries : mapping of id to StrategyEntry
        In the order of definition, broken and inactive ones too.
    execution_order : tuple of str
    settings : RegistrySettings
    broken : mapping of id to tuple of Fault

    Raises
    ------
    ConfigError
        Naming every fault that stops the load.
    """

    def __init__(
        self,
        registry_path: Path | str = REGISTRY_PATH,
        home: Path | str | None = None,
        *,
        drafts: Mapping[Path, str] | None = None,
    ) -> None:
        self.path = Path(registry_path).absolute()
        self.home = Path(home).absolute() if home is not None else _home_of(self.path)
        self.file = relative(self.path, self.home)
        self._drafts = drafts or {}
        spec, entries, faults = self._read()
        self.version = spec.version
        self.settings: RegistrySettings = spec.settings
        order = spec.execution_order
        self.execution_order = tuple(entries) if order is None else order
        faults += primary_faults(self.file, entries.values())
        faults += order_faults(self.file, entries, self.execution_order, given=order is not None)
        entries = {id_: self._configured(entry) for id_, entry in entries.items()}
        faults += [
            fault
            for entry in entries.values()
            if entry.is_primary and entry.is_active
            for fault in entry.faults
        ]
        if faults:
            raise ConfigError(list(dict.fromkeys(faults)))
        self.entries: Mapping[str, StrategyEntry] = MappingProxyType(entries)
        self.broken: Mapping[str, tuple[Fault, ...]] = MappingProxyType(
            {entry.id: entry.faults for entry in entries.values() if entry.faults}
        )

    @classmethod
    def load(cls, path: Path | str, home: Path | str | None = None) -> StrategyRegistry:
        """Return the registry in the file ``path``; the same as calling the class."""
        return cls(path, home)

    def get_active_strategies(self) -> list[StrategyEntry]:
        """Return the strategies that run, in execution order: active and not broken."""
        return [self.entries[id_] for id_ in self.execution_order if self.entries[id_].runs]

    def get_primary_strategy(self) -> StrategyEntry:
        """Return the primary strategy."""
        return next(entry for entry in self.entries.values() if entry.is_primary)

    def get_strategy(self, strategy_id: str) -> StrategyEntry | None:
        """Return the strategy called ``strategy_id``, or None."""
        return self.entries.get(strategy_id)

    def is_strategy_active(self, strategy_id: str) -> bool:
        """Return whether the strategy runs: registered, active and not broken."""
        entry = self.get_strategy(strategy_id)
        return entry is not None and entry.runs

    def _read(self) -> tuple[RegistryFile, dict[str, StrategyEntry], list[Fault]]:
        """Return the registry file, its entries without configurations, and their faults."""
        document = read_mapping(self.path, self.file, self._drafts)
        try:
            spec = RegistryFile.model_validate(document)
        except ValidationError as error:
            faults = faults_of(error, RegistryFile, self.file)
            strategies = document.get("strategies")
            # The entries are still looked at, so that all faults are named at once.
            if isinstance(strategies, dict):
                faults += self._entries(strategies)[1]
            raise ConfigError(faults) from error
        if not spec.strategies:
            rule = "must hold at least one strategy"
            raise ConfigError([Fault(self.file, "strategies", None, rule)])
        entries, faults = self._entries(spec.strategies)
        return spec, entries, faults

    def _entries(
        self, strategies: Mapping[str, Any]
    ) -> tuple[dict[str, StrategyEntry], list[Fault]]:
        entries, stopping = {}, []
        for id_, raw in strategies.items():
            key = dotted("strategies", id_)
            faults = id_faults(self.file, key, id_)
            try:
                spec = EntrySpec.model_validate(raw)
            except ValidationError as error:
                faults += faults_of(error, EntrySpec, self.file, key)
                spec = _salvaged(raw, id_)
            entries[id_] = StrategyEntry(id_, **dict(spec), faults=tuple(faults))
            if spec.is_active:
                stopping += faults
        return entries, stopping

    def _configured(self, entry: StrategyEntry) -> StrategyEntry:
        """Return the entry with its configuration, or with the faults that left it without."""
        # What was salvaged of a faulty entry is no ground to find more faults on.
        if entry.faults:
            return entry
        key = dotted("strategies", entry.id)
        faults = []
        config = None
        try:
            load_kind(entry.strategy_class, self.home)
        except KindError as error:
            stated = shown(entry.strategy_class)
            where = dotted(key, "strategy_class")
            faults.append(Fault(self.file, where, stated, error.rule, error.nearest))
        path = self.home / entry.config_file
        if path not in self._drafts and not _is_file(path):
            stated = shown(entry.config_file)
            faults.append(Fault(self.file, dotted(key, "config_file"), stated, "is no file"))
        else:
            try:
                config = load_strategy_config(path, self.home, self._drafts)
            except ConfigError as error:
                faults += error.faults
            else:
                faults += _mismatches(entry, config)
        return replace(entry, config=None if faults else config, faults=tuple(faults))


def _mismatches(entry: StrategyEntry, config: StrategyConfig) -> list[Fault]:
    """Return where the strategy's file contradicts the registry."""
    file = entry.config_file
    pairs = (
        ("strategy_id", config.strategy_id, entry.id),
        ("strategy.name", config.class_name, entry.strategy_class),
    )
    return [
        Fault(file, key, stated, f"must be {expected!r}, as in the registry")
        for key, stated, expected in pairs
        if stated != expected
    ]


def _salvaged(raw: object, id_: str) -> EntrySpec:
    """Return a stand-in for a faulty entry: its two flags where they are readable."""
    flags = raw if isinstance(raw, dict) else {}
    return EntrySpec(
        display_name=id_[:50] or "?",
        strategy_class="?",
        config_file="?",
        is_primary=flags.get("is_primary") is True,
        is_active=flags.get("is_active") is not False,
    )


def _home_of(path: Path) -> Path:
    return path.parent.parent if path.parent.name == "config" else path.parent


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a NUL byte in it
        return False
