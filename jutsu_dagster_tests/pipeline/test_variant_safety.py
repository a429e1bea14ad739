"""What variants cannot touch: configuration, other accounts, anything outside their own files."""

from __future__ import annotations

import json
from datetime import date

from sqlalchemy import inspect, text

from jutsu_dagster.pipeline.shadow_registry import read_book
from jutsu_dagster.pipeline.variant_cycle import VariantDesk, run_variants
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster_tests.homes import Home

FIRST, LAST = date(2025, 1, 6), date(2025, 1, 12)
_OWN = {"exploration_days", "exploration_trades", "parameter_sets", "strategy_runs"}


def write_rows(home: Home, count: int) -> None:
    rows = [
        {
            "id": f"ETH_main_mut_{n:04d}", "symbol": "ETHUSDT", "status": "shadow",
            "mutations": {"conf_min_delta": -0.01 * n}, "created_partition": "2025-01-05",
        }
        for n in range(1, count + 1)
    ]  # fmt: skip
    path = home.path / SHADOWS_PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def files(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.path)): path.read_bytes()
        for path in sorted(home.path.rglob("*"))
        if path.is_file() and not path.name.startswith(("jutsu.db", ".shadows"))
    }


def tables(home: Home) -> dict[str, list[tuple[object, ...]]]:
    with home.ledger.engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {
            name: [tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))]
            for name in names
        }


def run(home: Home) -> None:
    shadows = read_book(home.registry, home.path).running()
    desk = VariantDesk(home.store, home.ledger, home.path)
    runs = run_variants(desk, home.registry.entries["ETH_main"], shadows, FIRST, LAST, run_id="x")
    assert [one.error for one in runs] == [None] * len(shadows)


def test_a_week_of_variants_leaves_all_but_their_own_as_it_was(crypto_home: Home) -> None:
    write_rows(crypto_home, 5)
    before, rows = files(crypto_home), tables(crypto_home)
    run(crypto_home)
    after = files(crypto_home)
    own = {name for name in after if name.startswith("reports/variant/")}
    assert len(own) == 10
    assert {name: after[name] for name in after if name not in own} == before
    now = tables(crypto_home)
    assert {name for name in now if now[name] != rows[name]} <= _OWN
    with crypto_home.ledger.engine.connect() as connection:
        modes = connection.execute(
            text("SELECT DISTINCT mode, strategy_id FROM exploration_days ORDER BY 1, 2")
        ).all()
    assert [tuple(row) for row in modes] == [
        ("control", "ETH_main"),
        *[("shadow", f"ETH_main_mut_{n:04d}") for n in range(1, 6)],
    ]
