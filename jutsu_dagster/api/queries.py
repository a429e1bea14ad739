"""What may be asked: parameters with their bounds; an unknown one is refused, not ignored."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from jutsu_dagster.api.models.base import Mode
from jutsu_dagster.pipeline.views.trades import MOST_A_PAGE, TradeFilter
from jutsu_dagster.pipeline.views.variants import MOST_A_PAGE as MOST_VARIANTS
from jutsu_dagster.pipeline.views.variants import SortKey
from jutsu_dagster.registry.shadow_rows import Status
from jutsu_dagster.storage.promotion_rows import Status as ProposalStatus


def _iso(value: object) -> object:
    """Return a date's text; a number is none, though Pydantic would read it as seconds."""
    if isinstance(value, str) and not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("must be an ISO date, such as 2025-01-31")
    return value


_LAST_PAGE = 1_000_000
# The views hold to it, and name the one that stands twice.
_ONCE: dict[str, JsonValue] = {"uniqueItems": True}
Id = Annotated[str, Field(min_length=1, max_length=100)]
StrategyId = Annotated[Id | None, Field(description="Default: the primary")]
Page = Annotated[int, Field(ge=1, le=_LAST_PAGE)]
Points = Annotated[
    int | None,
    Field(ge=4, le=100_000, description="At most so many; first, last and extremes are kept"),
]
IsoDate = Annotated[date, BeforeValidator(_iso)]
First = Annotated[IsoDate | None, Field(description="First day, inclusive")]
Last = Annotated[IsoDate | None, Field(description="Last day, inclusive")]


class Query(BaseModel):
    """Parameters of a question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells this question from others."""
        return tuple(
            tuple(value) if isinstance(value, list) else value
            for value in (getattr(self, name) for name in type(self).model_fields)
        )


class NoQuery(Query):
    """A question without parameters."""


class RangeQuery(Query):
    """An account over a range."""

    strategy_id: StrategyId = None
    mode: Mode = "paper"
    start_date: First = None
    end_date: Last = None


class CurveQuery(RangeQuery):
    """An account's curve."""

    points: Points = None


class CompareQuery(Query):
    """Strategies side by side."""

    strategy_ids: Annotated[list[Id], Field(min_length=2, max_length=20, json_schema_extra=_ONCE)]
    mode: Mode = "paper"
    start_date: First = None
    end_date: Last = None


class BacktestQuery(Query):
    """A recorded backtest."""

    strategy_id: Annotated[
        Id | None, Field(description="An id, or a name of /backtest/strategies; default: primary")
    ] = None
    start_date: First = None
    end_date: Last = None
    points: Points = None


class BacktestCompareQuery(Query):
    """Recorded backtests side by side."""

    strategy_ids: Annotated[list[Id], Field(min_length=2, max_length=20, json_schema_extra=_ONCE)]
    start_date: First = None
    end_date: Last = None


class TradesQuery(Query):
    """Which executed orders."""

    strategy_id: Annotated[
        list[Id], Field(max_length=100, description="Repeatable; default: all strategies")
    ] = []
    mode: Mode = "paper"
    symbol: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9.^=_-]{1,20}$")] = None
    side: Literal["BUY", "SELL"] | None = None
    start_date: First = None
    end_date: Last = None

    @property
    def wanted(self) -> TradeFilter:
        """The filter of the view."""
        return TradeFilter(
            self.mode, tuple(self.strategy_id), self.symbol, self.side, self.start_date,
            self.end_date,
        )  # fmt: skip


class TradePageQuery(TradesQuery):
    """A page of executed orders."""

    page: Page = 1
    page_size: Annotated[int, Field(ge=1, le=MOST_A_PAGE)] = 100
    order: Literal["newest", "oldest"] = "newest"


class VariantsQuery(Query):
    """A page of variants."""

    parent_id: Id | None = None
    status: Status | None = None
    sort: SortKey = "id"
    order: Literal["ascending", "descending"] = "ascending"
    page: Page = 1
    page_size: Annotated[int, Field(ge=1, le=MOST_VARIANTS)] = MOST_VARIANTS


class VariantQuery(Query):
    """One variant."""

    points: Points = None
    page: Page = 1
    page_size: Annotated[int, Field(ge=1, le=500)] = 100


class VariantCompareQuery(Query):
    """Variants beside their parent."""

    variant_ids: Annotated[list[Id], Field(min_length=1, max_length=50, json_schema_extra=_ONCE)]
    start_date: First = None
    end_date: Last = None


class PromotionsQuery(Query):
    """Which proposals."""

    parent_id: Id | None = None
    status: ProposalStatus | None = None
