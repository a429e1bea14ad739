"""Promotion candidates: every variant of the night against its parent, and what is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from jutsu_dagster.core.timeframe import CRYPTO_15M, ETF_DAILY, timeframe_of
from jutsu_dagster.pipeline.desk import isolated
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.promotion_page import view_of, write_page
from jutsu_dagster.pipeline.research import artefacts, proposals
from jutsu_dagster.pipeline.research.circumstances import Night
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.documents import (
    COLUMNS,
    evidence_of,
    row_of,
    rule_row,
)
from jutsu_dagster.pipeline.research.families import FamilyData
from jutsu_dagster.pipeline.research.family_read import Read, read_families
from jutsu_dagster.pipeline.research.judging import Court, Judged, OnBars, judge_family
from jutsu_dagster.pipeline.research.on_bars import not_made, on_bars
from jutsu_dagster.pipeline.research.openings import open_best
from jutsu_dagster.pipeline.research.proposals import STEP, Decided
from jutsu_dagster.pipeline.research.retirement import is_alive
from jutsu_dagster.pipeline.research.trials import known_sharpe, note_variants, trial_sharpes
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.pipeline.variant_cycle import VariantDesk
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.research_settings import GateSettings
from jutsu_dagster.registry.shadow_check import RowError
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.research.promotion_rule import Limits, candidates_document
from jutsu_dagster.research.statistics import Gates
from jutsu_dagster.research.trades import Json, stamp
from jutsu_dagster.storage import promotion_log


def promotion_candidates(day: date, desk: ResearchDesk) -> Json:
    """Judge every variant of the night, open and close proposals, and write the artefact.

    Parameters
    ----------
    day : date
        The night's partition; what the ledger holds of later days is not read.
    desk : ResearchDesk

    Returns
    -------
    dict
        generated_at; candidates and summary as ``research.promotion_rule.candidates_document``
        has them, of those that were evaluated in full and that the rule allows; variants
        (columns, and a row a variant); evidence in full by variant; proposals of this night;
        not_proposed by parent, and not_judged by variant, and why.

    Raises
    ------
    ArtefactError
        If an artefact of the night that the rule asks for is missing or broken.
    LedgerError
        If the ledger cannot be read or written.
    ConfigError
        If the registry's gates cannot be met by anything.
    """
    night = _Night(day, desk)
    found = artefacts.produce(desk.home, STEP, day, night.document)
    artefacts.write_notes(desk.home, STEP, day, [*night.notes, *_write_pages(desk, found)])
    return found


def _write_pages(desk: ResearchDesk, found: Json) -> list[str]:
    """Write the page of each proposal that is open; return what went wrong with one."""
    faults = []
    for each in found["proposals"]:
        row = promotion_log.proposal(desk.ledger.engine, each["proposal_id"])
        if row is None or row.status != "open":
            continue  # decided since: its page is that of the decision
        try:
            write_page(desk.home, view_of(desk.registry, desk.ledger, desk.store, row))
        except OSError as error:
            faults.append(f"the page of {row.id} is not written: {error}")
    return faults


def gates_of(settings: GateSettings) -> Gates:
    """Return the gates that the registry asks for."""
    return Gates(**settings.model_dump())


@dataclass(eq=False, slots=True)
class _Parent:
    """What a night found of one parent."""

    entry: StrategyEntry
    read: Read
    judged: list[tuple[FamilyData, Judged]] = field(default_factory=list)
    decided: Decided = field(default_factory=lambda: Decided(None))


class _Night:
    def __init__(self, day: date, desk: ResearchDesk) -> None:
        self.day, self.desk = day, desk
        self.settings = desk.registry.settings.research
        self.gates, self.limits = gates_of(self.settings.gates), Limits()
        self.notes: list[str] = []

    def document(self) -> Json:
        desk, day = self.desk, self.day
        found = Night(desk.home, day)
        self.notes += [
            f"{id_} expired: nobody decided about it"
            for id_ in proposals.expire_proposals(desk.registry, desk.ledger, desk.home, day)
        ]
        variants = VariantRows(desk.registry, desk.home)
        mine: dict[str, list[ShadowRow]] = {}
        for row in variants.rows.values():
            mine.setdefault(row.parent_id, []).append(row)
        parents = [
            self._parent(entry, mine[entry.id], variants, found)
            for entry in desk.registry.entries.values()
            if entry.id in mine and entry.config is not None
        ]
        proposals.bring_in_line(desk.registry, desk.ledger, desk.home)
        return self._shown(parents, variants)

    def _parent(
        self, entry: StrategyEntry, rows: list[ShadowRow], variants: VariantRows, night: Night
    ) -> _Parent:
        assert entry.config is not None  # noqa: S101  (asked for those that have one)
        desk, day = self.desk, self.day
        symbol = entry.config.strategy.signal_of_record
        tracks = {row.id: row.base_params_hash or "" for row in rows}
        compound = not is_directional(entry.config)
        read = read_families(desk.ledger, entry.id, symbol, tracks, day, compound=compound)
        note_variants(desk.ledger, entry.id, variants, read.standings)
        due = self._due(entry)
        families = [one for one in read.families if one.days[-1].item() == due]
        found = _Parent(entry, read)
        live = {
            name: known_sharpe(one.variant(column).returns)
            for one in families
            for column in one.current
            for name in (one.names[column],)
        }
        tried = trial_sharpes(desk.ledger, entry.id, day, live)
        about = night.about(entry.id, symbol, len(live))
        for family in families:
            court = Court(tried, partial(self._on_bars, entry, variants, family), about,
                          self.gates, self.limits)  # fmt: skip
            found.judged += [(family, one) for one in judge_family(family, court)]
        found.decided = open_best(desk, entry, variants, day, found.judged, self.limits)
        return found

    def _due(self, entry: StrategyEntry) -> date:
        """Return the last day up to this night on which a parent's market was open."""
        assert entry.config is not None  # noqa: S101
        daily = entry.config.strategy.timeframe == "1d"
        frame = timeframe_of(ETF_DAILY if daily else CRYPTO_15M)
        last: date = frame.open_days(self.day - timedelta(days=14), self.day)[-1].item()
        return last

    def _on_bars(
        self, entry: StrategyEntry, variants: VariantRows, family: FamilyData, name: str
    ) -> OnBars:
        desk = self.desk
        server = isolated(desk.registry)
        carried = VariantDesk(desk.store, desk.ledger, desk.home, server.direct_of)
        window = family.window(family.names.index(name))
        try:
            shadow = variants.shadow(name)
        except RowError as error:
            return not_made(error)
        return on_bars(carried, entry, shadow, *window)

    def _shown(self, parents: list[_Parent], variants: VariantRows) -> Json:
        judged = [pair for found in parents for pair in found.judged]
        full = [(family, one) for family, one in judged if one.evidence is not None]
        rules = [rule_row(family, one, self.limits) for family, one in full]
        body = candidates_document(rules, self.day)
        decided = {found.entry.id: found.decided for found in parents}
        opened = proposals.shown(decided.values())
        self.notes += [
            f"{one['proposal_id']} is proposed until {one['expires_on']};"
            f" see `jutsu promotions show {one['proposal_id']}`"
            for one in opened
        ]
        summary = body["summary"] | {
            "variants": len(judged),
            "evaluated_in_full": len(full),
            "proposals": len(opened),
        }
        return body | {
            "generated_at": stamp(self.day),
            "summary": summary,
            "variants": {"columns": list(COLUMNS), "rows": [row_of(*pair) for pair in judged]},
            "evidence": {one.name: evidence_of(one) for _, one in full},
            "proposals": opened,
            "not_proposed": {id_: one.reason for id_, one in decided.items() if one.reason},
            "not_judged": self._not_judged(parents, variants, {one.name for _, one in judged}),
        }

    def _not_judged(
        self, parents: list[_Parent], variants: VariantRows, judged: set[str]
    ) -> Mapping[str, str]:
        reasons: dict[str, str] = {}
        for found in parents:
            for id_, row in variants.rows.items():
                mine = row.parent_id == found.entry.id
                if not mine or id_ in judged or not is_alive(row, self.day):
                    continue
                standing = found.read.standings.get(id_)
                stands = f"it stands at {standing.last}" if standing else "it has no day yet"
                reasons[id_] = found.read.refused.get(id_, stands)
        return reasons
