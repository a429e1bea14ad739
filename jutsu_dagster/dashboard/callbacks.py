"""What follows on what: the browser keeps the view, the server draws it."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, State, html
from dash.development.base_component import Component

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Asked
from jutsu_dagster.dashboard.pages import PAGES
from jutsu_dagster.dashboard.render import banners, rendered
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.dashboard.shell import NAV
from jutsu_dagster.dashboard.state import View
from jutsu_dagster.dashboard.wiring import attributes, in_browser

_HIDDEN = {"display": "none"}
_SHOWN: dict[str, str] = {}


def register(app: dash.Dash, asked: Asked) -> None:
    """Add all callbacks to an application."""
    _in_browser(app)

    @app.callback(
        Output("content", "children"),
        Output("drawn", "data"),
        Input("view", "data"),
        Input("pulse", "data"),
        Input("theme", "data"),
        prevent_initial_call=True,
    )
    def draw(view: dict[str, Any] | None, _pulse: Any, theme: str | None) -> tuple[Component, str]:
        if view is None or theme is None:
            raise dash.exceptions.PreventUpdate
        # Taken before: what changes while the page is drawn makes it drawn again.
        mark = asked.mark()
        return rendered(Scene(asked, View.of(view, theme))), mark

    @app.callback(
        Output("banners", "children"),
        Output("strategies", "data"),
        Output("strategies", "value"),
        Output("effective", "data"),
        Output("strategies", "placeholder"),
        Output("market-side", "children"),
        Output("market-top", "children"),
        Output("dagster-link", "children"),
        Output("count-check", "children"),
        Output("dates-box", "style"),
        Output("toolbar", "style"),
        Input("view", "data"),
        Input("pulse", "data"),
        prevent_initial_call=True,
    )
    def surround(view: dict[str, Any] | None, _pulse: Any) -> tuple[Any, ...]:
        if view is None:
            raise dash.exceptions.PreventUpdate
        scene = Scene(asked, View.of(view, None))
        page = PAGES.get(scene.view.path)
        tools = (
            _SHOWN if page is not None and page.ranges else _HIDDEN,
            _SHOWN if page is not None and page.selects else _HIDDEN,
        )
        try:
            waiting = scene.ask.promotions().body["open"]
            market = _market(scene)
        except (JutsuError, OSError):
            # The page says what is wrong; what is chosen stays as it is.
            return ([], *(dash.no_update for _ in range(8)), *tools)
        everyone = page is not None and page.everyone and not scene.view.strategies
        chosen = [] if everyone else scene.ids
        words = "All strategies" if everyone else "Add a strategy"
        return (banners(scene), _options(scene), chosen, chosen, words, market, market,
                _dagster(scene), str(waiting or ""), *tools)  # fmt: skip


def _in_browser(app: dash.Dash) -> None:
    names = [icon for _, _, icon in NAV]
    view, search = State("view", "data"), Output("url", "search", allow_duplicate=True)
    in_browser(
        app, "jutsu.resolve", Output("view", "data"), Output("url", "search"),
        Input("url", "pathname"), Input("url", "search"), at_start=True,
    )  # fmt: skip
    in_browser(
        app, "jutsu.choose", search, Input("strategies", "value"), State("effective", "data"), view
    )
    in_browser(app, "jutsu.pick", search, Input("dates", "value"), view)
    in_browser(app, "jutsu.zoom", search, Input("account-figure", "relayoutData"), view)
    in_browser(app, "jutsu.point", search, Input("variant-scatter", "clickData"), view)
    in_browser(app, "jutsu.dates", Output("dates", "value"), Input("view", "data"))
    in_browser(
        app, "jutsu.theme", Output("theme", "data"), Output("mantine", "forceColorScheme"),
        Input("theme-button", "n_clicks"), at_start=True,
    )  # fmt: skip
    in_browser(
        app, "jutsu.pulse", Output("pulse", "data"), Input("beat", "n_intervals"),
        State("drawn", "data"),
    )  # fmt: skip
    in_browser(
        app, "jutsu.titled", Output("titled", "title"), Input("view", "data"),
        Input("effective", "data"),
    )  # fmt: skip
    in_browser(
        app, "jutsu.nav",
        *(Output(f"nav-{name}", "href") for name in names),
        *(Output(f"nav-{name}", "className") for name in names),
        Input("view", "data"), State("hrefs", "data"),
    )  # fmt: skip


def _options(scene: Scene) -> list[dict[str, Any]]:
    return [
        {
            "value": id_,
            "label": id_,
            "name": row["display_name"],
            "health": row["health"],
            "state": row["state"],
        }
        for id_, row in scene.registered.items()
    ]


def _market(scene: Scene) -> list[Component]:
    made_up = scene.synthetic()
    if not made_up:
        return []
    words = "These prices are made up. They prove the machinery, not a strategy."
    return [html.Span("Synthetic market", className="badge warn", title=words)]


def _dagster(scene: Scene) -> list[Component]:
    if scene.webserver is None:
        return []
    icon = html.Span(className="icon icon-graph", **attributes(aria_hidden="true"))
    return [
        parts.out([icon, "Dagster"], f"{scene.webserver.rstrip('/')}/asset-groups", "nav-item out")
    ]
