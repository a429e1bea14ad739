"""What the pages ask of the views; every number keeps the question that it answers."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.pipeline.views import (
    backtests,
    comparing,
    nightly,
    performance,
    promotions,
    regimes,
    status,
    strategies,
    trades,
    variant_pages,
    variants,
)
from jutsu_dagster.pipeline.views.accounts import ShownMode
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.trades import TradeFilter

_MOST = 200


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """An answer with its question.

    Attributes
    ----------
    url : str
        As the API is asked for the same.
    body : dict
    """

    url: str
    body: Any

    def at(self, path: str) -> Any:
        """Return what stands at a path such as ``metrics/cagr``."""
        found = self.body
        for part in path.split("/"):
            found = found[int(part)] if isinstance(found, list) else found[part]
        return found


class Asked:
    """The views, each asked once for as long as nothing changes.

    Parameters
    ----------
    desk : ReadDesk
    """

    def __init__(self, desk: ReadDesk) -> None:
        self.desk = desk
        self._kept: OrderedDict[str, tuple[Hashable, Answer]] = OrderedDict()
        self._lock = threading.Lock()

    def mark(self) -> str:
        """Return what is another text whenever a page would be another, its faults included."""
        try:
            found = repr(self.desk.stamp())
        except (JutsuError, OSError) as error:
            found = str(error)
        return hashlib.blake2b(found.encode(), digest_size=8).hexdigest()

    def status(self) -> Answer:
        """Return the project at a glance."""
        return self._ask("status", {}, lambda: status.status(self.desk))

    def strategy(self, id_: str) -> Answer:
        """Return all of one strategy."""
        return self._ask(
            f"strategies/{id_}", {}, lambda: strategies.strategy_detail(self.desk, id_)
        )

    def performance(
        self, id_: str, mode: ShownMode, first: date | None, last: date | None
    ) -> Answer:
        """Return what an account did."""
        return self._ask(
            "performance", _account(id_, mode, first, last),
            lambda: performance.performance(self.desk, id_, mode, first, last),
        )  # fmt: skip

    def equity(self, id_: str, mode: ShownMode, first: date | None, last: date | None) -> Answer:
        """Return an account's equity."""
        return self._ask(
            "performance/equity-curve", _account(id_, mode, first, last),
            lambda: performance.equity_curve(self.desk, id_, mode, first, last),
        )  # fmt: skip

    def drawdown(self, id_: str, mode: ShownMode, first: date | None, last: date | None) -> Answer:
        """Return how far an account was below its highest."""
        return self._ask(
            "performance/drawdown", _account(id_, mode, first, last),
            lambda: performance.drawdown(self.desk, id_, mode, first, last),
        )  # fmt: skip

    def regimes(self, id_: str, mode: ShownMode, first: date | None, last: date | None) -> Answer:
        """Return what each regime earned."""
        return self._ask(
            "performance/regime-breakdown", _account(id_, mode, first, last),
            lambda: regimes.regime_breakdown(self.desk, id_, mode, first, last),
        )  # fmt: skip

    def compare(
        self, ids: Sequence[str], mode: ShownMode, first: date | None, last: date | None
    ) -> Answer:
        """Return accounts side by side."""
        return self._ask(
            "performance/compare", {"strategy_ids": list(ids), **_range(mode, first, last)},
            lambda: comparing.compare(self.desk, ids, mode, first, last),
        )  # fmt: skip

    def backtest(self, id_: str, first: date | None, last: date | None) -> Answer:
        """Return a recorded backtest: its whole, a range, its years; of the curve only the ends."""
        asked = {"strategy_id": id_, "start_date": first, "end_date": last, "points": _FEW}
        return self._ask(
            "backtest/data", asked,
            lambda: backtests.backtest_data(self.desk, id_, first, last, _FEW),
        )  # fmt: skip

    def trades(self, wanted: TradeFilter, page: int, page_size: int) -> Answer:
        """Return a page of executed orders."""
        asked = {**trades_query(wanted), "page": page, "page_size": page_size}
        return self._ask("trades", asked, lambda: trades.trades(self.desk, wanted, page, page_size))

    def variants(self, parent_id: str | None = None) -> Answer:
        """Return all variants, or those of one parent."""
        return self._ask(
            "variants", {"parent_id": parent_id, "page_size": variants.MOST_A_PAGE},
            lambda: variants.variant_list(self.desk, parent_id),
        )  # fmt: skip

    def variant(self, id_: str, count: int | None = None) -> Answer:
        """Return one variant with its trades and curve."""
        return self._ask(
            f"variants/{id_}", {"points": count},
            lambda: variant_pages.variant_detail(self.desk, id_, count),
        )  # fmt: skip

    def variants_compared(self, ids: Sequence[str]) -> Answer:
        """Return variants of one parent beside it."""
        return self._ask(
            "variants/compare", {"variant_ids": list(ids)},
            lambda: variant_pages.variant_compare(self.desk, ids),
        )  # fmt: skip

    def night(self, day: date | None) -> Answer:
        """Return what a night did."""
        path = "nightly/latest" if day is None else f"nightly/{day}"
        return self._ask(path, {}, lambda: nightly.nightly(self.desk, day))

    def promotions(self) -> Answer:
        """Return all proposals."""
        return self._ask("promotions", {}, lambda: promotions.promotion_list(self.desk))

    def promotion(self, id_: str) -> Answer:
        """Return one proposal with its evidence."""
        return self._ask(
            f"promotions/{id_}", {}, lambda: promotions.promotion_detail(self.desk, id_)
        )

    def _ask(self, path: str, params: dict[str, Any], build: Callable[[], Any]) -> Answer:
        given = {name: value for name, value in params.items() if value not in (None, [], ())}
        query = urlencode(given, doseq=True)
        url = f"/api/{path}?{query}" if query else f"/api/{path}"
        # Taken before reading: what is committed meanwhile makes the next answer another.
        stamp = self.desk.stamp()
        with self._lock:
            found = self._kept.get(url)
            if found is not None and found[0] == stamp:
                self._kept.move_to_end(url)
                return found[1]
        answer = Answer(url, build())
        with self._lock:
            self._kept[url] = (stamp, answer)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return answer


_FEW = 4


def trades_query(wanted: TradeFilter) -> dict[str, Any]:
    """Return a filter as the API's query has it."""
    return {
        "mode": wanted.mode,
        "strategy_id": list(wanted.strategy_ids),
        "symbol": wanted.symbol,
        "side": wanted.side,
        "start_date": wanted.first,
        "end_date": wanted.last,
    }


def _account(id_: str, mode: str, first: date | None, last: date | None) -> dict[str, Any]:
    return {"strategy_id": id_, **_range(mode, first, last)}


def _range(mode: str, first: date | None, last: date | None) -> dict[str, Any]:
    return {"mode": mode, "start_date": first, "end_date": last}
