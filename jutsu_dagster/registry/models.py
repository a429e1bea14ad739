"""What the two kinds of YAML file may say: the registry, and one strategy's configuration."""

from __future__ import annotations

from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, field_validator, model_validator

from jutsu_dagster.registry.fields import (
    Count,
    Day,
    Identifier,
    Name,
    Number,
    Percent,
    Seconds,
    Section,
    Version,
)
from jutsu_dagster.registry.research_settings import ResearchSettings

ExecutionTime = Literal["close", "next_open", "next_close"]


class RegistrySettings(Section):
    """Settings that all strategies share."""

    isolate_failures: StrictBool = True
    execution_timeout: Seconds = 300
    memory_limit_mb: Count = Field(
        4096, ge=256, le=1_048_576, description="What one decision may allocate, in MiB"
    )
    detailed_timing_logs: StrictBool = True
    shared_data_fetch: StrictBool = True
    market_start: Day = Field(date(2008, 1, 1), description="First daily market partition")
    max_live_variants: Count = Field(
        1000, ge=1, le=100_000, description="How many live variants a strategy may have"
    )
    research: ResearchSettings = ResearchSettings()


class EntrySpec(Section):
    """One strategy as the registry lists it."""

    display_name: Name
    strategy_class: Name
    config_file: Name
    is_primary: StrictBool = False
    is_active: StrictBool = True
    paper_trading: StrictBool = True
    description: str = ""
    # Written by `jutsu promotions`: whose parameters the file has, and who was ever promoted.
    active_strategy: Identifier | None = Field(None, description="None: the strategy's own")
    parent_strategy: Identifier | None = None
    variants: tuple[Identifier, ...] = ()


class RegistryFile(Section):
    """``config/strategies_registry.yaml``; its entries are validated one by one, as EntrySpec."""

    version: Version = "1.0"
    strategies: dict[str, Any]
    execution_order: tuple[str, ...] | None = Field(None, description="None: as they are defined")
    settings: RegistrySettings = RegistrySettings()

    @field_validator("execution_order", mode="before")
    @classmethod
    def _a_list(cls, value: object) -> object:
        if not isinstance(value, list):
            raise ValueError("must be a list of strategy ids")  # noqa: TRY004  (as above)
        return value


class StrategySection(Section):
    """The class and its parameters, which the class itself validates."""

    name: Name
    parameters: dict[str, Any] = Field(default_factory=dict)


class ExecutionSection(Section):
    """When orders fill. The percentages are limits of live orders; they never filter any here."""

    execution_time: ExecutionTime = "close"
    rebalance_threshold_pct: Percent = 5.0
    max_slippage_pct: Percent = 0.5
    slippage_warning_pct: Percent = 0.3
    slippage_abort_pct: Percent = 1.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.slippage_warning_pct > self.slippage_abort_pct:
            raise ValueError(
                f"slippage_warning_pct ({self.slippage_warning_pct}) must be"
                f" <= slippage_abort_pct ({self.slippage_abort_pct})"
            )
        return self


class StateSection(Section):
    """Where the state lies: the same for every file, so stated here only to be read."""

    file_path: Name | None = None
    backup_enabled: StrictBool = True
    backup_path: Name | None = None


class PortfolioSection(Section):
    """The money an account starts with."""

    initial_capital: Annotated[Number, Field(gt=0, le=1e15)] = 10_000.0


class BacktestSection(Section):
    """The sessions of the backtest account, both inclusive; without an end, all there are."""

    start: Day = date(2010, 1, 1)
    end: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end ({self.end}) must be after start ({self.start})")
        return self


class PaperSection(Section):
    """The first session of the paper account."""

    start: Day | None = None


class CostsSection(Section):
    """What a fill costs: money per share, and a fraction of the price."""

    commission_per_share: Annotated[Number, Field(ge=0, lt=1)] = 0.01
    slippage_rate: Annotated[Number, Field(ge=0, lt=1)] = 0.001


class StrategyFile(Section):
    """``config/strategies/<id>.yaml``: only ``strategy_id`` and ``strategy`` must be there."""

    strategy_id: Identifier
    version: Version = "1.0"
    strategy: StrategySection
    execution: ExecutionSection = ExecutionSection()
    state: StateSection = StateSection()
    symbols: dict[str, Any] = Field(default_factory=dict)
    portfolio: PortfolioSection = PortfolioSection()
    backtest: BacktestSection = BacktestSection()
    paper: PaperSection = PaperSection()
    costs: CostsSection = CostsSection()

    @field_validator("symbols", mode="before")
    @classmethod
    def _list_is_one_parameter(cls, value: object) -> object:
        return {"symbols": value} if isinstance(value, list) else value

    @property
    def state_paths(self) -> dict[str, tuple[str | None, str]]:
        """Per key of ``state``: the path as written, and as it is derived from the id."""
        folder = f"state/strategies/{self.strategy_id}"
        return {
            "file_path": (self.state.file_path, f"{folder}/state.json"),
            "backup_path": (self.state.backup_path, f"{folder}/backups/"),
        }

    def misplaced(self) -> dict[str, str]:
        """Return the keys of ``state`` whose path disagrees, with the path they must say."""
        return {
            key: derived
            for key, (written, derived) in self.state_paths.items()
            if written is not None and PurePosixPath(written) != PurePosixPath(derived)
        }
