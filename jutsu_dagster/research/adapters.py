"""Who reflects, tunes and dreams: rules, a recording, or a language model that a user brings.

The host trusts none of them. It validates every output by the one schema of its task, clamps the
deltas, applies the tuner's gates, and on any failure takes the rules instead and says why. What
a producer says beside its output is kept as metadata and never read by another step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.shadow_rows import parse_json
from jutsu_dagster.research.dream import review_by_rules
from jutsu_dagster.research.reflection import reflect_by_rules
from jutsu_dagster.research.schemas import Task, json_schema
from jutsu_dagster.research.trades import Json
from jutsu_dagster.research.tuner import tune_by_rules

Source = Literal["rules", "recorded", "llm"]
SOURCES: tuple[Source, ...] = ("rules", "recorded", "llm")


class AdapterError(JutsuError):
    """A producer that has nothing to say; the rules take its place.

    Attributes
    ----------
    metadata : mapping
        What it said instead.
    """

    def __init__(self, message: str, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.metadata = dict(metadata or {})


@dataclass(frozen=True, slots=True)
class Answer:
    """An output, not validated yet, and what the producer says beside it (JSON)."""

    output: object
    metadata: Mapping[str, Any] = field(default_factory=dict)


class ReflectionAdapter(Protocol):
    """Produces a reflection on ``reflection.reflection_input``."""

    @property
    def source(self) -> str:
        """Written beside what it produced."""

    def reflect(self, given: Json) -> Answer:
        """Return an output of schema ``reflection``."""


class TunerAdapter(Protocol):
    """Produces proposals on ``tuner.tuner_input``."""

    @property
    def source(self) -> str:
        """Written beside what it produced."""

    def tune(self, given: Json) -> Answer:
        """Return an output of schema ``tuner``."""


class DreamAdapter(Protocol):
    """Produces reviews on ``dream.dream_input``."""

    @property
    def source(self) -> str:
        """Written beside what it produced."""

    def review(self, given: Json) -> Answer:
        """Return an output of schema ``dream``."""


class Adapter(ReflectionAdapter, TunerAdapter, DreamAdapter, Protocol):
    """All three."""


class RulesAdapter:
    """The fixed rules: pure, the same for the same input."""

    source = "rules"

    def reflect(self, given: Json) -> Answer:
        """Return the reflection by rules."""
        return Answer(reflect_by_rules(given))

    def tune(self, given: Json) -> Answer:
        """Return the proposals by rules."""
        return Answer(tune_by_rules(given))

    def review(self, given: Json) -> Answer:
        """Return the reviews by rules."""
        return Answer(review_by_rules(given))


class RecordedAdapter:
    """Replays artefacts of one night, such as the host wrote them.

    Parameters
    ----------
    artefacts : mapping of task to mapping
        Each an artefact with ``output``, or the output alone. One that names an ``input_hash``
        answers that input only.
    """

    source = "recorded"

    def __init__(self, artefacts: Mapping[str, Mapping[str, Any]]) -> None:
        self._artefacts = artefacts

    def reflect(self, given: Json) -> Answer:
        """Return the recorded reflection."""
        return self._replay("reflection", given)

    def tune(self, given: Json) -> Answer:
        """Return the recorded proposals."""
        return self._replay("tuner", given)

    def review(self, given: Json) -> Answer:
        """Return the recorded reviews."""
        return self._replay("dream", given)

    def _replay(self, task: Task, given: Json) -> Answer:
        artefact = self._artefacts.get(task)
        if artefact is None:
            raise AdapterError(f"no {task} is recorded")
        recorded = artefact.get("input_hash")
        if recorded is not None and recorded != input_hash(given):
            raise AdapterError(f"the {task} was recorded for another input")
        return Answer(artefact.get("output", artefact), {"recorded_input_hash": recorded})


@dataclass(frozen=True, slots=True)
class Request:
    """What a language model is asked: to answer with JSON of ``schema`` about ``given``."""

    task: Task
    instructions: str
    given: Json
    schema: Json

    @property
    def text(self) -> str:
        """The request as one text."""
        parts = {"task": self.task, "schema": self.schema, "input": self.given}
        return f"{self.instructions}\n{json.dumps(parts, sort_keys=True, allow_nan=False)}"


_INSTRUCTIONS: Mapping[Task, str] = {
    "reflection": "Sort every strategy into tier1, tier2 or tier3. Answer with JSON only.",
    "tuner": "Propose conf_min_delta and exploration_cap_delta. Answer with JSON only.",
    "dream": "Label every scenario good, bad, improve or neutral. Answer with JSON only.",
}


class LlmAdapter:
    """The seam for a language model: no model, no key and no network are part of this project.

    Parameters
    ----------
    complete : function of Request to str, optional
        Returns the model's answer as JSON text; ``Request.schema`` is what it must fit. Without
        one the rules do the work, and the artefact says so.
    settings : mapping, optional
        Such as the model's name and temperature, for the metadata.
    """

    source = "llm"

    def __init__(
        self,
        complete: Callable[[Request], str] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._complete, self._settings = complete, dict(settings or {})

    def reflect(self, given: Json) -> Answer:
        """Ask for a reflection."""
        return self._ask("reflection", given)

    def tune(self, given: Json) -> Answer:
        """Ask for proposals."""
        return self._ask("tuner", given)

    def review(self, given: Json) -> Answer:
        """Ask for reviews."""
        return self._ask("dream", given)

    def _ask(self, task: Task, given: Json) -> Answer:
        if self._complete is None:
            raise AdapterError("no language model is connected")
        request = Request(task, _INSTRUCTIONS[task], given, json_schema(task))
        reply = self._complete(request)
        asked = hashlib.sha256(request.text.encode()).hexdigest()[:16]
        said = {**self._settings, "prompt_hash": asked, "raw_response": reply}
        try:
            return Answer(parse_json(reply), said)
        except (TypeError, ValueError) as error:
            raise AdapterError(f"the answer is no JSON: {error}", said) from error


def adapter_of(
    source: Source,
    *,
    recorded: Mapping[str, Mapping[str, Any]] | None = None,
    complete: Callable[[Request], str] | None = None,
) -> Adapter:
    """Return the adapter that a setting names."""
    if source == "rules":
        return RulesAdapter()
    return RecordedAdapter(recorded or {}) if source == "recorded" else LlmAdapter(complete)


def input_hash(given: Mapping[str, Any]) -> str:
    """Return a short hash of a producer's input."""
    text = json.dumps(given, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
