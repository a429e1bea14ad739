"""New mutations of a strategy, drawn within its bounds: random, a grid, or the neighbours.

All are valid by the class's own rules, none is a no-op, no two are alike, and none is what was
tried before, however it was written.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from jutsu_dagster.registry.mutation_axes import Axis, Level, axes_of
from jutsu_dagster.registry.mutations import MutationError, changes_of, mutate
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.strategies.base import Strategy

Method = Literal["random", "grid", "neighbours"]
METHODS: tuple[Method, ...] = get_args(Method)

# A random mutation changes one to three parameters.
MOST_CHANGED = 3
# Draws before all that is possible is gone through, or given up where that is too much.
_DRAWS_EACH, _DRAWS_MORE, _COUNTABLE = 20, 2_000, 50_000

_Change = tuple[Level, ...]
_Effect = frozenset[tuple[str, object]]


@dataclass(frozen=True, slots=True)
class Sample:
    """Mutations as drawn.

    Attributes
    ----------
    mutations : tuple of mapping
        In the grammar of ``registry.mutations``; fewer than wanted where there are no more.
    wanted : int
    known : int
        How many different ones came up that were tried before.
    refused : int
        How many came up that break a rule of the class.
    exhausted : bool
        Whether all that is possible was looked at.
    """

    mutations: tuple[dict[str, object], ...]
    wanted: int
    known: int = 0
    refused: int = 0
    exhausted: bool = False


def sample_mutations(
    parent: Strategy,
    count: int,
    *,
    method: Method = "random",
    seed: int = 0,
    names: Sequence[str] = (),
    past: Iterable[Mapping[str, object]] = (),
    advance: Callable[[int], None] = lambda _found: None,
) -> Sample:
    """Return up to ``count`` new mutations of ``parent``; the same for the same arguments.

    Parameters
    ----------
    parent : Strategy
    count : int
        At least 1.
    method : "random", "grid" or "neighbours"
        random: one to three parameters changed at a time, by up to five steps each. grid: all
        combinations of steps, of numbers only unless others are named; those with the fewest
        steps first, and among them the parameters in their order. neighbours: one step of one
        parameter each, in the order of the parameters.
    seed : int
        Of the random draws; the other methods draw nothing.
    names : sequence of str
        Parameters to change, see ``mutation_axes.axes_of``; by default all mutable ones.
    past : iterable of mappings
        Mutations of this parent as it stands that were tried before.
    advance : function of int
        Told how many there are so far.

    Raises
    ------
    MutationError
        If a name is unknown, immutable, or has nowhere to go.
    """
    axes = axes_of(parent, names, numbers_only=method == "grid")
    changes: Iterator[_Change | None]
    if method == "random":
        changes = _random(axes, count, np.random.default_rng(seed))
    else:
        changes = _grid(axes) if method == "grid" else _neighbours(axes)
    specs = param_specs(parent)
    tried = {_effect(each, parent, specs) for each in past}
    seen: set[_Effect] = set()
    known: set[_Effect] = set()
    refused = 0
    drawn: set[_Change] = set()
    found: list[dict[str, object]] = []
    exhausted = True
    for change in _limited(changes, _DRAWS_EACH * count + _DRAWS_MORE + _COUNTABLE):
        if change is None:
            exhausted = False
            break
        if change in drawn:
            continue
        drawn.add(change)
        mutations = {level.key: level.argument for level in change}
        try:
            effect = _rounded(mutate(parent, mutations, specs=specs).changed)
        except MutationError:
            refused += 1
            continue
        if effect in tried:
            known.add(effect)
        elif effect not in seen:
            seen.add(effect)
            found.append(mutations)
            advance(len(found))
            if len(found) == count:
                exhausted = False
                break
    return Sample(tuple(found), count, len(known), refused, exhausted)


def _limited(changes: Iterator[_Change | None], most: int) -> Iterator[_Change | None]:
    """Yield up to so many changes, then None: a class may refuse nearly all of a vast grid."""
    yield from itertools.islice(changes, most)
    if next(changes, None) is not None:
        yield None


def _neighbours(axes: Sequence[Axis]) -> Iterator[_Change]:
    for axis in axes:
        for level in axis.levels:
            if level.steps == 1:
                yield (level,)


def _grid(axes: Sequence[Axis]) -> Iterator[_Change]:
    furthest = [max(level.steps for level in axis.levels) for axis in axes]
    beyond = [sum(furthest[at:]) for at in range(len(axes) + 1)]

    def below(at: int, left: int) -> Iterator[tuple[Level, ...]]:
        """Yield the combinations of the axes from ``at`` on that take ``left`` steps together."""
        if left == 0:
            yield ()
        elif left <= beyond[at]:
            for level in sorted(axes[at].levels, key=lambda each: -each.steps):
                if level.steps <= left:
                    for rest in below(at + 1, left - level.steps):
                        yield (level, *rest)
            yield from below(at + 1, left)

    for steps in range(1, beyond[0] + 1):
        yield from below(0, steps)


def _random(axes: Sequence[Axis], count: int, rng: np.random.Generator) -> Iterator[_Change | None]:
    """Yield draws; then, where that is feasible, all there are; else None: not all were seen."""
    most = min(MOST_CHANGED, len(axes))
    possible = _possible(axes, most)
    for _ in range(min(_DRAWS_EACH * count + _DRAWS_MORE, _DRAWS_EACH * possible)):
        chosen = np.sort(rng.choice(len(axes), size=rng.integers(1, most + 1), replace=False))
        levels = [axes[at].levels for at in chosen]
        yield tuple(each[rng.integers(len(each))] for each in levels)
    if possible > _COUNTABLE:
        yield None
        return
    for many in range(1, most + 1):
        for some in itertools.combinations(axes, many):
            yield from itertools.product(*(axis.levels for axis in some))


def _possible(axes: Sequence[Axis], most: int) -> int:
    """Return how many different draws there are: of one parameter, of two, of three."""
    ways = [1] + [0] * most
    for axis in axes:
        for many in range(most, 0, -1):
            ways[many] += ways[many - 1] * len(axis.levels)
    return sum(ways[1:])


def _effect(
    mutations: Mapping[str, object], parent: Strategy, specs: Mapping[str, ParamSpec]
) -> _Effect:
    try:
        return _rounded(changes_of(parent, mutations, specs))
    except MutationError:  # of an earlier version of the class: like nothing that is drawn now
        return frozenset()


def _rounded(changed: Mapping[str, object]) -> _Effect:
    """Return what a mutation does; 0.7 - 0.02 and 0.68 are the same."""
    return frozenset((name, _value(value)) for name, value in changed.items())


def _value(value: object) -> object:
    return float(f"{value:.10g}") if isinstance(value, float) else value
