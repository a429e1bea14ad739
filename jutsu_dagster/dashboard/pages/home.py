"""Home: how every strategy stands, what is next, and how the last night went."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.formats import moment
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.dashboard.wiring import attributes

_STATES = {
    "running": "Running",
    "waiting": "Waiting for its first session",
    "failed": "Last run failed",
    "inactive": "Inactive",
    "broken": "Configuration broken",
    "off": "Not on paper",
}


def draw(scene: Scene) -> Component:
    """Return the page."""
    rows = scene.registered
    return html.Div(
        [
            parts.head("Home", "Every strategy on paper, as the ledger has it.", *_compare(scene)),
            html.Div([_card(scene, id_, row) for id_, row in rows.items()], className="cards"),
            html.Div(
                [_schedule(scene), _night(scene), _work(scene), _proposals(scene)],
                className="cards thirds",
            ),
        ]
    )


def _compare(scene: Scene) -> list[Component]:
    """Return the way to backtests side by side: of those chosen, or of the primary and one more."""
    chosen = scene.ids
    if len(chosen) < 2:  # noqa: PLR2004  (one cannot be compared)
        primary = scene.status.body["primary_id"]
        kind = scene.registered[primary]["kind"]
        alike = [id_ for id_, row in scene.registered.items() if row["kind"] == kind]
        chosen = [primary, *(id_ for id_ in alike if id_ != primary)][:2]
    if len(chosen) < 2:  # noqa: PLR2004
        return []
    words = " against ".join(chosen) if len(chosen) == 2 else f"{len(chosen)} strategies"  # noqa: PLR2004
    href = scene.view.href("/backtest", strategies=",".join(chosen))
    return [parts.link(f"Compare {words}", href, "button", id="compare-backtests")]


def _card(scene: Scene, id_: str, row: dict[str, Any]) -> Component:
    status, at = scene.status, f"strategies/{id_}"
    problem = [html.P(parts.said(row["problem"]), className="problem")] if row["problem"] else []
    name = parts.link(row["display_name"], scene.view.href("/performance", strategies=id_), "name")
    marks = [parts.badge("Primary", "accent")] if row["is_primary"] else []
    health = html.Span(
        [parts.dot(row["health"]), _STATES.get(row["state"], row["state"])], className="health"
    )
    return html.Article(
        [
            html.Div([html.H2(name), *marks], className="card-head"),
            html.Div([html.Code(id_), health], className="card-line faint"),
            html.Div(
                [
                    html.Div("Equity, USD", className="label"),
                    html.Div(parts.number(status, f"{at}/equity", "money"), className="big"),
                ]
            ),
            parts.stats(
                parts.stat("Day", parts.number(status, f"{at}/daily_return", "change", toned=True)),
                parts.stat(
                    "Since start",
                    parts.number(status, f"{at}/cumulative_return", "change", toned=True),
                ),
                parts.stat("Drawdown", parts.number(status, f"{at}/drawdown", "percent")),
                parts.stat("Regime", _regime(row)),
            ),
            *problem,
            *_marked(scene, at, row),
            html.Div(
                [
                    html.Span(f"Session {row['session'] or 'none yet'}"),
                    html.Span(["recorded ", parts.since(row["last_run"], scene.now)])
                    if row["last_run"]
                    else None,
                ],
                className="card-foot faint",
            ),
        ],
        className="card strategy",
        **attributes(data_strategy=id_),
    )


def _marked(scene: Scene, at: str, row: dict[str, Any]) -> list[Component]:
    """Return a strategy's last valuation between sessions, if no session came since."""
    if row["mark"] is None:
        return []
    value = parts.number(scene.status, f"{at}/mark/equity", "money")
    day = parts.number(scene.status, f"{at}/mark/daily_return", "change", toned=True)
    when = parts.since(row["mark"]["time"], scene.now)
    return [html.P(["Now about ", value, " (", day, "), marked ", when], className="marked")]


def _regime(row: dict[str, Any]) -> str:
    if row["regime"] is None:
        return "–"
    words = [row["trend"], row["vol"]]
    return " · ".join([row["regime"].replace("_", " "), *(each for each in words if each)])


def _schedule(scene: Scene) -> Component:
    body = scene.status.body
    following = body["next_schedule"]
    if following is None:
        words: list[Any] = [
            html.P("Schedules are off", className="big-word"),
            html.P(["Start ", parts.command("jutsu up --schedules"), " to run each night."],
                   className="faint"),
        ]  # fmt: skip
    else:
        words = [
            html.P(following["name"].replace("_", " ").capitalize(), className="big-word"),
            html.P([parts.since(following["time"], scene.now), f", {moment(following['time'])}"],
                   className="faint"),
        ]  # fmt: skip
    return parts.card(*words, title="Next")


def _night(scene: Scene) -> Component:
    night = scene.status.body["last_night"]
    if night is None:
        return parts.card(
            html.P("None yet", className="big-word"),
            html.P(["Run ", parts.command("jutsu nightly"), "."], className="faint"),
            title="Last night",
        )
    failed, at = night["failed"], "last_night/steps"
    counts = [
        html.Span([parts.number(scene.status, f"{at}/{name}", "count"), f" {name}"],
                  className="pair")
        for name in ("OK", "FAILED", "SKIPPED") if name in night["steps"]
    ]  # fmt: skip
    words = html.P(["Failed: ", ", ".join(failed)], className="problem") if failed else None
    return parts.card(
        html.P(night["date"] or "Illegible", className="big-word"),
        html.P(counts, className="faint pairs"),
        words,
        title="Last night",
        aside=parts.link("Details", scene.view.href("/nightly")),
    )


def _work(scene: Scene) -> Component:
    found = scene.status
    return parts.card(
        html.P([parts.number(found, "variants/running", "count"), " running"],
               className="big-word"),
        html.P(["of ", parts.number(found, "variants/total", "count"), " ever made"],
               className="faint"),
        title="Variants",
        aside=parts.link("Compare", scene.view.href("/variants")),
    )  # fmt: skip


def _proposals(scene: Scene) -> Component:
    found = scene.ask.promotions()
    words = "wait for a decision" if found.body["open"] else "Nothing waits for a decision."
    return parts.card(
        html.P([parts.number(found, "open", "count"), " open"], className="big-word"),
        html.P(words, className="faint"),
        title="Promotions",
        aside=parts.link("Decide" if found.body["open"] else "All", scene.view.href("/promotions")),
    )
