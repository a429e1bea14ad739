"""The statistics of promotion evidence: pure functions of daily results."""

from __future__ import annotations

from jutsu_dagster.research.statistics.deflated import (
    deflated_sharpe,
    effective_trials,
    expected_maximum,
    mean_correlation,
    trial_variance,
)
from jutsu_dagster.research.statistics.evidence import evidence, family, kin
from jutsu_dagster.research.statistics.gates import FIRST_GATES, GATES, Gate, Gates, judge
from jutsu_dagster.research.statistics.overfitting import Overfitting, overfitting
from jutsu_dagster.research.statistics.records import Case, Evidence, Family, Kin, Track
from jutsu_dagster.research.statistics.resampling import (
    Paired,
    Sampling,
    block_length,
    paired_difference,
)
from jutsu_dagster.research.statistics.robustness import (
    Plateau,
    at_double_costs,
    max_drawdown,
    plateau,
)
from jutsu_dagster.research.statistics.screening import first_numbers, held_numbers, trial_numbers
from jutsu_dagster.research.statistics.sharpe import (
    Moments,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpes,
)
from jutsu_dagster.research.statistics.superior import Superior, superior_variants

__all__ = [
    "FIRST_GATES",
    "GATES",
    "Case",
    "Evidence",
    "Family",
    "Gate",
    "Gates",
    "Kin",
    "Moments",
    "Overfitting",
    "Paired",
    "Plateau",
    "Sampling",
    "Superior",
    "Track",
    "at_double_costs",
    "block_length",
    "deflated_sharpe",
    "effective_trials",
    "evidence",
    "expected_maximum",
    "family",
    "first_numbers",
    "held_numbers",
    "judge",
    "kin",
    "max_drawdown",
    "mean_correlation",
    "minimum_track_record",
    "moments",
    "overfitting",
    "paired_difference",
    "plateau",
    "probabilistic_sharpe",
    "sharpes",
    "superior_variants",
    "trial_numbers",
    "trial_variance",
]
