"""One variant in full, and some variants beside their parent over the same days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.episodes import EpisodeState
from jutsu_dagster.core.exploration_state import ExplorationState, TradeState
from jutsu_dagster.pipeline.views.accounts import Json, account_of, points
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, QuestionError, require_range
from jutsu_dagster.pipeline.views.comparing import METRICS, WINNER_RULE, differences, winner
from jutsu_dagster.pipeline.views.curves import curve_of, thinned
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.variant_curves import (
    VariantCurve,
    control_curve,
    shadow_curves,
)
from jutsu_dagster.pipeline.views.variant_rows import directional_parents
from jutsu_dagster.pipeline.views.variants import variant_row
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.storage import exploration_log
from jutsu_dagster.storage.exploration_log import Head

MOST = 50


def variant_detail(
    desk: ReadDesk,
    variant_id: str,
    count: int | None = None,
    page: int = 1,
    page_size: int = 100,
) -> Json:
    """Return one variant: its row, its summary, a page of its trades, its equity.

    Parameters
    ----------
    desk : ReadDesk
    variant_id : str
    count : int, optional
        At most so many points of ``equity``, first, last and extremes among them.
    page, page_size : int
        Of the trades, the newest first.

    Returns
    -------
    dict
        ``variant`` (a row of ``variant_list``); ``summary`` as the file
        ``reports/variant/<id>_summary.json`` has it, so with results as fractions; ``trades``:
        rows of time, type, dir, entry_px, exit_px, result and gross_result (percent points),
        exit_reason, regime, conf, bars_open; ``total_trades``, ``page``, ``page_size``;
        ``equity``: rows of time, value, cumulative_return, drawdown, and ``parent``: the same of
        the frozen parent over the same days.

    Raises
    ------
    UnknownError, QuestionError
    """
    row = variant_row(desk, variant_id)
    shadow = desk.book.shadows[variant_id]
    if page < 1 or not 1 <= page_size <= 500:  # noqa: PLR2004  (as trades)
        raise QuestionError("page", "must be >= 1, and page_size 1 to 500")
    frame = exploration_log.trades(desk.ledger.engine, AccountKey(variant_id, "shadow"))
    newest: list[Any] = frame.iloc[::-1].to_dict("records")
    begin = (page - 1) * page_size
    own, parent = _curves(desk, shadow)
    return {
        "variant": row,
        "summary": _summary(desk, shadow),
        "trades": [_trade(each) for each in newest[begin : begin + page_size]],
        "total_trades": len(newest),
        "page": page,
        "page_size": page_size,
        "equity": _points(own, count),
        "parent": _points(parent, count),
    }


def variant_compare(
    desk: ReadDesk,
    variant_ids: Sequence[str],
    first: date | None = None,
    last: date | None = None,
) -> Json:
    """Return variants of one parent beside it, over the days that all of them have.

    The parent is the control: its frozen parameters over the same bars. Where the variants were
    frozen from different parameters, it is the parent's paper account.

    Returns
    -------
    dict
        As ``comparing.compare``, the parent first: ``comparison`` (period, strategies,
        differences, winner), ``winner_rule``, ``parent_id``, ``parent_source`` (``control`` or
        ``paper``).

    Raises
    ------
    UnknownError, NothingRecordedError
    QuestionError
        For no id, more than MOST, one twice, or variants of different parents.
    """
    require_range(first, last)
    shadows = _asked(desk, variant_ids)
    parent_id = shadows[0].row.parent_id
    directional = directional_parents(desk).get(parent_id, True)
    kinds = {each.id: directional for each in shadows}
    curves = shadow_curves(desk.ledger, [each.id for each in shadows], kinds)
    lacking = [each.id for each in shadows if each.id not in curves]
    if lacking:
        raise NothingRecordedError(
            f"nothing is recorded of {', '.join(lacking)}; run `jutsu variants run`"
        )
    tracks = {each.row.base_params_hash for each in shadows}
    parent, source = None, "control"
    if len(tracks) == 1:
        parent = control_curve(desk.ledger, parent_id, tracks.pop(), directional=directional)
    if parent is None:
        parent, source = _paper(desk, parent_id), "paper"
    named = {parent_id: parent, **{each.id: curves[each.id] for each in shadows}}
    begin = max(each.days[0].item() for each in named.values())
    end = min(each.days[-1].item() for each in named.values())
    begin, end = max(begin, first or begin), min(end, last or end)
    parts = {id_: each.part(begin, end) for id_, each in named.items()}
    rows = {id_: _chosen(part) for id_, part in parts.items() if part is not None}
    if len(rows) < len(named):
        raise NothingRecordedError("no day is recorded of all of them; ask for other days")
    days = set.intersection(*(set(part.days.tolist()) for part in parts.values() if part))
    regimes = _regimes(desk, [each.id for each in shadows])
    strategies = {id_: row | {"current_regime": regimes.get(id_)} for id_, row in rows.items()}
    return {
        "comparison": {
            "period": {
                "start_date": begin.isoformat(),
                "end_date": end.isoformat(),
                "trading_days": len(days),
            },
            "strategies": strategies,
            "differences": differences(strategies),
            "winner": winner(strategies),
        },
        "winner_rule": WINNER_RULE,
        "parent_id": parent_id,
        "parent_source": source,
    }


def _asked(desk: ReadDesk, ids: Sequence[str]) -> list[Shadow]:
    if not 1 <= len(ids) <= MOST:
        raise QuestionError("variant_ids", f"must name 1 to {MOST} variants, not {len(ids)}")
    twice = [id_ for id_, count in Counter(ids).items() if count > 1]
    if twice:
        raise QuestionError("variant_ids", f"names {twice[0]} more than once")
    shadows = [desk.book.shadows[variant_row(desk, id_)["id"]] for id_ in ids]
    parents = sorted({each.row.parent_id for each in shadows})
    if len(parents) > 1:
        raise QuestionError("variant_ids", f"must be of one parent, not of {', '.join(parents)}")
    return shadows


def _curves(desk: ReadDesk, shadow: Shadow) -> tuple[VariantCurve | None, VariantCurve | None]:
    directional = directional_parents(desk).get(shadow.row.parent_id, True)
    own = shadow_curves(desk.ledger, [shadow.id], {shadow.id: directional}).get(shadow.id)
    if own is None:
        return None, None
    control = control_curve(
        desk.ledger, shadow.row.parent_id, shadow.row.base_params_hash, directional=directional
    )
    if control is None:
        return own, None
    return own, control.part(own.days[0].item(), own.days[-1].item())


def _paper(desk: ReadDesk, parent_id: str) -> VariantCurve:
    account = account_of(desk, parent_id, "paper")
    curve = curve_of(desk, account)
    days = curve.rows["session"].to_numpy().astype("datetime64[D]")
    return VariantCurve(days, curve.rows["equity"].to_numpy(), curve.capital, account.directional)


def _points(curve: VariantCurve | None, count: int | None) -> list[Json]:
    return [] if curve is None else curve.rows(thinned(curve.equity, count).tolist())


def _chosen(curve: VariantCurve) -> Json:
    metrics = curve.metrics()
    return {name: metrics[name] for name in METRICS}


def _regimes(desk: ReadDesk, ids: Sequence[str]) -> dict[str, str | None]:
    heads = exploration_log.latest(desk.ledger.engine, "shadow", ids)
    states = {id_: _state_of(head) for id_, head in heads.items()}
    return {id_: state.entry_regime for id_, state in states.items() if state.dir}


def _state_of(head: Head) -> TradeState:
    """Return the position and the counts in a checkpoint, of either kind of variant."""
    if "episodes" in head.state:
        return EpisodeState.from_dict(head.state["episodes"])
    return ExplorationState.from_dict(head.state)


def _summary(desk: ReadDesk, shadow: Shadow) -> Json | None:
    head = exploration_log.latest(desk.ledger.engine, "shadow", [shadow.id]).get(shadow.id)
    if head is None:
        return None
    state = _state_of(head)
    return {
        "variant_id": shadow.id,
        "symbol": head.symbol,
        "mutations": dict(shadow.row.mutations),
        "position": state.position,
        "stats": state.stats,
    }


def _trade(row: Mapping[str, Any]) -> Json:
    known = {name: None if pd.isna(value) else value for name, value in row.items()}
    bars = known["bars_open"]
    return {
        "time": row["ts"],
        "day": f"{row['day']:%Y-%m-%d}",
        "type": row["type"],
        "symbol": row["symbol"],
        "dir": int(row["dir"]),
        "entry_px": known["entry_px"],
        "exit_px": known["exit_px"],
        "result": points(known["pct"]),
        "gross_result": points(known["gross_pct"]),
        "exit_reason": known["exit_reason"],
        "regime": row["regime"],
        "conf": known["conf"],
        "bars_open": None if bars is None else int(bars),
    }
