"""Families from the ledger: a few queries a parent, whatever comes after the day left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from jutsu_dagster.core.bars import FloatArray, IntArray
from jutsu_dagster.pipeline.research.families import (
    Closed,
    Control,
    FamilyData,
    earliest_due,
)
from jutsu_dagster.storage import evidence_log as log
from jutsu_dagster.storage.evidence_log import ControlDays, Equities, Standing
from jutsu_dagster.storage.ledger import Ledger


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """A parent's families, and the variants that could not be aligned with their control.

    Attributes
    ----------
    families : tuple of FamilyData
        One a track, in the order of tracks.
    standings : mapping of id to Standing
        Of every variant that ever had an account up to the day.
    refused : mapping of id to str
        Why an account is in no family.
    """

    families: tuple[FamilyData, ...] = ()
    standings: Mapping[str, Standing] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def read_families(
    ledger: Ledger,
    parent_id: str,
    symbol: str,
    tracks: Mapping[str, str],
    day: date,
    *,
    compound: bool,
) -> Read:
    """Return a parent's families as they stood at the end of ``day``.

    Parameters
    ----------
    ledger : Ledger
    parent_id, symbol : str
    tracks : mapping of id to str
        Every variant's ``base_params_hash``, dead ones too; who is not in it is left out.
    day : date
    compound : bool
        Whether the accounts compound; see ``FamilyData``.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    engine = ledger.engine
    standings = log.standings(engine, parent_id, day)
    by_track: dict[str, dict[str, Standing]] = {}
    for id_, standing in standings.items():
        if id_ in tracks:
            by_track.setdefault(tracks[id_], {})[id_] = standing
    controls, since = {}, day
    for track, mine in sorted(by_track.items()):
        control = log.control_days(engine, parent_id, track, day)
        reaches = control.days[-1].item() if len(control.days) else None
        firsts = [one.first for one in mine.values() if one.last == reaches]
        if firsts:
            controls[track] = control
            since = min(since, earliest_due(firsts, control.days) or day)
    if not controls:
        return Read((), standings)
    rows = log.equities(engine, parent_id, since, day)
    families, refused = [], dict[str, str]()
    for track, control in controls.items():
        made = _Table(rows, by_track[track], control, compound=compound)
        refused |= made.refused
        names = made.names
        families.append(
            FamilyData(
                parent_id, track, symbol, compound, control.days, names, made.returns, made.first,
                made.last, tuple(_closed(standings[name]) for name in names),
                _control(control, compound=compound),
            )
        )  # fmt: skip
    return Read(tuple(families), standings, refused)


class _Table:
    """The days of one track's variants, as columns over the days of their control."""

    def __init__(
        self,
        rows: Equities,
        mine: Mapping[str, Standing],
        control: ControlDays,
        *,
        compound: bool,
    ) -> None:
        self.refused: dict[str, str] = {}
        codes, ids = rows.codes, rows.ids
        chosen = np.array([id_ in mine for id_ in ids], dtype=bool)
        capital = np.array([mine[id_].capital if id_ in mine else np.nan for id_ in ids])
        begins = np.array([mine[id_].first if id_ in mine else None for id_ in ids], "M8[D]")
        before, same = np.roll(rows.equity, 1), np.roll(codes, 1) == codes
        same[:1] = False
        opens = rows.days == begins[codes]
        before = np.where(opens, capital[codes], before)
        # The row before the range is there for the equity alone.
        kept = chosen[codes] & (opens | same)
        stake = None if compound else capital[codes]
        change = _change(rows.equity, before, stake)
        at = np.searchsorted(control.days, rows.days)
        known = at < len(control.days)
        known[known] = control.days[at[known]] == rows.days[known]
        self._refuse(ids, codes[kept & ~known], "it has days that its control has not")
        kept &= known
        table = np.full((len(control.days), len(ids)), np.nan)
        table[at[kept], codes[kept]] = change[kept]
        there = ~np.isnan(table)
        count = there.sum(axis=0)
        first, last = there.argmax(axis=0), len(table) - 1 - there[::-1].argmax(axis=0)
        gaps = np.flatnonzero((count > 0) & (last - first + 1 != count))
        self._refuse(ids, gaps, "it lacks days that its control has")
        good = [k for k in np.flatnonzero(count).tolist() if ids[k] not in self.refused]
        self.names: tuple[str, ...] = tuple(ids[k] for k in good)
        self.returns: FloatArray = np.ascontiguousarray(table[:, good])
        self.first, self.last = first[good], last[good]

    def _refuse(self, ids: Sequence[str], codes: IntArray, why: str) -> None:
        for code in np.unique(codes).tolist():
            self.refused.setdefault(ids[code], why)


def _change(equity: FloatArray, before: FloatArray, stake: FloatArray | None) -> FloatArray:
    change: FloatArray = (equity - before) / (before if stake is None else stake)
    return change


def _closed(standing: Standing) -> Closed:
    pf = standing.pf
    if pf is None and standing.wins:
        pf = float("inf")
    return Closed(standing.trades, standing.net, standing.gross, pf)


def _control(control: ControlDays, *, compound: bool) -> Control:
    before = np.concatenate(([control.capital], control.equity[:-1]))
    stake = None if compound else np.full(len(before), control.capital)
    sums = (control.trades, control.net, control.gross,
            np.cumsum(control.won), np.cumsum(control.lost))  # fmt: skip
    closed = np.vstack([np.zeros(len(sums)), np.column_stack(sums)])
    return Control(_change(control.equity, before, stake), closed)
