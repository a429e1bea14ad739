"""Trials: every parameter set that was ever evaluated for a parent, and how it did.

A set is told by ``Strategy.parameter_hash``, of the class and all its parameters and nothing
else: a set of a sweep, a variant and a backtest that are the same have the same hash, whatever
their costs, spans and capital. An account's own ``parameter_hash`` is more than that where it is
an allocation's or a backtest's (the terms belong to it), and is not used here.

A variant is a row when it is first evaluated and one when it ends; in between the ledger has its
days. A sweep writes a row a set, a backtest one for each span (``pipeline.backtest_trials``).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.pipeline.research.variant_rows import VariantRows
from jutsu_dagster.registry.shadow_check import RowError
from jutsu_dagster.research.statistics.resampling import ENOUGH_DAYS
from jutsu_dagster.research.statistics.sharpe import moments
from jutsu_dagster.storage import exploration_accounts, trial_log
from jutsu_dagster.storage import exploration_log as log
from jutsu_dagster.storage.evidence_log import Standing
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster.storage.trial_log import Tried

VARIANT = "variant"
_DAY = timedelta(days=1)


def trial_sharpes(
    ledger: Ledger, parent_id: str, day: date, live: Mapping[str, float] | None = None
) -> FloatArray:
    """Return one daily Sharpe ratio for each parameter set that was ever tried for a parent.

    Of a set that was tried more than once the newest row with a result holds; of a variant that
    has not ended its days up to ``day`` do. What ended after ``day``, or looked at bars after it,
    is not known yet. NaN where a set was tried on fewer than 30 days, or never traded: it counts
    as a trial, but its Sharpe ratio says nothing of how far those of the others lie apart.

    Parameters
    ----------
    ledger : Ledger
    parent_id : str
    day : date
    live : mapping of variant id to float, optional
        Daily Sharpe ratios up to ``day`` of variants, NaN where unknown; those that it lacks are
        read from the ledger.

    Returns
    -------
    float64 of shape (N,)

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    found: dict[str, float] = {}
    open_: dict[str, str] = {}
    for row in trial_log.tried(ledger.engine, parent_id):
        id_ = row.about.get("variant_id")
        if row.last > day:
            continue
        found[row.parameter_hash] = _newer(found.get(row.parameter_hash), _sharpe(row))
        if id_ is not None and "status" not in row.about:
            open_[id_] = row.parameter_hash
        elif id_ is not None:
            open_.pop(id_, None)
    missing = [id_ for id_ in open_ if id_ not in (live or {})]
    known = dict(live or {}) | _sharpes_of(ledger, missing, day)
    for id_, hash_ in open_.items():
        found[hash_] = _newer(found[hash_], known.get(id_, math.nan))
    return np.array(list(found.values()), dtype=np.float64)


def _newer(known: float | None, new: float) -> float:
    return known if known is not None and math.isnan(new) else new


def _sharpe(row: Tried) -> float:
    long_enough = (row.last - row.first).days + 1 >= ENOUGH_DAYS
    return row.daily_sharpe if long_enough and row.daily_sharpe is not None else math.nan


def known_sharpe(returns: FloatArray) -> float:
    """Return the daily Sharpe ratio, NaN below 30 days or without variation."""
    found = moments(returns) if len(returns) >= ENOUGH_DAYS else None
    return found.sharpe if found else math.nan


def note_variants(
    ledger: Ledger,
    parent_id: str,
    variants: VariantRows,
    standings: Mapping[str, Standing],
) -> int:
    """Record variants that were evaluated for the first time, and those that have ended.

    Safe to repeat: what is recorded already is not recorded again.

    Parameters
    ----------
    ledger : Ledger
    parent_id : str
    variants : VariantRows
    standings : mapping of id to Standing
        Of the parent's accounts.

    Returns
    -------
    int
        Rows added.
    """
    hashes: dict[str, str] = {}
    over: set[str] = set()
    for row in trial_log.tried(ledger.engine, parent_id):
        id_ = row.about.get("variant_id")
        if id_ is not None:
            hashes[id_] = row.parameter_hash
            if "status" in row.about:
                over.add(id_)
    opened = {id_: one for id_, one in standings.items() if id_ not in hashes}
    for id_, one in opened.items():
        hashes[id_] = _hash_of(variants, id_) or one.parameter_hash
    rows = [_opening(parent_id, id_, one, hashes[id_], variants) for id_, one in opened.items()]
    rows_of = variants.rows
    ended = [
        id_
        for id_ in standings
        if id_ not in over and not (id_ in rows_of and rows_of[id_].is_live)
    ]
    rows += _endings(ledger, parent_id, ended, hashes, variants)
    return ledger.record_trials(rows)


def _hash_of(variants: VariantRows, id_: str) -> str | None:
    if id_ not in variants.rows:
        return None
    try:
        mutated = variants.shadow(id_).mutated
    except RowError:
        return None
    return None if mutated is None else mutated.strategy.parameter_hash


def _about(id_: str, variants: VariantRows) -> dict[str, Any]:
    row = variants.rows.get(id_)
    return {"variant_id": id_, "mutations": dict(row.mutations) if row else {}}


def _opening(
    parent_id: str, id_: str, one: Standing, hash_: str, variants: VariantRows
) -> TrialRecord:
    return TrialRecord(
        parent_id=parent_id,
        source=VARIANT,
        parameter_hash=hash_,
        parameters=_about(id_, variants),
        first_session=one.first,
        last_session=one.first,
        daily_sharpe=None,
        total_return=None,
        data_hash=_digest([id_, one.first.isoformat()]),
        code_version=one.code_version,
    )


def _endings(
    ledger: Ledger,
    parent_id: str,
    ids: Sequence[str],
    hashes: Mapping[str, str],
    variants: VariantRows,
) -> list[TrialRecord]:
    # Whole accounts, whatever night asks: an end is a fact.
    final = log.latest(ledger.engine, "shadow", ids)
    rows = []
    for id_, frame in exploration_accounts.curves(ledger.engine, "shadow", ids).items():
        returns, total = _results(frame, compound="account" in final[id_].state)
        found, row = moments(returns), variants.rows.get(id_)
        rows.append(
            TrialRecord(
                parent_id=parent_id,
                source=VARIANT,
                parameter_hash=hashes[id_],
                parameters=_about(id_, variants) | {"status": row.status if row else "gone"},
                first_session=frame["day"].iloc[0].date(),
                last_session=frame["day"].iloc[-1].date(),
                daily_sharpe=found.sharpe if found else None,
                total_return=total,
                data_hash=_digest([id_, final[id_].closing_hash]),
                code_version=final[id_].code_version,
                metrics={"days": len(frame)},
            )
        )
    return rows


def _sharpes_of(ledger: Ledger, ids: Sequence[str], day: date) -> dict[str, float]:
    """Return the Sharpe ratios of accounts' days up to a day."""
    if not ids:
        return {}
    final = log.latest(ledger.engine, "shadow", ids, before=day + _DAY)
    found = {}
    for id_, frame in exploration_accounts.curves(ledger.engine, "shadow", ids).items():
        known = frame[frame["day"] <= pd.Timestamp(day)]
        if len(known):
            returns, _ = _results(known, compound="account" in final[id_].state)
            found[id_] = known_sharpe(returns)
    return found


def _results(frame: pd.DataFrame, *, compound: bool) -> tuple[FloatArray, float]:
    """Return an account's daily results from its first day on, and its total return."""
    equity, capital = frame["equity"].to_numpy(), float(frame["initial_capital"].iloc[0])
    before = np.concatenate(([capital], equity[:-1]))
    returns: FloatArray = (equity - before) / (before if compound else capital)
    return returns, float(equity[-1] / capital - 1.0)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
