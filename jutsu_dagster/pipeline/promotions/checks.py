"""Everything that must still hold when a proposal is approved, looked at anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.pipeline.promotions.desk import PromotionError
from jutsu_dagster.pipeline.safety import order_clients
from jutsu_dagster.pipeline.shadow_registry import read_book, row_of
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.mutations import Mutated, mutation_hash
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.registry.parameters import build_strategy
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.research.promotion_rule import proposal_hash
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster.strategies.base import Strategy


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """A proposal of which everything still holds.

    Attributes
    ----------
    row : ProposalRow
    entry : StrategyEntry
        The parent.
    config : StrategyConfig
        The parent's, as it stands.
    shadow : Shadow
        The variant.
    strategy : Strategy
        What is promoted: validated, within all bounds.
    changed : mapping of parameter to value
        What differs from the parent.
    """

    row: ProposalRow
    entry: StrategyEntry
    config: StrategyConfig
    shadow: Shadow
    strategy: Strategy
    changed: Mapping[str, object]


def require_open(row: ProposalRow, ledger: Ledger, today: date) -> None:
    """Raise PromotionError unless somebody may still decide about a proposal."""
    if row.status != "open":
        said = [each for each in log.audit(ledger.engine, row.id) if each.event == row.status][-1]
        raise PromotionError(
            f"{row.id} was {row.status.replace('_', ' ')} by {said.who} at"
            f" {said.at:%Y-%m-%d %H:%M} UTC ({said.why}); nothing is changed"
        )
    if today > row.expires_on:
        raise PromotionError(
            f"{row.id} expired on {row.expires_on}, and today is {today}: its evidence is too old."
            " A later night proposes the variant again if its gates still hold"
        )


def require_shown(row: ProposalRow, hash_: str) -> None:
    """Raise PromotionError unless ``hash_`` is of this very evidence, and that is unaltered."""
    if proposal_hash(row.document) != row.proposal_hash:
        raise PromotionError(
            f"{row.id}: the stored evidence does not have the hash that it was stored with; the"
            " ledger was altered. Reject it: jutsu promotions reject"
        )
    if hash_ != row.proposal_hash:
        raise PromotionError(
            f"{row.id}: --hash {hash_} is not of the evidence as it is now; look at it again, and"
            f" pass the hash that it shows: jutsu promotions show {row.id}"
        )
    names = {"proposal_id": row.id, "variant_id": row.variant_id, "parent_id": row.parent_id}
    for name, expected in {**names, "partition": row.partition.isoformat()}.items():
        if row.document.get(name) != expected:
            found = row.document.get(name)
            raise PromotionError(f"{row.id}: the evidence is of {name} {found!r}, not {expected!r}")


def candidate(registry: StrategyRegistry, row: ProposalRow) -> Candidate:
    """Return what a proposal promotes; raise PromotionError if anything of it holds no more."""
    entry, config = _parent(registry, row)
    shadow = _variant(registry, row)
    mutated = shadow.mutated
    assert mutated is not None  # noqa: S101  (it is live)
    _require_same_base(row, config, shadow)
    document = row.document
    if mutation_hash(document["mutations"]) != shadow.row.mutation_hash:
        raise PromotionError(
            f"{row.id}: {row.variant_id} has other mutations now than the evidence is of"
        )
    given = {name: value for name, value in document["parameters"].items() if value is not None}
    stated, faults = build_strategy(type(config.strategy), given, {}, f"{row.id}: parameters")
    if stated is None:
        raise ConfigError(faults)
    if stated != mutated.strategy:
        raise PromotionError(
            f"{row.id}: the evidence's parameters are not those that {row.variant_id} has"
        )
    _require_bounds(row, mutated)
    return Candidate(row, entry, config, shadow, mutated.strategy, mutated.changed)


def _parent(registry: StrategyRegistry, row: ProposalRow) -> tuple[StrategyEntry, StrategyConfig]:
    entry = registry.get_strategy(row.parent_id)
    if entry is None:
        raise PromotionError(f"{row.id}: {row.parent_id} is not registered any more")
    if entry.config is None:
        raise ConfigError(entry.faults)
    if not entry.paper_trading:
        raise PromotionError(
            f"{row.id}: {row.parent_id} does not trade on paper (paper_trading in"
            f" {registry.file}); only a strategy on paper is promoted"
        )
    clients = order_clients()
    if clients:
        raise PromotionError(
            f"{row.id}: this process has {', '.join(clients)} loaded, which can send orders;"
            " promotions are of paper accounts only"
        )
    return entry, entry.config


def _variant(registry: StrategyRegistry, row: ProposalRow) -> Shadow:
    book = read_book(registry, registry.home)
    found = row_of(book, row.variant_id)
    if found.status != "proposed":
        why = (found.model_extra or {}).get(f"{found.status}_reason")
        because = f" ({why})" if why else ""
        raise PromotionError(
            f"{row.id}: {row.variant_id} is {found.status}{because}, no longer proposed; if that is"
            f" meant, reject the proposal: jutsu promotions reject {row.id}"
        )
    if row.variant_id not in book.shadows:
        raise ConfigError(book.broken[row.variant_id])
    return book.shadows[row.variant_id]


def _require_same_base(row: ProposalRow, config: StrategyConfig, shadow: Shadow) -> None:
    base, document = shadow.row.base_params_hash, row.document
    if document["base_params_hash"] != base:
        raise PromotionError(
            f"{row.id}: {row.variant_id} is frozen on other parameters ({base}) than the evidence"
            f" is of ({document['base_params_hash']})"
        )
    now = config.strategy.parameter_hash
    if document["parent_parameter_hash"] != now or shadow.rebased:
        raise PromotionError(
            f"{row.id}: the parameters of {row.parent_id} were changed since the variant was held"
            f" against them (hash {document['parent_parameter_hash']}, now {now}); the evidence"
            " says nothing about the strategy as it stands. Put its parameters back, or reject"
            f" the proposal: jutsu promotions reject {row.id}"
        )
    told = document.get("fill_terms")
    if told is not None and told != config.fill_terms:
        raise PromotionError(
            f"{row.id}: orders of {row.parent_id} fill on other terms than the evidence is of"
            f" ({told}, now {config.fill_terms}); put them back, or reject the proposal:"
            f" jutsu promotions reject {row.id}"
        )


def _require_bounds(row: ProposalRow, mutated: Mutated) -> None:
    specs: Mapping[str, Any] = param_specs(mutated.strategy)
    for name in mutated.changed:
        spec = specs[name]
        if spec.is_number and spec.clamp(spec.value) != spec.value:
            raise PromotionError(
                f"{row.id}: {name} ({spec.value!r}) must lie between {spec.low} and {spec.high}"
            )
