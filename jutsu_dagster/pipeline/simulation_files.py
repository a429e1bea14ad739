"""A simulation as the six files that ``jutsu simulate`` writes."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jutsu_dagster.core.council_signals import COMPUTED, edge
from jutsu_dagster.core.exploration_rows import bar_columns, trade_rows
from jutsu_dagster.core.exploration_state import ExplorationState, iso_utc
from jutsu_dagster.pipeline.simulate import Simulation
from jutsu_dagster.reporting.exploration import summary_text
from jutsu_dagster.storage.atomic import write_text_atomic
from jutsu_dagster.strategies.council import Council

Columns = dict[str, Iterable[Any]]

_PATH = (
    "mutated_threshold", "events", "pos_dir", "pos_entry_px", "pos_bars_open", "exp_trades",
)  # fmt: skip


def write_simulation(result: Simulation, out: Path) -> list[Path]:
    """Write the six files into ``out``, each whole or not at all; return their paths.

    Whatever the strategy, there are six: of one without signals the two files of signals hold
    times alone, so that none of an earlier simulation is left standing.
    """
    raw, normalised = signal_columns(result)
    texts = {
        "bars.csv": csv_text(bars_columns(result)),
        "signals_raw.csv": csv_text(raw),
        "signals_normalized.csv": csv_text(normalised),
        "decisions.csv": csv_text(decision_columns(result)),
        "trades.jsonl": _trade_text(result),
        "summary.json": summary_text(
            result.variant_id,
            result.strategy.symbol,
            result.mutations,
            result.state.position,
            result.state.stats,
        ),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        write_text_atomic(out / name, text)
    return [out / name for name in texts]


def bars_columns(result: Simulation) -> Columns:
    """Return the path bar by bar, each bar after its exits and entries; flat, no entry price."""
    decided = result.decided
    events = result.explored.events_of(0)
    path = bar_columns(events, decided, result.rules, ExplorationState())
    path["pos_entry_px"] = _known(path["pos_entry_px"])
    return {
        **_times(result),
        "regime": _labels(result),
        "dir": decided.direction,
        "conf": decided.confidence,
        **{name: path[name] for name in _PATH},
    }


def decision_columns(result: Simulation) -> Columns:
    """Return each decision, its score where there is one, and the strategy's own diagnostics.

    ``entry_min_conf`` is the threshold as the parameters state it, before the engine's bounds.
    """
    decided, rows = result.decided, slice(result.first_bar, None)
    stated = {label: result.strategy.conf_min.of(label) for label in decided.regimes}
    labels = _labels(result)
    diagnostics = {
        name: np.asarray(values)[rows] for name, values in result.directional.diagnostics.items()
    }
    known: Columns = {
        **_times(result),
        "close": decided.close,
        "regime": labels,
        "dir": decided.direction,
        "conf": decided.confidence,
        "score": diagnostics.pop("score", [None] * len(decided)),
        "entry_min_conf": [stated[label] for label in labels],
    }
    return {**known, **{name: each for name, each in diagnostics.items() if name not in known}}


def signal_columns(result: Simulation) -> tuple[Columns, Columns]:
    """Return raw signals, and those that vote between -1 and 1; times alone without signals."""
    strategy, candles, times = result.strategy, result.candles, _times(result)
    if not isinstance(strategy, Council):
        return times, times
    rows = slice(result.first_bar, None)
    raw, votes = strategy.raw(candles), strategy.normalised(candles)
    told: Columns = {name: raw[name][rows] for name in COMPUTED}
    told |= {name: values[rows] for name, values in edge(raw).items()}
    told["edge_dir"] = [side if np.isnan(side) else int(side) for side in told["edge_dir"]]
    voters = [name for name, spec in strategy.signals.items() if spec.votes]
    return times | told, times | {name: votes[name][rows] for name in voters}


def csv_text(columns: Mapping[str, Iterable[Any]]) -> str:
    """Return columns of one length as CSV: floats by their shortest exact text, None as nothing."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    lists = [
        each.tolist() if isinstance(each, np.ndarray) else list(each) for each in columns.values()
    ]
    writer.writerows(zip(*lists, strict=True))
    return text.getvalue()


def _trade_text(result: Simulation) -> str:
    rows = trade_rows(
        result.explored.events_of(0),
        result.decided,
        symbol=result.strategy.symbol,
        variant_id=result.variant_id,
        gross=result.rules.cost_bps_per_side > 0,
    )
    return "".join(json.dumps(row, allow_nan=False) + "\n" for row in rows)


def _times(result: Simulation) -> Columns:
    count = len(result.candles)
    return {
        "i": range(result.first_bar, count),
        "ts": iso_utc(result.decided.timestamps),
    }


def _labels(result: Simulation) -> list[str]:
    return [result.decided.regimes[index] for index in result.decided.regime.tolist()]


def _known(values: Any) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]
