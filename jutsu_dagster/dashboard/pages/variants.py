"""Variants: all shadows of one parent beside it, or one of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.lines import Line, baseline_look, points_line
from jutsu_dagster.dashboard.pages import variant
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.dashboard.variant_figures import miniature, scatter
from jutsu_dagster.dashboard.variant_grid import changed, grid

_PICTURES, _POINTS = 12, 80


def draw(scene: Scene) -> Component:
    """Return the page."""
    if scene.view.params.get("variant"):
        return variant.draw(scene)
    parents = scene.ask.variants().body["parents"]
    if not parents:
        return html.Div([parts.head("Variants"), _none()])
    parent = _parent(scene, parents)
    found = scene.ask.variants(parent)
    rows = found.body["variants"]
    traded = [(at, row) for at, row in enumerate(rows) if row["total_return"] is not None]
    options = [(each, scene.view.href(parent=each), each == parent) for each in parents]
    words = "Shadow accounts, each the parent with a few parameters changed, over the same bars."
    body = [_numbers(found, rows)]
    if traded:
        body += [_scatter(scene, parent, found, [row for _, row in traded]),
                 _pictures(scene, found, traded)]  # fmt: skip
    else:
        body.append(parts.note("info", "None has traded yet", "Run ",
                               parts.command("jutsu variants run"), "."))  # fmt: skip
    return html.Div(
        [
            parts.head(f"Variants of {parent}", words,
                       *parts.lineage(scene.webserver, f"strategies/{parent}")),
            parts.choices("Parent", options),
            *_faults(found),
            *body,
            parts.card(grid(rows, found.url, scene.view), title="All of them", name="grid-card"),
        ]
    )  # fmt: skip


def _parent(scene: Scene, parents: Sequence[str]) -> str:
    """Return the parent that is shown: as asked, or the first chosen strategy that has any."""
    wanted = [scene.view.params.get("parent", ""), *scene.ids]
    return next((each for each in wanted if each in parents), parents[0])


def _numbers(found: Answer, rows: Sequence[dict[str, Any]]) -> Component:
    running = sum(row["runs"] for row in rows)
    known = [row for row in rows if row["difference"] is not None]
    ahead = sum(row["difference"] > 0 for row in known)
    best = max(range(len(rows)), default=None, key=lambda at: _or_least(rows[at]["difference"]))
    shown = [
        parts.stat("Ever made", parts.number(found, "total", "count")),
        parts.stat("Running", parts.counted(found, "variants", "runs", running)),
        parts.stat(
            "Ahead of their parent",
            [
                parts.counted(found, "variants", "difference > 0", ahead),
                " of ",
                parts.counted(found, "variants", "difference known", len(known)),
            ],
        ),
    ]
    if best is not None and rows[best]["difference"] is not None:
        best_one = parts.number(found, f"variants/{best}/difference", "points", toned=True)
        shown.append(parts.stat("Furthest ahead", best_one, rows[best]["id"]))
    return parts.card(parts.stats(*shown), name="headline")


def _or_least(value: float | None) -> float:
    return float("-inf") if value is None else value


def _scatter(scene: Scene, parent: str, found: Answer, rows: Sequence[dict[str, Any]]) -> Component:
    spans = {(row["first_day"], row["last_day"]) for row in rows}
    mark, words = (
        None,
        "They began on different days: each is held against its parent over its own.",
    )
    if len(spans) == 1:
        compared = scene.ask.variants_compared([rows[0]["id"]]).body["comparison"]["strategies"]
        own = compared[parent]
        mark = (parent, own["max_drawdown"], own["total_return"])
        words = "The diamond is the parent over the same days."
    figure = scatter(rows, found.url, scene.colours, mark)
    label = f"Return against drawdown of {len(rows)} variants of {parent}; the grid below has both"
    return parts.card(
        parts.figure(figure, "variant-scatter", label),
        html.P(f"Filled: ahead of the parent. {words} Click one to open it.",
               className="hint faint"),
        title="Return against drawdown",
    )  # fmt: skip


def _pictures(
    scene: Scene, found: Answer, traded: Sequence[tuple[int, dict[str, Any]]]
) -> Component:
    """Return the growth of those furthest ahead, all on one scale."""
    order = sorted(traded, key=lambda pair: -_or_least(pair[1]["difference"]))[:_PICTURES]
    drawn = []
    for at, row in order:
        answer = scene.ask.variant(row["id"], _POINTS)
        own = points_line(row["id"], scene.look(row["parent_id"]), answer, "equity")
        parent = points_line("parent", baseline_look(scene.colours), answer, "parent")
        if own is not None:
            drawn.append((at, row, own, parent))
    values = [gain for _, _, *lines in drawn for line in lines if line for gain in line.gain]
    span = (min([0.0, *values]), max([0.0, *values]))
    pictures = [_picture(scene, found, each, span) for each in drawn]
    words = "Solid: the variant. Dashed grey: its parent. All on one scale."
    return parts.card(
        html.Ul(pictures, className="pictures"), html.P(words, className="hint faint"),
        title=f"The {len(pictures)} furthest ahead",
    )  # fmt: skip


def _picture(
    scene: Scene,
    found: Answer,
    drawn: tuple[int, dict[str, Any], Line, Line | None],
    span: tuple[float, float],
) -> Component:
    at, row, own, parent = drawn
    picture = html.Img(src=miniature(own, parent, span, scene.colours), alt="", className="picture")
    numbers = html.Div(
        [
            parts.number(found, f"variants/{at}/total_return", "change", toned=True),
            html.Span([parts.number(found, f"variants/{at}/difference", "points"), " to parent"],
                      className="faint"),
        ],
        className="card-line",
    )  # fmt: skip
    link = parts.link(
        [picture, html.Strong(row["id"])], scene.view.href(variant=row["id"]), "plain"
    )
    return html.Li(
        [link, html.Div(changed(row), className="faint clip", title=changed(row)), numbers]
    )


def _faults(found: Answer) -> list[Component]:
    faults = found.body["faults"]
    if not faults:
        return []
    listed = html.Ul([html.Li(each) for each in faults])
    return [parts.note("warn", "Some lines of the shadow registry are set aside", listed)]


def _none() -> Component:
    return parts.empty(
        "There are no variants yet",
        html.P(["Make some: ", parts.command("jutsu mutate --parent ETH_main --count 30"), "."]),
        html.P("The nightly research makes some too.", className="faint"),
    )
