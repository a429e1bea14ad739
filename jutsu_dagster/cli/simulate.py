"""``jutsu simulate``: a directional strategy's file over a file of candles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jutsu_dagster.cli.console import answer_json, print_table, say
from jutsu_dagster.cli.options import require_writable
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from jutsu_dagster.core.exploration import CapScope
    from jutsu_dagster.pipeline.simulate import Simulation

_EXAMPLE = '{"conf_min_delta": -0.02, "exploration_cap_delta": 1}'


def simulate_file(
    settings: Settings,
    config: Path,
    candles: Path,
    mutations: str | None,
    overrides: Mapping[str, object],
    out: Path,
    *,
    regime_window: int | None,
    first_bar: int | None,
    cap_scope: CapScope,
    variant_id: str | None,
    as_json: bool,
) -> None:
    """Simulate a strategy file over a candles file; no registry, ledger or Dagster is touched."""
    from jutsu_dagster.pipeline.simulate import simulate
    from jutsu_dagster.pipeline.simulation_files import write_simulation
    from jutsu_dagster.registry.config import load_strategy_config

    require_writable("--out", out)
    asked = mutations_of(mutations)
    loaded = load_strategy_config(config.absolute(), settings.home.absolute())
    result = simulate(
        loaded.with_overrides(overrides), candles, asked, regime_window=regime_window,
        first_bar=first_bar, cap_scope=cap_scope, variant_id=variant_id,
    )  # fmt: skip
    _answer(result, write_simulation(result, out), as_json=as_json)


def mutations_of(text: str | None) -> dict[str, Any]:
    """Return the JSON object of ``--mutations``; raise JutsuError if it is none."""
    from jutsu_dagster.registry.shadow_rows import parse_json

    if text is None:
        return {}
    try:
        found = parse_json(text)
    except ValueError as error:
        raise JutsuError(f"--mutations is no JSON: {error}; write {_EXAMPLE!r}") from error
    if not isinstance(found, dict):
        raise JutsuError(f"--mutations ({text}) must be a JSON object, such as {_EXAMPLE}")
    return found


def _answer(result: Simulation, files: list[Path], *, as_json: bool) -> None:
    from jutsu_dagster.pipeline.simulation_report import by_regime, notes_on, report

    if as_json:
        answer_json(report(result) | {"files": [str(path) for path in files]})
        return
    times, stats = result.decided.timestamps, result.state.stats
    title = f"{result.variant_id}, {result.strategy.symbol}"
    rows = by_regime(result)
    header = ["Regime", *next(iter(rows.values()))]
    print_table(title, header, [[name, *map(str, row.values())] for name, row in rows.items()])
    factor = "no losing trade" if stats["exp_pf"] is None else f"{stats['exp_pf']:.3f}"
    gross = result.state.gross_stats["total_pnl"]
    say(f"{len(times)} bars, {times[0]}Z to {times[-1]}Z")
    say(
        f"{stats['exp_trades']} trades closed, {stats['wins']} won, {stats['losses']} lost;"
        f" total {stats['total_pnl']:+.4%} net, {gross:+.4%} gross; profit factor {factor}"
    )
    for note in notes_on(result):
        say(f"note: {note}")
    say(f"written: {', '.join(str(path) for path in files)}")
