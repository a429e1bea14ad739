"""Exports: every kind of an account that stands, none of one that does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.pipeline.backtest import run_years
from jutsu_dagster.pipeline.export import EXPORT_KINDS, export
from jutsu_dagster.reporting.exports import ExportKind
from jutsu_dagster_tests.homes import YEARS, Home, lift_closes

NOW = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)


def written(home: Home, kind: ExportKind, folder: Path) -> list[Path]:
    return export(home.config(), kind, home.store, home.ledger, folder, NOW)


@pytest.mark.parametrize("kind", EXPORT_KINDS)
def test_every_kind_is_the_same_bytes_after_a_repeat(
    home: Home, tmp_path: Path, kind: ExportKind
) -> None:
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    first = {path.name: path.read_bytes() for path in written(home, kind, tmp_path / "a")}
    assert first
    assert all(content for content in first.values())
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    assert {p.name: p.read_bytes() for p in written(home, kind, tmp_path / "b")} == first


@pytest.mark.parametrize("kind", EXPORT_KINDS)
def test_nothing_is_written_of_an_account_that_is_empty_or_stale(
    home: Home, tmp_path: Path, kind: ExportKind
) -> None:
    folder = tmp_path / "out"
    with pytest.raises(LedgerError, match=r"v3_5b.* no recorded session"):
        written(home, kind, folder)
    list(run_years(home.config(), home.store, home.ledger, YEARS))
    home.change_bars(date(2011, 3, 1), date(2011, 3, 31), lift_closes)
    list(run_years(home.config(), home.store, home.ledger, [2011]))
    with pytest.raises(LedgerError, match=r"2012, 2013 rest on an earlier version.*jutsu backtest"):
        written(home, kind, folder)
    assert not folder.exists()
