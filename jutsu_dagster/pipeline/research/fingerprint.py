"""What ``config/`` holds when a night begins: a night changes none of it."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

from jutsu_dagster.pipeline.research.artefacts import ArtefactError, partition_path
from jutsu_dagster.storage.atomic import write_text_atomic

STEM = "config_fingerprint"


def config_fingerprint(home: Path) -> dict[str, str]:
    """Return the SHA-256 of every file under ``config/``, by its path within the project.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    folder = home / "config"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def keep_fingerprint(home: Path, day: date) -> None:
    """Write the night's ``config_fingerprint.json``; its first step does, each time it runs."""
    text = json.dumps(config_fingerprint(home), indent=2)
    write_text_atomic(partition_path(home, STEM, day), f"{text}\n")


def kept_fingerprint(home: Path, day: date) -> dict[str, str]:
    """Return the fingerprint that a night began with.

    Raises
    ------
    ArtefactError
        If it is not there, or illegible.
    """
    path = partition_path(home, STEM, day)
    shown = path.relative_to(home)
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ArtefactError(
            f"{shown} cannot be read ({error}); run the night again (`jutsu nightly --date {day}`)"
        ) from error
    if not isinstance(found, dict) or not all(isinstance(one, str) for one in found.values()):
        raise ArtefactError(f"{shown} is no fingerprint; run the night again")
    return {str(name): value for name, value in found.items()}
