"""``jutsu strategies list``: the registry and where each paper account stands."""

from __future__ import annotations

from typing import Any

import typer

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.storage.exploration_log import latest


def show_strategies(project: Project, *, as_json: bool) -> None:
    """Show every registered strategy, those that run first, in execution order.

    A ledger that is missing leaves the accounts' columns empty; one that does not answer too,
    with a warning.
    """
    registry = project.registry
    order = [
        *registry.execution_order,
        *(i for i in registry.entries if i not in registry.execution_order),
    ]
    rows, trouble = [_row(registry.entries[id_]) for id_ in order], None
    try:
        _with_accounts(project, rows)
    except JutsuError as error:
        trouble = str(error)
    if as_json:
        answer_json({"strategies": rows, "ledger": trouble})
        return
    width = max(len(row["id"]) for row in rows)
    for row in rows:
        first, *more = _lines(row)
        typer.echo(f"{row['id']:<{width}}  {first}")
        for line in more:
            typer.echo(f"{'':<{width}}  {line}")
    if trouble is not None:
        say(f"warning: the accounts are not shown: {trouble}")


def _row(entry: StrategyEntry) -> dict[str, Any]:
    config = entry.config
    start = config.paper_start if config is not None else None
    return {
        "id": entry.id,
        "display_name": entry.display_name,
        "strategy_class": entry.strategy_class,
        "is_primary": entry.is_primary,
        "is_active": entry.is_active,
        "paper_trading": entry.paper_trading,
        "broken": config is None,
        "faults": [str(fault) for fault in entry.faults],
        "config_file": entry.config_file,
        "description": entry.description,
        "paper_start": start.isoformat() if start is not None else None,
        "last_session": None,
        "equity": None,
    }


def _with_accounts(project: Project, rows: list[dict[str, Any]]) -> None:
    ledger = project.ledger_if_made
    if ledger is None:
        return
    for row in rows:
        found = ledger.latest_checkpoint(AccountKey(row["id"], "paper"))
        if found is not None:
            row["last_session"] = found.last_session.isoformat()
            row["equity"] = found.closing.equity
    # Directional accounts have days instead.
    others = [row for row in rows if row["last_session"] is None]
    days = latest(ledger.engine, "paper", [row["id"] for row in others]) if others else {}
    for row in others:
        head = days.get(row["id"])
        if head is not None:
            row |= {"last_session": head.day.isoformat(), "equity": head.equity}


def _lines(row: dict[str, Any]) -> list[str]:
    role = "primary" if row["is_primary"] else "secondary"
    status = "broken" if row["broken"] else "active" if row["is_active"] else "inactive"
    lines = [
        f"{role}, {status}, {_account(row)}",
        f"{row['display_name']} ({row['strategy_class']}), {row['config_file']}",
    ]
    return [*lines, *row["faults"]]


def _account(row: dict[str, Any]) -> str:
    if row["last_session"] is not None:
        return f"on paper up to {row['last_session']}: {row['equity']:,.2f}"
    if not row["paper_trading"]:
        return "not on paper"
    if row["broken"]:
        return "nothing recorded on paper"
    start = row["paper_start"]
    return f"on paper from {start}" if start is not None else "without paper.start, not on paper"
