"""Alerts while the ledger is out of reach: one JSON line each, until the ledger takes them over."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

_TICK_SECONDS = 0.02


@dataclass(slots=True)
class Kept:
    """One alert of the file; ``at`` is when it was last seen, as ISO text in UTC."""

    key: str
    severity: str
    subject: str
    body: str
    at: str
    delivered: bool = False


class AlertFile:
    """A file of alerts that is there only while the ledger is not.

    Parameters
    ----------
    path : Path
        ``state/alerts_unsent.jsonl``; its folder is made when the first alert comes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def alone(self, patience: float) -> Iterator[bool]:
        """Let one sender of this project work at a time; the kernel frees a killed one's turn.

        Yields
        ------
        bool
            False if others are still at work after ``patience`` seconds, or the folder cannot be
            written. An alert goes out all the same.
        """
        lock = self._path.with_name(".alerts.lock")
        try:
            lock.parent.mkdir(parents=True, exist_ok=True)
            file = lock.open("a", encoding="utf-8")
        except OSError:
            yield False
            return
        with file:
            yield _taken(file.fileno(), patience)

    def note(
        self, key: str, severity: str, subject: str, body: str, *, now: datetime | None = None
    ) -> bool:
        """Keep an alert; return whether its cause is new here. OSError where nothing can be kept.

        Parameters as ``alert_log.note``.
        """
        known = {kept.key: kept for kept in self.kept()}
        at = (now or datetime.now(UTC)).astimezone(UTC).isoformat()
        before = known.get(key)
        self._append(
            Kept(key, severity, subject, body, at, before is not None and before.delivered)
        )
        return before is None

    def mark_delivered(self, key: str) -> None:
        """Keep that somebody was told; an unknown key is no fault."""
        for kept in self.kept():
            if kept.key == key:
                kept.delivered = True
                self._append(kept)

    def is_delivered(self, key: str) -> bool:
        """Return whether somebody was told of this cause."""
        return any(kept.key == key and kept.delivered for kept in self.kept())

    def undelivered(self, since: datetime, limit: int) -> list[Kept]:
        """Return what nobody was told of since then, the first first."""
        waiting = [kept for kept in self.kept() if not kept.delivered]
        return [kept for kept in waiting if datetime.fromisoformat(kept.at) >= since][:limit]

    def kept(self) -> list[Kept]:
        """Return each cause as last seen, the first first; a torn line is left out."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        found: dict[str, Kept] = {}
        for line in lines:
            try:
                kept = Kept(**json.loads(line))
            except (ValueError, TypeError):
                continue
            found[kept.key] = kept
        return list(found.values())

    def clear(self) -> None:
        """Remove the file: the ledger has it all."""
        self._path.unlink(missing_ok=True)

    def _append(self, kept: Kept) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a+b") as file:
            # Behind a line that a full disk cut short, so that it spoils no other.
            torn = file.tell() > 0 and os.pread(file.fileno(), 1, file.tell() - 1) != b"\n"
            file.write(b"\n" * torn + json.dumps(asdict(kept)).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def _taken(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(_TICK_SECONDS)
        except OSError:  # a network file system without locks
            return False
        else:
            return True
