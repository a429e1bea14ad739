"""The registered strategies: what they are, how they are set, what state they are in."""

from __future__ import annotations

from datetime import date

from pydantic_core import to_jsonable_python

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.timeframe import table_of
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.views.accounts import Json, ShownMode, account_of
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.standing import strategy_status
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.storage import exploration_accounts
from jutsu_dagster.storage.state import TradingState
from jutsu_dagster.storage.state_view import state_in_ledger


def strategy_list(desk: ReadDesk) -> Json:
    """Return the registered strategies, as the origin has it.

    Returns
    -------
    dict
        ``strategies``: rows of ``id``, ``display_name``, ``is_primary``, ``is_active``,
        ``status`` (the ``state`` of ``strategy_status``), ``last_run``, ``current_equity``.
    """
    status = strategy_status(desk)
    return {
        "strategies": [
            {
                "id": entry.id,
                "display_name": entry.display_name,
                "is_primary": entry.is_primary,
                "is_active": entry.is_active,
                "status": status[entry.id]["state"],
                "last_run": status[entry.id]["last_run"],
                "current_equity": status[entry.id]["equity"],
            }
            for entry in desk.registry.entries.values()
        ]
    }


def strategy_detail(desk: ReadDesk, strategy_id: str) -> Json:
    """Return all of one strategy.

    Returns
    -------
    dict
        The row of ``strategy_list`` and ``strategy_class``, ``config_file``, ``description``,
        ``paper_trading``, ``active_strategy`` (the variant that was promoted last, if any),
        ``kind``, ``version``, ``timeframe``, ``baseline_symbol``, ``symbols``, ``settings``
        (execution_time, initial_capital, commission_per_share, slippage_rate, backtest_start,
        backtest_end, paper_start), ``parameters`` (rows of name, value, min, max, description),
        ``parameter_hash``, ``faults``, ``accounts`` (``paper`` and ``backtest``: first, last,
        sessions; None where nothing is recorded), ``variants`` (how many run) and ``assets``
        (keys in Dagster). What a broken configuration does not tell is None.

    Raises
    ------
    UnknownError
    """
    entry = desk.entry(strategy_id)
    rows = strategy_list(desk)["strategies"]
    row: Json = next(each for each in rows if each["id"] == entry.id)
    shadows = desk.book.shadows.values()
    return {
        **row,
        "strategy_class": entry.strategy_class,
        "config_file": entry.config_file,
        "description": entry.description,
        "paper_trading": entry.paper_trading,
        "active_strategy": entry.active_strategy,
        "kind": account_of(desk, entry.id, "paper").kind,
        **_configured(entry.config),
        "faults": [str(fault) for fault in entry.faults],
        "accounts": {
            "paper": _span(desk, entry, "paper"), "backtest": _span(desk, entry, "backtest"),
        },
        "variants": sum(each.row.parent_id == entry.id and each.runs for each in shadows),
        "assets": {
            "paper": f"strategies/{entry.id}",
            "backtest": f"backtests/{entry.id}",
            "market": f"market/{table_of(entry.config.strategy.timeframe)}"
            if entry.config
            else None,
        },
    }  # fmt: skip


def strategy_state(desk: ReadDesk, strategy_id: str) -> Json:
    """Return a strategy's state as the ledger has it, in the origin's words.

    Returns
    -------
    dict
        ``strategy_id``, ``display_name``, ``is_primary``, and ``state``: ``last_run``,
        ``vol_state`` (0 low, 1 high), ``trend_state``, ``current_positions`` (shares; of a
        directional account the direction), ``account_equity``, ``last_allocation`` (fractions of
        equity, as in ``state.json``), ``metadata``, ``initial_qqq_price``. Of an account that
        never traded it is the initial one.

    Raises
    ------
    UnknownError
    """
    entry = desk.entry(strategy_id)
    found = state_in_ledger(desk.ledger, entry.id)
    if found is None:
        capital = entry.config.initial_capital if entry.config is not None else None
        metadata = {"created_at": None, "version": "1.0", "strategy_id": entry.id}
        blank = TradingState(last_run=None, vol_state=0, current_positions={})
        state = blank.model_dump(mode="json") | {"account_equity": capital, "metadata": metadata}
    else:
        state = found.model_dump(mode="json")
    return {
        "strategy_id": entry.id,
        "display_name": entry.display_name,
        "is_primary": entry.is_primary,
        "state": state,
    }


def _configured(config: StrategyConfig | None) -> Json:
    if config is None:
        names = ("version", "timeframe", "baseline_symbol", "symbols", "settings", "parameters",
                 "parameter_hash")  # fmt: skip
        return dict.fromkeys(names)
    strategy = config.strategy
    directional = is_directional(config)
    return {
        "version": config.version,
        "timeframe": strategy.timeframe,
        "baseline_symbol": strategy.signal_of_record,
        "symbols": list(strategy.universe),
        "settings": {
            "execution_time": config.execution_time,
            "initial_capital": config.initial_capital,
            "commission_per_share": None if directional else config.commission_per_share,
            "slippage_rate": None if directional else config.slippage_rate,
            "backtest_start": config.backtest_start.isoformat(),
            "backtest_end": _text(config.backtest_end),
            "paper_start": _text(config.paper_start),
        },
        "parameters": [
            {
                "name": name,
                "value": to_jsonable_python(spec.value),
                "min": spec.low,
                "max": spec.high,
                "description": spec.description,
            }
            for name, spec in param_specs(strategy).items()
        ],
        "parameter_hash": config.settings_hash,
    }


def _span(desk: ReadDesk, entry: StrategyEntry, mode: ShownMode) -> Json | None:
    account = account_of(desk, entry.id, mode)
    ledger, key = desk.ledger, AccountKey(entry.id, mode)
    if account.directional:
        days = exploration_accounts.span(ledger.engine, key)
        if days is None:
            return None
        count = len(exploration_accounts.curve(ledger.engine, key))
        return {"first": days[0].isoformat(), "last": days[1].isoformat(), "sessions": count}
    recorded = ledger.checkpoints(key)
    if not recorded:
        return None
    return {
        "first": recorded[0].first_session.isoformat(),
        "last": recorded[-1].last_session.isoformat(),
        "sessions": sum(each.sessions for each in recorded),
    }


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
