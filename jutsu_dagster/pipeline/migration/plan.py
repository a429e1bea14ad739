"""Everything that a migration will write, made and validated before any of it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jutsu_dagster.core.account import AccountKey, AccountState
from jutsu_dagster.core.errors import ConfigError, Fault, JutsuError
from jutsu_dagster.pipeline.migration.opening import (
    Books,
    last_session,
    next_session,
    opening_state,
)
from jutsu_dagster.pipeline.paper import paper_account
from jutsu_dagster.registry.config import StrategyConfig, build_config
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.registry.fields import check_identifier
from jutsu_dagster.registry.legacy_config import LIVE_CONFIG, Converted, convert_live_config
from jutsu_dagster.registry.move_in import registry_with_primary
from jutsu_dagster.registry.yaml_file import parse_yaml, read_text
from jutsu_dagster.registry.yaml_text import YamlText
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.legacy_files import same_database
from jutsu_dagster.storage.legacy_import import require_unused
from jutsu_dagster.storage.legacy_read import LegacyRows, find_databases, read_legacy
from jutsu_dagster.storage.legacy_rows import snapshot_rows, trade_rows
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state import TradingState, parse_state, text_of

STATE = "state/state.json"
_BACKUPS = 10
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A migration that was validated; nothing is written.

    Attributes
    ----------
    source : Path
        The single-strategy layout.
    account : AccountKey
    class_name : str
    converted : Converted
        The strategy's file.
    registry_text, state_text : str
    state_backups : mapping of name to text
        The old layout's newest valid backups.
    database : str or None
        URL of the old database.
    shared : bool
        Whether that is the ledger's database.
    legacy : LegacyRows
    snapshots, trades : sequence of rows
        As they go into the ledger.
    opening : AccountState or None
        None for an account that never ran.
    metrics : mapping of name to number
        Price of the signal symbol where the baseline starts, where it is known.
    paper_start : date
    """

    source: Path
    account: AccountKey
    class_name: str
    converted: Converted
    registry_text: str
    state_text: str
    state_backups: Mapping[str, str]
    database: str | None
    shared: bool
    legacy: LegacyRows
    snapshots: Rows
    trades: Rows
    opening: AccountState | None
    metrics: Mapping[str, float]
    paper_start: date


def make_plan(settings: Settings, source: Path, database: str | None, strategy_id: str) -> Plan:
    """Read and validate all of a single-strategy layout, and make what will be written.

    Parameters
    ----------
    settings : Settings
        The project that the strategy moves into; ``source`` may be its folder.
    source : Path
    database : str or None
        URL of the old database; unless given, the one SQLite file of the layout that holds its
        snapshots, if there is one.
    strategy_id : str

    Raises
    ------
    JutsuError
        Naming every fault of configuration, state and database.
    """
    if not source.is_dir():
        raise JutsuError(f"--from {source} is no folder")
    try:
        check_identifier(strategy_id)
    except ValueError as error:
        raise JutsuError(f"--id {strategy_id} {error}") from None
    account = paper_account(strategy_id)
    faults: list[str] = []
    live = state = None
    legacy, url = LegacyRows(), database
    try:
        file = relative(source / LIVE_CONFIG, source)
        live = YamlText(read_text(source / LIVE_CONFIG, file), file)
        _require_mapping(live)
    except JutsuError as error:
        faults.append(str(error))
    try:
        state = _state_of(settings, source)
    except JutsuError as error:
        faults.append(str(error))
    try:
        url = database or _found_database(source)
        if url is not None:
            legacy = read_legacy(url, strategy_id)
        require_unused(settings.ledger_url, account)
        snapshots = snapshot_rows(legacy, account)
    except JutsuError as error:
        faults.append(str(error))
    if faults or live is None or state is None:
        raise JutsuError("\n".join(faults))

    session = last_session(state, snapshots)
    paper_start = next_session(session or datetime.now(UTC).date())
    converted, config = _config(settings, live, strategy_id, paper_start)
    trades = trade_rows(legacy, account, config.class_name)
    opening = None
    if session is not None:
        books, store = Books(state, legacy, snapshots, trades), MarketStore(settings.market_url)
        opening = opening_state(books, session, config, store, STATE)
    drafts = {config.path.absolute(): converted.text}
    registry = registry_with_primary(
        settings.registry_path, settings.home, strategy_id, config.class_name, drafts
    )
    price = state.initial_qqq_price
    metadata = state.metadata.model_copy(update={"strategy_id": strategy_id})
    return Plan(
        source=source,
        account=account,
        class_name=config.class_name,
        converted=converted,
        registry_text=registry,
        state_text=text_of(state.model_copy(update={"metadata": metadata})),
        state_backups=_state_backups(source),
        database=url,
        shared=url is not None and same_database(url, settings.ledger_url),
        legacy=legacy,
        snapshots=snapshots,
        trades=trades,
        opening=opening,
        metrics={} if price is None else {"initial_signal_price": price},
        paper_start=paper_start,
    )


def _require_mapping(live: YamlText) -> None:
    if not isinstance(live.document, dict):
        raise ConfigError([Fault(live.file, "", None, "must hold keys and values")])


def _state_of(settings: Settings, source: Path) -> TradingState:
    path = source / STATE
    inside = settings.state_dir / "strategies"
    if path.is_symlink() and path.resolve().is_relative_to(inside.resolve()):
        rule = (
            f"is a symlink to {path.readlink()}: no single-strategy layout. Where jutsu replaced"
            " the old file, it is kept as backups/state_legacy_… beside the new one"
        )
        raise ConfigError([Fault(STATE, "", None, rule)])
    try:
        content = path.read_bytes()
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError([Fault(STATE, "", None, rule)]) from error
    return parse_state(content, STATE, None)


def _state_backups(source: Path) -> dict[str, str]:
    """Return the newest backups of the old layout that are states; others cannot be used."""
    found = {}
    for path in sorted((source / "state" / "backups").glob("state_backup_*.json"))[-_BACKUPS:]:
        try:
            content = path.read_bytes()
            parse_state(content, path.name, None)
            found[path.name] = content.decode()
        except (JutsuError, OSError, UnicodeDecodeError):
            continue
    return found


def _found_database(source: Path) -> str | None:
    found = find_databases(source)
    if len(found) > 1:
        names = ", ".join(str(path) for path in found)
        raise JutsuError(f"several databases hold snapshots ({names}); name one with --database")
    return f"sqlite:///{found[0].absolute()}" if found else None


def _config(
    settings: Settings, live: YamlText, strategy_id: str, paper_start: date
) -> tuple[Converted, StrategyConfig]:
    file = f"config/strategies/{strategy_id}.yaml"
    converted = convert_live_config(live, file, strategy_id, paper_start)
    document = parse_yaml(converted.text, file)
    # Faults name the file that the user has, not the one that is not written yet.
    config = build_config(document, settings.home / file, settings.home, live.file)
    return converted, config
