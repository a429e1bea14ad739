"""What the research steps are called and say of themselves in Dagster's catalog."""

from collections.abc import Mapping
from types import MappingProxyType

import dagster as dg

GROUP = "research"
CANDIDATES, SUMMARY = "promotion_candidates", "nightly_summary"
REPORT_STEPS = (CANDIDATES, SUMMARY)

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "are_snapshot": (
            "Trade horizons: what the last 5, 10 and all closed trades of each strategy, and those"
            " of the last 7, 30 and 90 days, earned."
        ),
        "drift_report": (
            "Whether the newer trades of each strategy earn less than the ones before them, with"
            " a standard error."
        ),
        "reflection": "A tier for each strategy, by rules or by whoever the adapter asks.",
        "tuner": "Proposed changes of thresholds by tier; clamped, and none on too few trades.",
        "dream": "The day's trades looked at once more: good, bad, to improve, neutral.",
        "quality_scores": "Each strategy's quality from 0 to 100.",
        "evolver_output": "Which strategies deserve bolder variants, and which more careful ones.",
        "mutation_preview": "The mutations to try next: proposals that were never tried before.",
        "memory_snapshot": "One row of what this night found, for the nights after it.",
        "meta_review": (
            "What the last five nights contradict each other in: tiers that jump, tuning that"
            " turns round, tuning that harms."
        ),
        "mutation_strategies": (
            "Retires variants that are dominated or old and makes those of the preview, within the"
            " budgets. What is made this night trades from the day after."
        ),
        "promotion_candidates": (
            "Every variant against its parent over the same bars, out of sample: the rule, the"
            " statistics, the gates. Where all hold, a proposal opens that only a person can"
            " approve (`jutsu promotions`)."
        ),
        "nightly_summary": (
            "What became of each step of the night: OK, FAILED and why, SKIPPED because of what."
        ),
    }
)


def research_key(step: str) -> dg.AssetKey:
    """Return the key of a step."""
    return dg.AssetKey([GROUP, step])
