"""Mutation preview: the evolver's verdicts as mutations that are new to their parent."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jutsu_dagster.registry.mutation_axes import axes_of
from jutsu_dagster.registry.mutation_sampling import sample_mutations
from jutsu_dagster.registry.mutations import MutationError, changes_of, mutate
from jutsu_dagster.registry.param_specs import groups, param_specs
from jutsu_dagster.research.evolver import proposals_of
from jutsu_dagster.research.trades import Json
from jutsu_dagster.strategies.base import Strategy
from jutsu_dagster.strategies.directional import DirectionalStrategy

# What a proposal's parameter is called in the grammar of mutations.
KEYS: Mapping[str, str] = {
    "entry_conf_min": "conf_min_delta",
    "exploration_cap": "exploration_cap_delta",
}
# Tried first where a class has them; of a class that has none, every parameter is tried.
SENSIBLE = (
    "conf_min", "exploration_cap", "exit_min_conf", "reverse_min_conf", "max_bars_open",
    "sma_fast", "sma_slow", "t_norm_bull_thresh", "t_norm_bear_thresh", "upper_thresh_z",
    "lower_thresh_z", "vol_crush_threshold", "realized_vol_window", "bond_sma_fast",
    "bond_sma_slow", "rebalance_threshold", "cell1_exit_confirmation_days",
)  # fmt: skip


def _any(_mutated: Strategy) -> bool:
    return True


def mutation_preview(
    evolved: Mapping[str, Any],
    strategies: Mapping[str, Strategy],
    tried: Mapping[str, Sequence[Mapping[str, object]]],
    most: int = 1,
    fits: Mapping[str, Callable[[Strategy], bool]] = MappingProxyType({}),
) -> Json:
    """Return what the night proposes to try; always, also when that is nothing.

    Parameters
    ----------
    evolved : mapping
        The evolver's artefact.
    strategies : mapping of id to Strategy
        The parents as they stand. One that is not here is skipped, and named.
    tried : mapping of id to mutations
        All that was ever tried of the parent as it stands, dead variants too.
    most : int
        New mutations a strategy and night.
    fits : mapping of id to function of Strategy
        Whether a neighbour can run at all: whether its warm-up has bars. Without one, all do.

    Returns
    -------
    dict
        generated_at; mutations, by id the rows of param, delta (or value) and reason;
        candidates, by id the objects to make variants of: mutations, reason, source; skipped, by
        id why there are none; summary: total_symbols, total_strategies, total_mutations (rows),
        total_candidates.
    """
    rows: dict[str, list[Json]] = {}
    found: dict[str, list[Json]] = {}
    skipped: dict[str, str] = {}
    for row in evolved["summary"]:
        id_ = row["strategy_id"]
        asked = proposals_of(
            row["tier"], row["quality_score"],
            promising=row["promotion_candidate"], failing=row["demotion_candidate"],
        )  # fmt: skip
        if not asked or id_ not in strategies:
            skipped[id_] = "no rule proposes a change" if not asked else "cannot be loaded"
            continue
        made, why = candidates_of(
            strategies[id_], asked, tried.get(id_, ()), most, fits.get(id_, _any)
        )
        if made:
            found[id_] = made
            rows[id_] = _rows(made, groups(param_specs(strategies[id_])))
        else:
            skipped[id_] = why
    symbols = {row["symbol"] for row in evolved["summary"] if row["strategy_id"] in found}
    return {
        "generated_at": evolved["generated_at"],
        "mutations": rows,
        "candidates": found,
        "skipped": skipped,
        "summary": {
            "total_symbols": len(symbols),
            "total_strategies": len(found),
            "total_mutations": sum(map(len, rows.values())),
            "total_candidates": sum(map(len, found.values())),
        },
    }


def candidates_of(
    parent: Strategy,
    asked: Sequence[Mapping[str, Any]],
    tried: Iterable[Mapping[str, object]],
    most: int = 1,
    fits: Callable[[Strategy], bool] = _any,
) -> tuple[list[Json], str]:
    """Return up to ``most`` new mutations of one parent, and why there are not more.

    A directional parent's first is the proposal itself, as one mutation. Then, and for all other
    parents, come neighbours: one parameter, one step. What was tried, in whatever words, never
    comes again; the recorded step proposes the same every night. What does not fit is passed over.
    """
    past, made, why = list(tried), [], ""
    reason = asked[0]["reason"]
    if isinstance(parent, DirectionalStrategy):
        proposal = as_mutation(asked)
        why = _refusal(parent, proposal, past)
        if not why:
            made.append({"mutations": proposal, "reason": reason, "source": "evolver"})
    known = [*past, *(one["mutations"] for one in made)]
    while len(made) < most:
        sample = sample_mutations(
            parent, most - len(made), method="neighbours", names=sensible(parent), past=known
        )
        known += sample.mutations
        made += [
            {"mutations": one, "reason": f"{reason}: one step", "source": "neighbours"}
            for one in sample.mutations
            if fits(mutate(parent, one).strategy)
        ]
        if not sample.mutations:
            why = "; ".join(filter(None, (why, "every neighbour was tried, or does not fit")))
            break
    return made[:most], why


def as_mutation(asked: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return proposal rows as one mutation in the grammar of ``registry.mutations``."""
    return {KEYS[row["param"]]: row["delta"] for row in asked}


def sensible(parent: Strategy) -> tuple[str, ...]:
    """Return the parameters that are worth a step; none named means all that can take one."""
    known = []
    idle = parent.idle_parameters
    for name in SENSIBLE:
        if name in idle or name not in type(parent).model_fields:
            continue
        try:
            axes_of(parent, (name,))
        except MutationError:  # closed to mutations, or nowhere to go
            continue
        known.append(name)
    return tuple(known)


def _refusal(
    parent: Strategy, proposal: Mapping[str, object], past: Sequence[Mapping[str, object]]
) -> str:
    """Return why a proposal cannot be tried; empty if it can."""
    specs = param_specs(parent)
    try:
        effect = _effect(mutate(parent, proposal, specs=specs).changed)
    except MutationError as error:
        return str(error)
    for each in past:
        try:
            tried = changes_of(parent, each, specs)
        except MutationError:  # of an earlier version of the class
            continue
        if _effect(tried) == effect:
            return "the proposal was tried before"
    return ""


def _effect(changed: Mapping[str, object]) -> frozenset[tuple[str, object]]:
    # 0.7 - 0.02 and 0.68 are one value.
    return frozenset(
        (name, float(f"{value:.10g}") if isinstance(value, float) else value)
        for name, value in changed.items()
    )


def _rows(candidates: Sequence[Mapping[str, Any]], names: Container[str]) -> list[Json]:
    """Return candidates as proposal rows; ``names`` are the parent's own parameters."""
    said = {key: param for param, key in KEYS.items()}
    rows: list[Json] = []
    for one in candidates:
        for key, argument in one["mutations"].items():
            if key in names:  # a parameter's exact name is an override, whatever its ending
                row = {"param": key, "value": argument}
            else:
                row = {"param": said.get(key, key.removesuffix("_delta")), "delta": argument}
            rows.append({**row, "reason": one["reason"]})
    return rows
