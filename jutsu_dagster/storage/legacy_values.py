"""Single values of an earlier system's rows: moments, numbers, sides, positions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from jutsu_dagster.core.errors import LedgerError

RawRow = Mapping[str, Any]
_MOMENTS = ("timestamp", "snapshot_date", "trade_date", "executed_at", "date", "created_at")
_SHARES = ("quantity", "qty", "shares")
_VALUES = ("market_value", "value")
_CELL = re.compile(r"(?:Cell_)?([1-9])", re.IGNORECASE)
_SIDES = {"BUY": "BUY", "SELL": "SELL", "B": "BUY", "S": "SELL"}


def first_of(row: RawRow, *names: str) -> Any:
    """Return the first of these columns that says anything, else None."""
    return next((row[name] for name in names if row.get(name) is not None), None)


def refusal(row: RawRow, table: str, column: str, rule: str) -> LedgerError:
    """Return the fault of one value, naming table, row, column, value and rule."""
    place = f" row {row['id']}" if "id" in row else ""
    return LedgerError(f"{table}{place}: {column} ({row.get(column)!r}) {rule}")


def moment_of(row: RawRow, table: str) -> datetime:
    """Return when the row is of, in UTC; a date is its midnight.

    Raises
    ------
    LedgerError
        If no column says so, or not as a date or moment.
    """
    name = next((name for name in _MOMENTS if row.get(name) is not None), _MOMENTS[0])
    value = row.get(name)
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            # The earlier system wrote UTC, often without saying so.
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
    except ValueError:
        pass
    raise refusal(row, table, name, "must be a date or a moment")


def number_of(row: RawRow, table: str, *names: str) -> float | None:
    """Return the first of these columns that says anything as a finite number, else None."""
    name = next((name for name in names if row.get(name) is not None), None)
    if name is None:
        return None
    value = row[name]
    try:
        number = float(value) if not isinstance(value, bool) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise refusal(row, table, name, "must be a finite number")
    return number


def shares_of(row: RawRow, table: str) -> int:
    """Return the number of whole shares, never negative."""
    number = number_of(row, table, *_SHARES)
    name = next((name for name in _SHARES if name in row), _SHARES[0])
    if number is None or number != round(number):
        raise refusal(row, table, name, "must be a whole number of shares")
    return abs(round(number))


def side_of(row: RawRow, table: str) -> str:
    """Return BUY or SELL."""
    name = next((name for name in ("action", "side", "decision") if row.get(name)), "action")
    side = _SIDES.get(str(row.get(name)).strip().upper())
    if side is None:
        raise refusal(row, table, name, "must be BUY or SELL")
    return side


def cell_of(row: RawRow) -> int | None:
    """Return the regime's number, 1 to 9, from ``3`` or ``Cell_3``; None for anything else."""
    match = _CELL.fullmatch(str(first_of(row, "strategy_cell", "cell", "regime")).strip())
    return int(match[1]) if match else None


def text_of(row: RawRow, longest: int, *names: str) -> str | None:
    """Return the first of these columns that says anything, cut to what a column of ours holds."""
    value = first_of(row, *names)
    return None if value is None else str(value)[:longest]


def holdings(row: RawRow, table: str) -> dict[str, tuple[int, float | None]]:
    """Return shares and, where it says so, their value by symbol, from ``positions_json``.

    Read as ``{"QQQ": 10}``, ``{"QQQ": {"quantity": 10, "market_value": 4000.0}}`` or a list of
    mappings with a ``symbol``.
    """
    document = first_of(row, "positions_json", "positions")
    if document is None or document == "":
        return {}
    fault = refusal(row, table, "positions_json", "must hold whole shares by symbol, as JSON")
    try:
        if isinstance(document, (str, bytes)):
            document = json.loads(document)
        if isinstance(document, Sequence):
            document = {str(each["symbol"]): each for each in document}
        held = {
            str(symbol): _holding(each if isinstance(each, Mapping) else {"shares": each})
            for symbol, each in document.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, LedgerError) as error:
        raise fault from error
    return {symbol: each for symbol, each in held.items() if each[0]}


def _holding(each: RawRow) -> tuple[int, float | None]:
    value = number_of(each, "", *_VALUES)
    return shares_of(each, ""), value
