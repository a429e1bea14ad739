"""The parts that pages are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from jutsu_dagster.dashboard.answers import Answer
from jutsu_dagster.dashboard.formats import Kind, ago, moment, shown, tone
from jutsu_dagster.dashboard.wiring import attributes

Child = Any
_GRAPH: Any = {
    "displayModeBar": False,
    "responsive": True,
    "doubleClick": "reset+autosize",
    "doubleClickDelay": 500,
    "scrollZoom": False,
}
_TONED = {"change", "points", "ratio_change", "money"}


def number(answer: Answer, path: str, kind: Kind, *, toned: bool = False) -> Component:
    """Return a number of an answer, which says where it is from.

    Parameters
    ----------
    answer : Answer
    path : str
        ``metrics/cagr``; two, divided by `` - ``, for their difference.
    kind : Kind
    toned : bool
        Whether a change is coloured by its sign.
    """
    value = _value(answer, path)
    name = f"num {tone(value)}" if toned and kind in _TONED else "num"
    return html.Span(
        shown(value, kind),
        className=name.strip(),
        **attributes(data_from=f"{answer.url}#{path}", data_kind=kind),
    )


def counted(answer: Answer, path: str, name: str, value: int) -> Component:
    """Return how many rows of an answer have a field set, ``name > 0``, or ``name known``."""
    return html.Span(
        shown(value, "count"), className="num",
        **attributes(data_from=f"{answer.url}#count({path}/{name})", data_kind="count"),
    )  # fmt: skip


def _value(answer: Answer, path: str) -> Any:
    one, _, other = path.partition(" - ")
    value = answer.at(one)
    if not other:
        return value
    against = answer.at(other)
    return None if value is None or against is None else value - against


def head(title: str, words: Child = None, *actions: Child) -> Component:
    """Return a page's heading with what can be done on its right."""
    told: list[Component] = [html.H1(title, id="page-title", tabIndex=-1)]
    if words is not None:
        told.append(html.P(words, className="faint"))
    return html.Header(
        [html.Div(told), html.Div(list(actions), className="actions")], className="page-head"
    )


def card(*children: Child, title: Child = None, aside: Child = None, name: str = "") -> Component:
    """Return a card; ``aside`` stands on the right of its title."""
    top = []
    if title is not None:
        top.append(html.Div([html.H2(title), html.Div(aside, className="aside")],
                            className="card-head"))  # fmt: skip
    return html.Section([*top, *children], className=f"card {name}".strip())


def note(kind: str, title: str, *words: Child) -> Component:
    """Return a notice; ``kind`` is info, warn or bad. What it says is announced."""
    role = "alert" if kind == "bad" else "status"
    return html.Div(
        [html.Strong(title), html.Div(list(words), className="note-words")],
        className=f"note {kind}", role=role,
    )  # fmt: skip


def empty(title: str, *words: Child) -> Component:
    """Return what stands where there is nothing to show: why, and what to do."""
    return html.Div([html.H2(title), *(html.Div(each) for each in words)], className="card empty")


def command(text: str) -> Component:
    """Return a command as it is typed."""
    return html.Code(text, className="command")


def said(text: str) -> list[Child]:
    """Return a message with what stands in backquotes as commands."""
    parts = text.split("`")
    return [html.Code(part) if at % 2 else part for at, part in enumerate(parts) if part]


def since(text: str, now: datetime) -> Component:
    """Return how long ago or ahead a moment is; the browser keeps it true."""
    return html.Time(
        ago(text, now), dateTime=text, title=moment(text), **attributes(data_moment=text)
    )


def dot(health: str) -> Component:
    """Return a mark of health; a word stands beside it always."""
    return html.Span(className=f"dot {health}", **attributes(aria_hidden="true"))


def badge(text: str, kind: str = "") -> Component:
    """Return a short word in a frame."""
    return html.Span(text, className=f"badge {kind}".strip())


def link(text: Child, href: str, name: str = "link", **more: Any) -> Component:
    """Return a link within the dashboard."""
    return html.A(text, href=href, className=name, **more)


def out(text: Child, href: str, name: str = "link out") -> Component:
    """Return a link to another page, which opens beside this one."""
    return html.A(text, href=href, className=name, target="_blank", rel="noopener")


def lineage(webserver: str | None, asset: str, text: str = "Lineage") -> list[Component]:
    """Return a link to an asset's lineage in Dagster; nothing where Dagster does not run."""
    if webserver is None:
        return []
    return [out(text, lineage_address(webserver, asset), "button quiet out")]


def lineage_address(webserver: str, asset: str) -> str:
    """Return where Dagster draws an asset's lineage."""
    return f"{webserver.rstrip('/')}/assets/{asset}?view=lineage"


def table(
    columns: Sequence[Child],
    rows: Iterable[Sequence[Child]],
    *,
    label: str,
    left: int = 1,
    tail: int = 0,
    name: str = "",
) -> Component:
    """Return a table; its first ``left`` and last ``tail`` columns are words, others numbers.

    The first cell of a row is its heading.
    """
    kinds = [
        "" if at < left or at >= len(columns) - tail else "right" for at in range(len(columns))
    ]

    def cell(at: int, content: Child) -> Component:
        if at == 0:
            return html.Th(content, scope="row")
        return html.Td(content, className=kinds[at])

    top = html.Thead(
        html.Tr(
            [
                html.Th(each, scope="col", className=kind)
                for kind, each in zip(kinds, columns, strict=True)
            ]
        )
    )
    body = html.Tbody([html.Tr([cell(at, one) for at, one in enumerate(row)]) for row in rows])
    return html.Div(
        html.Table([html.Caption(label, className="unseen"), top, body], className=name or None),
        className="wide", tabIndex=0, role="region", **attributes(aria_label=label),
    )  # fmt: skip


def figure(drawn: Any, id_: str, label: str) -> Component:
    """Return a figure with what it shows in words."""
    return html.Div(
        dcc.Graph(id=id_, figure=drawn, config=_GRAPH, className="figure"),
        role="img", **attributes(aria_label=label),
    )  # fmt: skip


def stat(label: str, value: Child, more: Child = None) -> Component:
    """Return one number with its name above it."""
    below = [] if more is None else [html.Dd(more, className="more")]
    return html.Div([html.Dt(label), html.Dd(value), *below], className="stat")


def stats(*found: Component) -> Component:
    """Return numbers in a row."""
    return html.Dl(list(found), className="stats")


def choices(
    label: str, options: Sequence[tuple[str, str, bool]], data: str | None = None
) -> Component:
    """Return links of which one is chosen: text, address, whether it is.

    ``data`` names an attribute that tells the browser's code a link's text.
    """

    def choice(text: str, href: str, *, chosen: bool) -> Component:
        more = attributes(aria_current="true") if chosen else {}
        if data is not None:
            more |= attributes(**{f"data_{data}": text})
        name = "choice is-chosen" if chosen else "choice"
        return html.A(text, href=href, className=name, **more)

    links = [choice(text, href, chosen=chosen) for text, href, chosen in options]
    return html.Nav(links, className="choices", **attributes(aria_label=label))
