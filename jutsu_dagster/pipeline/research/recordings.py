"""Who reflects, tunes and dreams, as the registry's ``research.adapter`` says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.shadow_rows import parse_json
from jutsu_dagster.research.adapters import Adapter, AdapterError, adapter_of
from jutsu_dagster.research.schemas import TASKS
from jutsu_dagster.research.trades import Json

RECORDED = Path("reports", "gpt", "recorded")
"""Where recordings are: ``<task>.json`` for every night, ``<date>/<task>.json`` for one."""


class Recordings(Mapping[str, Json]):
    """The recordings that answer one night: its own first, else those for every night.

    A file holds an artefact as a night leaves it (``reports/research/by_day/…/reflection.json``
    can be copied here) or its ``output`` alone. One with an ``input_hash`` answers that very
    input only; any other answers whatever is asked. A task without a file, or with an illegible
    one, is done by the rules, and its artefact says why.
    """

    def __init__(self, home: Path, day: date) -> None:
        self._home, self._day = home, day

    def __getitem__(self, task: str) -> Json:
        for path in self._places(task):
            try:
                found = parse_json((self._home / path).read_bytes().decode())
            except FileNotFoundError:
                continue
            except OSError as error:
                raise AdapterError(f"{path} cannot be read: {error.strerror}") from error
            except ValueError as error:
                raise AdapterError(f"{path} is no JSON: {error}") from error
            if not isinstance(found, dict):
                raise AdapterError(f"{path} holds no JSON object")
            return found
        raise KeyError(task)

    def __iter__(self) -> Iterator[str]:
        return (
            task
            for task in TASKS
            if any((self._home / path).exists() for path in self._places(task))
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _places(self, task: str) -> tuple[Path, Path]:
        return (RECORDED / self._day.isoformat() / f"{task}.json", RECORDED / f"{task}.json")


def night_adapter(registry: StrategyRegistry, home: Path, day: date) -> Adapter:
    """Return who reflects, tunes and dreams in the night of ``day``; none uses a network.

    ``llm`` is a seam: no model comes with this project, so the rules do the work and the
    artefacts say so.
    """
    return adapter_of(registry.settings.research.adapter, recorded=Recordings(home, day))
