"""Moving in: a single-strategy layout becomes the primary strategy of a project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.migration.archive import (
    OPEN,
    Archive,
    latest,
    link,
    sha_of,
)
from jutsu_dagster.pipeline.migration.plan import STATE, Plan, make_plan
from jutsu_dagster.pipeline.migration.rollback import undo
from jutsu_dagster.pipeline.migration.said import (
    Moved,
    config_lines,
    ledger_lines,
    not_carried,
    state_lines,
    validated,
)
from jutsu_dagster.pipeline.registry_edits import sync_ledger
from jutsu_dagster.registry.legacy_config import LIVE_CONFIG
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.atomic import write_text_atomic
from jutsu_dagster.storage.database import file_lock
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.legacy_database import LegacyDatabase
from jutsu_dagster.storage.legacy_files import back_up_sqlite, file_of, shown_url
from jutsu_dagster.storage.legacy_import import import_account, imported
from jutsu_dagster.storage.legacy_read import read_legacy
from jutsu_dagster.storage.legacy_rows import compare

Say = Callable[[str], None]


def migrate_legacy(
    settings: Settings,
    source: Path,
    database: str | None,
    strategy_id: str,
    say: Say,
    *,
    dry_run: bool = False,
) -> Moved:
    """Move a single-strategy layout in: validate, back up, write, verify; all or nothing.

    Parameters
    ----------
    settings : Settings
    source : Path
        Never written to, unless it is the project itself.
    database : str or None
        URL of the old database; unless given, looked for in ``source``.
    strategy_id : str
    say : callable
        Told each step.
    dry_run : bool
        Nothing is written.

    Raises
    ------
    JutsuError
        Naming every fault; nothing is written then, or what was is undone.
    """
    if dry_run:
        return _run(settings, source, database, strategy_id, say, dry_run=True)
    # The lock of registry edits: none of them may come in between.
    with file_lock(settings.state_dir / ".registry.lock"):
        return _run(settings, source, database, strategy_id, say, dry_run=False)


def _run(
    settings: Settings,
    source: Path,
    database: str | None,
    strategy_id: str,
    say: Say,
    *,
    dry_run: bool,
) -> Moved:
    before = latest(settings)
    if before is not None and before.status in OPEN:
        raise JutsuError(
            f"a migration was begun and not finished ({before.folder});"
            " run `jutsu migrate rollback` first"
        )
    if before is not None:
        say(f"done already, as {before.manifest['strategy_id']} ({before.folder}); nothing changed")
        return Moved("already", str(before.manifest["strategy_id"]), before.folder)
    plan = make_plan(settings, source, database, strategy_id)
    moved = Moved("planned" if dry_run else "migrated", strategy_id, left=not_carried(plan))

    def done(line: str) -> None:
        moved.steps.append(line)
        say(line)

    done(validated(plan))
    if dry_run:
        for line in (*config_lines(plan), *state_lines(plan), *ledger_lines(settings, plan)):
            done(f"would write {line}")
    else:
        moved = replace(moved, folder=_written(settings, plan, moved, done))
    for line in moved.left:
        say(f"not carried over: {line}")
    return moved


def _written(settings: Settings, plan: Plan, moved: Moved, done: Say) -> Path:
    """Write all that is planned, or leave nothing of it; return the backup's folder."""
    archive = _back_up(settings, plan)
    done(f"backup: {archive.folder}")
    try:
        _write_files(settings, plan)
        for line in (*config_lines(plan), *state_lines(plan)):
            done(f"written: {line}")
        _write_database(settings, plan)
        for line in ledger_lines(settings, plan):
            done(f"written: {line}")
        moved.verified.update(_verify(settings, plan))
    # Whatever went wrong, Ctrl-C included: half a migration must not stay.
    except BaseException:
        undo(settings, archive, database=plan.database, status="undone")
        raise
    archive.save("done", verified=moved.verified)
    for name, sides in moved.verified.items():
        done(f"verified: {name} {sides['legacy']} in the old database, {sides['ledger']} in ours")
    return archive.folder


def _back_up(settings: Settings, plan: Plan) -> Archive:
    ledger_file = file_of(settings.ledger_url)
    old = LegacyDatabase(plan.database) if plan.database else None
    archive = Archive.new(
        settings,
        strategy_id=plan.account.strategy_id,
        source=str(plan.source.absolute()),
        ledger=shown_url(settings.ledger_url),
        database=shown_url(plan.database) if plan.database else None,
        shared=plan.shared,
        database_revision=old.revision() if old else None,
        tables={name: asdict(facts) for name, facts in plan.legacy.facts.items()},
        moved={"snapshots": len(plan.snapshots), "trades": len(plan.trades)},
    )
    strategy_id = plan.account.strategy_id
    archive.keep(
        [
            _real(settings.registry_path),
            _strategy_file(settings, strategy_id),
            settings.home / STATE,
        ],
        [settings.state_dir / "strategies" / strategy_id],
    )
    copies = []
    for name, path in (("ledger", ledger_file), ("legacy", file_of(plan.database or "sqlite://"))):
        if path is not None and path.is_file() and not (name == "legacy" and plan.shared):
            copy = archive.folder / "databases" / f"{name}.db"
            back_up_sqlite(path, copy)
            copies.append({"path": str(path), "copy": copy.name, "sha256": sha_of(copy)})
    for name in (LIVE_CONFIG, STATE):
        copy = archive.folder / "source" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((plan.source / name).read_bytes())
    archive.save("begun", databases=copies)
    return archive


def _write_files(settings: Settings, plan: Plan) -> None:
    strategy_id = plan.account.strategy_id
    write_text_atomic(_strategy_file(settings, strategy_id), plan.converted.text)
    write_text_atomic(_real(settings.registry_path), plan.registry_text)
    folder = settings.state_dir / "strategies" / strategy_id
    for name, text in plan.state_backups.items():
        write_text_atomic(folder / "backups" / name, text)
    write_text_atomic(folder / "state.json", plan.state_text)
    link(settings.home / STATE, f"strategies/{strategy_id}/state.json")


def _write_database(settings: Settings, plan: Plan) -> None:
    if plan.database and not plan.shared:
        LegacyDatabase(plan.database).add_strategy_id()
    ledger = Ledger(settings.ledger_url)
    try:
        ledger.migrate()
        import_account(
            ledger.engine, plan.account, plan.snapshots, plan.trades, plan.opening, plan.metrics
        )
        sync_ledger(StrategyRegistry(settings.registry_path, settings.home), ledger)
    finally:
        ledger.close()


def _verify(settings: Settings, plan: Plan) -> dict[str, Any]:
    """Read both sides again, as they are now, and compare them row by row."""
    legacy = plan.legacy
    if plan.database:
        legacy = read_legacy(plan.database, plan.account.strategy_id)
    ledger = Ledger(settings.ledger_url)
    try:
        snapshots, trades = imported(ledger.engine, plan.account)
        checkpoint = ledger.latest_checkpoint(plan.account)
    finally:
        ledger.close()
    if (checkpoint.closing if checkpoint else None) != plan.opening:
        raise JutsuError(f"the ledger's opening of {plan.account} is not what was written")
    return compare(legacy, snapshots, trades)


def _real(path: Path) -> Path:
    """Return the file behind a symlink: a rename would put a file in the link's place."""
    return path.resolve() if path.is_symlink() else path


def _strategy_file(settings: Settings, strategy_id: str) -> Path:
    return settings.home / "config" / "strategies" / f"{strategy_id}.yaml"
