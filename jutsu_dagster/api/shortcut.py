"""The short way to an answer that is known and still holds: past routing and validation."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from jutsu_dagster.api.answers import Answers, sent
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.views.desk import ReadDesk


class Shortcut:
    """Answers what was asked with the same path and query before, while nothing has changed.

    All else goes the whole way, and what is new there is known here the next time. What a route
    would refuse was never answered, so it is not known.

    Parameters
    ----------
    app : ASGIApp
    desk : ReadDesk
    answers : Answers
    """

    def __init__(self, app: ASGIApp, desk: ReadDesk, answers: Answers) -> None:
        self._app, self._desk, self._answers = app, desk, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        found = None
        if scope["type"] == "http" and scope["method"] == "GET":
            found = self._answers.known((scope["path"], scope["query_string"]))
        if found is None or found.stamp != await self._stamp():
            await self._app(scope, receive, send)
            return
        known = dict(scope["headers"]).get(b"if-none-match")
        response = sent(found, None if known is None else known.decode("latin-1"))
        await response(scope, receive, send)

    async def _stamp(self) -> object:
        """Return the stamp as it is now; None where it cannot be told, and the route will say."""
        stamp = self._desk.glance()
        if stamp is not None:
            return stamp
        try:
            # It may have to wait: for a server's answer, or for a lock.
            return await run_in_threadpool(self._desk.stamp)
        except (JutsuError, OSError):
            return None
