"""Sweeps: a grid of parameters, evaluated set by set, as a table and as trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from jutsu_dagster.core.align import require_sessions
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.calendar import sessions_before
from jutsu_dagster.core.errors import ConfigError, DataError, Fault, StrategyError, nearest
from jutsu_dagster.core.sweep import SweepResult, concatenated
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.evaluate import allocation_strategy, terms_of
from jutsu_dagster.pipeline.grid import Grid
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.records import TrialRecord
from jutsu_dagster.strategies.base import AllocationStrategy, backtest, code_version

Progress = Callable[[int], None]


@dataclass(frozen=True, eq=False, slots=True)
class Sweep:
    """A finished sweep.

    Attributes
    ----------
    grid : Grid
        The sets that are valid, in order.
    strategies : list of AllocationStrategy
        One per set.
    result : SweepResult
    refused : list of (values, reason)
        Sets that break a rule of the class, and which.
    bars : Bars
    start : int
        Row of the first session that trades.
    """

    grid: Grid
    strategies: list[AllocationStrategy]
    result: SweepResult
    refused: list[tuple[tuple[Any, ...], str]]
    bars: Bars
    start: int

    def frame(self) -> pd.DataFrame:
        """Return one row per set: its parameters, its hash, its metrics."""
        parameters = pd.DataFrame(self.grid.sets, columns=list(self.grid.names))
        parameters["parameter_hash"] = [one.parameter_hash for one in self.strategies]
        return pd.concat([parameters, self.result.frame()], axis=1)


def build_sets(
    config: StrategyConfig, grid: Grid
) -> tuple[Grid, list[AllocationStrategy], list[tuple[tuple[Any, ...], str]]]:
    """Return the valid sets of a grid as strategies, and the refused ones with the reason.

    Raises
    ------
    ConfigError
        If a name is no parameter, or no set at all is valid.
    StrategyError
        If the strategy decides directions.
    """
    if is_directional(config):
        raise StrategyError(
            f"{config.strategy_id}: {config.class_name} decides the direction of one symbol; sweeps"
            " are of strategies that decide weights. `jutsu simulate --mutations JSON` looks at one"
            " change, and variants (`jutsu mutate`) run many side by side"
        )
    base = allocation_strategy(config)
    kind, values = type(base), base.model_dump()
    faults = [
        Fault(
            grid.file,
            "parameters",
            name,
            f"is no parameter of {config.class_name}",
            nearest(name, kind.model_fields),
        )
        for name in grid.names
        if name not in kind.model_fields
    ]
    if faults:
        raise ConfigError(faults)
    kept, strategies, refused = [], [], []
    for one in grid.sets:
        try:
            strategies.append(kind.model_validate(values | dict(zip(grid.names, one, strict=True))))
        except ValidationError as error:
            refused.append((one, _reason(error)))
        else:
            kept.append(one)
    if not kept:
        raise ConfigError(
            [Fault(grid.file, "parameters", None, f"has no valid set: {refused[0][1]}")]
        )
    return replace(grid, sets=kept), strategies, refused


def _reason(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{where} ({first['input']}): {message}" if where else message


def sweep_anchor(config: StrategyConfig, strategies: Sequence[AllocationStrategy]) -> date:
    """Return the first session that the longest warm-up reads."""
    longest = max(one.warmup_sessions for one in strategies)
    anchor: date = sessions_before(config.backtest_start, longest)[0].item()
    return anchor


def run_sweep(
    config: StrategyConfig,
    grid: Grid,
    load_bars: Callable[[Sequence[str], date], Bars],
    *,
    threads: int = 1,
    curves: bool = False,
    progress: Progress | None = None,
) -> Sweep:
    """Backtest every set of ``grid`` from ``backtest.start`` to ``backtest.end``.

    Parameters
    ----------
    config : StrategyConfig
        The base set, dates, costs and timing.
    grid : Grid
    load_bars : callable of (symbols, first session)
        Returns bars from that session on.
    threads : int
    curves : bool
        Whether to keep equity curves.
    progress : callable of int, optional
        Told how many sets are done.
    """
    kept, strategies, refused = build_sets(config, grid)
    anchor = sweep_anchor(config, strategies)
    universe = strategies[0].universe
    bars = load_bars(universe, anchor).select(universe)
    last = config.backtest_end or bars.sessions[-1].item()
    stop = int(np.searchsorted(bars.sessions, np.datetime64(last, "D"), side="right"))
    bars = bars.window(bars.position(anchor), stop)
    if not len(bars):
        raise DataError(f"{config.strategy_id}: there are no bars from {anchor} to {last}")
    bars = require_sessions(bars, anchor, bars.sessions[-1].item(), strategies[0].signal_of_record)
    start = bars.position(config.backtest_start)
    if start >= len(bars):
        raise DataError(f"{config.strategy_id}: the data end before {config.backtest_start}")
    done, parts = 0, []
    results: Iterator[SweepResult] = type(strategies[0]).evaluate_many(
        strategies, bars, terms_of(config), start, threads=threads, curves=curves
    )
    for part in results:
        parts.append(part)
        done += len(part)
        if progress:
            progress(done)
    return Sweep(kept, strategies, concatenated(parts), refused, bars, start)


def curve_frame(sweep: Sweep) -> pd.DataFrame:
    """Return equity by session, one column a set, named by its row in the table of sets."""
    assert sweep.result.curves is not None  # noqa: S101  (asked for by the caller)
    frame = pd.DataFrame(sweep.result.curves.T, columns=[str(i) for i in range(len(sweep.grid))])
    frame.insert(0, "date", sweep.result.sessions.astype(str))
    return frame


def fill_frame(config: StrategyConfig, sweep: Sweep) -> pd.DataFrame:
    """Return every fill of every set, each set run once more by itself to record them."""
    frames = []
    for at, one in enumerate(sweep.strategies):
        own = sweep.bars.window(sweep.start - one.warmup_sessions, len(sweep.bars))
        segment = backtest(one, own, terms_of(config), one.warmup_sessions)
        fills = segment.fills
        frames.append(
            pd.DataFrame(
                {
                    "set": at,
                    "date": segment.sessions[fills.row].astype(str),
                    "symbol": np.array(segment.symbols, dtype=object)[fills.column],
                    "side": np.where(fills.shares > 0, "BUY", "SELL"),
                    "shares": np.abs(fills.shares),
                    "fill_price": fills.price,
                    "commission": fills.commission,
                    "realised_pnl": fills.realised,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def trials_of(config: StrategyConfig, sweep: Sweep, data_hash: str) -> list[TrialRecord]:
    """Return the sets as trials of a registered strategy: what was tried must be counted."""
    frame = sweep.result.frame()
    sessions = sweep.result.sessions
    rows = frame.to_dict("records")
    return [
        TrialRecord(
            parent_id=config.strategy_id,
            source="sweep",
            parameter_hash=one.parameter_hash,
            parameters=dict(zip(sweep.grid.names, values, strict=True)),
            first_session=sessions[0].item(),
            last_session=sessions[-1].item(),
            daily_sharpe=_known(row["sharpe_ratio"], math.sqrt(252.0)),
            total_return=float(row["total_return"]),
            data_hash=data_hash,
            code_version=code_version(type(one)),
            metrics={str(name): _known(value) for name, value in row.items()},
        )
        for one, values, row in zip(sweep.strategies, sweep.grid.sets, rows, strict=True)
    ]


def _known(value: float, divisor: float = 1.0) -> float | None:
    return None if math.isnan(value) else float(value) / divisor
