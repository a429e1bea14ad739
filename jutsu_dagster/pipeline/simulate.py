"""One directional strategy over a file of candles: what it decides, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from jutsu_dagster.core.align import bars_from_rows
from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.errors import DataError, JutsuError, StrategyError
from jutsu_dagster.core.exploration import CapScope, Explored, explore
from jutsu_dagster.core.exploration_rules import Decided, ExplorationRules
from jutsu_dagster.core.exploration_state import ExplorationState
from jutsu_dagster.pipeline.evaluate import strategy_fault
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.mutations import Mutated, mutate
from jutsu_dagster.sources.candle_file import read_candle_file
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy

CAP = "exploration_cap"


@dataclass(frozen=True, eq=False)
class Simulation:
    """A strategy that was simulated.

    Attributes
    ----------
    strategy : DirectionalStrategy
        After its mutations.
    variant_id : str
        As the files name it.
    mutations : mapping
        As asked for.
    mutated : Mutated
        What they changed, and what was clamped.
    candles : Bars
        Of its symbol, from the first of the file on.
    first_bar : int
        Row of the first decision that counts; those before it only warm up.
    directional : Directional
        The decision of every candle.
    decided : Decided
        The bars from ``first_bar`` on, with their decisions.
    rules : ExplorationRules
        What it traded by.
    explored : Explored
        What it did.
    cap_scope : CapScope
    """

    strategy: DirectionalStrategy
    variant_id: str
    mutations: Mapping[str, object]
    mutated: Mutated = field(repr=False)
    candles: Bars = field(repr=False)
    first_bar: int
    directional: Directional = field(repr=False)
    decided: Decided = field(repr=False)
    rules: ExplorationRules
    explored: Explored = field(repr=False)
    cap_scope: CapScope

    @property
    def state(self) -> ExplorationState:
        """Where it stands after the last bar."""
        return self.explored.closing[0]

    @property
    def changed(self) -> Mapping[str, object]:
        """The parameters that the mutations changed, and what they are."""
        obeyed = self.cap_scope == "lifetime" and CAP in self.mutated.clamped
        return {**self.mutated.changed, **({CAP: self.rules.exploration_cap} if obeyed else {})}

    @property
    def clamped(self) -> Mapping[str, float]:
        """The mutations' values beyond a bound that it did not get."""
        capped = self.cap_scope == "utc_day"
        return {
            name: wanted for name, wanted in self.mutated.clamped.items() if capped or name != CAP
        }


def simulate(
    config: StrategyConfig,
    candles: Path,
    mutations: Mapping[str, object] | None = None,
    *,
    regime_window: int | None = None,
    first_bar: int | None = None,
    cap_scope: CapScope = "utc_day",
    variant_id: str | None = None,
) -> Simulation:
    """Carry a fresh account of a strategy through the candles of a file.

    Parameters
    ----------
    config : StrategyConfig
        Of a directional strategy.
    candles : Path
        See ``read_candle_file``. They need not be of the strategy's timeframe: its windows
        count bars.
    mutations : mapping of key to JSON value, optional
        Applied for a look: they may change nothing, and results beyond a bound are clamped.
    regime_window : int, optional
        Takes the place of the parameter of this name, before the mutations.
    first_bar : int, optional
        Row of the first decision; the first one whose windows are full unless given.
    cap_scope : "utc_day", "lifetime" or "none"
        What the cap counts; see ``explore``. The bounds of ``exploration_cap`` are those of a
        day: a lifetime's cap is whatever the mutations make of it.
    variant_id : str, optional
        The strategy's id unless given.

    Raises
    ------
    StrategyError
        If the strategy does not decide directions, or fails to.
    ConfigError
        Naming every mutation that cannot be.
    DataError
        If the file breaks a rule of candles, or ends before ``first_bar``.
    """
    directional_strategy(config)
    if regime_window is not None:
        config = config.with_overrides({"regime_window": regime_window})
    asked = dict(mutations or {})
    mutated = mutate(directional_strategy(config), asked, where="--mutations", creating=False)
    strategy = cast("DirectionalStrategy", mutated.strategy)
    rules = strategy.rules
    if cap_scope == "lifetime":
        rules = replace(rules, exploration_cap=int(mutated.clamped.get(CAP, rules.exploration_cap)))
    bars = bars_from_rows(read_candle_file(candles, strategy.symbol), [strategy.symbol])
    try:
        start = strategy.warmup_bars if first_bar is None else first_bar
        _require_row(start, strategy, bars, candles, asked=first_bar is not None)
        directional, decided = _decisions(strategy.direct(bars), config, bars)
    except JutsuError:
        raise
    # A user's class may raise anything, and may call sys.exit; the traceback stays in the chain.
    except (Exception, SystemExit) as error:
        raise strategy_fault(config, error) from error
    decided = decided.window(start, len(bars))
    return Simulation(
        strategy=strategy,
        variant_id=variant_id or config.strategy_id,
        mutations=asked,
        mutated=mutated,
        candles=bars,
        first_bar=start,
        directional=directional,
        decided=decided,
        rules=rules,
        explored=explore(decided, [rules], cap_scope=cap_scope),
        cap_scope=cap_scope,
    )


def directional_strategy(config: StrategyConfig) -> DirectionalStrategy:
    """Return the configured strategy; raise StrategyError if it does not decide directions."""
    if not isinstance(config.strategy, DirectionalStrategy):
        raise StrategyError(
            f"{config.strategy_id}: {config.class_name} decides weights, not the direction of one"
            " symbol: there is nothing to simulate; `jutsu backtest --config FILE --market FILE"
            " --out DIR` runs it over a file"
        )
    return config.strategy


def _require_row(
    start: int, strategy: DirectionalStrategy, bars: Bars, path: Path, *, asked: bool
) -> None:
    if start < len(bars):
        return
    held = f"{path} has {len(bars)} bars of {strategy.symbol}"
    if asked:
        raise DataError(f"--first-bar {start}: {held}, 0 to {len(bars) - 1}")
    raise DataError(
        f"{held}; windows are full after {start} bars of warm-up. Give more, or --first-bar with"
        " the row of the first decision (0 decides from the first bar on)"
    )


def _decisions(found: object, config: StrategyConfig, bars: Bars) -> tuple[Directional, Decided]:
    """Return what ``direct`` returned, and the bars with it; raise StrategyError if it is wrong."""
    if not isinstance(found, Directional):
        kind = type(found).__name__
        raise StrategyError(f"{config.class_name}.direct must return a Directional, not {kind}")
    for name, values in found.diagnostics.items():
        if np.shape(values) != bars.timestamps.shape:
            shapes = f"has shape {np.shape(values)}; bars have {bars.timestamps.shape}"
            raise StrategyError(f"{config.class_name}: diagnostic {name!r} {shapes}")
    return found, Decided(
        bars.timestamps, np.ascontiguousarray(bars.close[:, 0]), np.asarray(found.direction),
        np.asarray(found.confidence), np.asarray(found.regime), found.regimes,
    )  # fmt: skip
