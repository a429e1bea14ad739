"""The balance of long and short by the regime of entry."""

from __future__ import annotations

from typing import Any

from jutsu_dagster.reporting.balance import (
    HEADER,
    RegimeBalance,
    Side,
    balance_by_regime,
    balance_markdown,
    balance_rows,
)


def opened(side: int, regime: str) -> dict[str, Any]:
    return {"type": "open", "dir": side, "regime": regime}


def closed(side: int, regime: str, net: float, gross: float | None = None) -> dict[str, Any]:
    return {"type": "close", "dir": side, "regime": regime, "pct": net, "gross_pct": gross}


ROWS = [
    # Carried in from before: of the regime of its close.
    closed(1, "chop", 0.01, 0.02),
    opened(1, "trend_up"),
    closed(1, "chop", -0.02, -0.01),
    opened(-1, "trend_up"),
    closed(-1, "trend_down", 0.03, 0.04),
    opened(1, "trend_up"),
]


def test_a_trade_counts_where_it_was_entered() -> None:
    chop, trend = balance_by_regime(ROWS)
    assert chop == RegimeBalance("chop", Side(1, 1, 0.02, 0.01), Side())
    assert trend == RegimeBalance("trend_up", Side(1, 0, -0.01, -0.02), Side(1, 1, 0.04, 0.03))
    assert balance_by_regime([]) == ()


def test_without_costs_there_is_one_result() -> None:
    for gross in (None, float("nan")):
        (row,) = balance_by_regime([closed(-1, "chop", 0.05, gross)])
        assert row.short == Side(1, 1, 0.05, 0.05)


def test_the_last_line_is_of_all_regimes() -> None:
    rows = balance_rows(balance_by_regime(ROWS))
    assert [row[0] for row in rows] == ["chop", "trend_up", "all"]
    assert rows[-1][1:] == ["2", "50%", "+1.0%", "-1.0%", "1", "100%", "+4.0%", "+3.0%"]
    assert rows[0][5:] == ["0", "–", "+0.0%", "+0.0%"]
    lines = balance_markdown(balance_by_regime(ROWS)).splitlines()
    assert len(lines) == 5
    assert all(line.count("|") == len(HEADER) + 1 for line in lines)
