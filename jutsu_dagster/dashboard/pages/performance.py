"""Performance: the paper accounts of one strategy, or of several side by side."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.account_view import account_section, lineages
from jutsu_dagster.dashboard.scene import Scene


def draw(scene: Scene) -> Component:
    """Return the page."""
    ids = scene.ids
    title = scene.name(ids[0]) if len(ids) == 1 else "Performance, compared"
    words = (
        "Paper account, as the ledger has it" if len(ids) == 1 else "Paper accounts side by side"
    )
    actions = lineages(scene, "strategies", ids)
    return html.Div([parts.head(title, words, *actions), *account_section(scene, ids, "paper")])
