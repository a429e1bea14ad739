"""The documentation at ``/api/docs``, whose scripts come from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html

# The two files of Swagger UI that a page needs, as a wheel ships them: no CDN is asked.
_ASSETS: Mapping[str, str] = MappingProxyType(
    {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}
)
_DAY = 86_400


def add_docs(app: FastAPI) -> None:
    """Add the page and its files; none of it is part of the described API."""
    folder = files("fastapi_offline") / "static"
    contents = {name: (folder / name).read_bytes() for name in _ASSETS}

    @app.get("/api/docs", include_in_schema=False)
    def docs() -> Response:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title=f"{app.title}: API",
            swagger_js_url="/api/docs/swagger-ui-bundle.js",
            swagger_css_url="/api/docs/swagger-ui.css",
            # One that nobody has to fetch.
            swagger_favicon_url="data:,",
        )

    for name in _ASSETS:
        _add(app, name, contents[name])


def _add(app: FastAPI, name: str, content: bytes) -> None:
    @app.get(f"/api/docs/{name}", include_in_schema=False)
    def asset() -> Response:
        return Response(
            content, media_type=_ASSETS[name], headers={"Cache-Control": f"max-age={_DAY}"}
        )
