"""A registered strategy opened for looking back: its sets run, and counted as trials."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date

from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.lookback.allocation import run_allocation
from jutsu_dagster.pipeline.lookback.candidates import Candidates
from jutsu_dagster.pipeline.lookback.directional import run_directional
from jutsu_dagster.pipeline.lookback.run import Advance, Run
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.strategies.base import AllocationStrategy

Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Opens a progress bar of a label and a total."""


def silent(_label: str, _total: int) -> AbstractContextManager[Advance]:
    """Show nothing."""
    return nullcontext(lambda _done: None)


def with_range(config: StrategyConfig, first: date | None, last: date | None) -> StrategyConfig:
    """Return the configuration with another first or last day of the backtest."""
    asked: dict[str, object] = {"backtest.start": first, "backtest.end": last}
    return config.with_overrides({key: day for key, day in asked.items() if day is not None})


@dataclass(frozen=True, slots=True)
class Lookback:
    """What runs sets of one strategy.

    Attributes
    ----------
    config : StrategyConfig
        With the range to look back on.
    store : MarketStore
    ledger : Ledger
        Where every set that is run is recorded as a trial.
    threads : int
    progress : Progress
    """

    config: StrategyConfig
    store: MarketStore
    ledger: Ledger
    threads: int = 2
    progress: Progress = silent

    def run(
        self, candidates: Candidates, require: Callable[[int], None] = lambda _days: None
    ) -> Run:
        """Run the sets once over all days, and record them.

        Parameters
        ----------
        candidates : Candidates
        require : callable of int, optional
            Told how many days there are before anything is recorded; may raise.

        Raises
        ------
        StrategyError
            If the strategy decides neither weights nor directions.
        DataError
            If bars are missing.
        """
        count = len(candidates.sets)
        label = f"{count} parameter set{'s' * (count > 1)}"
        with self.progress(label, count) as advance:
            if is_directional(self.config):
                run = run_directional(self.config, self.store, candidates, advance=advance)
            elif isinstance(self.config.strategy, AllocationStrategy):
                run = run_allocation(
                    self.config, self.store, candidates, threads=self.threads, advance=advance
                )
            else:
                raise StrategyError(
                    f"{self.config.strategy_id}: {self.config.class_name} decides neither target"
                    " weights nor directions, so there are no daily returns to look back on"
                )
        require(len(run))
        self.ledger.record_trials(run.trials)
        return run
