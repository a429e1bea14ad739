"""Small made-up accounts for tests of what keeps and shows them; no engine is involved."""

from __future__ import annotations

from datetime import date

import numpy as np

from jutsu_dagster.core.account import AccountKey, AccountState, Fills, Segment
from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.calendar import sessions_between
from jutsu_dagster.storage.records import Provenance, RecordedPeriod

ACCOUNT = AccountKey("v3_5b", "backtest")
CAPITAL = 10_000.0
SYMBOLS = ("QQQ", "TMF", "PSQ")
REGIMES = {1: ("BullStrong", "Low"), 3: ("Sideways", "Low"), 4: ("Sideways", "High")}
PROVENANCE = Provenance("p" * 16, "7", "d" * 16, "c" * 16)


def fills_of(rows: list[tuple[int, int, int, float, float]]) -> Fills:
    """Return fills of (session row, column, shares, price, realised), valued by round numbers."""
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    row, column, shares = (table[:, at].astype(np.int64) for at in range(3))
    price, realised = table[:, 3], table[:, 4]
    commission = np.abs(shares) * 0.01
    value, cash = np.full(len(table), CAPITAL), np.full(len(table), CAPITAL / 2)
    return Fills(
        row=row,
        column=column,
        shares=shares,
        price=price,
        commission=commission,
        value_before=value,
        value_after=value - commission,
        cash_before=cash,
        cash_after=cash - shares * price - commission,
        realised=realised,
    )


def recorded_year(
    year: int, opening: AccountState | None = None, *, seed: int = 0, account: AccountKey = ACCOUNT
) -> RecordedPeriod:
    """Return a year of random but consistent sessions of three symbols, the last never held."""
    opening = opening or AccountState.open(CAPITAL)
    sessions = sessions_between(date(year, 1, 1), date(year, 12, 31))
    length = len(sessions)
    random = np.random.default_rng((year, seed))
    shares = np.zeros((length, 3), dtype=np.int64)
    shares[:, 0] = 20
    shares[length // 2 :, 1] = 5
    moves = 1 + random.normal(0, 0.01, (length, 3))
    marks: FloatArray = np.asarray(100.0 * np.cumprod(moves, axis=0), dtype=np.float64)
    marks[:10, 2] = np.nan
    cash = np.full(length, opening.cash / 3)
    equity = cash + (shares[:, :2] * marks[:, :2]).sum(axis=1)
    cells = random.choice([0, 1, 3, 4], length)
    weights = np.tile([0.6, 0.4, 0.0], (length, 1))
    closing = AccountState(
        initial_capital=opening.initial_capital,
        cash=float(cash[-1]),
        equity=float(equity[-1]),
        peak=max(opening.peak, float(equity.max())),
        session=sessions[-1].item(),
        shares={"QQQ": 20, "TMF": 5},
        basis={"QQQ": 2000.5, "TMF": 500.25},
        marks={"QQQ": float(marks[-1, 0]), "TMF": float(marks[-1, 1])},
        accepted={"QQQ": 0.6, "TMF": 0.4},
    )
    fills = [
        (0, 0, 20, 100.0, np.nan),
        (length // 2, 0, -3, 99.5, -12.5),
        (length // 2, 1, 5, 101.0, np.nan),
    ]
    segment = Segment(
        symbols=SYMBOLS,
        sessions=sessions,
        equity=equity,
        cash=cash,
        shares=shares,
        marks=marks,
        weights=weights,
        rebalanced=np.arange(length) % 50 == 0,
        fills=fills_of(fills),
        opening=opening,
        closing=closing,
    )
    return RecordedPeriod(
        account=account,
        strategy_class="Hierarchical_Adaptive_v3_5b",
        period=str(year),
        segment=segment,
        cells=cells,
        regimes=REGIMES,
        indicators={
            "T_norm": _with_gap(random.uniform(-1, 1, length)),
            "SMA_fast": _with_gap(marks[:, 0]),
            "vol_crush": random.random(length) < 0.1,
            "kf_pos": marks[:, 0],
        },
        baseline=CAPITAL * marks[:, 0] / 100.0,
        previous_equity=opening.equity,
        provenance=PROVENANCE,
        metrics={"total_return": float(equity[-1] / opening.equity - 1), "sessions": length},
    )


def recorded_years(first: int, last: int) -> list[RecordedPeriod]:
    """Return years that follow from each other."""
    periods: list[RecordedPeriod] = []
    for year in range(first, last + 1):
        opening = periods[-1].segment.closing if periods else None
        periods.append(recorded_year(year, opening))
    return periods


def _with_gap(values: FloatArray) -> FloatArray:
    values = values.copy()
    values[:3] = np.nan
    return values


def worked_example() -> RecordedPeriod:
    """Return five sessions whose numbers can be checked by hand; trading costs nothing.

    All of 10,000 is in QQQ for two sessions; on the third QQQ falls from 110 to 99, all of it is
    sold, 40 % goes into TMF; on the fifth TMF is sold and 93 QQQ are bought at 104.
    """
    qqq, tmf = [100.0, 110.0, 99.0, 105.0, 104.0], [20.0, 20.0, 22.0, 21.0, 21.0]
    shares = [[100, 0], [100, 0], [0, 180], [0, 180], [93, 0]]
    cash, equity = [0.0, 0.0, 5940.0, 5940.0, 48.0], [10_000.0, 11_000.0, 9900.0, 9720.0, 9720.0]
    opening = AccountState.open(CAPITAL)
    fills = Fills(
        row=np.array([0, 2, 2, 4, 4]),
        column=np.array([0, 0, 1, 1, 0]),
        shares=np.array([100, -100, 180, -180, 93]),
        price=np.array([100.0, 99.0, 22.0, 21.0, 104.0]),
        commission=np.zeros(5),
        value_before=np.array([10_000.0, 9900.0, 9900.0, 9720.0, 9720.0]),
        value_after=np.array([10_000.0, 9900.0, 9900.0, 9720.0, 9720.0]),
        cash_before=np.array([10_000.0, 0.0, 9900.0, 5940.0, 9720.0]),
        cash_after=np.array([0.0, 9900.0, 5940.0, 9720.0, 48.0]),
        realised=np.array([np.nan, -100.0, np.nan, -180.0, np.nan]),
    )
    segment = Segment(
        symbols=("QQQ", "TMF"),
        sessions=sessions_between(date(2020, 1, 6), date(2020, 1, 10)),
        equity=np.array(equity),
        cash=np.array(cash),
        shares=np.array(shares),
        marks=np.column_stack((qqq, tmf)),
        weights=np.array([[1.0, 0.0]] * 2 + [[0.0, 0.4]] * 2 + [[1.0, 0.0]]),
        rebalanced=np.array([True, False, True, False, True]),
        fills=fills,
        opening=opening,
        closing=AccountState(CAPITAL, 48.0, 9720.0, 11_000.0, date(2020, 1, 10), {"QQQ": 93}),
    )
    return RecordedPeriod(
        account=ACCOUNT,
        strategy_class="Hierarchical_Adaptive_v3_5b",
        period="2020",
        segment=segment,
        cells=np.array([1, 1, 4, 4, 1]),
        regimes=REGIMES,
        indicators={
            "z_score": np.array([np.nan, 0.5, 1.5, 1.25, -0.1]),
            "SMA_fast": np.array([np.nan, 101.0, 102.0, 103.0, 104.0]),
            "Bond_SMA_fast": np.full(5, 20.5),
            "vol_crush": np.array([False, False, True, False, False]),
            "kf_pos": np.array(qqq),
        },
        baseline=np.array(qqq) * 100.0,
        previous_equity=CAPITAL,
        provenance=PROVENANCE,
        metrics={},
    )
