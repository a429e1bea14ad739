"""Grid files: which parameter sets a sweep tries."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.yaml_file import read_mapping


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """Parameter sets to try: ``names``, one tuple of values per set, and the file they are from."""

    names: tuple[str, ...]
    sets: Sequence[tuple[Any, ...]]
    file: str = "the grid"

    def __len__(self) -> int:
        return len(self.sets)


def load_grid(path: Path, *, sample: int | None = None, seed: int = 0) -> Grid:
    """Read a grid file: ``parameters: {name: [values]}``, or the mapping alone.

    Parameters
    ----------
    path : Path
    sample : int, optional
        Draw this many distinct sets of the product instead of all.
    seed : int
        Of the draw.

    Raises
    ------
    ConfigError
        If the file is not such a mapping.
    """
    document = read_mapping(path, str(path))
    parameters = document.get("parameters", document)
    faults = []
    if not isinstance(parameters, dict) or not parameters:
        raise ConfigError([Fault(str(path), "parameters", None, "must map names to lists")])
    for name, values in parameters.items():
        if not isinstance(values, list) or not values:
            faults.append(
                Fault(str(path), f"parameters.{name}", values, "must be a list of values to try")
            )
    if faults:
        raise ConfigError(faults)
    names = tuple(str(name) for name in parameters)
    lists = list(parameters.values())
    total = math.prod(len(values) for values in lists)
    if sample is None or sample >= total:
        return Grid(names, list(itertools.product(*lists)), str(path))
    chosen = random.Random(seed).sample(range(total), sample)  # noqa: S311  (no secret)
    return Grid(names, [_nth(lists, at) for at in sorted(chosen)], str(path))


def _nth(lists: Sequence[Sequence[Any]], at: int) -> tuple[Any, ...]:
    """Return element ``at`` of the lists' product."""
    picked = []
    for values in reversed(lists):
        at, rest = divmod(at, len(values))
        picked.append(values[rest])
    return tuple(reversed(picked))
