"""Backtest: the recorded years of one strategy or of several, and launching more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.account_view import account_section, lineages
from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.pipeline.views.asked import NothingRecordedError


def draw(scene: Scene) -> Component:
    """Return the page."""
    ids = scene.ids
    one = len(ids) == 1
    title = scene.name(ids[0]) if one else "Backtests, compared"
    words = "Backtest account, a year at a time" if one else "Backtest accounts side by side"
    launch = html.Button("Run a backtest", id="open-launch", className="button", type="button")
    actions = lineages(scene, "backtests", ids)
    found = {id_: answer for id_ in ids if (answer := _recorded(scene, id_)) is not None}
    years = sorted({row["year"] for each in found.values() for row in each.body["years"]})
    return html.Div(
        [
            parts.head(title, words, *actions, launch),
            *([_strip(scene, years)] if years else []),
            *account_section(scene, ids, "backtest"),
            *([_years(scene, found[ids[0]])] if one and ids[0] in found else []),
        ]
    )


def _recorded(scene: Scene, id_: str) -> Answer | None:
    try:
        return scene.ask.backtest(id_, None, None)
    except NothingRecordedError:
        return None


def _strip(scene: Scene, years: Sequence[int]) -> Component:
    """Return the years as links: one is chosen by a click, a span by a click on each end."""
    view = scene.view
    first, last = view.first, view.last
    options = [("All", view.href(from_=None, to=None), first is None and last is None)]
    for year in years:
        begin, end = span_after(year, first, last)
        inside = (first is None or first.year <= year) and (last is None or year <= last.year)
        chosen = inside and not (first is None and last is None)
        options.append((str(year), view.href(from_=f"{begin}-01-01", to=f"{end}-12-31"), chosen))
    return html.Div(
        [
            parts.choices("Years", options, "year"),
            html.Span("One year, then another for all between", className="faint hint"),
        ],
        className="years",
    )


def span_after(year: int, first: date | None, last: date | None) -> tuple[int, int]:
    """Return the years that are shown after a click on ``year``.

    Where exactly one whole year is shown, it and the clicked one are the ends of a span; else the
    clicked one is shown alone.
    """
    whole = first is not None and last is not None and (first, last) == (
        date(first.year, 1, 1), date(first.year, 12, 31),
    )  # fmt: skip
    if not whole or first is None:
        return year, year
    return min(year, first.year), max(year, first.year)


def _years(scene: Scene, found: Answer) -> Component:
    rows = [
        [
            parts.link(
                str(row["year"]),
                scene.view.href(from_=f"{row['year']}-01-01", to=f"{row['year']}-12-31"),
            ),
            [
                f"{row['first']} to {row['last']} ",
                parts.badge("outdated", "warn") if row["stale"] else None,
            ],
            parts.number(found, f"years/{at}/sessions", "count"),
            parts.number(found, f"years/{at}/return", "change", toned=True),
        ]
        for at, row in enumerate(found.body["years"])
    ]
    head = ["Year", "Days", "Sessions", "Return"]
    return parts.card(parts.table(head, rows, label="Recorded years", left=2), title="Years")
