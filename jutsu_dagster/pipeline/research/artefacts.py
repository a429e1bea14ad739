"""Where the files of the research steps are, and how they are written, read and cleared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.research.shapes import shape_fault
from jutsu_dagster.registry.shadow_rows import parse_json
from jutsu_dagster.research.trades import Json
from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster.storage.database import file_lock

_BY_DAY = Path("reports", "research", "by_day")
_BODY = ("generated_at", "mutations", "summary")

# The newest night's view of each step: its file, and what of the artefact it shows.
VIEWS: Mapping[str, Mapping[str, str | Sequence[str] | None]] = MappingProxyType(
    {
        "are_snapshot": {"reports/research/are_snapshot.json": None},
        "drift_report": {"reports/research/drift_report.json": None},
        **{
            step: {f"reports/gpt/{step}_{part}.json": part for part in ("input", "output")}
            for step in ("reflection", "tuner", "dream")
        },
        "quality_scores": {"reports/gpt/quality_scores.json": None},
        "evolver_output": {"reports/evolver/evolver_output.json": None},
        "mutation_preview": {
            "reports/evolver/mutations.json": _BODY,
            "reports/evolver/mutation_preview.json": None,
        },
        "meta_review": {"reports/research/meta_reasoner_report.json": None},
        "promotion_candidates": {"reports/evolver/promotion_candidates.json": None},
        "nightly_summary": {"reports/pipeline/nightly_research_summary.json": None},
    }
)


class ArtefactError(JutsuError):
    """A step's file that is missing, or is not what the step writes."""


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold the lock of the project's research; never within itself, it would wait for ever."""
    with file_lock(home / "state" / ".research.lock"):
        yield


def produce(
    home: Path,
    step: str,
    day: date,
    compute: Callable[[], Json],
    dependents: Iterable[str] = (),
) -> Json:
    """Compute a step's artefact and write it, while no other step of the project does.

    What an earlier run left is removed first, so that a step which fails leaves nothing that
    looks as if it were of this run.

    Parameters
    ----------
    home : Path
    step : str
    day : date
    compute : callable
        Returns the artefact. The research lock is held meanwhile.
    dependents : iterable of str
        Steps whose artefacts of the same night are removed too if this one fails: they were
        computed from what it no longer says.

    Raises
    ------
    ArtefactError
        If the artefact is no strict JSON.
    OSError
        If a file cannot be written.
    Exception
        Whatever ``compute`` raises.
    """
    with locked(home):
        discard(home, step, day)
        try:
            found = compute()
            write(home, step, day, found)
        except BaseException:
            for each in dependents:
                discard(home, each, day)
            raise
    return found


def partition_path(home: Path, step: str, day: date) -> Path:
    """Return where the copy is that later steps and nights read."""
    return home / _BY_DAY / day.isoformat() / f"{step}.json"


def view_paths(home: Path, step: str) -> list[Path]:
    """Return the files that show a step's newest night; empty for a step without any."""
    return [home / place for place in VIEWS.get(step, {})]


def write(home: Path, step: str, day: date, artefact: Mapping[str, Any]) -> Path:
    """Write a step's artefact of one night, and the views of it if no later one is there.

    Raises
    ------
    ArtefactError
        If the artefact is no strict JSON.
    OSError
        If a file cannot be written.
    """
    path = partition_path(home, step, day)
    write_bytes_atomic(path, _content(step, artefact))
    if not _is_later(path):
        for place, part in VIEWS.get(step, {}).items():
            shown: object = artefact
            if isinstance(part, str):
                shown = artefact[part]
            elif part is not None:
                shown = {name: artefact[name] for name in part}
            write_bytes_atomic(home / place, _content(step, shown), durable=False)
    return path


def read(home: Path, step: str, day: date) -> Json:
    """Return a step's artefact of one night, whatever other nights there are.

    Raises
    ------
    ArtefactError
        Naming file, fault and the command that mends it.
    """
    path = partition_path(home, step, day)
    shown = path.relative_to(home)
    again = f"run the night again (`jutsu nightly --date {day}`), or its step {step}"
    try:
        found = parse_json(path.read_bytes().decode())
    except FileNotFoundError as error:
        raise ArtefactError(f"{shown} is not there; {again}") from error
    except OSError as error:
        raise ArtefactError(f"{shown} cannot be read: {error.strerror}; {again}") from error
    except UnicodeDecodeError as error:
        raise ArtefactError(f"{shown} is no text: {error.reason}; {again}") from error
    except ValueError as error:
        raise ArtefactError(f"{shown} is no JSON: {error}; {again}") from error
    fault = shape_fault(step, day, found)
    if fault:
        raise ArtefactError(f"{shown}: {fault}; {again}")
    return dict(found)


def discard(home: Path, step: str, day: date) -> None:
    """Remove a step's artefact of one night, and its notes; views stay until the next write."""
    path = partition_path(home, step, day)
    path.unlink(missing_ok=True)
    _notes_path(path).unlink(missing_ok=True)


def write_notes(home: Path, step: str, day: date, notes: Sequence[str]) -> None:
    """Keep what a step had to say beside its artefact, for the summary; nothing to say, no file."""
    path = _notes_path(partition_path(home, step, day))
    if notes:
        write_bytes_atomic(path, _content(step, list(notes)), durable=False)
    else:
        path.unlink(missing_ok=True)


def read_notes(home: Path, step: str, day: date) -> list[str]:
    """Return what a step had to say; notes that cannot be read are none."""
    path = _notes_path(partition_path(home, step, day))
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [str(note) for note in found] if isinstance(found, list) else []


def nights(home: Path, step: str) -> list[date]:
    """Return the nights that have a file of this step, in order."""
    found = []
    for path in (home / _BY_DAY).glob(f"*/{step}.json"):
        try:
            found.append(date.fromisoformat(path.parent.name))
        except ValueError:
            continue  # no folder of ours
    return sorted(found)


def content_hash(artefact: Mapping[str, Any]) -> str:
    """Return a short hash of an artefact; equal for equal bytes."""
    return hashlib.sha256(_content("artefact", artefact)).hexdigest()[:16]


def _notes_path(path: Path) -> Path:
    return path.with_suffix(".notes")


def _is_later(path: Path) -> bool:
    """Return whether a later night has a file of the same step."""
    folder, name = path.parent.parent, path.parent.name
    later = (each for each in folder.iterdir() if each.name > name and each.name[:1].isdigit())
    return any((each / path.name).exists() for each in later)


def _content(step: str, artefact: object) -> bytes:
    try:
        return (json.dumps(artefact, allow_nan=False, indent=2) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise ArtefactError(f"{step} is no strict JSON: {error}") from error
