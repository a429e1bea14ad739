"""``jutsu promotions show``: the evidence page in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.table import Table

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.promotion_decide import desk_of, recovered
from jutsu_dagster.pipeline.promotion_page import page_path, view_of, write_page
from jutsu_dagster.reporting.promotion_view import (
    PromotionView,
    change_rows,
    gate_rows,
    number_rows,
    rule_rows,
)

_MARK = {True: "✓", False: "✗", None: "–"}
_PIPE_WIDTH = 140


def show_promotion(project: Project, id_: str, *, as_json: bool) -> None:
    """Show a proposal, and write its page.

    Raises
    ------
    PromotionError
        If there is none of this id.
    """
    recovered(project)
    row = desk_of(project).proposal(id_)
    view = view_of(project.registry, project.ledger, project.store, row)
    try:
        write_page(project.settings.home, view)
    # The evidence is in the ledger, and shown all the same.
    except OSError as error:
        say(f"warning: {page_path(id_)} cannot be written: {error.strerror}")
    if as_json:
        _answer(view)
        return
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    _head(view)
    _table(console, "What changes", ("parameter", "now", "proposed"), change_rows(view), (1, 2))
    gates = [(_MARK[held], *rest) for held, *rest in gate_rows(view)]
    _table(console, "Gates", ("", "gate", "found", "threshold", "why"), gates, (2, 3))
    rule = [(_MARK[held], title) for held, title in rule_rows(view)]
    _table(console, "The promotion rule (– was not made)", ("", "check"), rule)
    head = ("number", "value", "definition", "source")
    _table(console, "Every number", head, number_rows(view), (1,))
    happened = [(one.at, one.event.replace("_", " "), one.who, one.why) for one in view.history]
    _table(console, "What happened", ("UTC", "what", "who", "why"), happened)
    _foot(view)


def _head(view: PromotionView) -> None:
    window, today = view.document["window"], datetime.now(UTC).date()
    over = view.status == "open" and view.expires_on < today
    until = f", can be approved until {view.expires_on}" if view.status == "open" else ""
    held = "✗" if view.failed else "✓"
    status = f"{view.status.replace('_', ' ')}{until}{', which is over' if over else ''}"
    days = f"{window['first']} to {window['last']}, {window['days']} days"
    lines = [
        f"{view.variant_id} as the next version of {view.parent_id}, {view.symbol}",
        f"{held} {view.verdict}",
        f"{status}; proposed by the night of {view.partition}",
        f"out of sample: {days}; market {', '.join(view.document['data_versions'])}",
    ]
    if view.synthetic:
        lines.append("synthetic market: the prices are made up, and so is what was earned")
    for line in lines:
        typer.echo(line)
    typer.echo()


def _foot(view: PromotionView) -> None:
    typer.echo(f"page with plots: {page_path(view.id)}")
    typer.echo(f"hash of this evidence: {view.proposal_hash}")
    if view.status == "open":
        typer.echo(f"to approve: {view.approve_command}")
        typer.echo(f"to reject:  {view.reject_command}")


def _table(
    console: Console, title: str, head: Sequence[str], rows: Sequence[Sequence[str]],
    numbers: Sequence[int] = (),
) -> None:  # fmt: skip
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for at, name in enumerate(head):
        table.add_column(name, justify="right" if at in numbers else "left", no_wrap=at in numbers)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _answer(view: PromotionView) -> None:
    answer_json(
        {
            "id": view.id,
            "parent_id": view.parent_id,
            "variant_id": view.variant_id,
            "status": view.status,
            "partition": view.partition.isoformat(),
            "expires_on": view.expires_on.isoformat(),
            "proposal_hash": view.proposal_hash,
            "passed": not view.failed,
            "synthetic": view.synthetic,
            "changes": {one.name: {"from": one.old, "to": one.new} for one in view.changes},
            "history": [[one.at, one.event, one.who, one.why] for one in view.history],
            "document": dict(view.document),
            "page": page_path(view.id),
            "approve": view.approve_command if view.status == "open" else None,
        }
    )
