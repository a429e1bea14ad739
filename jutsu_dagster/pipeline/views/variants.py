"""Variants: all of them beside their parents, filtered, sorted, a page at a time."""

from __future__ import annotations

from typing import Literal

from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.asked import QuestionError, UnknownError
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.variant_rows import variant_rows
from jutsu_dagster.registry.shadow_rows import Status

SortKey = Literal[
    "id", "parent_id", "status", "created_partition", "trades", "total_return", "max_drawdown",
    "sharpe_ratio", "profit_factor", "difference",
]  # fmt: skip
MOST_A_PAGE = 1000


def variant_list(
    desk: ReadDesk,
    parent_id: str | None = None,
    status: Status | None = None,
    sort: SortKey = "id",
    page: int = 1,
    page_size: int = MOST_A_PAGE,
    *,
    descending: bool = False,
) -> Json:
    """Return a page of the shadow registry's variants with where their accounts stand.

    Parameters
    ----------
    desk : ReadDesk
    parent_id, status : str, optional
        Only those of a parent, only those of a status.
    sort : SortKey
        Undefined values come last, whichever way round.
    page, page_size : int
        From 1; at most MOST_A_PAGE.
    descending : bool

    Returns
    -------
    dict
        ``variants``: rows of ``id``, ``strategy_id`` (the same), ``parent_id``, ``symbol``,
        ``status``, ``runs``, ``rebased``, ``mutations``, ``changes`` (rows of parameter, base,
        value), ``clamped``, ``created_partition``, ``first_day``, ``last_day``, ``days``,
        ``trades``, ``wins``, ``losses``, ``win_rate``, ``profit_factor``, ``total_pnl`` and
        ``gross_pnl`` (sums of the trades' results, percent points of the stake), ``position``,
        ``equity``, ``initial_capital``, the metrics ``total_return``, ``cagr``, ``volatility``,
        ``sharpe_ratio``, ``sortino_ratio``, ``max_drawdown``; ``parent_return`` (the frozen
        parent over the same days) and ``difference`` (the variant's minus it); ``reason``,
        ``source``, ``notes``. And ``parents`` (the ids that have any), ``faults`` (lines set
        aside), ``total``, ``page``, ``page_size``, ``total_pages``.

    Raises
    ------
    UnknownError
        For a parent that has no variant and is not registered.
    QuestionError
    """
    if page < 1:
        raise QuestionError("page", f"({page}) must be >= 1")
    if not 1 <= page_size <= MOST_A_PAGE:
        raise QuestionError("page_size", f"({page_size}) must be 1 to {MOST_A_PAGE}")
    rows = variant_rows(desk)
    parents = list(dict.fromkeys(row["parent_id"] for row in rows))
    if parent_id is not None and parent_id not in {*parents, *desk.registry.entries}:
        raise UnknownError("parent", parent_id, [*parents, *desk.registry.entries])
    chosen = [
        row
        for row in rows
        if parent_id in {None, row["parent_id"]} and status in {None, row["status"]}
    ]
    known = [row for row in chosen if row[sort] is not None]
    known.sort(key=lambda row: row[sort], reverse=descending)
    chosen = known + [row for row in chosen if row[sort] is None]
    begin = (page - 1) * page_size
    return {
        "variants": chosen[begin : begin + page_size],
        "parents": parents,
        "faults": [str(fault) for fault in desk.book.faults],
        "total": len(chosen),
        "page": page,
        "page_size": page_size,
        "total_pages": -(-len(chosen) // page_size),
    }


def variant_row(desk: ReadDesk, variant_id: str) -> Json:
    """Return one row of ``variant_list``; raise UnknownError if there is none."""
    rows = variant_rows(desk)
    for row in rows:
        if row["id"] == variant_id:
            return dict(row)
    more = ""
    if variant_id in desk.book.broken:
        more = "; ".join(str(fault) for fault in desk.book.broken[variant_id])
    raise UnknownError("variant", variant_id, [row["id"] for row in rows], more)
