"""An account carried through sessions, ready to be recorded: one function for every mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from jutsu_dagster.core.account import AccountKey, AccountState, Segment
from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.core.engine import buy_and_hold
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.pipeline.evaluate import Decide, Evaluation, evaluate, stored_bars
from jutsu_dagster.pipeline.ingest import ETF_DAILY
from jutsu_dagster.registry.config import StrategyConfig, build_config
from jutsu_dagster.storage import journal
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.records import MetricValue, Provenance, RecordedPeriod
from jutsu_dagster.strategies.base import code_version


@dataclass(frozen=True, eq=False)
class Carrier:
    """What carries one account: its strategy's decisions, and where it began.

    Attributes
    ----------
    evaluation : Evaluation
    account : AccountKey
    first : int
        Row of the account's first session; the baseline starts there.
    capital : float
        Money that the baseline starts with.
    version : int
        Of the market table that was read.
    metrics : mapping of name to number
        Kept with every period, beside the period's own.
    """

    evaluation: Evaluation
    account: AccountKey
    first: int
    capital: float
    version: int
    metrics: Mapping[str, MetricValue] = field(default_factory=dict)

    @cached_property
    def baseline(self) -> FloatArray:
        """Buy-and-hold of the signal symbol from ``first`` on, money, of shape (T - first,)."""
        evaluation = self.evaluation
        signal = evaluation.strategy.signal_of_record
        return buy_and_hold(evaluation.bars, signal, self.first, self.capital)

    @cached_property
    def code(self) -> str:
        """Version of the code that decides."""
        return code_version(type(self.evaluation.strategy))

    def provenance(self, end: int) -> Provenance:
        """Return what the sessions before row ``end`` are computed from."""
        return Provenance(
            parameter_hash=self.evaluation.config.settings_hash,
            data_version=f"{ETF_DAILY}@{self.version}",
            data_hash=self.evaluation.data_hash(end),
            code_version=self.code,
        )

    def run(self, state: AccountState, begin: int, end: int) -> Segment:
        """Carry the account through rows ``begin`` to ``end``."""
        return self.evaluation.run(state, begin, end)

    def period(
        self,
        name: str,
        segment: Segment,
        begin: int,
        metrics: Mapping[str, MetricValue] | None = None,
    ) -> RecordedPeriod:
        """Return a segment that starts at row ``begin`` as the ledger takes it."""
        evaluation, decision = self.evaluation, self.evaluation.decision
        end = begin + len(segment)
        rows = slice(begin, end)
        return RecordedPeriod(
            account=self.account,
            strategy_class=evaluation.config.class_name,
            period=name,
            segment=segment,
            cells=decision.cells[rows],
            regimes=evaluation.strategy.regimes,
            indicators={key: values[rows] for key, values in decision.diagnostics.items()},
            baseline=self.baseline[begin - self.first : end - self.first],
            previous_equity=segment.opening.equity,
            provenance=self.provenance(end),
            decision_lag=0 if evaluation.config.execution_time == "close" else 1,
            opening_cell=int(decision.cells[begin - 1]) if begin else 0,
            metrics={**self.metrics, **(metrics or {})},
        )


def load(
    config: StrategyConfig, store: MarketStore, last: date, decide: Decide | None = None
) -> tuple[Evaluation, int]:
    """Return the strategy evaluated over the store's bars to ``last``, and the table's version."""
    version = store.version(ETF_DAILY)
    bars = stored_bars(config, store, last, version)
    return evaluate(config, bars, last, decide), version


def config_of(config: StrategyConfig, ledger: Ledger, parameter_hash: str) -> StrategyConfig:
    """Return the strategy's configuration as it was under a parameter hash.

    Raises
    ------
    DataError
        If nobody kept it.
    """
    if parameter_hash == config.settings_hash:
        return config
    document = journal.parameters(ledger.engine, config.strategy_id, parameter_hash)
    if document is None:
        raise DataError(
            f"{config.strategy_id}: the settings {parameter_hash} that a session was recorded"
            " with are not kept in this ledger, so it cannot be computed again"
        )
    path = Path(f"{config.strategy_id}@{parameter_hash}")
    return build_config(document, path, config.home, f"recorded settings {parameter_hash}")
