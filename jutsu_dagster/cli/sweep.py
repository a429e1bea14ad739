"""``jutsu sweep``: many parameter sets at once, over a file's bars or the market store's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from jutsu_dagster.cli.console import answer_json, print_table, progress, say
from jutsu_dagster.cli.options import require_writable
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.errors import DataError

if TYPE_CHECKING:
    from jutsu_dagster.core.bars import Bars
    from jutsu_dagster.pipeline.sweeps import Sweep
    from jutsu_dagster.registry.config import StrategyConfig

    LoadBars = Callable[[Sequence[str], date], Bars]

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """The options that both kinds of sweep share; each as in ``jutsu sweep --help``."""

    grid: Path
    out: Path
    sample: int | None = None
    seed: int = 0
    threads: int = 1
    curves: Path | None = None
    trades: Path | None = None
    sort: str = "sharpe_ratio"
    as_json: bool = False


def sweep_file(
    project: Project,
    config: Path,
    market: Path,
    overrides: Mapping[str, object],
    options: SweepOptions,
) -> None:
    """Sweep a strategy file over a data file; no registry, ledger or Dagster is touched."""
    from jutsu_dagster.pipeline.adhoc import file_bars
    from jutsu_dagster.registry.config import load_strategy_config

    home = project.settings.home.absolute()
    loaded = load_strategy_config(config.absolute(), home).with_overrides(overrides)
    _run(loaded, lambda symbols, _anchor: file_bars(market, symbols), options)


def sweep_registered(
    project: Project, strategy_id: str, overrides: Mapping[str, object], options: SweepOptions
) -> None:
    """Sweep a registered strategy over the market store, and record every set as a trial."""
    from jutsu_dagster.pipeline.ingest import ETF_DAILY
    from jutsu_dagster.pipeline.sweeps import trials_of
    from jutsu_dagster.storage.market import content_hash

    config = project.config(strategy_id).with_overrides(overrides)
    # Asked before the work: without a ledger there is nowhere to record the trials.
    ledger = project.ledger
    last = config.backtest_end or date.max
    sweep = _run(
        config,
        lambda symbols, anchor: project.store.read(ETF_DAILY, symbols, anchor, last),
        options,
    )
    rows = trials_of(config, sweep, content_hash(sweep.bars))
    ledger.record_trials(rows)
    if not options.as_json:
        tried = len(ledger.trials(strategy_id))
        say(f"{strategy_id}: {tried} parameter sets on record as trials")


def _run(config: StrategyConfig, load_bars: LoadBars, options: SweepOptions) -> Sweep:
    from jutsu_dagster.core.sweep import SWEEP_METRICS
    from jutsu_dagster.pipeline.grid import load_grid
    from jutsu_dagster.pipeline.sweeps import curve_frame, fill_frame, run_sweep
    from jutsu_dagster.storage.atomic import write_bytes_atomic

    if options.sort not in SWEEP_METRICS:
        raise DataError(f"--sort {options.sort!r} must be one of {', '.join(SWEEP_METRICS)}")
    for option, path in (
        ("--out", options.out),
        ("--curves", options.curves),
        ("--trades", options.trades),
    ):
        if path is not None:
            require_writable(option, path.parent)
    grid = load_grid(options.grid, sample=options.sample, seed=options.seed)
    with progress(f"{len(grid)} parameter sets", len(grid), shown=not options.as_json) as advance:
        sweep = run_sweep(
            config, grid, load_bars, threads=options.threads,
            curves=options.curves is not None, progress=advance,
        )  # fmt: skip
    frame = sweep.frame()
    write_bytes_atomic(options.out, frame.to_parquet(index=False))
    if options.curves is not None:
        write_bytes_atomic(options.curves, curve_frame(sweep).to_parquet(index=False))
    if options.trades is not None:
        write_bytes_atomic(options.trades, fill_frame(config, sweep).to_parquet(index=False))
    best = frame.sort_values(options.sort, ascending=False).head(_SHOWN)
    if options.as_json:
        answer_json(
            {
                "sets": len(frame),
                "refused": len(sweep.refused),
                "out": str(options.out),
                "best": best.astype(object).where(best.notna(), None).to_dict("records"),
            }
        )
        return sweep
    shown = [*grid.names, "total_return", "cagr", "sharpe_ratio", "max_drawdown", "total_fills"]
    rows = [[_text(value) for value in row] for row in best[shown].itertuples(index=False)]
    print_table(f"Best {len(best)} of {len(frame)} by {options.sort}", shown, rows)
    if sweep.refused:
        say(f"{len(sweep.refused)} sets refused; the first: {sweep.refused[0][1]}")
    say(f"written: {options.out}. The best of many is flattered by the choice; mind the plateau.")
    return sweep


def _text(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
