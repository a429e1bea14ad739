"""The night's change of the shadow registry: variants retired by rule, then made of the preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.retirement import is_alive, retired, retirements
from jutsu_dagster.pipeline.research.tuning import promoted_since
from jutsu_dagster.pipeline.shadow_registry import changed
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.mutations import MutationError
from jutsu_dagster.registry.shadow_check import frozen_parameters
from jutsu_dagster.registry.shadow_create import Making, VariantMaker
from jutsu_dagster.registry.shadow_rows import ShadowRow, parameters_hash
from jutsu_dagster.registry.shadows import ShadowBook, parents_of
from jutsu_dagster.research.meta_review import blocking
from jutsu_dagster.research.trades import Json, stamp
from jutsu_dagster.storage import exploration_log
from jutsu_dagster.strategies.directional import DirectionalStrategy

SOURCES = ("evolver", "neighbours")
"""What ``source`` says of a variant that research made."""


def renew(
    desk: ResearchDesk, day: date, preview: Mapping[str, Any], review: Mapping[str, Any]
) -> Json:
    """Retire variants by rule and make those of the preview, in one change of the registry.

    A function of the night: what later nights made or retired is not seen, and a night that is run
    again finds its own variants and makes none twice.

    Parameters
    ----------
    desk : ResearchDesk
    day : date
        New variants trade from the day after it.
    preview, review : mapping
        The night's mutation preview and meta review. What the review finds keeps nothing from
        being tried, only from being promoted; it is told in ``remarks``.

    Returns
    -------
    dict
        generated_at; created, by parent the ids; refused, by parent the mutations that were not
        made and why; retired, see ``retirements``; live, by parent how many variants there are
        after it; remarks, by parent the types of issues; summary of counts.

    Raises
    ------
    JutsuError
        If the shadow registry was changed by hand meanwhile.
    LedgerError
        If the ledger cannot be read.
    """
    work = _Renewal(desk, day, preview["candidates"], promoted_since(desk.ledger, day))
    changed(desk.registry, desk.home, work.change)
    remarks = {
        id_: types
        for id_ in preview["candidates"]
        if (types := blocking(review["issues"], _symbol(desk.registry, id_), id_))
    }
    return {
        "generated_at": stamp(day),
        "created": work.created,
        "refused": work.refused,
        "retired": work.retired,
        "live": work.live,
        "remarks": remarks,
        "summary": {
            "total_created": sum(map(len, work.created.values())),
            "total_refused": sum(map(len, work.refused.values())),
            "total_retired": len(work.retired),
            "total_live": sum(work.live.values()),
        },
    }


def current_hash(registry: StrategyRegistry, strategy_id: str) -> str:
    """Return the hash of a strategy's parameters as they stand, as its variants freeze them.

    Raises
    ------
    ConfigError
        If the strategy is broken.
    """
    entry = registry.entries[strategy_id]
    if entry.config is None:
        raise ConfigError(entry.faults)
    return parameters_hash(entry.strategy_class, frozen_parameters(entry.config.strategy))


@dataclass(eq=False)
class _Renewal:
    """One change of the shadow registry, and what it did."""

    desk: ResearchDesk
    day: date
    candidates: Mapping[str, Sequence[Mapping[str, Any]]]
    promoted: Mapping[str, str]
    created: dict[str, list[str]] = field(default_factory=dict)
    refused: dict[str, list[Json]] = field(default_factory=dict)
    retired: list[Json] = field(default_factory=list)
    live: dict[str, int] = field(default_factory=dict)

    @cached_property
    def taken(self) -> set[str]:
        """Every id that ever had an account; none is given again."""
        return exploration_log.recorded_ids(self.desk.ledger.engine)

    def change(self, book: ShadowBook) -> list[ShadowRow]:
        """Return the rows to write."""
        registry, settings = self.desk.registry, self.desk.registry.settings
        parents = [entry for entry in registry.entries.values() if entry.config is not None]
        fixed = {
            entry.id
            for entry in parents
            if entry.config and isinstance(entry.config.strategy, DirectionalStrategy)
        }
        self.retired = retirements(book, self.desk.ledger, settings.research, self.day, fixed)
        rows = []
        gone = {each["id"] for each in self.retired}
        for each in self.retired:
            row = book.shadows[each["id"]].row
            if row.is_live:
                rows.append(retired(row, self.day, stamp(self.day), each["reason"]))
        for entry in parents:
            family = _Family(self, entry.id, book, gone)
            for one in self.candidates.get(entry.id, ()):
                family.add(one)
            rows += family.rows
            if entry.id in self.candidates:
                self.created[entry.id] = family.created
            if family.refused:
                self.refused[entry.id] = family.refused
            if family.alive:
                self.live[entry.id] = family.alive
        return rows


class _Family:
    """One parent's variants at the end of a night, and those that the night adds."""

    def __init__(self, work: _Renewal, parent: str, book: ShadowBook, gone: set[str]) -> None:
        self._work, self._parent, self._book = work, parent, book
        self._registry, day = work.desk.registry, work.day
        mine = [one.row for one in book.shadows.values() if one.row.parent_id == parent]
        before = [row for row in mine if is_alive(row, day) and row.id not in gone]
        self.alive = len(before)
        self._ours = sum(row.source in SOURCES for row in before)
        self._live_now = sum(row.is_live and row.id not in gone for row in mine)
        self._tonight = [
            row for row in mine if row.created_partition == day and row.source in SOURCES
        ]
        self.created: list[str] = []
        self.refused: list[Json] = []
        self.rows: list[ShadowRow] = []

    def add(self, candidate: Mapping[str, Any]) -> None:
        """Add one variant, unless a budget or the registry forbids it."""
        known = self._known(candidate["mutations"])
        why = self._no_room(is_new=known is None)
        if known is None and self._parent in self._work.promoted:
            # What it had that night is gone: a variant of today's would be of no night's making.
            approved = self._work.promoted[self._parent]
            why = f"{self._parent} has changed since: {approved} was approved"
        if not why and known is None:
            try:
                known = self._made(candidate)
            except (MutationError, ConfigError) as error:
                why = str(error)
        if known is None or why:
            self.refused.append({"mutations": candidate["mutations"], "reason": why})
            return
        self.created.append(known.id)
        self.alive += 1
        self._ours += 1

    def _known(self, mutations: Mapping[str, Any]) -> ShadowRow | None:
        """Return the variant that an earlier run of this night made of these mutations."""
        return next((row for row in self._tonight if row.mutations == mutations), None)

    def _no_room(self, *, is_new: bool) -> str:
        settings = self._registry.settings
        most, hard = settings.research.max_variants, settings.max_live_variants
        if self._ours >= most:
            return f"research has {self._ours} live variants; research.max_variants is {most}"
        # As it was that night, and as it is: an early night may be run late.
        live = max(self.alive, self._live_now if is_new else 0)
        if live >= hard:
            return f"there are {live} live variants; settings.max_live_variants is {hard}"
        return ""

    def _made(self, candidate: Mapping[str, Any]) -> ShadowRow:
        row = self._maker.make(candidate["mutations"])
        told = {"reason": candidate["reason"], "source": candidate["source"]}
        row = row.model_copy(update=told)
        self.rows.append(row)
        self._live_now += 1
        return row

    @cached_property
    def _maker(self) -> VariantMaker:
        parent = parents_of(self._registry)[self._parent]
        making = Making(self._work.day, stamp(self._work.day))
        return VariantMaker(self._parent, parent, self._book, making, taken=self._work.taken)


def _symbol(registry: StrategyRegistry, id_: str) -> str:
    entry = registry.entries.get(id_)
    return entry.config.strategy.signal_of_record if entry and entry.config else ""
