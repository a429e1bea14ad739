"""``jutsu promotions list``: every proposal in a line, those to decide about first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.promotion_decide import recovered
from jutsu_dagster.pipeline.promotion_page import page_path
from jutsu_dagster.reporting.promotion_view import shown
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow

_HEADER = ("proposal", "status", "expires", "evidence")
_TOLD = (("psr_parent", "PSR"), ("dsr_parent", "DSR"), ("pbo", "PBO"), ("trades", "trades"))


def show_promotions(project: Project, parent: str | None, *, as_json: bool) -> None:
    """Show the proposals of one strategy, or all."""
    if parent is not None:
        project.entry(parent)
    recovered(project)
    rows = log.proposals(project.ledger.engine, parent_id=parent)
    rows.sort(key=lambda row: (row.status != "open", -row.partition.toordinal(), row.id))
    today = datetime.now(UTC).date()
    if as_json:
        answer_json({"promotions": [_json(row, today) for row in rows]})
        return
    if not rows:
        typer.echo(
            "nothing is proposed; the night proposes a variant once every gate holds, and says in"
            " reports/evolver/promotion_candidates.json which do not"
        )
        return
    cells = [(row.id, row.status.replace("_", " "), _expiry(row, today), _line(row))
             for row in rows]  # fmt: skip
    widths = [max(map(len, column)) for column in zip(_HEADER, *cells, strict=True)]
    for row_of_cells in (_HEADER, *cells):
        padded = (cell.ljust(width) for cell, width in zip(row_of_cells, widths, strict=True))
        typer.echo("  ".join(padded).rstrip())
    typer.echo()
    open_ = [row for row in rows if row.status == "open"]
    typer.echo(
        f"{len(open_)} open of {len(rows)}; the evidence: jutsu promotions show"
        f" {open_[0].id if open_ else 'ID'}"
    )


def _expiry(row: ProposalRow, today: date) -> str:
    if row.status != "open":
        return ""
    days = (row.expires_on - today).days
    if days < 0:
        return f"{row.expires_on}, over"
    return f"{row.expires_on}, {'today' if days == 0 else f'in {days} d'}"


def _line(row: ProposalRow) -> str:
    evidence = row.document["evidence"]
    gates = evidence["gates"]
    held = sum(gate["passed"] for gate in gates)
    numbers = evidence["numbers"]
    told = [f"{title} {shown(numbers[name]['value'])}" for name, title in _TOLD if name in numbers]
    return f"{held}/{len(gates)} gates, {row.document['window']['days']} d; " + ", ".join(told)


def _json(row: ProposalRow, today: date) -> dict[str, Any]:
    gates = row.document["evidence"]["gates"]
    return {
        "id": row.id,
        "parent_id": row.parent_id,
        "variant_id": row.variant_id,
        "status": row.status,
        "partition": row.partition.isoformat(),
        "expires_on": row.expires_on.isoformat(),
        "expired": row.status == "open" and row.expires_on < today,
        "proposal_hash": row.proposal_hash,
        "mutations": row.document["mutations"],
        "gates": {gate["name"]: gate["passed"] for gate in gates},
        "page": page_path(row.id),
    }
