"""The doctor's looks at paper trading: accounts up to date, state files that say the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jutsu_dagster.cli.doctor import Check
from jutsu_dagster.core.errors import JutsuError

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings


def check_paper(settings: Settings) -> Check:
    """Look whether every paper account has the last session, and how its last attempt went."""
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.pipeline.catch_up import standings
    from jutsu_dagster.storage import journal

    name, project = "paper", Project(settings)
    ledger = project.ledger_if_made
    if ledger is None:
        return Check(name, "ok", "no account yet")
    until = datetime.now(UTC).date() - timedelta(days=1)
    found = standings(project.registry, ledger, until)
    lines = []
    for each in found:
        line = f"{each.strategy_id}: {each.note or f'last session {each.recorded}'}"
        if each.missing:
            line += f", {len(each.missing)} sessions missing from {each.missing[0]}"
        own = journal.attempts(ledger.engine, strategy_id=each.strategy_id, mode="paper", limit=1)
        if len(own) and own["status"].iloc[0] == "failed":
            line += f"; its last attempt failed: {str(own['error'].iloc[0]).partition(chr(10))[0]}"
        lines.append(line)
    detail = "\n".join(lines) or "no strategy trades on paper"
    if any(each.missing for each in found):
        return Check(name, "warn", detail, "run jutsu trade, or keep jutsu up --schedules running")
    return Check(name, "ok", detail)


def check_states(settings: Settings) -> Check:
    """Look whether the state files are sound and show what the ledger holds."""
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.storage.state import parse_state
    from jutsu_dagster.storage.state_view import state_in_ledger

    name, project = "state", Project(settings)
    ledger = project.ledger_if_made
    if ledger is None:
        return Check(name, "ok", "no account yet")
    faults = []
    for entry in project.registry.entries.values():
        path = settings.state_dir / "strategies" / entry.id / "state.json"
        last = state_in_ledger(ledger, entry.id)
        if not path.is_file():
            if last is not None:
                faults.append(f"{entry.id}: state.json is missing")
            continue
        try:
            state = parse_state(path.read_bytes(), str(path), entry.id)
        except (JutsuError, OSError) as error:
            faults.append(str(error))
            continue
        if last is not None and state.current_positions != last.current_positions:
            faults.append(f"{entry.id}: state.json does not hold what the ledger does")
    link = settings.state_dir / "state.json"
    if link.is_symlink() and not link.exists():
        faults.append(f"{link} leads nowhere")
    if faults:
        return Check(name, "warn", "\n".join(faults), "run jutsu init: it recovers them")
    return Check(name, "ok", "every state file is sound and shows its account")
