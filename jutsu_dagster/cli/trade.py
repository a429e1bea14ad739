"""``jutsu trade``: trading sessions for a range of days, in this process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.runs import RunFailedError, run_range
from jutsu_dagster.core.errors import ConfigError, DataError, Fault, nearest
from jutsu_dagster.pipeline.direct import is_directional

if TYPE_CHECKING:
    from jutsu_dagster.pipeline.catch_up import Standing


def trade(
    project: Project,
    strategy_ids: Sequence[str],
    first: date | None,
    last: date | None,
    *,
    as_json: bool,
) -> None:
    """Trade the days that the paper accounts lack, up to ``last``, as one run.

    Parameters
    ----------
    project : Project
    strategy_ids : sequence of str
        All that trade on paper unless given.
    first, last : date, optional
        Default: the first day that any of the accounts lacks, and yesterday (UTC).

    Raises
    ------
    RunFailedError
        If a strategy or a data check failed; what others could do is done and shown first.
    """
    from jutsu_dagster.defs.market import market_key
    from jutsu_dagster.defs.paper import paper_key
    from jutsu_dagster.defs.schedules import TRADING_JOB, first_day
    from jutsu_dagster.pipeline.catch_up import standings

    ids = _checked(project, strategy_ids)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    until = last or yesterday
    if until > yesterday:
        raise DataError(f"{until} has not ended yet in UTC; the last day to trade is {yesterday}")
    project.ledger.strategies()
    failed: RunFailedError | None = None
    with instance(project.settings) as opened:
        begin = first or first_day(project.registry, project.settings, opened, until, ids)
        if begin is not None:
            if begin > until:
                raise DataError(f"the range {begin} to {until} is empty")
            days = (until - begin).days + 1
            markets = dict.fromkeys(market_key(project.registry.entries[id_]) for id_ in ids)
            keys = [*markets, *map(paper_key, ids)]
            label = f"{TRADING_JOB} {begin} to {until}" if days > 1 else f"{TRADING_JOB} {begin}"
            with progress(label, days * len(keys), shown=not as_json) as advance:
                try:
                    run_range(
                        opened, project.definitions, TRADING_JOB, keys, begin.isoformat(),
                        until.isoformat(), partitions=days, progress=advance,
                    )  # fmt: skip
                except RunFailedError as error:
                    failed = error
        elif not as_json:
            say(f"every account is up to {until}")
    _show(project, standings(project.registry, project.ledger, until, ids), as_json=as_json)
    if failed is not None:
        raise RunFailedError(_reasons(project, failed), failed.run_id) from failed


def _reasons(project: Project, failed: RunFailedError) -> str:
    """Return what every failed strategy said, or what the run as a whole did."""
    from jutsu_dagster.storage import journal

    rows = journal.attempts(project.ledger.engine, failed.run_id)
    said = [
        f"{row.strategy_id} {row.status}: {row.error}"
        for row in rows[rows["status"] != "ok"].itertuples()
    ]
    return "\n".join([*reversed(said), f"run {failed.run_id}"]) if said else str(failed)


def _checked(project: Project, strategy_ids: Sequence[str]) -> list[str]:
    from jutsu_dagster.pipeline.night import paper_entries

    known = [entry.id for entry in paper_entries(project.registry)]
    for id_ in strategy_ids:
        if id_ not in known:
            project.entry(id_)
            rule = f"is not active or not for paper trading; there are {', '.join(known)}"
            fault = Fault(project.registry.file, "strategies", id_, rule, nearest(id_, known))
            raise ConfigError([fault])
    return [id_ for id_ in known if id_ in strategy_ids] if strategy_ids else known


def _show(project: Project, found: Sequence[Standing], *, as_json: bool) -> None:
    rows = [_row(project, each) for each in found]
    if as_json:
        answer_json({"accounts": rows})
        return
    header = ["strategy", "status", "session", "equity", "day", "since start", "drawdown", "note"]
    print_table("Paper accounts", header, [_text(row) for row in rows])
    from jutsu_dagster.core.timeframe import table_of
    from jutsu_dagster.sources.base import is_synthetic

    entries = [project.registry.entries[each.strategy_id] for each in found]
    read = {table_of(one.config.strategy.timeframe) for one in entries if one.config}
    made_up = [table for table in sorted(read) if is_synthetic(project.store.source(table))]
    if made_up:
        say(f"Market: sample, which is synthetic ({', '.join(made_up)}).")


def _row(project: Project, standing: Standing) -> dict[str, Any]:
    from jutsu_dagster.storage import journal

    engine = project.ledger.engine
    own = journal.attempts(engine, strategy_id=standing.strategy_id, mode="paper", limit=1)
    row: dict[str, Any] = {
        "strategy_id": standing.strategy_id,
        "status": str(own["status"].iloc[0]) if len(own) else "new",
        "error": own["error"].iloc[0] if len(own) else None,
        "duration_seconds": own["duration_seconds"].iloc[0] if len(own) else None,
        "session": None,
        "missing_sessions": len(standing.missing),
        "note": standing.note,
    }
    if standing.recorded is None:
        return row
    if is_directional(project.registry.entries[standing.strategy_id].config):
        return row | _last_day(project, standing.strategy_id)
    return row | _last_session(project, standing.strategy_id)


def _last_session(project: Project, strategy_id: str) -> dict[str, Any]:
    from jutsu_dagster.pipeline.paper import paper_account

    account = paper_account(strategy_id)
    last = project.ledger.latest_checkpoint(account)
    assert last is not None  # noqa: S101  (recorded, as its standing says)
    state = last.closing
    day = project.ledger.snapshots(account, last.last_session, last.last_session)
    return {
        "session": str(last.last_session),
        "equity": state.equity,
        "day_return": float(day["daily_return"].iloc[0]) if len(day) else None,
        "since_start": state.equity / state.initial_capital - 1.0,
        "drawdown": state.equity / state.peak - 1.0,
        "positions": dict(state.shares),
    }


def _last_day(project: Project, strategy_id: str) -> dict[str, Any]:
    """Return the same of a directional account; results are of its stake."""
    from jutsu_dagster.storage import exploration_log as log

    engine = project.ledger.engine
    head = log.latest(engine, "paper", [strategy_id])[strategy_id]
    before = log.latest(engine, "paper", [strategy_id], before=head.day).get(strategy_id)
    stake, side = head.initial_capital, int(head.state["dir"])
    opened = before.equity if before is not None else stake
    return {
        "session": str(head.day),
        "equity": head.equity,
        "day_return": (head.equity - opened) / stake,
        "since_start": head.equity / stake - 1.0,
        "drawdown": head.equity / head.peak - 1.0,
        "positions": {head.symbol: side} if side else {},
    }


def _text(row: dict[str, Any]) -> list[str]:
    def percent(name: str) -> str:
        value = row.get(name)
        return "" if value is None else f"{value:+.2%}"

    equity = row.get("equity")
    note = row["note"]
    if row["missing_sessions"]:
        note = f"{row['missing_sessions']} sessions missing"
    return [
        row["strategy_id"], row["status"], row["session"] or "none",
        "" if equity is None else f"{equity:,.2f}", percent("day_return"),
        percent("since_start"), percent("drawdown"), note,
    ]  # fmt: skip
