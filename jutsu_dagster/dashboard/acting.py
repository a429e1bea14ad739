"""The callbacks of the dialogs: the browser asks the API, the server says what came of it."""

from __future__ import annotations

from typing import Any

import dash
from dash import Input, Output, State
from dash.development.base_component import Component

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.dashboard.answers import Asked
from jutsu_dagster.dashboard.dialogs import decided, launch_progress, refusal
from jutsu_dagster.dashboard.wiring import in_browser


def register(app: dash.Dash, asked: Asked) -> None:
    """Add the callbacks of the dialogs to an application."""
    _in_browser(app)

    @app.callback(
        Output("decide-said", "children"),
        Input("decision-answer", "data"),
        prevent_initial_call=True,
    )
    def say_decision(answer: dict[str, Any] | None) -> Component | None:
        return None if answer is None else decided(answer)

    @app.callback(
        Output("decide-go", "style"), Output("decide-cancel", "children"),
        Input("decision-answer", "data"), Input("decision", "data"), prevent_initial_call=True,
    )  # fmt: skip
    def after_decision(answer: dict[str, Any] | None, _asked: Any) -> tuple[dict[str, str], str]:
        over = dash.ctx.triggered_id == "decision-answer" and bool(answer and answer["ok"])
        return ({"display": "none"}, "Close") if over else ({}, "Cancel")

    @app.callback(
        Output("launch-said", "children"), Input("launch-answer", "data"), prevent_initial_call=True
    )
    def say_launch(answer: dict[str, Any] | None) -> Component | None:
        return None if answer is None or answer["ok"] else refusal(answer)

    @app.callback(
        Output("launches", "children"), Input("launch-asked", "data"), prevent_initial_call=True
    )
    def show_progress(found: dict[str, Any] | None) -> Component | None:
        return None if found is None else launch_progress(found)

    @app.callback(
        Output("launch-strategy", "data"),
        Output("launch-from", "data"), Output("launch-to", "data"),
        Output("launch-from", "value"), Output("launch-to", "value"),
        Input("launch-dialog", "opened"), Input("launch-strategy", "value"),
        prevent_initial_call=True,
    )  # fmt: skip
    def offer(opened: bool | None, strategy_id: str | None) -> tuple[Any, ...]:  # noqa: FBT001
        if not opened:
            raise dash.exceptions.PreventUpdate
        try:
            known = asked.status().body["strategies"]
            named = [{"value": id_, "label": f"{id_} · {row['display_name']}"}
                     for id_, row in known.items() if row["state"] != "broken"]  # fmt: skip
            years = _years(asked, strategy_id)
        except (JutsuError, OSError):
            # The page behind says what is wrong.
            raise dash.exceptions.PreventUpdate from None
        return named, years, years, years[0] if years else None, years[-1] if years else None


def _years(asked: Asked, strategy_id: str | None) -> list[str]:
    if strategy_id is None:
        return []
    settings = asked.strategy(strategy_id).body["settings"]
    if settings is None:
        return []
    end = settings["backtest_end"]
    last = int(end[:4]) if end else asked.desk.now().year
    return [str(year) for year in range(int(settings["backtest_start"][:4]), last + 1)]


def _in_browser(app: dash.Dash) -> None:
    answered = Output("decision-answer", "data", allow_duplicate=True)
    in_browser(
        app, "actions.decision",
        Output("decide-dialog", "opened"), Output("decide-dialog", "title"),
        Output("decide-words", "children"), Output("decide-go", "children"),
        Output("decision-answer", "data"),
        Input("decision", "data"), Input("decide-cancel", "n_clicks"),
    )  # fmt: skip
    in_browser(
        app, "actions.decide", answered,
        Input("decide-go", "n_clicks"), State("decision", "data"), State("decide-by", "value"),
        State("decide-why", "value"), State("decide-token", "value"),
    )  # fmt: skip
    in_browser(
        app, "actions.launching",
        Output("launch-dialog", "opened"), Output("launch-strategy", "value"),
        Output("launch-answer", "data"),
        Input("open-launch", "n_clicks"), Input("launch-cancel", "n_clicks"),
        Input("launch-answer", "data"), State("effective", "data"),
    )  # fmt: skip
    in_browser(
        app, "actions.launch",
        Output("launch-answer", "data", allow_duplicate=True), Output("launch", "data"),
        Input("launch-go", "n_clicks"), State("launch-strategy", "value"),
        State("launch-from", "value"), State("launch-to", "value"), State("launch-token", "value"),
    )  # fmt: skip
    in_browser(
        app, "actions.follow", Output("launch-asked", "data"), Output("launch-beat", "disabled"),
        Input("launch-beat", "n_intervals"), Input("launch", "data"), at_start=True,
    )  # fmt: skip
    in_browser(
        app, "actions.dismiss", Output("launch", "data", allow_duplicate=True),
        Output("launch-asked", "data", allow_duplicate=True), Input("launch-dismiss", "n_clicks"),
    )  # fmt: skip
