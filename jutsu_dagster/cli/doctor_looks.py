"""The doctor's checks, in the order in which they are told."""

from __future__ import annotations

from jutsu_dagster.cli.doctor import Look
from jutsu_dagster.cli.doctor_checks import (
    check_backtests,
    check_disk,
    check_ledger,
    check_market,
    check_project,
    check_registry,
    check_runs,
    check_source,
    check_versions,
)
from jutsu_dagster.cli.doctor_crypto import check_crypto
from jutsu_dagster.cli.doctor_nights import check_nights
from jutsu_dagster.cli.doctor_paper import check_paper, check_states

LOOKS: tuple[tuple[str, Look], ...] = (
    ("versions", check_versions),
    ("project", check_project),
    ("registry", check_registry),
    ("source", check_source),
    ("market", check_market),
    ("crypto", check_crypto),
    ("ledger", check_ledger),
    ("backtests", check_backtests),
    ("paper", check_paper),
    ("state", check_states),
    ("nights", check_nights),
    ("disk", check_disk),
    ("runs", check_runs),
)
