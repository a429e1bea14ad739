"""What a variant is called and says of itself in Dagster's catalog."""

import dagster as dg

from jutsu_dagster.defs.backtests import strategy_kinds
from jutsu_dagster.defs.market import CRYPTO_15M_KEY, ETF_DAILY_KEY
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.research_specs import research_key
from jutsu_dagster.defs.variant_metadata import definition_metadata
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.strategies.base import code_version

GROUP = "variants"
# What a night has concluded before any variant of it begins.
_BEFORE = ("memory_snapshot", "meta_review")


def variant_key(variant_id: str) -> dg.AssetKey:
    """Return the key of a variant."""
    return dg.AssetKey(["variants", variant_id])


def variant_spec(parent: StrategyEntry, shadow: Shadow, *, parent_trades: bool) -> dg.AssetSpec:
    """Return the asset of one variant; its parent's page is above it if that trades on paper."""
    assert parent.config is not None  # noqa: S101  (parents that load only)
    market = ETF_DAILY_KEY if parent.config.strategy.timeframe == "1d" else CRYPTO_15M_KEY
    return dg.AssetSpec(
        variant_key(shadow.id),
        skippable=True,
        deps=[
            market,
            *([paper_key(parent.id)] if parent_trades else []),
            *map(research_key, _BEFORE),
        ],
        group_name=GROUP,
        description=_description(parent, shadow),
        tags={
            "strategy_id": shadow.id,
            "parent": parent.id,
            "mode": "shadow",
            "stage": shadow.row.status,
        },
        kinds=strategy_kinds(parent),
        owners=["team:research"],
        code_version=code_version(type(parent.config.strategy)),
        metadata=definition_metadata(shadow),
    )


def _description(parent: StrategyEntry, shadow: Shadow) -> str:
    changes = ", ".join(f"{name} {value}" for name, value in shadow.row.mutations.items())
    begins = f" from {shadow.row.first_day} on" if shadow.row.first_day else ""
    text = (
        f"{parent.display_name} with {changes}: a shadow account{begins}, paper only. Each day"
        " starts from the recorded end of the day before and is only ever added."
    )
    if shadow.rebased:
        text += f" {parent.id} has other parameters now; this variant keeps its frozen ones."
    if not shadow.parent_active:
        text += f" {parent.id} is not active, so this variant rests."
    return text
