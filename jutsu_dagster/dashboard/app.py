"""The dashboard: one application over the views, to be mounted under ``/``."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import dash
from a2wsgi import WSGIMiddleware
from flask import Flask, Response, jsonify

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.dashboard import acting, callbacks
from jutsu_dagster.dashboard.answers import Asked
from jutsu_dagster.dashboard.shell import INDEX, layout
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.settings import Settings

# Everything comes from this server: a page that tried to load from elsewhere would be refused.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'self'"
)
_THREADS = 8


def create_dashboard(settings: Settings, desk: ReadDesk | None = None) -> WSGIMiddleware:
    """Return the dashboard as an ASGI application.

    Parameters
    ----------
    settings : Settings
    desk : ReadDesk, optional
        The API's, so that both read through the same; one of its own unless given.
    """
    asked = Asked(desk or ReadDesk(settings))
    threading.Thread(target=_warm, args=(asked,), daemon=True).start()
    return WSGIMiddleware(build(asked).server, workers=_THREADS)


def build(asked: Asked) -> dash.Dash:
    """Return the dashboard as an application of Dash."""
    app = dash.Dash(
        __name__,
        title="jutsu",
        update_title="",
        index_string=INDEX,
        serve_locally=True,
        add_log_handler=False,
        enable_mcp=False,
        suppress_callback_exceptions=True,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.layout = layout()
    callbacks.register(app, asked)
    acting.register(app, asked)
    _serve_pulse(app.server, asked)
    return app


def _warm(asked: Asked) -> None:
    """Answer what Home asks once, so that the first visitor waits for no imports."""
    with suppress(JutsuError, OSError):  # the page says it, if it is still so then
        asked.status()
        asked.promotions()


def _serve_pulse(server: Any, asked: Asked) -> None:
    assert isinstance(server, Flask)  # noqa: S101  (Dash's default backend)

    @server.get("/_jutsu/pulse")
    def pulse() -> Response:
        """Say what changes whenever a page would."""
        return jsonify({"mark": asked.mark()})

    @server.after_request
    def careful(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _POLICY
        return response
