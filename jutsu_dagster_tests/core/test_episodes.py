"""Holding episodes as trades: worked by hand, chained to the account's growth, cut anywhere."""

from __future__ import annotations

import itertools
import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jutsu_dagster.core.account import AccountState, Segment
from jutsu_dagster.core.bars import PRICE_FIELDS, Bars, FloatArray
from jutsu_dagster.core.engine import Terms, Timing, run_segment
from jutsu_dagster.core.episodes import EpisodeState, boundaries, trade_episodes
from jutsu_dagster.core.errors import DataError, StrategyError
from jutsu_dagster_tests.walks import bars_of, walk, with_split

SYMBOLS = ("QQQ", "PSQ", "TLT")
EXPOSURES = {"QQQ": 1.0, "TQQQ": 3.0, "PSQ": -1.0, "TLT": 0.0, "TMF": 0.0}
TIMINGS: list[Timing] = ["close", "next_open", "next_close"]
MIXES = np.array(
    [
        [1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.6, 0.0, 0.0], [0.0, 0.0, 0.0, 0.5],
        [0.4, 0.0, 0.6, 0.0], [0.5, 0.0, 0.0, 0.3], [0.7, 0.0, 0.3, 0.0],
    ]
)  # fmt: skip


def carried(
    bars: Bars, codes: Any, table: FloatArray, terms: Terms, state: AccountState, span: slice
) -> Segment:
    return run_segment(
        bars, np.asarray(codes, dtype=np.int64), table, terms, state,
        min_weight_change=0.0, start=span.start, stop=span.stop,
    )  # fmt: skip


def counted(segment: Segment, state: EpisodeState, labels: list[str]) -> Any:
    return trade_episodes(
        segment, state, EXPOSURES, labels, symbol="QQQ", variant_id="v", gross=True
    )


def by_hand() -> Segment:
    """Return ten thousand through five episodes; a share costs 1 to trade and nothing else."""
    close = [
        [100, 50, 20], [100, 50, 20], [105, 48, 20], [110, 50, 20],
        [110, 40, 20], [110, 40, 22], [110, 40, 22], [120, 40, 22],
    ]  # fmt: skip
    table = np.array([[1, 0, 0], [0, 0.5, 0], [0, 0, 0.5], [0.5, 0, 0.5], [0, 0, 0]], dtype=float)
    return carried(
        bars_of(close, symbols=SYMBOLS), [-1, 0, 0, 1, 2, 3, 4, 4], table,
        Terms(commission_per_share=1.0, slippage_rate=0.0), AccountState.open(10_000.0),
        slice(0, 8),
    )  # fmt: skip


def test_episodes_worked_by_hand() -> None:
    segment = by_hand()
    labels = [f"cell {row}" for row in range(8)]
    state, rows = counted(segment, EpisodeState(), labels)
    days = [f"{day}T00:00:00Z" for day in segment.sessions.tolist()]
    closes = [row for row in rows if row["type"] == "close"]
    # 99 shares for 9,999, worth 9,901 after it; sold at 110 for 109 each: 10,792.
    # Half of it: 105 of the inverse for 5,355, worth 10,687 after it; sold at 40 for 39: 9,532.
    # 226 bonds for 4,746, 9,306 after it; at 22 the account is worth 9,758 and buys 43 shares
    # for 4,773, 9,715 after it; both are sold: 13 + 43 * 109 + 226 * 21 = 9,446.
    values = [10_000.0, 10_792.0, 9_532.0, 9_758.0, 9_446.0]
    befores, helds = [10_891.0, 9_637.0, 9_758.0, 9_715.0], [9_901.0, 10_687.0, 9_306.0, 9_715.0]
    assert [(row["entry_px"], row["exit_px"]) for row in closes] == list(itertools.pairwise(values))
    assert [row["pct"] for row in closes] == [b / a - 1 for a, b in itertools.pairwise(values)]
    assert [row["gross_pct"] for row in closes] == [
        before / held - 1 for before, held in zip(befores, helds, strict=True)
    ]
    # Long, the inverse fund, bonds alone, and shares beside bonds.
    assert [row["dir"] for row in closes] == [1, -1, 1, 1]
    assert [row["bars_open"] for row in closes] == [2, 1, 1, 1]
    assert [row["regime"] for row in closes] == ["cell 3", "cell 4", "cell 5", "cell 6"]
    assert [(row["ts"], row["type"]) for row in rows] == [
        (days[1], "open"), (days[3], "close"), (days[3], "open"), (days[4], "close"),
        (days[4], "open"), (days[5], "close"), (days[5], "open"), (days[6], "close"),
    ]  # fmt: skip
    assert rows[0] == {
        "ts": days[1], "type": "open", "symbol": "QQQ", "variant_id": "v", "dir": 1,
        "entry_px": 10_000.0, "regime": "cell 1", "conf": None, "mutated_threshold": None,
    }  # fmt: skip
    assert list(rows[1]) == [
        "ts", "type", "symbol", "variant_id", "dir", "entry_px", "exit_px", "pct", "gross_pct",
        "exit_reason", "regime", "bars_open",
    ]  # fmt: skip
    assert state.position == {"dir": 0, "entry_px": None, "bars_open": 0}
    assert (state.exp_trades, state.wins, state.losses) == (4, 2, 2)
    won, lost = 792 / 10_000 + 226 / 9_532, 1_260 / 10_792 + 312 / 9_758
    assert state.stats["exp_pf"] == pytest.approx(won / lost, rel=1e-12)
    assert state.stats["total_pnl"] == sum(row["pct"] for row in closes)
    assert state.gross_stats["total_pnl"] == sum(row["gross_pct"] for row in closes)
    assert np.prod([1 + row["pct"] for row in closes]) == pytest.approx(0.9446, rel=1e-12)


def test_an_open_episode_says_where_it_began() -> None:
    segment = carried(
        bars_of([[100, 50, 20]] * 4, symbols=SYMBOLS), [-1, 0, 0, 0], np.eye(3)[:1],
        Terms(commission_per_share=1.0, slippage_rate=0.0), AccountState.open(10_000.0),
        slice(0, 4),
    )  # fmt: skip
    state, rows = counted(segment, EpisodeState(), ["none", "cell 1", "cell 2", "cell 2"])
    assert len(rows) == 1
    assert state.position == {"dir": 1, "entry_px": 10_000.0, "bars_open": 2}
    assert (state.entry_regime, state.held_px) == ("cell 1", 9_901.0)
    assert state.entry_bar == f"{segment.sessions[1]}T00:00:00Z"
    assert state.last_bar == f"{segment.sessions[3]}T00:00:00Z"
    assert state.stats["exp_trades"] == 0


@cache
def history(seed: int, timing: Timing) -> tuple[Bars, tuple[int, ...], Segment]:
    """Return 120 random sessions, with days without a bar and splits that leave fractions."""
    bars = walk(("QQQ", "PSQ", "TQQQ", "TMF"), 120, seed, late={"TMF": 20}, volatility=0.03)
    bars = with_split(with_split(bars, "QQQ", 50, 2.5), "TQQQ", 80, 0.3)
    for name in (*PRICE_FIELDS, "volume"):
        getattr(bars, name)[[60, 61, 95], [0, 0, 2]] = np.nan
    rng = np.random.default_rng(seed)
    codes = tuple(np.repeat(rng.integers(-1, len(MIXES), 60), 2).tolist())
    whole = carried(
        bars, codes, MIXES, Terms(timing=timing), AccountState.open(10_000.0), slice(0, 120)
    )
    return bars, codes, whole


MARKETS = [(seed, timing) for seed in range(3) for timing in TIMINGS]
LABELS = [f"cell {row % 6 + 1}" for row in range(120)]


@pytest.mark.parametrize(("seed", "timing"), MARKETS)
def test_episodes_multiply_to_the_growth_of_the_account(seed: int, timing: Timing) -> None:
    _, _, whole = history(seed, timing)
    state, rows = counted(whole, EpisodeState(), LABELS)
    closes = [row for row in rows if row["type"] == "close"]
    assert {row["dir"] for row in closes} == {-1, 1}
    assert len(closes) > 20
    edges = [edge.value for edge in boundaries(whole.fills)]
    values = [10_000.0, *edges, float(whole.equity[-1])]
    episodes = [end / begin for begin, end in itertools.pairwise(values)]
    growth = whole.equity[-1] / 10_000.0
    assert np.prod(episodes) == pytest.approx(growth, rel=1e-12)
    # Cash earns nothing, so that the trades, the open one included, make all of it.
    held = float(whole.equity[-1]) / state.entry_px if state.entry_px else 1.0
    traded = np.prod([1 + row["pct"] for row in closes]) * held
    assert traded == pytest.approx(growth, rel=1e-12)
    # Equal only where a sale begins an episode and a purchase ends it: neither is its cost.
    assert all(row["gross_pct"] >= row["pct"] for row in closes)
    assert state.gross_stats["total_pnl"] > state.stats["total_pnl"]


@given(cuts=st.lists(st.integers(0, 120), max_size=8), market=st.sampled_from(MARKETS))
@settings(max_examples=40, deadline=None)
def test_any_cut_gives_the_bits_of_the_whole(cuts: list[int], market: tuple[int, Timing]) -> None:
    bars, codes, whole = history(*market)
    once, expected = counted(whole, EpisodeState(), LABELS)
    assert once.exp_trades > 20
    assert pieces(bars, codes, market[1], [0, *sorted(cuts), 120]) == (once, expected)


@pytest.mark.parametrize("market", MARKETS)
def test_day_by_day_gives_the_bits_of_the_whole(market: tuple[int, Timing]) -> None:
    bars, codes, whole = history(*market)
    assert pieces(bars, codes, market[1], list(range(121))) == counted(
        whole, EpisodeState(), LABELS
    )


def pieces(
    bars: Bars, codes: tuple[int, ...], timing: Timing, edges: list[int]
) -> tuple[EpisodeState, list[dict[str, Any]]]:
    """Carry account and episodes from edge to edge, each time from the last one's JSON."""
    account, state, rows = AccountState.open(10_000.0), EpisodeState(), []
    for start, stop in itertools.pairwise(edges):
        if start == stop:
            continue
        known = bars.head(stop)
        piece = carried(known, codes[:stop], MIXES, Terms(timing=timing), account,
                        slice(start, stop))  # fmt: skip
        account = AccountState.from_dict(json.loads(json.dumps(piece.closing.to_dict())))
        closing, found = counted(piece, state, LABELS[start:stop])
        state = EpisodeState.from_dict(json.loads(json.dumps(closing.to_dict())))
        assert state.digest == closing.digest
        rows.extend(found)
    return state, rows


def test_what_cannot_be_counted_is_refused() -> None:
    segment = by_hand()
    state, _ = counted(segment, EpisodeState(), ["none"] * 8)
    with pytest.raises(DataError, match="comes again"):
        counted(segment, state, ["none"] * 8)
    with pytest.raises(StrategyError, match="7 regime labels for 8 sessions"):
        counted(segment, EpisodeState(), ["none"] * 7)
    bars, codes, whole = history(0, "close")
    half = carried(bars, codes, MIXES, Terms(), AccountState.open(10_000.0), slice(0, 60))
    assert half.closing.shares
    rest = carried(bars, codes, MIXES, Terms(), half.closing, slice(60, 120))
    assert rest.closing == whole.closing
    with pytest.raises(DataError, match="no episode is open"):
        counted(rest, EpisodeState(), LABELS[60:])
