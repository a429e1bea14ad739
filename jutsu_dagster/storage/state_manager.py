"""The state files of every registered strategy, and the link to the primary's."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.core.errors import ConfigError, Fault, LedgerError, nearest
from jutsu_dagster.registry.fields import check_identifier
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.storage.state import INITIAL_EQUITY, StateError, TradingState
from jutsu_dagster.storage.state_files import StateManager
from jutsu_dagster.storage.state_link import link_state
from jutsu_dagster.storage.state_view import periods_recorded, state_in_ledger

if TYPE_CHECKING:
    from jutsu_dagster.storage.ledger import Ledger

_LOG = logging.getLogger(__name__)


class MultiStrategyStateManager:
    """One StateManager per registered strategy, inactive and broken ones too.

    Parameters
    ----------
    registry : StrategyRegistry
    ledger : Ledger, optional
        What broken files are recovered from first.
    home : Path, optional
        The project; the registry's unless given.

    Attributes
    ----------
    managers : dict of id to StateManager
        In the order of definition.
    """

    def __init__(
        self, registry: StrategyRegistry, ledger: Ledger | None = None, home: Path | None = None
    ) -> None:
        self._registry, self._ledger = registry, ledger
        self._home = Path(home) if home is not None else registry.home
        self._primary = registry.get_primary_strategy().id
        self.managers: dict[str, StateManager] = {
            entry.id: self._manager_of(entry)
            for entry in registry.entries.values()
            if _names_a_folder(entry.id)
        }

    @property
    def recovered_from(self) -> dict[str, str]:
        """Per strategy whose last ``get_state`` had to recover: where from."""
        return {
            id_: manager.recovered_from
            for id_, manager in self.managers.items()
            if manager.recovered_from is not None
        }

    def get_state(self, strategy_id: str) -> TradingState:
        """Return a strategy's state, recovered with a warning where its file is broken.

        Raises
        ------
        ConfigError
            If the strategy is not registered; names the nearest.
        StateError
            If nothing can replace a broken file.
        """
        return self._manager(strategy_id).load()

    def save_state(self, strategy_id: str, state: TradingState) -> None:
        """Save a strategy's state, and mend the link where it is the primary.

        Raises
        ------
        ConfigError
            If the strategy is not registered; names the nearest.
        StateError
            If the state breaks a rule or cannot be written.
        """
        self._manager(strategy_id).save(state)
        self._mend_link(strategy_id)

    def get_all_states(self) -> dict[str, TradingState]:
        """Return every strategy's state by id, in the order of definition, and mend the link.

        Raises
        ------
        StateError
            Naming every file that nothing can replace, after all others were looked after.
        """
        states: dict[str, TradingState] = {}
        faults: list[Fault] = []
        for id_, manager in self.managers.items():
            try:
                states[id_] = manager.load()
            except StateError as error:
                faults += error.faults
        self._mend_link(self._primary)
        if faults:
            raise StateError(*faults)
        return states

    def link_primary(self) -> None:
        """Make ``state/state.json`` lead to the primary's file; see ``link_state``."""
        real = self._folder(self._primary) / "state.json"
        link_state(self._home / "state" / "state.json", real, self._home)

    def refresh_from_ledger(self, strategy_id: str) -> TradingState | None:
        """Make the file show the ledger's last checkpoint; nothing is written where it does.

        Returns
        -------
        TradingState or None
            None, and nothing written, where there is no ledger or no checkpoint.

        Raises
        ------
        ConfigError, StateError
            As ``save_state``.
        LedgerError
            If the ledger cannot be read.
        """
        manager, ledger = self._manager(strategy_id), self._ledger
        if ledger is None:
            return None
        recorded = periods_recorded(ledger, strategy_id)
        if not recorded:
            return None
        first_ever = not manager.path.parent.exists() or (
            not manager.path.exists() and recorded == 1
        )
        if not first_ever:
            # Warns of a broken file and keeps it, before it is written over.
            manager.load()
        # Read again under the file's lock, so that an older view never follows a newer.
        state = manager.update(lambda current: _known(ledger, strategy_id, current))
        self._mend_link(strategy_id)
        return state

    def _manager(self, strategy_id: str) -> StateManager:
        found = self.managers.get(strategy_id)
        if found is None:
            rule = f"is not registered; there are {', '.join(self.managers)}"
            close = nearest(strategy_id, self.managers)
            fault = Fault(self._registry.file, "strategies", strategy_id, rule, close)
            raise ConfigError([fault])
        return found

    def _folder(self, strategy_id: str) -> Path:
        return self._home / "state" / "strategies" / strategy_id

    def _manager_of(self, entry: StrategyEntry) -> StateManager:
        spec = entry.config.file if entry.config is not None else None
        recover = partial(state_in_ledger, self._ledger, entry.id) if self._ledger else None
        return StateManager(
            self._folder(entry.id) / "state.json",
            entry.id,
            initial_equity=spec.portfolio.initial_capital if spec else INITIAL_EQUITY,
            recover=recover,
            backup=spec.state.backup_enabled if spec else True,
            home=self._home,
        )

    def _mend_link(self, strategy_id: str) -> None:
        """Mend the link if the primary's file was touched; the states stand without it."""
        if strategy_id != self._primary:
            return
        try:
            self.link_primary()
        except StateError as error:
            _LOG.warning("%s", error)


def _known(ledger: Ledger, strategy_id: str, current: TradingState | None) -> TradingState:
    state = state_in_ledger(ledger, strategy_id, current)
    if state is None:
        raise LedgerError(f"{strategy_id} (paper) has lost its checkpoints while they were read")
    return state


def _names_a_folder(strategy_id: str) -> bool:
    """Return whether the id is one; an inactive entry's fault stops no load."""
    try:
        check_identifier(strategy_id)
    except ValueError:
        return False
    return True
