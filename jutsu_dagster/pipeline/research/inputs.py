"""What research knows after a day: subjects, closed trades, activity, open positions, standings.

Everything is cut at the end of the day, whatever the ledger holds of later ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.exploration_state import ExplorationState, TradeState
from jutsu_dagster.core.timeframe import table_of, timeframe_of
from jutsu_dagster.pipeline.day_book import open_book
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.paper_episodes import paper_episodes
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.research.trades import Json, Subject, Trade, known_by, read_trades
from jutsu_dagster.storage import exploration_log, research_log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.research_log import Reach
from jutsu_dagster.strategies.base import AllocationStrategy, Strategy
from jutsu_dagster.strategies.directional import DirectionalStrategy

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of all subjects after a day.

    Attributes
    ----------
    trades : tuple of Trade
        Closed ones, in order of time.
    activity : mapping of id to counts
        ``bars`` that each paper account has seen.
    positions : list of dict
        Open ones: strategy_id, symbol, dir, entry_px, bars_open, since, regime.
    """

    trades: tuple[Trade, ...]
    activity: dict[str, dict[str, int]]
    positions: list[Json]


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a strategy has traded a day.

    Attributes
    ----------
    strategy_id : str
    missing : date or None
        The first session up to the day that is not recorded.
    reason : str
        Why it is not, or why the strategy cannot trade at all: it failed, there are no bars.
        Empty where nobody tried yet, and where nothing is missing.
    due : bool
        Whether the day itself is a session of its account.
    """

    strategy_id: str
    missing: date | None = None
    reason: str = ""
    due: bool = False

    @property
    def note(self) -> str:
        """What is to be said of it in the summary; empty where all is well."""
        if not self.reason:
            return ""
        since = f" since {self.missing}" if self.missing else ""
        return f"{self.strategy_id} has not traded{since}: {self.reason}"


def subjects_of(registry: StrategyRegistry) -> tuple[Subject, ...]:
    """Return the strategies that research looks at: those that trade on paper and are sound."""
    return tuple(
        Subject(entry.id, entry.config.strategy.signal_of_record, round_trip_cost(entry.config))
        for entry in paper_entries(registry)
        if entry.config is not None
    )


def round_trip_cost(config: StrategyConfig) -> float:
    """Return what an entry and an exit cost, as a fraction of the price.

    Of an allocation the slippage of both; its commission is money a share.
    """
    if isinstance(config.strategy, DirectionalStrategy):
        return config.strategy.rules.round_trip_cost
    return 2.0 * config.slippage_rate


def known(desk: ResearchDesk, day: date) -> Known:
    """Return what the paper accounts of all subjects had done by the end of ``day``.

    A strategy that is broken, has failed or lacks bars is known as far as it went.

    Raises
    ------
    DataError
        If a strategy has not traded the day and nobody tried, or none has, naming what to run;
        or if a recorded trade has no result.
    LedgerError
        If the ledger cannot be read.
    """
    _require_traded(standings(desk, day), day)
    ledger, strategies = desk.ledger, _strategies(desk.registry)
    reached = research_log.reaches(ledger.engine, list(strategies), day)
    rows, positions = _directional(ledger, strategies, day)
    for id_, strategy in strategies.items():
        if not isinstance(strategy, AllocationStrategy) or id_ not in reached:
            continue
        state, trades = paper_episodes(ledger, id_, strategy, day)
        rows += trades
        if state.dir:
            positions.append(_position(id_, strategy, state))
    order = {id_: place for place, id_ in enumerate(strategies)}
    positions.sort(key=lambda row: order[row["strategy_id"]])
    activity = {id_: {"bars": reached[id_].bars} for id_ in strategies if id_ in reached}
    return Known(known_by(read_trades(rows), day), activity, positions)


def standings(desk: ResearchDesk, day: date) -> list[Standing]:
    """Return whether each strategy that trades on paper has traded up to ``day``, in order.

    A strategy without ``paper.start``, or before it, lacks nothing.

    Raises
    ------
    LedgerError
        If the ledger cannot be read.
    """
    engine, entries = desk.ledger.engine, paper_entries(desk.registry)
    reached = research_log.reaches(engine, [entry.id for entry in entries], day)
    found = []
    for entry in entries:
        if entry.config is None:
            why = f"its configuration is broken ({entry.faults[0]})"
            found.append(Standing(entry.id, reason=why))
            continue
        missing = _missing(entry.config, desk.ledger, reached.get(entry.id), day)
        reach = reached.get(entry.id)
        began = missing is not None or reach is not None
        due = began and bool(_open_days(entry.config, day, day))
        why = "" if missing is None else _reason(desk, entry.config, missing, day)
        found.append(Standing(entry.id, missing, why, due))
    return found


def _missing(config: StrategyConfig, ledger: Ledger, reach: Reach | None, day: date) -> date | None:
    """Return the first session up to ``day`` that a paper account lacks."""
    first = open_book(config, ledger).first if reach is None else reach.last + _DAY
    if first is None or first > day:
        return None
    return next(iter(_open_days(config, first, day)), None)


def _open_days(config: StrategyConfig, first: date, last: date) -> list[date]:
    days = timeframe_of(table_of(config.strategy.timeframe)).open_days(first, last)
    return [day.item() for day in days]


def _reason(desk: ResearchDesk, config: StrategyConfig, missing: date, day: date) -> str:
    """Return why an account lacks a session: its attempt failed, or its market has no bars."""
    id_ = config.strategy_id
    failed = research_log.failures(desk.ledger.engine, [id_], day).get(id_)
    if failed is not None and failed[0] >= missing:
        return failed[1]
    table, symbol = table_of(config.strategy.timeframe), config.strategy.signal_of_record
    try:
        bars = len(desk.store.rows(table, [symbol], missing, missing))
    except DataError as error:
        return str(error)
    due = timeframe_of(table).bars_a_day
    return "" if bars >= due else f"{table} has {bars} of {due} bars of {symbol} on {missing}"


def _require_traded(found: Sequence[Standing], day: date) -> None:
    lacking = [each for each in found if each.missing is not None]
    untried = [each for each in lacking if not each.reason]
    due = [each for each in found if each.due]
    # Where nobody has the day, nobody has traded it: there is nothing to research yet.
    if untried or (due and all(each.missing is not None for each in due)):
        said = ", ".join(f"{each.strategy_id} (since {each.missing})" for each in lacking)
        raise DataError(
            f"research of {day} needs the paper accounts up to that day, which is not traded yet:"
            f" {said}. Run `jutsu nightly --date {day}`, or `jutsu trade --to {day}` and then the"
            " step again"
        )


def _strategies(registry: StrategyRegistry) -> dict[str, Strategy]:
    return {
        entry.id: entry.config.strategy
        for entry in paper_entries(registry)
        if entry.config is not None
    }


def _directional(
    ledger: Ledger, strategies: dict[str, Strategy], day: date
) -> tuple[list[dict[str, Any]], list[Json]]:
    ids = [id_ for id_, one in strategies.items() if isinstance(one, DirectionalStrategy)]
    if not ids:
        return [], []
    rows = research_log.directional_trades(ledger.engine, ids, day)
    heads = exploration_log.latest(ledger.engine, "paper", ids, before=day + _DAY)
    positions = []
    for id_, head in heads.items():
        state = ExplorationState.from_dict(head.state)
        if state.dir:
            positions.append(_position(id_, strategies[id_], state))
    return rows, positions


def _position(id_: str, strategy: Strategy, state: TradeState) -> Json:
    return {
        "strategy_id": id_,
        "symbol": strategy.signal_of_record,
        **state.position,
        "since": state.entry_bar,
        "regime": state.entry_regime,
    }
