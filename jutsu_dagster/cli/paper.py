"""The commands around paper accounts; heavy imports stand inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from jutsu_dagster.cli.options import Json, day_of, day_option


def trade(
    strategy: Annotated[
        list[str] | None, typer.Option(help="A registered strategy; repeatable. Default: all.")
    ] = None,
    day: Annotated[datetime | None, day_option("--date", help_text="Only this day (UTC).")] = None,
    first: Annotated[
        datetime | None, day_option("--from", help_text="First day; default: first missing.")
    ] = None,
    last: Annotated[
        datetime | None, day_option("--to", help_text="Last day; default: yesterday.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Trade on paper: fetch the market, then bring every account up to date, in order.

    Without options, all that is missing up to yesterday (UTC), the primary strategy first. Days
    that are recorded already are computed again and compared, never rewritten.
    """
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.cli.trade import trade as run
    from jutsu_dagster.settings import Settings

    if day is not None and (first or last):
        raise typer.BadParameter("--date stands alone: it is one day; --from and --to are a range")
    begin, end = day_of(day or first), day_of(day or last)
    run(Project(Settings()), strategy or [], begin, end, as_json=as_json)


def nightly(
    day: Annotated[
        datetime | None, day_option("--date", help_text="Only this night, run or not (UTC).")
    ] = None,
    first: Annotated[
        datetime | None, day_option("--from", help_text="First night; run again if it was.")
    ] = None,
    last: Annotated[
        datetime | None, day_option("--to", help_text="Last night; default: yesterday.")
    ] = None,
    nights: Annotated[
        int | None, typer.Option("--nights", min=1, metavar="N", help="The last N nights.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the night: data, strategies, research, memory, meta review, variants, report.

    Without options, the nights that were missed, in order; the first time, the last one. The same
    jobs run as by the schedule, on the same Dagster instance, so the UI shows them. A step that
    fails stops what needs it and nothing else; the summary says what became of each. A night that
    is run again changes nothing that is recorded.

    Nothing here places orders or writes configuration: where a variant's evidence holds, a
    proposal opens, and a person decides (jutsu promotions).
    """
    from jutsu_dagster.cli.nightly import nightly as run
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings

    if sum((day is not None, nights is not None, bool(first or last))) > 1:
        raise typer.BadParameter("--date, --nights, and --from with --to are three ways; take one")
    begin, end = day_of(day or first), day_of(day or last)
    if nights is not None:
        begin = datetime.now(UTC).date() - timedelta(days=nights)
    if not run(Project(Settings()), begin, end, as_json=as_json):
        raise typer.Exit(1)


def reproduce(
    strategy: Annotated[str, typer.Option(help="A registered strategy.")],
    day: Annotated[datetime, day_option("--date", help_text="A recorded session.")],
    mode: Annotated[
        str, typer.Option(help="paper: that session; backtest: its whole year.")
    ] = "paper",
    as_json: Json = False,
) -> None:
    """Compute a recorded day again from exactly the data and parameters that its record names.

    Exit code 0 says identical to the bit, 1 that something differs, and the answer says what.
    """
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.cli.reproduce import reproduce as run
    from jutsu_dagster.settings import Settings

    if mode not in ("paper", "backtest"):
        raise typer.BadParameter(f"--mode {mode!r} must be paper or backtest")
    identical = run(Project(Settings()), strategy, day.date(), mode, as_json=as_json)
    raise typer.Exit(0 if identical else 1)


def runs(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """Show how each strategy's last attempt at each session went: status, seconds, error."""
    from jutsu_dagster.cli.console import answer_json, print_table, say
    from jutsu_dagster.cli.project import Project
    from jutsu_dagster.settings import Settings
    from jutsu_dagster.storage import journal

    # Variants by the thousand would hide the strategies; `jutsu variants run` shows theirs.
    found = journal.attempts(Project(Settings()).ledger.engine, limit=limit)
    if as_json:
        rows = found.astype(object).where(found.notna(), None).to_dict("records")
        answer_json({"runs": rows})
        return
    header = ["strategy", "session", "status", "seconds", "started (UTC)"]
    print_table(
        "Last attempts",
        header,
        [
            [
                str(row.strategy_id),
                str(row.partition),
                str(row.status),
                f"{row.duration_seconds:.2f}",
                f"{row.started_at:%Y-%m-%d %H:%M:%S}",
            ]
            for row in found.itertuples()
        ],
    )
    for row in found[found["status"] != "ok"].itertuples():
        say(f"{row.strategy_id} {row.partition} {row.status}: {row.error}")
