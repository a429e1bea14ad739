"""Answers as bytes, made once for as long as nothing changes, and asked for conditionally."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from fastapi import Request, Response

from jutsu_dagster.pipeline.views.desk import ReadDesk

Raw = tuple[str, bytes]
_MOST_NAMES = 4_096
_MOST_BYTES = 64 * 1024 * 1024
_JSON = "application/json"
# The browser keeps it, and asks each time whether it still holds.
_KEPT = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Answer:
    """A body that was made when the ledger and the files had ``stamp``; ``key`` is the question."""

    stamp: Hashable
    body: bytes
    etag: str
    key: Hashable = None

    @property
    def headers(self) -> dict[str, str]:
        """What is said of it to caches."""
        return {"ETag": self.etag, "Cache-Control": _KEPT}


class Answers:
    """Keeps bodies by question; one is made anew when the desk's stamp is another.

    Parameters
    ----------
    desk : ReadDesk
    most_bytes : int
        The least recently used are forgotten beyond it.
    """

    def __init__(self, desk: ReadDesk, most_bytes: int = _MOST_BYTES) -> None:
        self._desk, self._most = desk, most_bytes
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()
        self._size = 0
        self._asked: OrderedDict[Raw, Hashable] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, build: Callable[[], Any]) -> Answer:
        """Return the answer to a question; ``build`` gives its data where it has to be made.

        Whoever asks the same at the same time waits for the one that makes it.
        """
        # Before anything is read: what is committed meanwhile changes the next one.
        stamp = self._desk.stamp()
        found = self._found(key, stamp)
        if found is not None:
            return found
        with self._lock:
            mine = self._making.setdefault(key, threading.Lock())
        try:
            with mine:
                found = self._found(key, stamp)
                if found is None:
                    body = encoded(build())
                    found = Answer(stamp, body, etag_of(body), key)
                    self._keep(key, found)
                return found
        finally:
            with self._lock:
                self._making.pop(key, None)

    def name(self, raw: Raw, key: Hashable) -> None:
        """Remember which question a path and its query, as they were sent, are."""
        with self._lock:
            self._asked[raw] = key
            self._asked.move_to_end(raw)
            if len(self._asked) > _MOST_NAMES:
                self._asked.popitem(last=False)

    def known(self, raw: Raw) -> Answer | None:
        """Return the last answer to a path and its query; whether it holds, its stamp says."""
        with self._lock:
            key = self._asked.get(raw)
            return None if key is None else self._kept.get(key)

    def _found(self, key: Hashable, stamp: Hashable) -> Answer | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found.stamp != stamp:
                return None
            self._kept.move_to_end(key)
            return found

    def _keep(self, key: Hashable, answer: Answer) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            self._size += len(answer.body) - (len(before.body) if before else 0)
            self._kept[key] = answer
            while self._size > self._most and self._kept:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest.body)


def encoded(data: Any) -> bytes:
    """Return data as strict JSON; what is no number raises ValueError."""
    return json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def etag_of(body: bytes) -> str:
    """Return a strong entity tag: equal for equal bytes."""
    return f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'


def answered(request: Request, answer: Answer) -> Response:
    """Return an answer, or 304 without a body if who asks has it already."""
    if answer.key is not None:
        kept: Answers = request.app.state.answers
        kept.name((request.scope["path"], request.scope["query_string"]), answer.key)
    return sent(answer, request.headers.get("if-none-match"))


def sent(answer: Answer, known: str | None) -> Response:
    """Return an answer to who sends the tags ``known`` as If-None-Match."""
    if _has(known, answer.etag):
        return Response(status_code=304, headers=answer.headers)
    return Response(answer.body, headers=answer.headers, media_type=_JSON)


def fresh(data: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return data that is true at this moment only."""
    told = {"Cache-Control": "no-store", **(headers or {})}
    return Response(encoded(data), status, told, media_type=_JSON)


def _has(header: str | None, etag: str) -> bool:
    if header is None:
        return False
    known = [each.strip().removeprefix("W/") for each in header.split(",")]
    return "*" in known or etag in known
