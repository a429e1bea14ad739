"""``jutsu variants run``: one cycle of all variants, in this process, and what each has done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.ingest import ingest
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import RunFailedError, run_range
from jutsu_dagster.core.errors import ConfigError, DataError, Fault, nearest

if TYPE_CHECKING:
    from jutsu_dagster.pipeline.variant_due import Due
    from jutsu_dagster.registry.shadows import Shadow, ShadowBook

_NONE = "No active variants found"
_SHOWN = 30


def run_cycle(
    project: Project,
    ids: Sequence[str],
    first: date | None,
    last: date | None,
    *,
    as_json: bool,
) -> None:
    """Carry the variants through the days that they lack, up to ``last``.

    Parameters
    ----------
    project : Project
    ids : sequence of str
        All live variants unless given.
    first, last : date, optional
        Default: the first day that a variant lacks, and yesterday (UTC). With ``first``, days
        that are recorded are computed again and compared.

    Raises
    ------
    RunFailedError
        If a variant failed; what the others did is recorded and shown first.
    """
    from jutsu_dagster.pipeline.shadow_freeze import freeze
    from jutsu_dagster.pipeline.shadow_registry import read_book
    from jutsu_dagster.pipeline.variant_due import Due, due

    until = _until(last)
    book = read_book(project.registry, project.settings.home)
    _say_faults(book)
    book = freeze(project.registry, project.settings.home)
    shadows = _chosen(book, ids)
    if not shadows:
        _say_none(as_json=as_json)
        return
    if first is not None:
        plan = [Due(first, until, tuple(shadow.id for shadow in shadows))]
    else:
        plan = due(project.ledger, shadows, until)
    if plan:
        if plan[0].first > until:
            raise DataError(f"the range {plan[0].first} to {until} is empty")
        begin = _first_read(project, shadows, min(each.first for each in plan))
        ingest(project, begin, until, quiet=as_json)
    elif not as_json:
        say(f"every variant is recorded up to {until}")
    failed = [error for each in plan if (error := _run(project, each, as_json=as_json))]
    _show(project, shadows, until, [str(error) for error in failed], as_json=as_json)
    if failed:
        raise failed[0]


def _say_faults(book: ShadowBook) -> None:
    """Name what is set aside and what is worth knowing, by line, before the file may change."""
    said = [f"set aside: {fault}" for fault in book.faults]
    said += [f"note: {note}" for note in book.notes]
    for line in said[:_SHOWN]:
        say(line)
    if len(said) > _SHOWN:
        say(f"and {len(said) - _SHOWN} more; `jutsu variants list` shows all")


def _until(last: date | None) -> date:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    if last is not None and last > yesterday:
        raise DataError(f"{last} has not ended yet in UTC; the last day to run is {yesterday}")
    return last or yesterday


def _chosen(book: ShadowBook, ids: Sequence[str]) -> list[Shadow]:
    running = {shadow.id: shadow for shadow in book.running()}
    for id_ in ids:
        if id_ in running:
            continue
        known = book.shadows.get(id_)
        if known is None:
            rule, close = "is no variant", nearest(id_, running)
        else:
            rule = "rests, since its parent is not active"
            rule, close = (rule if known.row.is_live else f"is {known.row.status}"), None
        raise ConfigError([Fault("mutation_strategies.jsonl", "id", id_, rule, close)])
    return [running[id_] for id_ in running if not ids or id_ in ids]


def _first_read(project: Project, shadows: Sequence[Shadow], first: date) -> date:
    """Return the first day that a decision on ``first`` looks back at."""
    from jutsu_dagster.registry.universe import market_anchor

    days = []
    for shadow in shadows:
        assert shadow.mutated is not None  # noqa: S101  (live ones only)
        strategy = shadow.mutated.strategy
        if getattr(type(strategy), "windowed", False):
            days.append(first - timedelta(days=strategy.warmup_sessions))
        else:
            days.append(market_anchor(project.entry(shadow.row.parent_id)))
    return min(days)


def _say_none(*, as_json: bool) -> None:
    if as_json:
        answer_json({"variants_loaded": 0, "variants_executed": 0, "errors": [], "summary": _NONE})
    else:
        say(f"{_NONE}; `jutsu mutate` or `jutsu variants create` makes some")


def _run(project: Project, plan: Due, *, as_json: bool) -> RunFailedError | None:
    from jutsu_dagster.defs.variant_specs import variant_key
    from jutsu_dagster.defs.variants import VARIANT_JOB

    days = (plan.last - plan.first).days + 1
    span = str(plan.last) if days == 1 else f"{plan.first} to {plan.last}"
    with (
        instance(project.settings) as opened,
        progress(f"{VARIANT_JOB} {span}", days * len(plan.ids), shown=not as_json) as advance,
    ):
        try:
            run_range(
                opened, project.definitions, VARIANT_JOB, [variant_key(id_) for id_ in plan.ids],
                plan.first.isoformat(), plan.last.isoformat(),
                partitions=days * len(plan.ids) if days > 1 else days, progress=advance,
            )  # fmt: skip
        except RunFailedError as error:
            return error
    return None


def _show(
    project: Project, shadows: Sequence[Shadow], until: date, errors: list[str], *, as_json: bool
) -> None:
    """Print one line a variant, best first, or all as JSON."""
    from jutsu_dagster.storage import exploration_log as log

    found = log.summaries(project.ledger.engine, "shadow", [shadow.id for shadow in shadows])
    rows: list[dict[str, Any]] = [
        {
            "variant_id": row["strategy_id"],
            "day": row["day"].date(),
            "exp_trades": int(row["exp_trades"]),
            "exp_pf": None if row["exp_pf"] != row["exp_pf"] else row["exp_pf"],
            "total_pnl": row["total_pnl"],
            "wins": int(row["wins"]),
            "losses": int(row["losses"]),
            "position": int(row["position_dir"]),
            "day_pnl": row["day_pnl"],
            "equity": row["equity"],
            "drawdown": row["drawdown"],
        }
        for row in found.to_dict("records")
    ]
    executed = sum(row["day"] == until for row in rows)
    if as_json:
        answer_json(
            {
                "variants_loaded": len(shadows),
                "variants_executed": executed,
                "errors": errors,
                "summary": f"Executed {executed}/{len(shadows)} variants",
                "variants": rows,
            }
        )
        return
    header = [
        "variant",
        "day",
        "trades",
        "PF",
        "wins",
        "losses",
        "day pnl",
        "total pnl",
        "position",
    ]
    best = sorted(rows, key=lambda row: -row["total_pnl"])
    print_table("Variants", header, [_text(row) for row in best])
    say(f"Executed {executed}/{len(shadows)} variants up to {until}{_waiting(shadows, until)}")
    _say_source(project)


def _waiting(shadows: Sequence[Shadow], until: date) -> str:
    """Say how many were made too late to trade yet."""
    begins = [shadow.row.first_day for shadow in shadows]
    count = sum(day is not None and day > until for day in begins)
    return f"; {count} made since trade from the day after on" if count else ""


def _text(row: dict[str, Any]) -> list[str]:
    pf = row["exp_pf"]
    return [
        row["variant_id"], str(row["day"]), str(row["exp_trades"]),
        "" if pf is None else f"{pf:.2f}", str(row["wins"]), str(row["losses"]),
        f"{row['day_pnl']:+.2%}", f"{row['total_pnl']:+.2%}",
        {-1: "short", 0: "flat", 1: "long"}[row["position"]],
    ]  # fmt: skip


def _say_source(project: Project) -> None:
    from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY
    from jutsu_dagster.sources.base import is_synthetic

    for table in (CRYPTO_15M, ETF_DAILY):
        source = project.store.source(table)
        if is_synthetic(source):
            say(f"{table}: {source}, which is synthetic.")
