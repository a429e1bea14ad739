"""What the registry says of the nightly research: budgets, retirement, promotion gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jutsu_dagster.registry.fields import Count, Number, Section, Share


class GateSettings(Section):
    """What evidence must show before a promotion is proposed."""

    min_trades: Count = Field(30, ge=1, description="Closed trades of the variant")
    min_psr: Share = Field(0.95, description="Probabilistic Sharpe ratio against the parent")
    min_dsr: Share = Field(0.95, description="Deflated Sharpe ratio, effective number of trials")
    max_pbo: Share = Field(0.2, description="Probability of backtest overfitting of the family")
    stepm_size: Share = Field(0.05, description="Family-wise error of the superior set")
    max_drawdown_ratio: Annotated[Number, Field(gt=0)] = Field(
        1.25, description="Greatest drawdown over the parent's"
    )
    min_neighbour_share: Share = Field(
        0.7, description="Share of the edge that the worst one-step neighbour keeps"
    )


class ResearchSettings(Section):
    """The nightly research cycle."""

    adapter: Literal["rules", "recorded", "llm"] = Field(
        "rules", description="Who reflects, tunes and reviews; llm is a seam without a model"
    )
    new_variants: Count = Field(3, ge=0, le=1000, description="Made a strategy and night, at most")
    max_variants: Count = Field(
        60, ge=0, le=100_000, description="Live variants a strategy that research may bring about"
    )
    retire_after_trades: Count = Field(
        30, ge=1, description="Closed trades after which a dominated variant is retired"
    )
    retire_after_days: Count = Field(365, ge=1, description="Age at which a variant is retired")
    proposal_days: Count = Field(7, ge=1, le=365, description="Days a proposal stays open")
    days_between_proposals: Count = Field(7, ge=1, le=365, description="Of one strategy")
    gates: GateSettings = GateSettings()
