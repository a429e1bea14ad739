"""Directions as a child's answer: what sets decide, those that decide alike sent once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.direct import kept_to_contract
from jutsu_dagster.pipeline.isolation.answer import UnreadableError, arrays_in, packed
from jutsu_dagster.strategies.directional import Directional

_FIELDS = ("direction", "confidence", "regime")


def encode_directions(made: Sequence[Directional]) -> bytes:
    """Return checked decisions as bytes; diagnostics stay behind."""
    distinct = {id(each): each for each in made}
    places = {key: at for at, key in enumerate(distinct)}
    described, pieces = [], []
    for each in distinct.values():
        for name in _FIELDS:
            array = np.ascontiguousarray(getattr(each, name))
            described.append({"name": name, "dtype": array.dtype.str, "shape": array.shape})
            pieces.append(array.tobytes())
    header = {
        "of": [places[id(each)] for each in made],
        "regimes": [[str(label) for label in each.regimes] for each in distinct.values()],
        "arrays": described,
    }
    return packed(header, *pieces)


def directions_in(
    header: dict[str, Any], raw: memoryview, name: str, sets: int, count: int
) -> list[Directional]:
    """Return the decisions of an answer, known to be of ``sets`` sets over ``count`` bars.

    Raises
    ------
    UnreadableError
        If header and bytes do not describe them.
    StrategyError
        If an array breaks the contract.
    """
    try:
        arrays = list(arrays_in(header["arrays"], raw))
        labels = [tuple(str(label) for label in each) for each in header["regimes"]]
        made = [
            Directional(arrays[3 * at][1], arrays[3 * at + 1][1], arrays[3 * at + 2][1], own)
            for at, own in enumerate(labels)
        ]
        found = [made[at] for at in header["of"]]
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise UnreadableError(f"{type(error).__name__}: {error}") from error
    if len(found) != sets:
        raise StrategyError(f"{name}: decided for {len(found)} sets, not {sets}")
    return kept_to_contract(name, found, count)
