"""One night as its steps see it: what is known of the accounts, and what came before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, partial

from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.core.timeframe import ETF_DAILY
from jutsu_dagster.pipeline.research import artefacts, inputs
from jutsu_dagster.pipeline.research.artefacts import ArtefactError
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.inputs import Known
from jutsu_dagster.pipeline.research.new_variants import current_hash
from jutsu_dagster.pipeline.research.recordings import night_adapter
from jutsu_dagster.pipeline.research.tuning import applied_promotions, tuning_events
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.registry.universe import warmup_start
from jutsu_dagster.research.adapters import Adapter
from jutsu_dagster.research.memory import LOOK_BACK
from jutsu_dagster.research.self_eval import tuning_self_eval
from jutsu_dagster.research.trades import Json, Subject
from jutsu_dagster.strategies.base import Strategy

_DAY = timedelta(days=1)
_MEMORY = "memory_snapshot"


@dataclass(eq=False)
class Night:
    """One night.

    Attributes
    ----------
    desk : ResearchDesk
    day : date
        The partition: the UTC day that has ended.
    notes : list of str
        What steps have to say that is no part of an artefact.
    """

    desk: ResearchDesk
    day: date
    notes: list[str] = field(default_factory=list)

    def of(self, step: str) -> Json:
        """Return another step's artefact of this night; raise ArtefactError if there is none."""
        return artefacts.read(self.desk.home, step, self.day)

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """The strategies that research looks at."""
        return inputs.subjects_of(self.desk.registry)

    @cached_property
    def known(self) -> Known:
        """What their paper accounts had done by the end of the day."""
        return inputs.known(self.desk, self.day)

    @cached_property
    def adapter(self) -> Adapter:
        """Who reflects, tunes and dreams."""
        return night_adapter(self.desk.registry, self.desk.home, self.day)

    @cached_property
    def self_eval(self) -> Json:
        """Whether what was tuned, promotions that a person applied, earned more afterwards."""
        events = tuning_events(applied_promotions(self.desk.ledger))
        # Without any there is nothing to read the trades for.
        trades = self.known.trades if events else ()
        return tuning_self_eval(events, trades, self.day)

    def memory_before(self, reach: int = 0) -> list[Json]:
        """Return the memory of the nights before this one, the oldest first.

        A night whose memory is lost, or corrupt, is named in a note and left out; one that was
        never run is not missed.

        Parameters
        ----------
        reach : int
            How many nights of the look-back are this one and are not asked for.
        """
        home = self.desk.home
        found = []
        for back in range(LOOK_BACK - reach, 0, -1):
            day = self.day - back * _DAY
            path = artefacts.partition_path(home, _MEMORY, day)
            if not path.parent.is_dir():
                continue
            try:
                found.append(artefacts.read(home, _MEMORY, day))
            except ArtefactError as error:
                self.notes.append(f"looked back without {day}: {error}")
        return found

    def parents(self) -> dict[str, Strategy]:
        """Return the subjects' strategies as they stand."""
        entries = (self.desk.registry.entries[one.strategy_id] for one in self.subjects)
        return {entry.id: entry.config.strategy for entry in entries if entry.config is not None}

    def fits(self) -> dict[str, Callable[[Strategy], bool]]:
        """Return what says of a neighbour of each subject whether its warm-up has bars."""
        found: dict[str, Callable[[Strategy], bool]] = {}
        begins: date | None = None
        for one in self.subjects:
            config = self.desk.registry.entries[one.strategy_id].config
            if config is None or config.strategy.timeframe != "1d":
                continue
            if begins is None:
                begins = self.desk.store.coverage(ETF_DAILY)["first"].min()
            found[one.strategy_id] = partial(_has_warmup, config.backtest_start, begins)
        return found

    def tried(self) -> dict[str, Sequence[Json]]:
        """Return the mutations ever tried of each subject as it stands, before this night.

        Those of another set of frozen parameters were tried of another strategy.
        """
        rows = VariantRows(self.desk.registry, self.desk.home).rows
        hashes = {one.strategy_id: current_hash(self.desk.registry, one.strategy_id)
                  for one in self.subjects}  # fmt: skip
        found: dict[str, list[Json]] = {id_: [] for id_ in hashes}
        for row in rows.values():
            made = row.created_partition
            # What this night or a later one made is not known yet.
            if made is not None and made >= self.day:
                continue
            if hashes.get(row.parent_id) == row.base_params_hash:
                found[row.parent_id].append(row.mutations)
        return {id_: tuple(mutations) for id_, mutations in found.items()}


def _has_warmup(start: date, begins: date, strategy: Strategy) -> bool:
    return len(sessions_between(warmup_start(start, strategy), begins)) <= 1
