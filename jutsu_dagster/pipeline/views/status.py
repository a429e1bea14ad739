"""The project as a whole: who runs, what is next, the last night, whether it can answer at all."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from jutsu_dagster import __version__
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.core.timeframe import table_of
from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.nightly import last_night
from jutsu_dagster.pipeline.views.standing import strategy_status
from jutsu_dagster.sources.base import is_synthetic
from jutsu_dagster.storage.state import iso

__all__ = ["health", "ready", "status", "strategy_status"]

# When the schedules of the night run, UTC.
_SCHEDULES = {"trading_session": time(0, 30), "nightly_research_cycle": time(2, 30)}


def status(desk: ReadDesk) -> Json:
    """Return the project at a glance.

    Returns
    -------
    dict
        ``status`` (``ok``, ``late`` or ``failed``: the worst health of a strategy),
        ``version``, ``time``, ``primary_id``, ``execution_order``, ``schedules`` (whether they
        run), ``next_schedule`` (name and time, None where they do not), ``last_night`` (date,
        steps by status, failed; None before the first), ``markets`` (rows of table, source,
        synthetic), ``strategies`` (``strategy_status``), ``variants`` (running, total),
        ``registry_faults``, ``webserver_url`` (Dagster's; None if none runs).
    """
    strategies = strategy_status(desk)
    registry, book = desk.registry, desk.book
    healths = {row["health"] for row in strategies.values()}
    faults = [str(fault) for fault in desk.registry_faults]
    worst = next((each for each in ("failed", "late") if each in healths), "ok")
    return {
        "status": "failed" if faults else worst,
        "version": __version__,
        "time": iso(desk.now().replace(microsecond=0)),
        "primary_id": registry.get_primary_strategy().id,
        "execution_order": list(registry.execution_order),
        "schedules": desk.settings.schedules,
        "next_schedule": next_schedule(desk.now()) if desk.settings.schedules else None,
        "last_night": _last_night(desk),
        "markets": desk.remembered("markets", lambda: markets(desk)),
        "strategies": strategies,
        "variants": {"running": len(book.running()), "total": len(book.shadows)},
        "registry_faults": faults,
        "webserver_url": desk.settings.webserver_url,
    }


def health(desk: ReadDesk) -> Json:
    """Return that this process answers: ``status`` ok, ``version``, ``time``. It looks nowhere."""
    now = desk.now().replace(microsecond=0)
    return {"status": "ok", "version": __version__, "time": iso(now)}


def ready(desk: ReadDesk) -> Json:
    """Return whether questions can be answered.

    ``status`` is ``ready`` or ``not ready``. Each of ``checks`` has ``name``, ``ok`` and
    ``message`` (None where it is ok): the registry, the shadow registry, the ledger.
    """

    def registry() -> None:
        faults = desk.registry_faults
        if faults:
            raise JutsuError("\n".join(str(fault) for fault in faults))

    def shadows() -> None:
        _ = desk.book

    def ledger() -> None:
        _ = desk.ledger

    checks = []
    looks = {"registry": registry, "shadow registry": shadows, "ledger": ledger}
    for name, look in looks.items():
        message = None
        try:
            look()
        except (JutsuError, OSError) as error:
            message = str(error)
        checks.append({"name": name, "ok": message is None, "message": message})
    ok = all(check["ok"] for check in checks)
    return {"status": "ready" if ok else "not ready", "checks": checks}


def next_schedule(now: datetime) -> Json:
    """Return ``name`` and ``time`` of the schedule that runs next in the night."""
    moments = []
    for name, at in _SCHEDULES.items():
        moment = datetime.combine(now.astimezone(UTC).date(), at, UTC)
        moments.append((moment if moment > now else moment + timedelta(days=1), name))
    moment, name = min(moments)
    return {"name": name, "time": iso(moment)}


def markets(desk: ReadDesk) -> list[Json]:
    """Return where the bars of each market come from: rows of table, source, synthetic."""
    tables = {
        table_of(entry.config.strategy.timeframe)
        for entry in desk.registry.entries.values()
        if entry.config is not None
    }
    found = []
    for table in sorted(tables):
        source = desk.store.source(table)
        made_up = bool(source) and is_synthetic(source)
        found.append({"table": table, "source": source, "synthetic": made_up})
    return found


def _last_night(desk: ReadDesk) -> Json | None:
    try:
        return last_night(desk)
    # A file that cannot be read is a finding of its page, and no reason to show nothing here.
    except JutsuError as error:
        return {"date": None, "steps": {}, "failed": [str(error)]}
