"""What the night found about a parent, as the promotion rule asks for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.research.dream import dream_counts
from jutsu_dagster.research.meta_review import blocking
from jutsu_dagster.research.promotion_rule import Circumstances

READ = ("drift_report", "dream", "quality_scores", "meta_review")


class Night:
    """The artefacts of one night that promotions depend on.

    Raises
    ------
    ArtefactError
        If one is missing or broken: nothing is proposed in a night that did not get that far.
    """

    def __init__(self, home: Path, day: date) -> None:
        self._found: dict[str, Any] = {step: artefacts.read(home, step, day) for step in READ}

    def about(self, parent_id: str, symbol: str, siblings: int) -> Circumstances:
        """Return what else speaks for or against a parent's variants.

        A strategy that research did not look at, since it does not trade on paper, has no drift
        and no quality to speak against them.
        """
        drift = self._found["drift_report"]["strategies"].get(parent_id, {})
        quality = self._found["quality_scores"]["scores"].get(parent_id, {})
        return Circumstances(
            drift=drift.get("status", "insufficient_data"),
            dream=dream_counts([self._found["dream"]["output"]]).get(parent_id),
            quality=quality.get("score"),
            issues=blocking(self._found["meta_review"]["issues"], symbol, parent_id),
            siblings=siblings,
        )
