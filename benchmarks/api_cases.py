"""What the benchmark of the API asks about: 16 years of a backtest, and many variants."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from variant_cases import FIRST, PARENTS, make_variants, project_settings
from variant_cases import prepare as prepare_variants

from jutsu_dagster.cli.project import Project
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.ingest import ingest_range
from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants
from jutsu_dagster.registry.universe import etf_symbols
from jutsu_dagster.sources.sample import SampleMarket

_BEGINS, _LAST = date(2008, 1, 2), date(2025, 12, 31)
YEARS = range(2010, 2026)


def prepare(home: Path, *, variants: int, nights: int) -> None:
    """Fill a project: v3_5b's backtest over YEARS, and variants of coins over some nights."""
    prepare_variants(home, PARENTS)
    project = Project(project_settings(home))
    source = SampleMarket(_LAST + timedelta(days=1))
    ingest_range(source, project.store, etf_symbols(project.registry), _BEGINS, _LAST)
    list(run_years(project.config("v3_5b"), project.store, project.ledger, list(YEARS)))
    make_variants(home, PARENTS, variants)
    book = read_book(project.registry, home)
    desk = VariantDesk(project.store, project.ledger, home)
    for parent in PARENTS:
        mine = [shadow for shadow in book.running() if shadow.row.parent_id == parent]
        last = FIRST + timedelta(days=nights - 1)
        run_variants(desk, project.entry(parent), mine, FIRST, last, run_id="benchmark")
    project.ledger.close()
