"""The files of one variant: its trades, a line each, and its summary."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

# Keys of a row, in order; as ``core.exploration_rows`` has them.
_HEAD = ("ts", "type", "symbol", "variant_id", "dir", "entry_px")
_OPEN = (*_HEAD, "regime", "conf", "mutated_threshold")
_CLOSE = (*_HEAD, "exit_px", "pct", "gross_pct", "exit_reason", "regime", "bars_open")


def trade_lines(rows: Sequence[Mapping[str, Any]], day: date) -> bytes:
    """Return a day's openings and closings as lines of ``<id>_trades.jsonl``, UTF-8.

    Each row says its ``partition`` at the end; nothing is left out, and nothing not a number.
    """
    partition = {"partition": day.isoformat()}
    lines = [json.dumps({**row, **partition}, allow_nan=False) + "\n" for row in rows]
    return "".join(lines).encode()


def recorded_rows(frame: pd.DataFrame) -> list[tuple[date, list[dict[str, Any]]]]:
    """Return the ledger's openings and closings as the engine gave them, day by day.

    ``frame`` is ``storage.exploration_log.trades``'s of one account.
    """
    days: dict[date, list[dict[str, Any]]] = {}
    for found in frame.to_dict("records"):
        day = found["day"].date()
        names = _CLOSE if found["type"] == "close" else _OPEN
        values = found | {"variant_id": found["strategy_id"]}
        days.setdefault(day, []).append({name: _plain(values[name]) for name in names})
    return list(days.items())


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value


def summary_text(
    variant_id: str,
    symbol: str,
    mutations: Mapping[str, Any],
    position: Mapping[str, Any],
    stats: Mapping[str, Any],
) -> str:
    """Return ``<id>_summary.json``: these five keys, strict JSON.

    Parameters
    ----------
    variant_id, symbol : str
    mutations : mapping
        As the shadow registry has them.
    position : mapping
        ``dir``, ``entry_px`` and ``bars_open``.
    stats : mapping
        The seven, ``exp_pf`` None where it is undefined.
    """
    summary = {
        "variant_id": variant_id,
        "symbol": symbol,
        "mutations": dict(mutations),
        "position": dict(position),
        "stats": dict(stats),
    }
    return json.dumps(summary, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
