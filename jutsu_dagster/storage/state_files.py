"""One strategy's state file: read, saved and recovered, whatever died in between."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from jutsu_dagster.core.errors import Fault, JutsuError
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.storage.atomic import write_bytes_atomic
from jutsu_dagster.storage.attempt import with_remedy
from jutsu_dagster.storage.database import file_lock
from jutsu_dagster.storage.state import (
    INITIAL_EQUITY,
    StateError,
    TradingState,
    checked,
    parse_state,
    text_of,
)
from jutsu_dagster.storage.state_backups import Backups
from jutsu_dagster.storage.state_recovery import Found, Sources, drifts_between, recovered

_LOG = logging.getLogger(__name__)


class StateManager:
    """Reads and writes one state file.

    Parameters
    ----------
    state_file : Path
        Where it is a symlink, its target is read and written, and the link stays a link.
    strategy_id : str, optional
        Whose state it must be; None for a single-strategy layout.
    initial_equity : float
        Money of an account that has never traded.
    recover : callable, optional
        Returns what the ledger knows of the account, or None; asked when the file is broken.
    keep : int
        Backups kept.
    backup : bool
        Whether a save keeps what it replaces.
    home : Path, optional
        The project, for shorter messages.

    Attributes
    ----------
    recovered_from : str or None
        Where the last ``load`` took the state from; None if from the file.
    """

    def __init__(
        self,
        state_file: Path,
        strategy_id: str | None = None,
        *,
        initial_equity: float = INITIAL_EQUITY,
        recover: Callable[[], TradingState | None] | None = None,
        keep: int = 10,
        backup: bool = True,
        home: Path | None = None,
    ) -> None:
        self.state_file = Path(state_file)
        self.strategy_id = strategy_id
        self.recovered_from: str | None = None
        self._file = relative(self.state_file, home)
        self._equity, self._recover = initial_equity, recover
        self._keep, self._backup = keep, backup

    @property
    def path(self) -> Path:
        """The real file, symlinks followed; renaming onto a link would replace the link."""
        return Path(os.path.realpath(self.state_file))

    @property
    def backups(self) -> Backups:
        """The folder beside the real file."""
        return Backups(self.path.parent / "backups", self._keep)

    def load(self) -> TradingState:
        """Return the state; where the file is missing or broken, recover it with a warning.

        From the ledger, else the newest valid backup, else, where the account was never used, the
        initial state. The broken file is kept in ``backups/`` and the recovered state written,
        if the folder can be written.

        Raises
        ------
        StateError
            If nothing can replace a broken file, or it links to another strategy's.
        """
        self.recovered_from = None
        found = self._look()
        if found.state is not None:
            return found.state
        new = not self.path.parent.exists()
        with ExitStack() as stack:
            refusal = None
            try:
                stack.enter_context(self._locked())
            except OSError as error:
                refusal = str(error)
            # Another process may have mended it while this one waited for the lock.
            found = self._look()
            if found.state is not None:
                return found.state
            sources = Sources(self._recover, self.backups, self._parse, self._initial)
            state, origin, unused = recovered(found, self._file, sources)
            state = checked(state, self._file, self.strategy_id)
            notes = [f"Recovered from {origin}."]
            if refusal is None:
                try:
                    notes += self._write(found, state)
                except (OSError, JutsuError) as error:
                    refusal = str(error)
        if refusal is not None:
            notes.append(f"It could not be written back: {refusal}.")
        if new and unused and refusal is None:
            _LOG.info("%s is new; it starts from %s", self._file, origin)
        else:
            self.recovered_from = origin
            _LOG.warning("%s %s", " ".join(map(str, found.faults)), " ".join(notes))
        return state

    def save(self, state: TradingState) -> None:
        """Replace the state, keeping a valid earlier one as a backup; the same again does nothing.

        Raises
        ------
        StateError
            If the state breaks a rule or cannot be written; the file is then what it was.
        """
        self.update(lambda _current: state)

    def update(self, change: Callable[[TradingState | None], TradingState]) -> TradingState:
        """Save what ``change`` makes of the current state (None where it is not valid).

        No other process reads or writes the state in between. Raises as ``save``.
        """
        try:
            with self._locked():
                found = self._look()
                state = checked(change(found.state), self._file, self.strategy_id)
                notes = self._write(found, state)
        except OSError as error:
            rule = f"cannot be written: {error}; the state before is unchanged"
            raise StateError(Fault(self._file, "", None, with_remedy(rule))) from error
        if notes:
            _LOG.warning("%s %s", " ".join(map(str, found.faults)), " ".join(notes))
        return state

    def reconcile(self, state: TradingState, positions: Mapping[str, int]) -> dict[str, float]:
        """Return the drift of each symbol whose shares differ from ``positions``, in percent.

        |difference / state| × 100, and 100 where the state holds none. Above 2 % it warns.

        Raises
        ------
        StateError
            Naming every symbol with more than 10 %.
        """
        return drifts_between(state, positions, self._file)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the file's lock; what temporary files there are then, a killed writer left."""
        folder = self.path.parent
        with file_lock(folder / ".state.json.lock"):
            for leftover in (*folder.glob(f".{self.path.name}.*.tmp"), *self.backups.leftovers()):
                leftover.unlink(missing_ok=True)
            yield

    def _look(self) -> Found:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Found(None, None, (Fault(self._file, "", None, "is missing"),), missing=True)
        except OSError as error:
            rule = f"cannot be read: {error.strerror}"
            return Found(None, None, (Fault(self._file, "", None, rule),))
        try:
            return Found(content, self._parse(content))
        except StateError as error:
            self._refuse_foreign(content)
            return Found(content, None, error.faults)

    def _initial(self) -> TradingState:
        return TradingState.initial(self.strategy_id, self._equity, datetime.now(UTC))

    def _parse(self, content: bytes) -> TradingState:
        return parse_state(content, self._file, self.strategy_id, self._equity)

    def _refuse_foreign(self, content: bytes) -> None:
        """Raise StateError where a link leads to another strategy's sound state: it is not ours."""
        if not self.state_file.is_symlink():
            return
        try:
            owner = parse_state(content, self._file, None).metadata.strategy_id
        except StateError:
            return
        rule = f"is a symlink to the state of {owner!r}, not {self.strategy_id!r}; remove the link"
        raise StateError(Fault(self._file, "", None, rule))

    def _write(self, found: Found, state: TradingState) -> list[str]:
        """Put the state in place of what was found; return what a warning must say."""
        content, backups = text_of(state).encode(), self.backups
        notes: list[str] = []
        if content == found.content:
            return notes
        if found.state is None and not found.missing:
            aside = backups.keep_aside(self.path, found.content)
            notes.append(f"The broken file is kept as backups/{aside.name}.")
        elif found.content is not None and self._backup:
            backups.add(found.content)
        write_bytes_atomic(self.path, content)
        try:
            backups.prune()
        except OSError as error:
            notes.append(f"Old backups could not be removed: {error}.")
        return notes
