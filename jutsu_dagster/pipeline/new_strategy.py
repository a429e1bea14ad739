"""One more strategy: its file, its state, its entry in the registry; all of them or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from jutsu_dagster.core.account import AccountKey, Mode
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.errors import ConfigError, Fault, JutsuError, nearest
from jutsu_dagster.pipeline.registry_edits import AppliedEdit, registry_lock, write_edit
from jutsu_dagster.registry.draft import class_in, draft_strategy_file
from jutsu_dagster.registry.edit import add_strategy, require_new
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.yaml_file import read_text
from jutsu_dagster.registry.yaml_text import YamlText
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.exploration_log import recorded_ids
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.state import (
    StateError,
    StateMetadata,
    TradingState,
    parse_state,
    text_of,
)

_TEMPLATE = "config/strategies/_template.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStrategy:
    """A strategy as it was asked for.

    Attributes
    ----------
    strategy_id : str
    source : str or None
        The registered strategy whose file is copied; None for the template.
    strategy_class : str or None
        None for the one in the file that is copied.
    display_name : str or None
        None for the id.
    description : str
    active : bool
    paper_start : date or None
        First day of the paper account; None for the next session.
    """

    strategy_id: str
    source: str | None = None
    strategy_class: str | None = None
    display_name: str | None = None
    description: str = ""
    active: bool = True
    paper_start: date | None = None


def add_new_strategy(
    settings: Settings, wanted: NewStrategy, ledger: Ledger | None, now: datetime
) -> AppliedEdit:
    """Write the strategy's file and state, and register it.

    A file ``config/strategies/<id>.yaml`` that is there and names this id is registered as it is.

    Parameters
    ----------
    settings : Settings
    wanted : NewStrategy
    ledger : Ledger or None
        Asked whether the id was ever used; None where there is no ledger yet.
    now : datetime
        UTC; the paper account begins with this day's session or the next one.

    Raises
    ------
    ConfigError
        Naming every fault; nothing is written then.
    JutsuError
        If the id was used before, or the file is there and another one is asked for.
    """
    id_, home = wanted.strategy_id, settings.home.absolute()
    with registry_lock(settings):
        require_new(settings.registry_path, home, id_)
        _require_unused(settings, id_, ledger)
        path = home / "config" / "strategies" / f"{id_}.yaml"
        file = relative(path, home)
        text, is_new = _file_of(wanted, path, file, home, now.date())
        listed = {
            "display_name": id_ if wanted.display_name is None else wanted.display_name,
            "strategy_class": wanted.strategy_class or class_in(YamlText(text, file)),
            "config_file": file,
            "is_primary": False,
            "is_active": wanted.active,
            "paper_trading": True,
        }
        if wanted.description:
            listed["description"] = wanted.description
        try:
            edit = add_strategy(settings.registry_path, home, id_, listed, {path: text})
        except ConfigError as error:
            raise (_explained(error, wanted, file) if is_new else error) from error
        entry = edit.registry.entries[id_]
        if entry.config is None:
            raise ConfigError(entry.faults)
        files = {path: text.encode()} if is_new else {}
        state = _state(settings, id_, entry.config.initial_capital, now)
        files[_folder(settings, id_) / "state.json"] = state
        done = write_edit(settings, edit, files)
        (_folder(settings, id_) / "backups").mkdir(exist_ok=True)
        return done


def _explained(error: ConfigError, wanted: NewStrategy, file: str) -> ConfigError:
    """Return the error with a word on what was copied, where that cannot fit the class."""
    misfit = any(fault.key.startswith("strategy.parameters.") for fault in error.faults)
    if not (misfit and wanted.strategy_class):
        return error
    rule = (
        f"would hold the parameters of another class than {wanted.strategy_class}: write it"
        " yourself, and add it then without --class and --from"
    )
    return ConfigError([*error.faults, Fault(file, "", None, rule)])


def _file_of(
    wanted: NewStrategy, path: Path, file: str, home: Path, today: date
) -> tuple[str, bool]:
    """Return the text of the strategy's file, and whether it has yet to be written."""
    if path.exists() or path.is_symlink():
        _require_own(wanted, path, file)
        return read_text(path, file), False
    source = _TEMPLATE if wanted.source is None else _source_of(wanted.source, home)
    title = wanted.display_name or wanted.strategy_id
    text = draft_strategy_file(
        YamlText(read_text(home / source, source), source),
        file,
        wanted.strategy_id,
        title=f"{title}: {wanted.description}" if wanted.description else title,
        strategy_class=wanted.strategy_class,
        paper_start=wanted.paper_start or next_session(today),
    )
    return text, True


def next_session(today: date) -> date:
    """Return the first XNYS session on or after ``today``."""
    found: date = sessions_between(today, today + timedelta(days=14))[0].item()
    return found


def _source_of(strategy_id: str, home: Path) -> str:
    registry = StrategyRegistry(home / "config" / "strategies_registry.yaml", home)
    entry = registry.get_strategy(strategy_id)
    if entry is None:
        close = nearest(strategy_id, registry.entries)
        rule = f"is not registered; there are {', '.join(registry.entries)}"
        raise ConfigError([Fault(registry.file, "strategies", strategy_id, rule, close)])
    return entry.config_file


def _require_own(wanted: NewStrategy, path: Path, file: str) -> None:
    document = YamlText(read_text(path, file), file).document
    stated = document.get("strategy_id") if isinstance(document, dict) else None
    if stated != wanted.strategy_id:
        rule = f"must be {wanted.strategy_id!r}: the file is there already and is not overwritten"
        raise ConfigError([Fault(file, "strategy_id", stated, rule)])
    asked = {
        "--from": wanted.source,
        "--class": wanted.strategy_class,
        "--paper-start": wanted.paper_start,
    }
    given = ", ".join(option for option, value in asked.items() if value is not None)
    if given:
        raise JutsuError(
            f"{file} is there already and is registered as it is: leave out {given},"
            " or remove the file"
        )


def _require_unused(settings: Settings, strategy_id: str, ledger: Ledger | None) -> None:
    """Raise JutsuError if an earlier strategy of this id has left anything behind."""
    where = None
    if ledger is not None:
        modes: tuple[Mode, ...] = ("backtest", "paper", "shadow")
        known = {*ledger.strategies()["strategy_id"], *recorded_ids(ledger.engine)}
        if strategy_id in known or any(
            ledger.latest_checkpoint(AccountKey(strategy_id, mode)) for mode in modes
        ):
            where = "the ledger"
    folder = _folder(settings, strategy_id)
    if where is None and folder.exists() and not _is_fresh(folder):
        where = relative(folder, settings.home)
    if where is not None:
        raise JutsuError(
            f"the id {strategy_id!r} was used before: {where} knows it. Ids are never reused,"
            " so that no history is taken for another's; choose another one"
        )


def _is_fresh(folder: Path) -> bool:
    """Return whether a state folder is as if made just now: no run, no backup."""
    path = folder / "state.json"
    if not folder.is_dir() or any((folder / "backups").glob("*")):
        return False
    try:
        return not path.exists() or parse_state(path.read_bytes(), "", None).last_run is None
    except StateError:
        return False


def _state(settings: Settings, strategy_id: str, capital: float, now: datetime) -> bytes:
    """Return a new account's state.json, from the template where there is one."""
    path = settings.state_dir / "strategies" / "_template.json"
    state = TradingState.initial(strategy_id, capital, now)
    if path.is_file():
        template = parse_state(path.read_bytes(), relative(path, settings.home), None)
        metadata = {**dict(template.metadata), **dict(state.metadata)}
        told = {"account_equity": capital, "metadata": StateMetadata.model_construct(**metadata)}
        state = template.model_copy(update=told)
    return text_of(state).encode()


def _folder(settings: Settings, strategy_id: str) -> Path:
    return settings.state_dir / "strategies" / strategy_id
