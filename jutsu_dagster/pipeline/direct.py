"""Asking directional strategies what they decide, and holding their answer to the contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import JutsuError, StrategyError
from jutsu_dagster.pipeline.evaluate import strategy_fault
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy

_DTYPES = {"direction": np.dtype(np.int8), "confidence": np.dtype(float), "regime": np.dtype("i8")}


def is_directional(config: StrategyConfig | None) -> bool:
    """Return whether a strategy decides the direction of one symbol, not weights."""
    return config is not None and isinstance(config.strategy, DirectionalStrategy)


def directional_strategy(config: StrategyConfig) -> DirectionalStrategy:
    """Return the configured strategy; raise StrategyError if it does not decide directions."""
    if not isinstance(config.strategy, DirectionalStrategy):
        raise StrategyError(
            f"{config.strategy_id}: {config.class_name} decides weights, not the direction of one"
            " symbol"
        )
    return config.strategy


def directions(
    config: StrategyConfig, strategies: Sequence[DirectionalStrategy], bars: Bars
) -> list[Directional]:
    """Ask strategies of one class, in this process; those that decide alike may share an answer.

    Raises
    ------
    StrategyError
        For whatever the class's code raises, and for an answer that breaks the contract.
    """
    try:
        made: object = type(strategies[0]).direct_many(strategies, bars)
    except JutsuError:
        raise
    # A user's class may raise anything, and may call sys.exit; the traceback stays in the chain.
    except (Exception, SystemExit) as error:
        raise strategy_fault(config, error) from error
    if not isinstance(made, list) or len(made) != len(strategies):
        raise StrategyError(f"{config.class_name}.direct_many must return a list, one a set")
    return kept_to_contract(config.class_name, made, len(bars))


def kept_to_contract(name: str, made: Sequence[object], count: int) -> list[Directional]:
    """Return answers over ``count`` bars with arrays of the contract's types.

    Raises
    ------
    StrategyError
        If one is no Directional, or an array of it has another shape or is not of such numbers.
    """
    known: dict[int, Directional] = {}
    for each in made:
        if id(each) not in known:
            known[id(each)] = _checked(name, each, count)
    return [known[id(each)] for each in made]


def _checked(name: str, made: object, count: int) -> Directional:
    if not isinstance(made, Directional):
        kind = type(made).__name__
        raise StrategyError(f"{name}.direct must return a Directional, not {kind}")
    changed: dict[str, Any] = {}
    for field, dtype in _DTYPES.items():
        stated = getattr(made, field)
        values = np.asarray(stated)
        if values.shape != (count,):
            raise StrategyError(f"{name}: {field} has shape {values.shape}; bars have {(count,)}")
        if values.dtype.kind not in "biuf":
            raise StrategyError(f"{name}: {field} must hold numbers, not {values.dtype}")
        if values is not stated or values.dtype != dtype or not values.flags.c_contiguous:
            with np.errstate(invalid="ignore"):
                changed[field] = np.ascontiguousarray(values, dtype=dtype)
            if dtype.kind == "i" and not np.array_equal(changed[field], values):
                raise StrategyError(f"{name}: {field} must hold whole numbers within {dtype}")
    return replace(made, **changed) if changed else made
