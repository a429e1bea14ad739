"""Closed trades of a directional account by the regime they were entered in, long and short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HEADER = (
    "entered in", "long", "wins", "gross", "net", "short", "wins", "gross", "net",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """Trades of one direction: how many, how many won, and their results, fractions of a stake."""

    trades: int = 0
    wins: int = 0
    gross: float = 0.0
    net: float = 0.0

    def with_one(self, net: float, gross: float) -> Side:
        """Return these and one more."""
        return Side(self.trades + 1, self.wins + (net > 0), self.gross + gross, self.net + net)


@dataclass(frozen=True, slots=True)
class RegimeBalance:
    """The closed trades that were entered in one regime."""

    regime: str
    long: Side
    short: Side


def balance_by_regime(rows: Iterable[Mapping[str, Any]]) -> tuple[RegimeBalance, ...]:
    """Return the balance of openings and closings in order, by regime in order of the alphabet.

    A position that was open before the first row counts by the regime of its close.
    """
    entered: str | None = None
    found: dict[str, dict[int, Side]] = {}
    for row in rows:
        if row["type"] == "open":
            entered = str(row["regime"])
            continue
        sides = found.setdefault(entered or str(row["regime"]), {1: Side(), -1: Side()})
        net, gross = float(row["pct"]), row.get("gross_pct")
        # Without costs there is one result.
        before = net if gross is None or gross != gross else float(gross)  # noqa: PLR0124
        sides[int(row["dir"])] = sides[int(row["dir"])].with_one(net, before)
        entered = None
    return tuple(RegimeBalance(name, found[name][1], found[name][-1]) for name in sorted(found))


def balance_rows(balance: Sequence[RegimeBalance]) -> list[list[str]]:
    """Return the balance as text, under HEADER, with a line for all regimes."""
    long, short = _sum([each.long for each in balance]), _sum([each.short for each in balance])
    lines = [*balance, RegimeBalance("all", long, short)]
    return [[each.regime, *_cells(each.long), *_cells(each.short)] for each in lines]


def balance_markdown(balance: Sequence[RegimeBalance]) -> str:
    """Return the balance as a Markdown table."""
    lines = [HEADER, ["---"] * len(HEADER), *balance_rows(balance)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _sum(sides: Sequence[Side]) -> Side:
    return Side(
        sum(side.trades for side in sides), sum(side.wins for side in sides),
        sum(side.gross for side in sides), sum(side.net for side in sides),
    )  # fmt: skip


def _cells(side: Side) -> list[str]:
    share = f"{side.wins / side.trades:.0%}" if side.trades else "–"
    return [str(side.trades), share, f"{side.gross:+.1%}", f"{side.net:+.1%}"]
