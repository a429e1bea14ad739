"""What a forked child does: bounds itself, rebuilds the strategy, decides, answers, ends."""

from __future__ import annotations

import faulthandler
import os
import pickle
import resource
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.direct import directional_strategy, directions
from jutsu_dagster.pipeline.evaluate import allocation_strategy, decided
from jutsu_dagster.pipeline.isolation import linux
from jutsu_dagster.pipeline.isolation.answer import encode, encode_failure
from jutsu_dagster.pipeline.isolation.directions import encode_directions
from jutsu_dagster.registry.config import StrategyConfig, build_config
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.strategies.base import code_version
from jutsu_dagster.strategies.directional import DirectionalStrategy

SHOW_PLACE = signal.SIGUSR1
"""Upon this signal a child writes where it is to its standard error."""


@dataclass(frozen=True)
class Request:
    """What a child needs to decide as its parent would.

    Attributes
    ----------
    document, path, home
        As in StrategyConfig.
    bars : Bars
    parameter_hash, code_version : str
        Of the strategy that was asked; the rebuilt one must have the same.
    search_path : tuple of str
        ``sys.path``, so that a user's module is found where the parent found it.
    sets : tuple of (parameters, hash)
        Of directional strategies of the document's class, which are asked instead.
    """

    document: dict[str, Any]
    path: Path
    home: Path | None
    bars: Bars
    parameter_hash: str
    code_version: str
    search_path: tuple[str, ...]
    sets: tuple[tuple[dict[str, Any], str], ...] = ()


def settle(server: int, output: int, unwanted: Iterable[int]) -> None:
    """Cut the fresh child off from the server: its own group, its own output, no control."""
    os.setpgid(0, 0)
    linux.die_with_parent(server)
    linux.be_killed_first()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for standard in (1, 2):
        os.dup2(output, standard)
    for descriptor in (output, *unwanted):
        os.close(descriptor)
    faulthandler.enable(2, all_threads=False)
    faulthandler.register(SHOW_PLACE, 2, all_threads=False)


def decide(pickled: bytes, memory_mb: int, answer: int) -> None:
    """Decide and write the answer, a decision or a failure, to the descriptor ``answer``."""
    linux.limit_memory(memory_mb)
    try:
        # From our own parent, through our own server.
        said = _decision(pickle.loads(pickled))  # noqa: S301
    # A user's code may raise anything, and may call sys.exit.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        linux.lift_memory_limit()
        said = encode_failure(error)
    with open(answer, "wb", closefd=False) as file:
        file.write(said)


def _decision(request: Request) -> bytes:
    sys.path[:] = request.search_path
    file = relative(request.path, request.home)
    config = build_config(request.document, request.path, request.home, file)
    strategy = config.strategy
    if strategy.parameter_hash != request.parameter_hash:
        raise StrategyError(
            f"{config.strategy_id}: its parameters are not those that {file} describes"
        )
    if code_version(type(strategy)) != request.code_version:
        raise StrategyError(
            f"{config.strategy_id}: its code changed after this process had loaded it; start anew"
        )
    if request.sets:
        return encode_directions(directions(config, _sets(config, request), request.bars))
    decision = decided(config, allocation_strategy(config), request.bars)
    try:
        return encode(decision)
    except StrategyError as error:
        raise StrategyError(f"{config.strategy_id}: {config.class_name}: {error}") from error


def _sets(config: StrategyConfig, request: Request) -> list[DirectionalStrategy]:
    """Return the strategies that are asked, each known to be what the parent has."""
    kind = type(directional_strategy(config))
    made = [kind.model_validate(values) for values, _ in request.sets]
    if any(one.parameter_hash != hash_ for one, (_, hash_) in zip(made, request.sets, strict=True)):
        raise StrategyError(f"{config.strategy_id}: a set's parameters are not those asked for")
    return made
