"""What the night writes of its candidates: a row a variant, evidence in full, proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from jutsu_dagster.pipeline.research.families import FamilyData
from jutsu_dagster.pipeline.research.judging import Judged
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadow_check import frozen_parameters
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.research.promotion_rule import Limits, candidate_row
from jutsu_dagster.research.trades import Json, finite, stamp
from jutsu_dagster.storage.promotion_log import proposal_id
from jutsu_dagster.strategies.base import code_version

# Of the numbers of ``statistics.DEFINITIONS``, those in a variant's row.
_NUMBERS = (
    "days", "trades", "sharpe", "control_sharpe", "psr_parent", "min_track_record",
    "net_double_costs", "control_net_double_costs", "max_drawdown", "control_max_drawdown",
    "trials", "trials_effective", "dsr_parent", "pbo", "stepm_statistic", "stepm_critical",
    "mean_better", "worst_neighbour",
)  # fmt: skip
COLUMNS = (
    "variant_id", "parent_id", "track", "first", "last", "total_pnl", "control_total_pnl",
    "pf", "control_pf", "control_trades", *_NUMBERS, "gates_failed", "rule_failed", "note",
)  # fmt: skip


def row_of(data: FamilyData, one: Judged) -> list[object]:
    """Return a variant's row, in the order of ``COLUMNS``; strict JSON."""
    first, last = data.window(one.column)
    own, base = data.sides(one.column)
    numbers = [one.numbers.get(name) for name in _NUMBERS]
    return [
        one.name, data.parent_id, data.track, first.isoformat(), last.isoformat(), own.total_pnl,
        base.total_pnl, finite(own.pf), finite(base.pf), base.trades, *numbers,
        list(one.failed), list(one.rule.reasons), one.not_computed,
    ]  # fmt: skip


def rule_row(data: FamilyData, one: Judged, limits: Limits) -> Json:
    """Return the row of the promotion rule, with how the gates stand."""
    first, last = data.window(one.column)
    own, base = data.sides(one.column)
    gates = {gate.name: gate.passed for gate in one.gates}
    return candidate_row(
        variant_id=one.name,
        parent_id=data.parent_id,
        symbol=data.symbol,
        variant=own,
        control=base,
        about=one.about,
        window=(first.isoformat(), last.isoformat()),
        limits=limits,
        evidence={"gates": gates, "passed": one.passed, "note": one.not_computed},
    )


def evidence_of(one: Judged) -> Json:
    """Return the evidence in full, with the gate that the bars gave."""
    assert one.evidence is not None  # noqa: S101  (asked for those that have it)
    return one.evidence.as_dict() | {
        "passed": one.passed,
        "gates": [asdict(gate) for gate in one.gates],
        "note": one.not_computed,
        "neighbours_left_out": list(one.left_out),
    }


def document_of(
    data: FamilyData,
    one: Judged,
    shadow: Shadow,
    parent: StrategyEntry,
    day: date,
    versions: Sequence[str],
    limits: Limits,
) -> Json:
    """Return all that a proposal says, of which its hash is: parameters, evidence, curves.

    Parameters
    ----------
    data, one
        A candidate that passed.
    shadow : Shadow
        A live one.
    parent : StrategyEntry
        As it stands.
    day : date
        The night.
    versions : sequence of str
        Of the market, that its days were computed from.
    limits : Limits
    """
    assert shadow.mutated is not None and parent.config is not None  # noqa: S101, PT018  (live)
    first, last = data.window(one.column)
    since = int(data.first[one.column])
    return {
        "proposal_id": proposal_id(one.name, day),
        "variant_id": one.name,
        "parent_id": data.parent_id,
        "symbol": data.symbol,
        "partition": day.isoformat(),
        "generated_at": stamp(day),
        "mutations": dict(shadow.row.mutations),
        "parameters": frozen_parameters(shadow.mutated.strategy),
        "base_params_hash": shadow.row.base_params_hash,
        "parent_parameter_hash": parent.config.strategy.parameter_hash,
        "fill_terms": parent.config.fill_terms,
        "window": {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "days": len(data.days) - since,
        },
        "candidate": rule_row(data, one, limits),
        "evidence": evidence_of(one),
        "curves": {
            "days": [str(each) for each in data.days[since:]],
            "variant": data.returns[since:, one.column].tolist(),
            "control": data.control.returns[since:].tolist(),
        },
        "data_versions": list(versions),
        "code_version": code_version(type(shadow.mutated.strategy)),
    }
