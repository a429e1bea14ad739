"""The research steps of a night as data: what each needs, what computes it, and their order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from jutsu_dagster.pipeline.research import artefacts
from jutsu_dagster.pipeline.research.desk import ResearchDesk
from jutsu_dagster.pipeline.research.fingerprint import keep_fingerprint
from jutsu_dagster.pipeline.research.memory_file import remember
from jutsu_dagster.pipeline.research.new_variants import renew
from jutsu_dagster.pipeline.research.one_night import Night
from jutsu_dagster.research.dream import dream_counts, dream_input
from jutsu_dagster.research.drift import drift_report
from jutsu_dagster.research.evolver import evolve
from jutsu_dagster.research.horizons import trade_horizons
from jutsu_dagster.research.host import run_dream, run_reflection, run_tuner
from jutsu_dagster.research.memory import memory_row
from jutsu_dagster.research.meta_review import meta_review
from jutsu_dagster.research.mutation_preview import mutation_preview
from jutsu_dagster.research.quality import quality_scores
from jutsu_dagster.research.reflection import reflection_input
from jutsu_dagster.research.trades import Json
from jutsu_dagster.research.tuner import tuner_input


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what it truly needs of the same night, and what computes it."""

    needs: tuple[str, ...]
    compute: Callable[[Night], Json]


def run_step(step: str, day: date, desk: ResearchDesk) -> Json:
    """Compute a step of one night, write its artefact, and return it.

    It reads what the ledger holds up to the end of ``day`` and what the steps before it left, so
    a repeat gives the same bytes. The artefact of an earlier run is removed first, and if the
    step fails, those that were computed from it too.

    Parameters
    ----------
    step : str
        One of ``STEPS``.
    day : date
        The partition.
    desk : ResearchDesk

    Raises
    ------
    ArtefactError
        If what it needs is missing or corrupt, naming file, field and the command that mends it.
    DataError
        If the strategies have not traded the day yet, naming what to run.
    JutsuError
        For all else that a user can mend.
    OSError
        If a file cannot be written.
    """
    night = Night(desk, day)
    found = artefacts.produce(
        desk.home, step, day, lambda: STEPS[step].compute(night), dependents_of(step)
    )
    artefacts.write_notes(desk.home, step, day, night.notes)
    return found


def dependents_of(step: str) -> list[str]:
    """Return the steps that need ``step``, however far off, in order."""
    found: list[str] = []
    for name, one in STEPS.items():
        if {step, *found}.intersection(one.needs):
            found.append(name)
    return found


def _are(night: Night) -> Json:
    keep_fingerprint(night.desk.home, night.day)
    return trade_horizons(night.known.trades, night.subjects, night.day)


def _reflection(night: Night) -> Json:
    known = night.known
    given = reflection_input(
        known.trades, night.subjects, night.day,
        activity=known.activity, open_positions=known.positions,
        drift=night.of("drift_report"), memory=night.memory_before(),
    )  # fmt: skip
    return run_reflection(given, night.adapter)


def _tuner(night: Night) -> Json:
    reflection = night.of("reflection")
    given = tuner_input(reflection["input"], reflection["output"], night.self_eval)
    return run_tuner(given, night.adapter)


def _dream(night: Night) -> Json:
    given = dream_input(night.known.trades, night.subjects, night.day)
    return run_dream(given, night.adapter)


def _quality(night: Night) -> Json:
    counts = dream_counts([night.of("dream")["output"]])
    return quality_scores(night.of("reflection")["input"], counts)


def _evolver(night: Night) -> Json:
    reflection = night.of("reflection")
    return evolve(
        night.subjects, reflection["output"], reflection["input"],
        night.of("quality_scores"), night.of("are_snapshot"), night.self_eval,
    )  # fmt: skip


def _preview(night: Night) -> Json:
    most = night.desk.registry.settings.research.new_variants
    evolved = night.of("evolver_output")
    return mutation_preview(evolved, night.parents(), night.tried(), most, night.fits())


def _memory(night: Night) -> Json:
    hosted = {name: night.of(name)["output"] for name in ("reflection", "tuner", "dream")}
    rest = {"quality_scores": "quality_scores", "drift": "drift_report", "are": "are_snapshot"}
    row = memory_row(night.day, hosted | {name: night.of(step) for name, step in rest.items()})
    night.notes += remember(night.desk.home, row)
    return row


def _meta(night: Night) -> Json:
    symbols = {subject.strategy_id: subject.symbol for subject in night.subjects}
    rows = [*night.memory_before(reach=1), night.of("memory_snapshot")]
    return meta_review(rows, night.day, symbols, night.self_eval)


def _variants(night: Night) -> Json:
    preview, review = night.of("mutation_preview"), night.of("meta_review")
    found = renew(night.desk, night.day, preview, review)
    for id_, refused in found["refused"].items():
        night.notes.append(f"{id_}: {len(refused)} variants not made: {refused[0]['reason']}")
    return found


STEPS: Mapping[str, Step] = MappingProxyType(
    {
        "are_snapshot": Step((), _are),
        "drift_report": Step(
            (), lambda night: drift_report(night.known.trades, night.subjects, night.day)
        ),
        "reflection": Step(("drift_report",), _reflection),
        "tuner": Step(("reflection",), _tuner),
        "dream": Step((), _dream),
        "quality_scores": Step(("reflection", "dream"), _quality),
        "evolver_output": Step(("reflection", "quality_scores", "are_snapshot"), _evolver),
        "mutation_preview": Step(("evolver_output",), _preview),
        "memory_snapshot": Step(
            ("reflection", "tuner", "dream", "quality_scores", "drift_report", "are_snapshot"),
            _memory,
        ),
        "meta_review": Step(("memory_snapshot",), _meta),
        "mutation_strategies": Step(("mutation_preview", "meta_review"), _variants),
    }
)
