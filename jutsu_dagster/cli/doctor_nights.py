"""The doctor's look at the nights: whether the last one came, what it says, what waits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from jutsu_dagster.cli.doctor import Check

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings

_NAME = "nights"
_FEW = 3


def check_nights(settings: Settings) -> Check:
    """Look at the last night's summary, at nights that are missing since, and at proposals."""
    from jutsu_dagster.pipeline.nights import nights_due, nights_over, not_ok
    from jutsu_dagster.storage import promotion_log
    from jutsu_dagster.storage.ledger import Ledger

    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    over = nights_over(settings.home, yesterday)
    if not over:
        return Check(_NAME, "ok", "none yet; `jutsu nightly` runs the last one")
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.require_current()
        waiting = promotion_log.proposals(ledger.engine, status="open")
    finally:
        ledger.close()
    shown = f"; {len(waiting)} proposals wait: `jutsu promotions list`" if waiting else ""
    if due := nights_due(settings.home, yesterday):
        days = ", ".join(map(str, due[:_FEW])) + (", …" if len(due) > _FEW else "")
        mend = "jutsu nightly runs them in order; jutsu up --schedules does so by itself"
        return Check(_NAME, "warn", f"{len(due)} not run: {days}{shown}", mend)
    if bad := not_ok(settings.home, over[-1]):
        mend = f"see what it says (jutsu nightly --date {over[-1]} runs it again)"
        return Check(_NAME, "warn", f"{over[-1]}: not OK: {', '.join(bad)}{shown}", mend)
    return Check(_NAME, "ok", f"{over[-1]} is over, every step OK{shown}")
