"""The evidence page of a proposal: what it shows, and the file; nothing here decides anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.registry.parameters import build_strategy
from jutsu_dagster.reporting.promotion_page import promotion_html
from jutsu_dagster.reporting.promotion_view import Change, Event, PromotionView
from jutsu_dagster.sources.base import is_synthetic
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.atomic import write_text_atomic
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.promotion_log import ProposalRow
from jutsu_dagster.strategies.base import AllocationStrategy, Strategy

FOLDER = "reports/promotions"


def page_path(id_: str) -> str:
    """Return where a proposal's page is, from the project on."""
    return f"{FOLDER}/{id_}.html"


def write_page(home: Path, view: PromotionView) -> Path:
    """Write the page of a proposal as it stands now, and return its path."""
    path = home / page_path(view.id)
    write_text_atomic(path, promotion_html(view))
    return path


def view_of(
    registry: StrategyRegistry, ledger: Ledger, store: MarketStore, row: ProposalRow
) -> PromotionView:
    """Return all that is to be shown of a proposal."""
    entry = registry.get_strategy(row.parent_id)
    parent = entry.config.strategy if entry is not None and entry.config is not None else None
    return PromotionView(
        id=row.id,
        parent_id=row.parent_id,
        variant_id=row.variant_id,
        symbol=str(row.document["symbol"]),
        status=row.status,
        proposal_hash=row.proposal_hash,
        partition=row.partition,
        expires_on=row.expires_on,
        document=row.document,
        changes=_changes(registry, row, parent),
        compound=isinstance(parent, AllocationStrategy),
        synthetic=_synthetic(store, row),
        history=[
            Event(f"{each.at:%Y-%m-%d %H:%M}", each.event, each.who, each.why)
            for each in log.audit(ledger.engine, row.id)
        ],
    )


def _changes(registry: StrategyRegistry, row: ProposalRow, parent: Strategy | None) -> list[Change]:
    """Return what the promoted parameters change of the base that they were tried on."""
    shadow = read_book(registry, registry.home).shadows.get(row.variant_id)
    if parent is None or shadow is None or shadow.row.base_params is None:
        return []
    base = _built(parent, shadow.row.base_params)
    promoted = _built(parent, row.document["parameters"])
    # A class that takes those parameters no longer cannot say what they are.
    if base is None or promoted is None:
        return []
    old, new = param_specs(base), param_specs(promoted)
    return [
        Change(name, old[name].value if name in old else None, spec.value)
        for name, spec in new.items()
        if name not in old or old[name].value != spec.value
    ]


def _built(parent: Strategy, parameters: dict[str, Any]) -> Strategy | None:
    given = {name: value for name, value in parameters.items() if value is not None}
    return build_strategy(type(parent), given, {}, "parameters")[0]


def _synthetic(store: MarketStore, row: ProposalRow) -> bool:
    """Return whether any of the tables that the evidence was computed from is made up."""
    tables = {version.partition("@")[0] for version in row.document["data_versions"]}
    return any(is_synthetic(store.source(table)) for table in tables if table)
