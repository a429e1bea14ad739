"""The pages, by their paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dash.development.base_component import Component

from jutsu_dagster.dashboard.pages import (
    backtest,
    home,
    nightly,
    performance,
    promotions,
    trades,
    variants,
)
from jutsu_dagster.dashboard.scene import Scene


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes
    ----------
    draw : callable
        From a scene to what is shown.
    selects, ranges : bool
        Whether the selector and the range of days matter to it.
    everyone : bool
        Whether no selection means all strategies, not the primary.
    """

    draw: Callable[[Scene], Component]
    selects: bool = True
    ranges: bool = False
    everyone: bool = False


PAGES: Mapping[str, Page] = MappingProxyType(
    {
        "/": Page(home.draw),
        "/performance": Page(performance.draw, ranges=True),
        "/backtest": Page(backtest.draw, ranges=True),
        "/trades": Page(trades.draw, ranges=True, everyone=True),
        "/variants": Page(variants.draw, selects=False),
        "/promotions": Page(promotions.draw, selects=False),
        "/nightly": Page(nightly.draw, selects=False),
    }
)
