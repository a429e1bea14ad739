"""The host of the adapters: asks, checks, gates, and falls back on the rules."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from jutsu_dagster.research.adapters import (
    Answer,
    DreamAdapter,
    ReflectionAdapter,
    RulesAdapter,
    TunerAdapter,
    input_hash,
)
from jutsu_dagster.research.schemas import Task, checked
from jutsu_dagster.research.trades import Json
from jutsu_dagster.research.tuner import gated

_RULES = RulesAdapter()
_LONGEST = 500


def run_reflection(given: Json, adapter: ReflectionAdapter = _RULES) -> Json:
    """Return the night's reflection.

    Returns
    -------
    dict
        generated_at, source (who produced the output), fallback_reason (null unless the rules
        took another's place), input_hash, input, output, and metadata, which no step reads.
    """
    return _hosted("reflection", adapter.source, adapter.reflect, _RULES.reflect, given)


def run_tuner(given: Json, adapter: TunerAdapter = _RULES) -> Json:
    """Return the night's proposals, clamped and gated; the keys of ``run_reflection``."""
    artefact = _hosted("tuner", adapter.source, adapter.tune, _RULES.tune, given)
    return {**artefact, "output": gated(artefact["output"], given)}


def run_dream(given: Json, adapter: DreamAdapter = _RULES) -> Json:
    """Return the night's reviews; the keys of ``run_reflection``."""
    return _hosted("dream", adapter.source, adapter.review, _RULES.review, given)


def _hosted(
    task: Task,
    source: str,
    produce: Callable[[Json], Answer],
    rules: Callable[[Json], Answer],
    given: Json,
) -> Json:
    reason: str | None = None
    metadata: Any = {}
    try:
        # A copy: a producer that changes its input changes nothing of ours.
        answer = produce(json.loads(json.dumps(given, allow_nan=False)))
        metadata = _as_json(answer.metadata)
        output = checked(task, answer.output, given)
    # A producer is anyone's code and may raise anything; the night goes on by the rules.
    except Exception as error:
        if source == RulesAdapter.source:
            raise
        reason = f"{type(error).__name__}: {error}"[:_LONGEST]
        metadata = _as_json(getattr(error, "metadata", metadata))
        output = checked(task, rules(given).output, given)
    return {
        "generated_at": given["generated_at"],
        "source": source if reason is None else RulesAdapter.source,
        "fallback_reason": reason,
        "input_hash": input_hash(given),
        "input": given,
        "output": output,
        "metadata": metadata if reason is None else {**metadata, "asked": source},
    }


def _as_json(metadata: Any) -> Json:
    """Return metadata as strict JSON; what is none is told as text."""
    try:
        plain = json.loads(json.dumps(dict(metadata), allow_nan=False))
    except (TypeError, ValueError):
        return {"told": str(metadata)[:_LONGEST]}
    return dict(plain)
