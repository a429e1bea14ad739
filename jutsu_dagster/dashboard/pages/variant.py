"""One variant beside its parent: what it changes, how it did, its last trades."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.figures import account_figure
from jutsu_dagster.dashboard.formats import moment
from jutsu_dagster.dashboard.legend import lines_legend
from jutsu_dagster.dashboard.lines import baseline_look, points_line
from jutsu_dagster.dashboard.scene import Scene


def draw(scene: Scene) -> Component:
    """Return the page of the variant that the address names."""
    found = scene.ask.variant(scene.view.params["variant"])
    row = found.body["variant"]
    back = parts.link(f"Variants of {row['parent_id']}",
                      scene.view.href(variant=None, parent=row["parent_id"]))  # fmt: skip
    told = [row["symbol"], row["status"], row["reason"]]
    words = [back, *(f" · {each}" for each in told if each)]
    return html.Div(
        [
            parts.head(row["id"], words, *parts.lineage(scene.webserver, f"variants/{row['id']}")),
            _notes(row),
            _headline(found, row),
            _curve(scene, found, row),
            html.Div([_changes(found, row), _trades(found)], className="two-cards"),
        ]
    )


def _notes(row: dict[str, Any]) -> Component | None:
    said = [*row["notes"], *(f"{each} was clamped to its bound" for each in row["clamped"])]
    if row["rebased"]:
        said.append(f"{row['parent_id']} has other parameters by now; this one keeps those it had")
    if not said:
        return None
    return parts.note("info", "To know", html.Ul([html.Li(each) for each in said]))


def _headline(found: Answer, row: dict[str, Any]) -> Component:
    if row["total_return"] is None:
        return parts.note("info", "It has not traded yet", f"Its first day is {row['first_day']}.")
    at = "variant"
    shown = parts.stats(
        parts.stat("Return", parts.number(found, f"{at}/total_return", "change", toned=True)),
        parts.stat("Parent's", parts.number(found, f"{at}/parent_return", "change")),
        parts.stat("Difference", parts.number(found, f"{at}/difference", "points", toned=True)),
        parts.stat("Max drawdown", parts.number(found, f"{at}/max_drawdown", "percent")),
        parts.stat("Sharpe ratio", parts.number(found, f"{at}/sharpe_ratio", "ratio")),
        parts.stat("Trades", parts.number(found, f"{at}/trades", "count")),
        parts.stat("Profit factor", parts.number(found, f"{at}/profit_factor", "ratio")),
    )
    title = html.Span(
        [f"{row['first_day']} to {row['last_day']}",
         html.Span([parts.number(found, f"{at}/days", "count"), " days"], className="faint after")]
    )  # fmt: skip
    return parts.card(shown, title=title, name="headline")


def _curve(scene: Scene, found: Answer, row: dict[str, Any]) -> Component | None:
    own = points_line(row["id"], scene.look(row["parent_id"]), found, "equity")
    if own is None:
        return None
    name = f"{row['parent_id']}, as it was"
    parent = points_line(name, baseline_look(scene.colours), found, "parent")
    # One that was not carried over all of its days would begin from other money.
    if parent is not None and len(parent.days) < len(own.days):
        parent = None
    figure = account_figure([own], scene.colours, parent)
    label = f"Equity and drawdown of {row['id']} and of its parent; the numbers above say the same"
    return parts.card(
        lines_legend([(own.name, own.look)], scene.colours, name if parent else None),
        parts.figure(figure, "variant-figure", label),
        title="Equity",
    )


def _changes(found: Answer, row: dict[str, Any]) -> Component:
    if not row["changes"]:
        listed = [[name, "–", str(value)] for name, value in row["mutations"].items()]
        return parts.card(parts.table(["Mutation", "", "Value"], listed, label="Mutations"),
                          title="What it changes")  # fmt: skip
    rows = [
        [
            html.Code(each["parameter"]),
            parts.number(found, f"variant/changes/{at}/base", "plain"),
            parts.number(found, f"variant/changes/{at}/value", "plain"),
        ]
        for at, each in enumerate(row["changes"])
    ]
    table = parts.table(["Parameter", "Parent", "Variant"], rows, label="Parameters that differ")
    return parts.card(table, title="What it changes")


def _trades(found: Answer) -> Component:
    shown = [
        [
            html.Time(moment(each["time"])[:-4], dateTime=each["time"]),
            f"{each['type']} {'long' if each['dir'] > 0 else 'short' if each['dir'] < 0 else ''}",
            parts.number(found, f"trades/{at}/result", "change", toned=True),
            (each["exit_reason"] or "").replace("_", " ") or "–",
        ]
        for at, each in enumerate(found.body["trades"][:12])
    ]
    if not shown:
        return parts.card(html.P("None yet.", className="faint"), title="Last trades")
    table = parts.table(["Time", "What", "Net", "Why"], shown, label="Last trades", left=2, tail=1)
    count = [parts.number(found, "total_trades", "count"), " in all"]
    return parts.card(table, title="Last trades", aside=count)
