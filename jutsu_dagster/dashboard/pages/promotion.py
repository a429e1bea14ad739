"""One proposal: what changes, every gate, the curves, every number, and the decision."""

from __future__ import annotations

from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.figures import account_figure
from jutsu_dagster.dashboard.formats import moment
from jutsu_dagster.dashboard.legend import lines_legend
from jutsu_dagster.dashboard.lines import Line, baseline_look
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.dashboard.theme import Look
from jutsu_dagster.dashboard.wiring import attributes

_HOLDS = {True: ("ok", "✓ holds"), False: ("bad", "✗ fails"), None: ("", "not made")}


def draw(scene: Scene) -> Component:
    """Return the evidence page of the proposal that the address names."""
    found = scene.ask.promotion(scene.view.params["promotion"])
    body = found.body
    back = parts.link("Promotions", scene.view.href(promotion=None))
    words = [back, f" · proposed by the night of {body['partition']} · {body['status']}"]
    synthetic = parts.badge("Synthetic market", "warn") if body["synthetic"] else None
    return html.Div(
        [
            parts.head(f"{body['variant_id']} as the next {body['parent_id']}", words,
                       *parts.lineage(scene.webserver, f"variants/{body['variant_id']}"),
                       *_buttons(scene, body)),
            _verdict(scene, body),
            html.Div([_changes(found), _facts(found, synthetic)], className="two-cards"),
            _gates(found),
            _curves(scene, found),
            html.Div([_rule(body), _history(body)], className="two-cards"),
            _numbers(found),
        ]
    )  # fmt: skip


def _decidable(body: dict[str, Any]) -> bool:
    return bool(body["status"] == "open" and not body["expired"])


def _buttons(scene: Scene, body: dict[str, Any]) -> list[Component]:
    if body["status"] != "open":
        return []

    def button(action: str, name: str, *, on: bool) -> Component:
        return html.Button(
            action.capitalize(), id=f"open-{action}", className=name, type="button",
            disabled=not on,
            **attributes(
                data_dialog="decision", data_action=action, data_id=body["id"],
                data_name=body["variant_id"], data_hash=body["proposal_hash"],
            ),
        )  # fmt: skip

    on = scene.may_post
    return [button("reject", "button quiet", on=on),
            button("approve", "button", on=on and _decidable(body))]  # fmt: skip


def _verdict(scene: Scene, body: dict[str, Any]) -> Component:
    holds = all(gate["passed"] for gate in body["gates_told"])
    how: list[parts.Child] = []
    if body["status"] == "open" and not scene.may_post:
        how = [
            html.P(["To decide here, set JUTSU_API_TOKEN and start ", parts.command("jutsu up"),
                    " again. Or run:"]),
            html.Pre(body["approve_command"]), html.Pre(body["reject_command"]),
        ]  # fmt: skip
    elif body["expired"]:
        how = [html.P(f"It could be approved until {body['expires_on']}; the next night may "
                      "propose it again.")]  # fmt: skip
    return parts.note("info" if holds else "warn", body["verdict"], *how)


def _changes(found: Answer) -> Component:
    body = found.body
    rows: list[list[parts.Child]] = [
        [html.Code(each["parameter"]), parts.number(found, f"changes/{at}/old", "plain"),
         parts.number(found, f"changes/{at}/new", "plain")]
        for at, each in enumerate(body["changes"])
    ]  # fmt: skip
    if not rows:
        rows = [[html.Code(name), "–", str(value)] for name, value in body["mutations"].items()]
    table = parts.table(["Parameter", "Now", "Proposed"], rows, label="Parameters that change")
    return parts.card(table, title="What changes")


def _facts(found: Answer, synthetic: Component | None) -> Component:
    body = found.body
    window = body["window"]
    facts: list[list[parts.Child]] = [
        ["Out of sample", [f"{window['first']} to {window['last']}, ",
                           parts.number(found, "window/days", "count"), " days"]],
        ["Can be approved until", f"{body['expires_on']} UTC"],
        ["Hash of this evidence", html.Code(body["proposal_hash"])],
        ["Market data", html.Code(", ".join(body["data_versions"]) or "–")],
        ["Code", html.Code(body["code_version"])],
    ]  # fmt: skip
    table = parts.table(["", ""], facts, label="What it rests on", left=2, name="facts")
    return parts.card(table, title="What it rests on", aside=synthetic)


def _gates(found: Answer) -> Component:
    rows = [
        [
            gate["title"],
            _mark(gate["passed"]),
            parts.number(found, f"gates_told/{at}/value", "evidence"),
            parts.number(found, f"gates_told/{at}/threshold", "evidence"),
            html.Span(gate["why"], className="faint"),
        ]
        for at, gate in enumerate(found.body["gates_told"])
    ]
    table = parts.table(["Gate", "", "Found", "Threshold", "Why"], rows, label="Gates", left=2,
                        tail=1, name="gates")  # fmt: skip
    return parts.card(table, title="Gates", aside="All must hold")


def _curves(scene: Scene, found: Answer) -> Component | None:
    curves = found.body["curves"]
    if not curves["days"]:
        return None
    compound = found.body["compound"]
    parent = f"{found.body['parent_id']}, frozen"
    lines = [
        _line(found, "variant", found.body["variant_id"], scene.look(found.body["parent_id"])),
        _line(found, "control", parent, baseline_look(scene.colours)),
    ]
    figure = account_figure(lines, scene.colours, None)
    how = "reinvested" if compound else "of equal stakes, added up"
    label = f"Growth and drawdown of {lines[0].name} and its parent over the days of the evidence"
    return parts.card(
        lines_legend([(line.name, line.look) for line in lines], scene.colours, None),
        parts.figure(figure, "promotion-figure", label),
        html.P(f"Daily net results, {how}, over identical bars with the same costs.",
               className="hint faint"),
        title="Against the parent",
    )  # fmt: skip


def _line(found: Answer, which: str, name: str, look: Look) -> Line:
    curves = found.body["curves"]
    returns = np.array(curves[which], dtype=np.float64)
    grown = growth_of(returns, compound=found.body["compound"])
    peak = np.maximum.accumulate(np.maximum(grown, 1.0))
    fall = 100.0 * (grown / peak - 1.0)
    return Line(
        name, look, found.url, curves["days"], 100.0 * grown,
        100.0 * (grown - 1.0), fall,
    )  # fmt: skip


def growth_of(returns: FloatArray, *, compound: bool) -> FloatArray:
    """Return multiples of the money that daily results began with, float64 of shape (T,)."""
    grown = np.cumprod(1.0 + returns) if compound else 1.0 + np.cumsum(returns)
    return np.asarray(grown, dtype=np.float64)


def _rule(body: dict[str, Any]) -> Component:
    rows = [[each["title"], _mark(each["holds"])] for each in body["rule"]]
    table = parts.table(["Check", ""], rows, label="Checks of the promotion rule", left=2)
    return parts.card(table, title="The promotion rule")


def _history(body: dict[str, Any]) -> Component:
    rows = [[moment(each["at"]), each["event"].replace("_", " "), each["who"], each["why"]]
            for each in body["history"]]  # fmt: skip
    table = parts.table(["When", "What", "Who", "Why"], rows, label="What happened", left=4)
    return parts.card(table, title="What happened")


def _numbers(found: Answer) -> Component:
    rows = [
        [
            html.Code(each["name"]),
            parts.number(found, f"numbers/{at}/value", "evidence"),
            html.Span(each["definition"], className="faint"),
        ]
        for at, each in enumerate(found.body["numbers"])
    ]
    table = parts.table(["Number", "Value", "What it is"], rows, label="Every number", tail=1,
                        name="numbers")  # fmt: skip
    return html.Details([html.Summary("Every number, with its definition"), table],
                        className="card")  # fmt: skip


def _mark(holds: bool | None) -> Component:  # noqa: FBT001  (the one thing it shows)
    kind, words = _HOLDS[holds]
    return parts.badge(words, kind)
