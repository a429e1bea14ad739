"""Which parameter sets a look back tries: the parent first, then its neighbours or a grid's."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import ConfigError, Fault, nearest
from jutsu_dagster.pipeline.grid import Grid, load_grid
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.mutation_axes import REACH, Axis, Level, axes_of
from jutsu_dagster.registry.mutation_values import is_number
from jutsu_dagster.registry.mutations import MutationError, mutate
from jutsu_dagster.registry.param_specs import ParamSpec, groups, param_specs
from jutsu_dagster.research.lookback.measures import LookbackError, written
from jutsu_dagster.strategies.base import Strategy


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """One parameter set.

    Attributes
    ----------
    strategy : Strategy
    changed : mapping of parameter to value
        Entries of maps by their dotted names; empty for the parent itself.
    steps : mapping of parameter to int
        Signed steps from the parent, 0 for another value of a flag; empty for a grid's sets.
    """

    strategy: Strategy
    changed: Mapping[str, object] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Candidates:
    """The parent and what is tried beside it.

    Attributes
    ----------
    sets : list of Candidate
        The parent first; no two with equal parameters.
    refused : list of (changes, reason)
        What breaks a rule of the class.
    source : str
        Where they are from, for the report.
    """

    sets: list[Candidate]
    refused: list[tuple[dict[str, object], str]]
    source: str

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that differ between sets, as fields of the class, in its order."""
        changed = {name.split(".")[0] for one in self.sets for name in one.changed}
        return tuple(name for name in type(self.parent).model_fields if name in changed)

    @property
    def parent(self) -> Strategy:
        """The strategy as configured."""
        return self.sets[0].strategy

    def grid(self) -> Grid:
        """Return the sets as a grid over ``names``, plain values."""
        names = self.names
        dumped = [one.strategy.model_dump() for one in self.sets]
        return Grid(names, [tuple(each[name] for name in names) for each in dumped], self.source)


class _Gathered:
    """Sets as they are found, each once."""

    def __init__(self, parent: Strategy) -> None:
        self.parent, self.specs = parent, param_specs(parent)
        self.sets = [Candidate(parent)]
        self.refused: list[tuple[dict[str, object], str]] = []
        self._seen = {parent.parameter_hash: 0}

    def add(self, mutations: Mapping[str, object], levels: Sequence[tuple[str, Level]]) -> int:
        """Return where the mutated parent stands among the sets, -1 if it is refused."""
        try:
            done = mutate(self.parent, mutations, creating=False, specs=self.specs)
        except MutationError as error:
            self.refused.append((dict(mutations), str(error.faults[0])))
            return -1
        if done.clamped:
            beyond = ", ".join(f"{name} ({value})" for name, value in done.clamped.items())
            self.refused.append((dict(mutations), f"{beyond} is beyond a bound"))
            return -1
        at = self._seen.setdefault(done.strategy.parameter_hash, len(self.sets))
        if at == len(self.sets):
            steps = {name: _signed(level, self.specs, name, done.changed) for name, level in levels}
            self.sets.append(Candidate(done.strategy, dict(done.changed), steps))
        return at


def _signed(
    level: Level, specs: Mapping[str, ParamSpec], axis: str, changed: Mapping[str, object]
) -> int:
    """Return a level's steps with their sign, told by the first entry that moved."""
    for name in changed:
        value, was = changed[name], specs[name].value
        inside = name == axis or name.startswith(f"{axis}.")
        if inside and is_number(value) and is_number(was):
            return level.steps if value > was else -level.steps
    return 0


def star(config: StrategyConfig, steps: int, names: Sequence[str] = ()) -> Candidates:
    """Return the parent and what lies up to ``steps`` steps aside of it, one parameter at a time.

    Parameters
    ----------
    config : StrategyConfig
    steps : int
        1 to 5, either way; flags and enums take their other values.
    names : sequence of str
        The parameters; all that mutations may change unless given.

    Raises
    ------
    MutationError
        If a name is unknown, immutable, or has nowhere to go.
    """
    if not 1 <= steps <= REACH:
        raise LookbackError(f"--steps {steps} must be between 1 and {REACH}")
    gathered = _Gathered(config.strategy)
    for axis in axes_of(config.strategy, names):
        for level in axis.levels:
            if level.steps <= steps:
                gathered.add({level.key: level.argument}, [(axis.name, level)])
    source = f"neighbours up to {steps} step{'s' * (steps > 1)} aside, one parameter at a time"
    return Candidates(gathered.sets, gathered.refused, source)


@dataclass(frozen=True, eq=False, slots=True)
class Pair:
    """Two parameters, the values (levels) of each ascending, and where each combination stands."""

    names: tuple[str, str]
    levels: tuple[list[object], list[object]]
    places: dict[tuple[int, int], int]


def pair(config: StrategyConfig, names: Sequence[str], steps: int) -> tuple[Candidates, Pair]:
    """Return the parent and all combinations of two parameters up to ``steps`` steps aside."""
    if len(set(names)) != 2:  # noqa: PLR2004  # a pair
        raise LookbackError(f"--pair {','.join(names)} must be two different parameters: a,b")
    gathered = _Gathered(config.strategy)
    sides = []
    for axis in axes_of(config.strategy, names):
        if axis.name not in gathered.specs:
            raise LookbackError(f"--pair: {axis.name} is a map; name one entry of it")
        sides.append(_along(axis, steps, gathered))
    places: dict[tuple[int, int], int] = {}
    for (row, (_, one)), (column, (_, other)) in itertools.product(*map(enumerate, sides)):
        chosen = [each for each in (one, other) if each is not None]
        at = gathered.add({level.key: level.argument for _, level in chosen}, chosen)
        if at >= 0:
            places[row, column] = at
    found = Candidates(gathered.sets, gathered.refused, f"{names[0]} by {names[1]}")
    values = ([value for value, _ in sides[0]], [value for value, _ in sides[1]])
    return found, Pair((names[0], names[1]), values, places)


def _along(
    axis: Axis, steps: int, gathered: _Gathered
) -> list[tuple[object, tuple[str, Level] | None]]:
    """Return the values of an axis within reach, the parent's among them, ascending if numbers."""
    found: list[tuple[object, tuple[str, Level] | None]]
    found = [(gathered.specs[axis.name].value, None)]
    for level in axis.levels:
        if level.steps <= steps:
            try:
                moved = mutate(gathered.parent, {level.key: level.argument}, creating=False)
            except MutationError:
                # Alone it breaks a rule of the class; beside another value it may not.
                continue
            found.append((moved.changed[axis.name], (axis.name, level)))
    return sorted(found, key=lambda each: each[0]) if axis.is_number else found  # type: ignore[arg-type,return-value]


def from_file(
    config: StrategyConfig, path: Path, *, sample: int | None = None, seed: int = 0
) -> Candidates:
    """Return the parent and the sets of a grid file; see ``load_grid``.

    Raises
    ------
    ConfigError
        If the file is no grid, a name is no parameter, or no set of it is valid.
    """
    grid = load_grid(path, sample=sample, seed=seed)
    gathered = _Gathered(config.strategy)
    _require_known(grid, groups(gathered.specs), config.class_name)
    ways = [gathered.add(dict(zip(grid.names, one, strict=True)), ()) for one in grid.sets]
    if max(ways) < 0:
        reason = gathered.refused[0][1]
        raise ConfigError([Fault(grid.file, "parameters", None, f"has no valid set: {reason}")])
    return Candidates(gathered.sets, gathered.refused, f"the grid {path.name}")


def _require_known(grid: Grid, known: Iterable[str], kind: str) -> None:
    names = list(known)
    faults = [
        Fault(grid.file, "parameters", name, f"is no parameter of {kind}", nearest(name, names))
        for name in grid.names
        if name not in names
    ]
    if faults:
        raise ConfigError(faults)


def require_choice(candidates: Candidates, tool: str) -> None:
    """Raise LookbackError unless there is a set to choose beside the parent."""
    if len(candidates.sets) < 2:  # noqa: PLR2004  # a choice
        why = f"; the first refused: {candidates.refused[0][1]}" if candidates.refused else ""
        raise LookbackError(
            f"{tool} needs at least two parameter sets, and {candidates.source} leaves only the"
            f" parent{why}"
        )


def described(changed: Mapping[str, Any]) -> str:
    """Return what a set changes of the parent, in words."""
    return ", ".join(f"{name} {written(value)}" for name, value in changed.items()) or "parent"
