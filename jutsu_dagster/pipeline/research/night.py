"""The summary of a night: per step OK, FAILED and why, or SKIPPED because of what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from types import MappingProxyType

from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.fingerprint import config_fingerprint, kept_fingerprint
from jutsu_dagster.pipeline.research.inputs import standings
from jutsu_dagster.pipeline.research.steps import STEPS
from jutsu_dagster.pipeline.safety import config_changes
from jutsu_dagster.research.summary import nightly_summary
from jutsu_dagster.research.trades import Json

VARIANTS, CANDIDATES, SUMMARY = "variants", "promotion_candidates", "nightly_summary"

NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{name: step.needs for name, step in STEPS.items()},
        VARIANTS: ("memory_snapshot", "meta_review"),
        CANDIDATES: ("drift_report", "dream", "quality_scores", "meta_review"),
        SUMMARY: (),
    }
)
"""Every step of the night in order, and what each truly needs."""


def write_summary(
    day: date,
    desk: ResearchDesk,
    results: Mapping[str, str | None],
    notes: Sequence[str] = (),
) -> Json:
    """Write the summary of a night and return it; it always comes, whatever the night did.

    Parameters
    ----------
    day : date
        The partition.
    desk : ResearchDesk
    results : mapping of step to text or None
        Of each step that ran, ``variants`` and ``promotion_candidates`` among them: None where it
        succeeded, else why it failed. Names that are no step of research, such as a market's,
        stand first. The summary itself need not be there.
    notes : sequence of str
        Put before those of the steps and of the accounts.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    before = [name for name in results if name not in NEEDS]
    told = {**results, SUMMARY: None}

    def compute() -> Json:
        said = [*notes, *_accounts(desk, day)]
        for name in NEEDS:
            said += artefacts.read_notes(desk.home, name, day)
        # Several steps may say the same.
        said = list(dict.fromkeys(said))
        return nightly_summary(day, [*before, *NEEDS], told, NEEDS, said)

    return artefacts.produce(desk.home, SUMMARY, day, compute)


def changed_config(home: Path, day: date) -> list[str]:
    """Return the files of ``config/`` that differ from when the night of ``day`` began, and how.

    Raises
    ------
    ArtefactError
        If the night has kept no fingerprint, or it is illegible.
    OSError
        If a file cannot be read.
    """
    return config_changes(kept_fingerprint(home, day), config_fingerprint(home))


def _accounts(desk: ResearchDesk, day: date) -> list[str]:
    """Return what is to be said of strategies that research had to do without."""
    try:
        return [each.note for each in standings(desk, day) if each.note]
    except LedgerError as error:
        return [f"where the strategies stand is not known: {error}"]
