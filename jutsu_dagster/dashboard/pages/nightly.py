"""Nightly: what the last night did, step by step, and those before it."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.scene import Scene

_MARKS = {"OK": ("ok", "OK"), "FAILED": ("bad", "Failed"), "SKIPPED": ("warn", "Skipped")}
_GROUPED = ("market/", "strategies/")


def draw(scene: Scene) -> Component:
    """Return the page."""
    found = scene.ask.night(scene.view.day("night"))
    body = found.body
    steps = body["summary"]["steps"]
    failed = [step for step in steps if step["status"] == "FAILED"]
    verdict = (
        parts.note("bad", f"{len(failed)} of {len(steps)} steps failed",
                   "What depends on them was skipped; everything else ran.")
        if failed else parts.note("info", "Every step that ran is well", "Nothing failed.")
    )  # fmt: skip
    rows = [_row(scene, step) for step in steps]
    notes = body["summary"]["notes"]
    return html.Div(
        [
            parts.head(
                f"Night of {body['date']}",
                "Everything known by the end of that day, UTC: market, paper accounts, research,"
                " variants, report.",
                *parts.lineage(scene.webserver, "research/nightly_summary"),
            ),
            _nights(scene, body),
            verdict,
            parts.card(
                parts.table(["Step", "Status", "Why"], rows, label="Steps of the night", left=3),
                title="Steps",
            ),
            parts.card(html.Ul([html.Li(each) for each in notes]), title="Notes")
            if notes
            else None,
        ]
    )


def _nights(scene: Scene, body: dict[str, Any]) -> Component:
    shown = body["nights"][:14]
    if body["date"] not in shown:
        shown = [*shown, body["date"]]
    options = [
        (night, scene.view.href(night=None if night == body["nights"][0] else night),
         night == body["date"])
        for night in shown
    ]  # fmt: skip
    return parts.choices("Nights", options)


def _row(scene: Scene, step: dict[str, Any]) -> list[parts.Child]:
    kind, word = _MARKS.get(step["status"], ("", step["status"]))
    name = step["name"]
    asset = name if name.startswith(_GROUPED) else f"research/{name}"
    title: parts.Child = name
    if name == "variants":
        title = parts.link(name, scene.view.href("/variants"))
    elif scene.webserver is not None:
        title = parts.out(title, parts.lineage_address(scene.webserver, asset))
    return [title, parts.badge(word, kind), html.Span(parts.said(step.get("error", "")))]
