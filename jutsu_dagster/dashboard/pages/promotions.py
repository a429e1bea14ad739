"""Promotions: what the night proposes, and the evidence that a person decides upon."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.pages import promotion
from jutsu_dagster.dashboard.scene import Scene

STATUS = {"open": "accent", "approved": "ok", "rejected": "bad"}


def draw(scene: Scene) -> Component:
    """Return the page."""
    if scene.view.params.get("promotion"):
        return promotion.draw(scene)
    found = scene.ask.promotions()
    rows = found.body["promotions"]
    words = "The night proposes a variant where every gate holds. Only a person promotes it."
    content = _list(scene, found, rows) if rows else _none(scene)
    return html.Div([parts.head("Promotions", words), content])


def _list(scene: Scene, found: Answer, rows: list[dict[str, Any]]) -> Component:
    names = (("psr_parent", "PSR"), ("dsr_parent", "DSR"), ("pbo", "PBO"))
    shown = [
        [
            parts.link(row["variant_id"], scene.view.href(promotion=row["id"]), "name"),
            row["parent_id"],
            status_badge(row),
            row["partition"],
            row["expires_on"],
            html.Span([parts.number(found, f"promotions/{at}/gates_held", "count"),
                       f" of {len(row['gates'])}"]),
            *(parts.number(found, f"promotions/{at}/headlines/{name}", "evidence")
              for name, _ in names),
            parts.number(found, f"promotions/{at}/headlines/trades", "count"),
        ]
        for at, row in enumerate(rows)
    ]  # fmt: skip
    head = ["Variant", "Strategy", "Status", "Night", "Until", "Gates",
            *(label for _, label in names), "Trades"]  # fmt: skip
    table = parts.table(head, shown, label="Proposals", left=5)
    count = [parts.number(found, "open", "count"), " to decide about"]
    return parts.card(table, title=count)


def status_badge(row: dict[str, Any]) -> Component:
    """Return how a proposal stands."""
    word = "expired" if row["expired"] else row["status"].replace("_", " ")
    return parts.badge(word, "" if row["expired"] else STATUS.get(row["status"], ""))


def _none(scene: Scene) -> Component:
    return parts.empty(
        "Nothing is proposed",
        html.P("A proposal opens when a variant has traded enough and passes every gate: "
               "30 closed trades, a probabilistic and a deflated Sharpe ratio of 0.95, and more."),
        html.P(["Look at the ", parts.link("variants", scene.view.href("/variants")),
                " meanwhile."], className="faint"),
    )  # fmt: skip
