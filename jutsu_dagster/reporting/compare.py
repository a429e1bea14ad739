"""Strategies side by side with their baseline, as plain data for the CLI and for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["money", "percent", "ratio", "count"]

BASELINE = "Baseline (buy and hold)"

# Label, unit, where the number stands ("equity" metrics are the baseline's too), and its name.
_ROWS: tuple[tuple[str, Unit, str, str], ...] = (
    ("Final equity", "money", "equity", "final_equity"),
    ("Total return", "percent", "equity", "total_return"),
    ("CAGR", "percent", "equity", "cagr"),
    ("Volatility", "percent", "equity", "volatility"),
    ("Sharpe", "ratio", "equity", "sharpe_ratio"),
    ("Sortino", "ratio", "equity", "sortino_ratio"),
    ("Max drawdown", "percent", "equity", "max_drawdown"),
    ("Calmar", "ratio", "equity", "calmar_ratio"),
    ("Beta", "ratio", "trades", "beta"),
    ("Trades", "count", "trades", "total_fills"),
    ("Win rate", "percent", "trades", "win_rate"),
    ("Profit factor", "ratio", "trades", "profit_factor"),
)


@dataclass(frozen=True, slots=True)
class Compared:
    """One strategy of a comparison.

    Attributes
    ----------
    name : str
    initial_capital : float
        Money.
    metrics, baseline_metrics : mapping
        ``equity_metrics`` of the account and of buy-and-hold over the same sessions.
    trades : mapping
        ``trade_statistics``, and ``beta`` against the baseline.
    """

    name: str
    initial_capital: float
    metrics: Mapping[str, Any]
    baseline_metrics: Mapping[str, Any]
    trades: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One number of every column; None where it is undefined or has no meaning."""

    label: str
    unit: Unit
    strategies: tuple[float | None, ...]
    baseline: float | None
    differences: tuple[float | None, ...]

    def cells(self) -> list[str]:
        """Return the row as text, in the order of ``Comparison.header``; ``–`` for None."""
        texts = [shown(value, self.unit) for value in (*self.strategies, self.baseline)]
        texts += [shown(value, self.unit, signed=True) for value in self.differences]
        return [self.label, *(text or "–" for text in texts)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table: one column a strategy, the baseline, and differences to the first strategy."""

    names: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]

    @property
    def header(self) -> list[str]:
        """Titles of the columns of ``ComparisonRow.cells``."""
        first, *others = self.names
        return ["Metric", *self.names, BASELINE, *(f"{other} − {first}" for other in others)]

    def text_rows(self) -> list[list[str]]:
        """Return all rows as text."""
        return [row.cells() for row in self.rows]

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers for JSON: by strategy, baseline and difference, then by metric."""
        first, *others = self.names
        columns = {
            name: {row.label: row.strategies[at] for row in self.rows}
            for at, name in enumerate(self.names)
        }
        differences = {
            f"{other} - {first}": {row.label: row.differences[at] for row in self.rows}
            for at, other in enumerate(others)
        }
        baseline = {row.label: row.baseline for row in self.rows}
        return {"strategies": columns, "baseline": baseline, "differences": differences}


def comparison_table(accounts: Sequence[Compared]) -> Comparison:
    """Return strategies side by side, with the first one's baseline.

    Parameters
    ----------
    accounts : sequence of Compared
        At least one; of two, the difference is second minus first; of more, each minus first.
    """
    capitals = tuple(account.initial_capital for account in accounts)
    rows = [_row("Initial capital", "money", capitals, capitals[0])]
    for label, unit, source, name in _ROWS:
        if source == "equity":
            values = tuple(account.metrics[name] for account in accounts)
            rows.append(_row(label, unit, values, accounts[0].baseline_metrics[name]))
        else:
            values = tuple(account.trades[name] for account in accounts)
            rows.append(_row(label, unit, values, 1.0 if name == "beta" else None))
    return Comparison(tuple(account.name for account in accounts), tuple(rows))


def shown(value: float | None, unit: Unit | str, *, signed: bool = False) -> str:
    """Return a number as people read it, in one sign only; empty for None."""
    if value is None:
        return ""
    sign = "+" if signed else ""
    if unit == "percent":
        return f"{100.0 * value:{sign}z,.2f}%"
    return f"{value:{sign}z,.0f}" if unit == "count" else f"{value:{sign}z,.2f}"


def _row(
    label: str, unit: Unit, values: tuple[float | None, ...], baseline: float | None
) -> ComparisonRow:
    first, *others = values
    differences = tuple(
        None if first is None or other is None else other - first for other in others
    )
    return ComparisonRow(label, unit, values, baseline, differences)
