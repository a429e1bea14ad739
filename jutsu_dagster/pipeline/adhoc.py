"""One backtest of a strategy file over a data file, touching no registry, ledger or Dagster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars, FloatArray
from jutsu_dagster.core.metrics import beta, equity_metrics, session_returns
from jutsu_dagster.core.trade_statistics import trade_statistics
from jutsu_dagster.pipeline.evaluate import Evaluation, evaluate
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.reporting.compare import Compared
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.storage.atomic import write_bytes_atomic, write_text_atomic

# The oracle's names of the allocator's diagnostics.
_RENAMED = {
    "SMA_fast": "sma_fast",
    "SMA_slow": "sma_slow",
    "Bond_SMA_fast": "bond_sma_fast",
    "Bond_SMA_slow": "bond_sma_slow",
}
# Columns of every regime strategy's signals, empty where a parameter switches them off.
_REGIME_COLUMNS = ("bond_sma_fast", "bond_sma_slow", "cell1_exit_pending_days")


@dataclass(frozen=True, eq=False)
class FileBacktest:
    """A finished ad-hoc backtest."""

    evaluation: Evaluation
    segment: Segment
    metrics: dict[str, Any]

    @property
    def compared(self) -> Compared:
        """The result as a column of the comparison table."""
        statistics = self.metrics["trade_statistics"]
        signal = self.evaluation.strategy.signal_of_record
        return Compared(
            name=self.evaluation.config.strategy_id,
            initial_capital=self.evaluation.config.initial_capital,
            metrics=self.metrics["metrics"],
            baseline_metrics=self.metrics["baseline"],
            trades=statistics | {"beta": statistics[f"beta_vs_{signal}_date_aligned"]},
        )


def backtest_file(
    config: StrategyConfig, market: Path, first: date | None = None, last: date | None = None
) -> FileBacktest:
    """Backtest ``config`` over the bars in ``market``.

    Parameters
    ----------
    config : StrategyConfig
    market : Path
        Parquet or CSV of date, symbol, open, high, low, close, volume and optionally split.
    first, last : date, optional
        Override ``backtest.start`` and ``backtest.end``.

    Raises
    ------
    DataError
        If the file breaks a rule of bars or lacks a session or symbol that is needed.
    """
    overrides: dict[str, object] = {"backtest.start": first, "backtest.end": last}
    config = config.with_overrides({k: v for k, v in overrides.items() if v is not None})
    bars = file_bars(market, config.strategy.universe)
    evaluation = evaluate(config, bars, config.backtest_end or bars.sessions[-1].item())
    segment = evaluation.run(
        AccountState.open(config.initial_capital),
        evaluation.start,
        len(evaluation.bars),
        warmup=True,
    )
    return FileBacktest(evaluation, segment, _metrics(evaluation, segment))


def file_bars(market: Path, symbols: Sequence[str]) -> Bars:
    """Return the symbols' bars in a data file, all there are; DataError if it breaks a rule."""
    source = FilesMarket(market, name=str(market))
    return bars_from_rows(source.bars(symbols, date.min, date.max), symbols)


def _metrics(evaluation: Evaluation, segment: Segment) -> dict[str, Any]:
    start, capital = evaluation.start, evaluation.config.initial_capital
    signal = evaluation.strategy.signal_of_record
    sessions = segment.sessions[start:]
    equity = segment.equity[start:]
    main = equity_metrics(equity, sessions, capital)
    base = equity_metrics(evaluation.baseline, sessions, capital)
    trades = trade_statistics(segment.fills.realised)
    returns, market = session_returns(equity), session_returns(evaluation.baseline)
    against = beta(returns, market)
    return {
        "strategy_id": evaluation.config.strategy_id,
        # The spec's names stand beside ours where they mean the same.
        "metrics": main
        | {
            "annualized_return": main["cagr"],
            "final_value": main["final_equity"],
            "total_fills": trades["total_fills"],
        },
        "trade_statistics": trades | {f"beta_vs_{signal}_date_aligned": against},
        "baseline": {"symbol": signal, **base},
        # An earlier system's definitions, under the names that it used.
        "compat": {
            "total_return": main["total_return"],
            "annualized_return": main["cagr"],
            "volatility": main["volatility"],
            "sharpe_ratio": main["geometric_sharpe_ratio"],
            "sortino_ratio": main["geometric_sortino_ratio"],
            "max_drawdown": main["max_drawdown"],
            # 0, not undefined, where there was no drawdown.
            "calmar_ratio": main["calmar_ratio"] or 0.0,
            "return_multiple": _ratio(main["total_return"], base["total_return"]),
            "total_fills": trades["total_fills"],
            "final_value": main["final_equity"],
        },
        "period": {
            "start": str(sessions[0]),
            "end": str(sessions[-1]),
            "first_bar": str(segment.sessions[0]),
            "parameter_hash": evaluation.strategy.parameter_hash,
            "data_hash": evaluation.data_hash(len(evaluation.bars)),
        },
    }


def _ratio(value: float, base: float) -> float | None:
    return value / base if base else None


def snapshot_frame(result: FileBacktest) -> pd.DataFrame:
    """Return one row per session: date, in_trading, cash, total_value, quantities and values."""
    segment = result.segment
    columns: dict[str, Any] = {
        "date": segment.sessions.astype(str),
        "in_trading": np.arange(len(segment)) >= result.evaluation.start,
        "cash": segment.cash,
        "total_value": segment.equity,
    }
    for n, symbol in enumerate(segment.symbols):
        columns[f"{symbol}_qty"] = segment.shares[:, n]
        columns[f"{symbol}_value"] = np.where(
            segment.shares[:, n] != 0, segment.shares[:, n] * segment.marks[:, n], 0.0
        )
    return pd.DataFrame(columns)


def signal_frame(result: FileBacktest) -> pd.DataFrame:
    """Return one row per session, warm-up included: indicators, regime, weights, rebalances."""
    evaluation, segment = result.evaluation, result.segment
    bars, decision = evaluation.bars, evaluation.decision
    signal = bars.column(evaluation.strategy.signal_of_record)
    cells = decision.cells
    names = evaluation.strategy.regimes
    trend = np.array([names.get(cell, (None, None))[0] for cell in cells.tolist()], dtype=object)
    # Before the first evaluation the volatility state is Low.
    vol = np.array([names.get(cell, (None, "Low"))[1] for cell in cells.tolist()], dtype=object)
    columns: dict[str, Any] = {
        "date": segment.sessions.astype(str),
        "close": bars.close[:, signal],
        "volume": bars.volume[:, signal],
    }
    for name, values in decision.diagnostics.items():
        columns[_RENAMED.get(name, name)] = values
    if names:
        nothing = np.full(len(bars), np.nan)
        columns = dict.fromkeys(_REGIME_COLUMNS, nothing) | columns
        columns |= {"trend_state": trend, "vol_state": vol}
        columns["cell_id"] = np.where(cells > 0, cells.astype(np.float64), np.nan)
        columns["bond_trend"] = _bond_trend(columns)
    for n, symbol in enumerate(bars.symbols):
        columns[f"w_{symbol}"] = segment.weights[:, n]
    return pd.DataFrame(columns | {"rebalance": segment.rebalanced})


def _bond_trend(columns: dict[str, Any]) -> Any:
    fast: FloatArray | None = columns.get("bond_sma_fast")
    slow: FloatArray | None = columns.get("bond_sma_slow")
    if fast is None or slow is None:
        return None
    state = np.where(fast > slow, "Bull", "Bear").astype(object)
    state[np.isnan(slow)] = None
    return state


def trade_frame(result: FileBacktest) -> pd.DataFrame:
    """Return one row per fill, in the order of execution."""
    segment = result.segment
    fills = segment.fills
    return pd.DataFrame(
        {
            "date": segment.sessions[fills.row].astype(str),
            "symbol": np.array(segment.symbols, dtype=object)[fills.column],
            "side": np.where(fills.shares > 0, "BUY", "SELL"),
            "shares": np.abs(fills.shares),
            "fill_price": fills.price,
            "commission": fills.commission,
            "portfolio_value_before": fills.value_before,
            "portfolio_value_after": fills.value_after,
            "cash_before": fills.cash_before,
            "cash_after": fills.cash_after,
            "realised_pnl": fills.realised,
        }
    )


def write_file_backtest(result: FileBacktest, out: Path) -> list[Path]:
    """Write the four result files into ``out``, each whole or not at all; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    frames = {
        "snapshots.parquet": snapshot_frame(result),
        "signals.parquet": signal_frame(result),
        "trades.parquet": trade_frame(result),
    }
    paths = []
    for name, frame in frames.items():
        write_bytes_atomic(out / name, frame.to_parquet(index=False))
        paths.append(out / name)
    metrics = out / "metrics.json"
    write_text_atomic(metrics, json.dumps(result.metrics, indent=1, allow_nan=False) + "\n")
    return [*paths, metrics]
