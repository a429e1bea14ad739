"""Where a person acts: approving or rejecting a promotion, launching a backtest.

What is sent goes from the browser straight to the API, with the token, and through its guard: the
dashboard has no second way to change anything.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.wiring import attributes

_TOKEN = "The value of JUTSU_API_TOKEN that jutsu up was started with"  # noqa: S105


def dialogs() -> list[Component]:
    """Return both dialogs, closed."""
    return [
        dcc.Store(id="decision"),
        dcc.Store(id="decision-answer"),
        dcc.Store(id="launch-asked"),
        dcc.Store(id="launch-answer"),
        dcc.Store(id="launch", storage_type="session"),
        dcc.Interval(id="launch-beat", interval=1_500, disabled=True),
        _decide(),
        _launch(),
    ]


def _decide() -> Component:
    form = [
        html.P(id="decide-words", className="faint"),
        dmc.TextInput(id="decide-by", label="Who decides", required=True, autoComplete="name",
                      inputProps={"maxLength": 100}),
        dmc.Textarea(id="decide-why", label="Why", description="Kept for good", required=True,
                     minRows=2, autosize=True),
        *_ending("decide", "Approve"),
    ]  # fmt: skip
    return _dialog(form, "decide-dialog", "")


def _launch() -> Component:
    years = html.Div(
        [
            dmc.Select(id="launch-from", label="First year", data=[], allowDeselect=False),
            dmc.Select(id="launch-to", label="Last year", data=[], allowDeselect=False),
        ],
        className="pair-fields",
    )
    form = [
        html.P("A backfill in Dagster: each year begins at the end of the one before.",
               className="faint"),
        dmc.Select(id="launch-strategy", label="Strategy", data=[], allowDeselect=False),
        years,
        *_ending("launch", "Launch"),
    ]  # fmt: skip
    return _dialog(form, "launch-dialog", "Run a backtest")


def _dialog(form: list[Component], id_: str, title: str) -> Component:
    # The page keeps its scroll bar, so that nothing moves behind the dialog.
    found: Component = dmc.Modal(
        html.Div(form, className="form"), id=id_, title=title, opened=False, lockScroll=False
    )
    return found


def _ending(prefix: str, verb: str) -> list[Component]:
    """Return what both forms end with: the token, what was said to it, and the buttons."""
    return [
        dmc.PasswordInput(id=f"{prefix}-token", label="Token", description=_TOKEN, required=True),
        html.Div(id=f"{prefix}-said", **attributes(aria_live="assertive")),
        html.Div(
            [
                html.Button("Cancel", id=f"{prefix}-cancel", className="button quiet",
                            type="button"),
                html.Button(verb, id=f"{prefix}-go", className="button", type="button"),
            ],
            className="actions end",
        ),
    ]  # fmt: skip


def refusal(answer: dict[str, Any]) -> Component:
    """Return what the API said when it refused."""
    body = answer.get("body") or {}
    detail = body.get("detail") or "The server does not answer; is jutsu up running?"
    return parts.note("bad", body.get("title") or "Not done", *parts.said(detail))


def decided(answer: dict[str, Any]) -> Component:
    """Return what a decision did, or why it was refused."""
    if not answer["ok"]:
        return refusal(answer)
    body = answer["body"]
    told: list[parts.Child] = []
    if body["status"] == "approved":
        version = f"version {body['new_version']} (before: {body['old_version']}, kept in"
        told.append(html.P(f"{body['parent_id']} goes on as {version} {body['kept']})."))
        if body["retired"]:
            told.append(html.P(f"Retired: {', '.join(body['retired'])}."))
        if body["withdrawn"]:
            told.append(html.P(f"Withdrawn: {', '.join(body['withdrawn'])}."))
    told += [html.P(each) for each in body["warnings"]]
    return parts.note("info", f"{body['variant_id']} is {body['status']}", *told)


def launch_progress(found: dict[str, Any]) -> Component:
    """Return how far a launched backtest is."""
    close = html.Button("Dismiss", id="launch-dismiss", className="button quiet", type="button")
    if not found["ok"]:
        return html.Div(
            [refusal(found), close], className="launch", **attributes(data_status="refused")
        )
    body = found["body"]
    years, done = body["years"], body["years_done"]
    share = 100 * done / len(years) if years else 0
    status = body["status"]
    words = f"{done} of {len(years)} years" + (
        f", {body['years_failed']} failed" if body["years_failed"] else ""
    )
    bar = dmc.Progress(value=share, size="sm", color="red" if status == "failed" else "jutsu",
                       **attributes(aria_label=f"{share:.0f} % of the years are done"))  # fmt: skip
    said = html.P(body["error"], className="problem") if body["error"] else None
    span = f"{years[0]} to {years[-1]}" if years else ""
    title = html.Strong(f"Backtest of {body['strategy_id']}, {span}: {status}")
    link = parts.out("Dagster", body["dagster_url"])
    over = [close] if status in {"completed", "failed", "canceled"} else []
    head = html.Div([title, html.Span([words, " · ", link], className="faint"), *over],
                    className="card-head")  # fmt: skip
    return html.Div(
        [head, bar, said], className="card launch", role="status", **attributes(data_status=status)
    )
