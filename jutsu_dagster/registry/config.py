"""One strategy's configuration: from its YAML file to a plain, validated object."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from jutsu_dagster.core.errors import ConfigError, Fault, nearest
from jutsu_dagster.registry.faults import faults_of, relative, shown
from jutsu_dagster.registry.models import ExecutionTime, StrategyFile
from jutsu_dagster.registry.parameters import build_strategy
from jutsu_dagster.registry.yaml_file import parse_yaml, read_mapping
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.kinds import KindError, load_kind


@dataclass(frozen=True, eq=False)
class StrategyConfig:
    """A strategy and everything its accounts need to know.

    Attributes
    ----------
    path : Path
        The YAML file.
    file : StrategyFile
        What it says, validated, defaults filled in.
    strategy : Strategy
        The validated instance of the class.
    document : mapping
        The YAML as written; overrides are applied to it.
    home : Path or None
        The project, where a user's own classes are found.
    """

    path: Path
    file: StrategyFile
    strategy: Strategy
    document: Mapping[str, Any] = field(repr=False)
    home: Path | None = None

    @property
    def strategy_id(self) -> str:
        """The id, which names accounts, assets and folders."""
        return self.file.strategy_id

    @property
    def version(self) -> str:
        """The version that the file states."""
        return self.file.version

    @property
    def class_name(self) -> str:
        """The strategy class as the file names it: one of KINDS, or ``module:Class``."""
        return self.file.strategy.name

    @property
    def execution_time(self) -> ExecutionTime:
        """When a decision fills: at its own close, or at the next open or close."""
        return self.file.execution.execution_time

    @property
    def initial_capital(self) -> float:
        """What an account starts with, money."""
        return self.file.portfolio.initial_capital

    @property
    def commission_per_share(self) -> float:
        """Money per share and fill."""
        return self.file.costs.commission_per_share

    @property
    def slippage_rate(self) -> float:
        """Fraction of the price lost on each fill."""
        return self.file.costs.slippage_rate

    @property
    def backtest_start(self) -> date:
        """The first day on which the backtest account may trade."""
        return self.file.backtest.start

    @property
    def backtest_end(self) -> date | None:
        """The last day of the backtest account, inclusive; None for all there are."""
        return self.file.backtest.end

    @property
    def paper_start(self) -> date | None:
        """The first day of the paper account; None where there is none."""
        return self.file.paper.start

    @property
    def fill_terms(self) -> dict[str, object]:
        """When orders fill and what a fill costs, as JSON-ready data."""
        return {
            "execution_time": self.execution_time,
            "costs": self.file.costs.model_dump(mode="json"),
        }

    @cached_property
    def settings_hash(self) -> str:
        """A short hash of all that decides a backtest's numbers, and of nothing else."""
        decisive = {
            "class": self.class_name,
            "parameters": self.strategy.parameter_hash,
            **self.fill_terms,
            "initial_capital": self.initial_capital,
            "backtest_start": self.backtest_start.isoformat(),
        }
        text = json.dumps(decisive, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def with_overrides(self, overrides: Mapping[str, object]) -> StrategyConfig:
        """Return this configuration with other values, validated as strictly as the file.

        Parameters
        ----------
        overrides : mapping of name to value
            A name is a parameter of the strategy (``sma_fast``) or a dotted key of the file
            (``costs.slippage_rate``). Text is read as YAML: ``"50"`` is a number.

        Raises
        ------
        ConfigError
            Naming every unknown name and invalid value.
        """
        if not overrides:
            return self
        file = f"{relative(self.path, self.home)} with --set"
        document = copy.deepcopy(dict(self.document))
        faults: list[Fault] = []
        for name, value in overrides.items():
            try:
                parsed = parse_yaml(value, f"--set {name}") if isinstance(value, str) else value
                self._put(document, name, parsed, file)
            except ConfigError as error:
                faults += error.faults
        if faults:
            raise ConfigError(faults)
        said = " ".join(f"{name}={value}" for name, value in overrides.items())
        return build_config(document, self.path, self.home, f"{file} {said}")

    def _put(self, document: dict[str, Any], name: str, value: object, file: str) -> None:
        section, dot, key = name.rpartition(".")
        parameters = type(self.strategy).model_fields
        if not dot or section in ("strategy.parameters", "symbols"):
            if key not in parameters:
                close = nearest(key, [*parameters, *_dotted_keys()])
                raise ConfigError([Fault(file, name, value, "is no known setting", close)])
            # Where it stands already, so that the two places cannot disagree.
            written = document.get("symbols", {})
            if isinstance(written, list):
                written = document["symbols"] = {"symbols": written}
            stated = document["strategy"].setdefault("parameters", {})
            for place in [place for place in (written, stated) if key in place] or [stated]:
                place[key] = value
        elif name in _dotted_keys():
            document.setdefault(section, {})[key] = value
        else:
            close = nearest(name, [*_dotted_keys(), *parameters])
            raise ConfigError([Fault(file, name, value, "is no known setting", close)])


def _dotted_keys() -> list[str]:
    """Return the keys below a section that can be overridden."""
    sections = ("execution", "portfolio", "backtest", "paper", "costs")
    return [
        f"{section}.{key}"
        for section in sections
        for key in type(StrategyFile.model_fields[section].get_default()).model_fields
    ]


def load_strategy_config(
    path: Path | str, home: Path | None = None, drafts: Mapping[Path, str] | None = None
) -> StrategyConfig:
    """Return the configuration in the YAML file ``path``.

    Parameters
    ----------
    path : Path or str
    home : Path, optional
        The project: a relative ``path`` starts here, and so does the search for own classes.
    drafts : mapping of path to text, optional
        What files would say: a path in it is not read.

    Raises
    ------
    ConfigError
        Naming every fault of the file.
    """
    whole = Path(path) if home is None else home / path
    file = relative(whole, home)
    return build_config(read_mapping(whole, file, drafts), whole, home, file)


def build_config(
    document: dict[str, Any], path: Path, home: Path | None, file: str
) -> StrategyConfig:
    """Return the configuration that ``document`` describes; raise ConfigError with all faults."""
    faults: list[Fault] = []
    spec: StrategyFile | None = None
    try:
        spec = StrategyFile.model_validate(document)
    except ValidationError as error:
        faults += faults_of(error, StrategyFile, file)
    else:
        faults += [
            Fault(file, f"state.{key}", shown(getattr(spec.state, key)), f"must be {derived!r}")
            for key, derived in spec.misplaced().items()
        ]
    strategy = None
    # Parameters are checked even where another section is broken: all faults at once.
    name, parameters, symbols = _strategy_of(document)
    if name is not None:
        try:
            kind = load_kind(name, home)
        except KindError as error:
            faults.append(Fault(file, "strategy.name", shown(name), error.rule, error.nearest))
        else:
            strategy, found = build_strategy(kind, parameters, symbols, file)
            faults += found
    if faults or spec is None or strategy is None:
        raise ConfigError(faults)
    return StrategyConfig(path, spec, strategy, document, home)


def _strategy_of(document: dict[str, Any]) -> tuple[str | None, dict[str, Any], dict[str, Any]]:
    """Return class name, parameters and symbols as far as they have the right shape."""
    section, symbols = document.get("strategy"), document.get("symbols", {})
    if isinstance(symbols, list):
        symbols = {"symbols": symbols}
    if not (isinstance(section, dict) and isinstance(symbols, dict)):
        return None, {}, {}
    name, parameters = section.get("name"), section.get("parameters", {})
    if not (isinstance(name, str) and name and isinstance(parameters, dict)):
        return None, {}, {}
    return name, parameters, symbols
