"""What each artefact must be for those that read it: checked where it is read, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.research.schemas import Dream, Reflection, Task, checked
from jutsu_dagster.research.trades import stamp

Number = Annotated[float, Field(allow_inf_nan=False)]
Texts = list[str]


class _Shape(BaseModel):
    # Of an artefact only what is read is said here; a number is no text, and true no number.
    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class _Dated(_Shape):
    generated_at: str


class _Lanes(_Shape):
    symbol: str
    exp_pf: Number | None
    exp_trades: int
    exp_sum_pos: Number
    exp_sum_neg: Number
    norm_pf: Number | None
    norm_trades: int
    norm_sum_pos: Number
    norm_sum_neg: Number


class _Drift(_Shape):
    symbol: str
    status: str


class _Horizon(_Shape):
    exp_trades_count: int
    exp_pf: Number | None
    exp_sum_pos: Number
    exp_sum_neg: Number


class _Horizons(_Shape):
    symbol: str
    short: _Horizon
    long: _Horizon


class _Are(_Dated):
    strategies: dict[str, _Horizons]


class _DriftReport(_Dated):
    strategies: dict[str, _Drift]


class _ReflectionGiven(_Dated):
    strategies: dict[str, _Lanes]
    gates: dict[str, dict[str, int | None]]
    drift: dict[str, _Drift]
    recent_trades: list[dict[str, Any]]
    memory: list[dict[str, Any]]


class _Reflected(_Dated):
    input: _ReflectionGiven
    output: dict[str, Any]


class _TunerGiven(_Dated):
    strategies: dict[str, dict[str, Any]]


class _Tuned(_Dated):
    input: _TunerGiven
    output: dict[str, Any]


class _Scenario(_Shape):
    strategy_id: str
    symbol: str
    time: str
    pct: Number
    trade_kind: str


class _DreamGiven(_Dated):
    scenarios: list[_Scenario]


class _Dreamt(_Dated):
    input: _DreamGiven
    output: dict[str, Any]


class _Score(_Shape):
    symbol: str
    score: Number | None


class _Scores(_Dated):
    scores: dict[str, _Score]


class _Verdict(_Shape):
    strategy_id: str
    symbol: str
    tier: str
    quality_score: Number | None
    promotion_candidate: bool
    demotion_candidate: bool


class _Evolved(_Dated):
    summary: list[_Verdict]


class _Candidate(_Shape):
    mutations: dict[str, Any] = Field(min_length=1)
    reason: str
    source: str


class _Preview(_Dated):
    candidates: dict[str, list[_Candidate]]
    skipped: dict[str, str]


class _Proposal(_Shape):
    conf_min_delta: Number
    exploration_cap_delta: int


class _Proposals(_Shape):
    proposals: dict[str, _Proposal]


class _Memory(_Shape):
    ts: str
    partition: str
    reflection: Reflection | None
    tuner: _Proposals | None
    dream: Dream | None
    quality_scores: _Scores | None
    drift: _DriftReport | None
    are: _Are | None


class _Issue(_Shape):
    type: str
    symbols: Texts
    strategies: Texts


class _Review(_Shape):
    ts: str
    issues: list[_Issue]


class _Variants(_Dated):
    created: dict[str, Texts]
    retired: list[dict[str, Any]]


class _Ended(_Shape):
    name: str
    status: str


class _Summary(_Shape):
    ts: str
    steps: list[_Ended]
    notes: Texts


_SHAPES: Mapping[str, type[_Shape]] = MappingProxyType(
    {
        "are_snapshot": _Are,
        "drift_report": _DriftReport,
        "reflection": _Reflected,
        "tuner": _Tuned,
        "dream": _Dreamt,
        "quality_scores": _Scores,
        "evolver_output": _Evolved,
        "mutation_preview": _Preview,
        "memory_snapshot": _Memory,
        "meta_review": _Review,
        "mutation_strategies": _Variants,
        "nightly_summary": _Summary,
    }
)
_TASKS: tuple[Task, ...] = ("reflection", "tuner", "dream")


def shape_fault(step: str, day: date, found: object) -> str:
    """Return the first field of an artefact that is not what its readers take it for, and why.

    Empty where all is well. A step that is not known here must be an object only.
    """
    if not isinstance(found, dict):
        return "holds no JSON object"
    try:
        _SHAPES.get(step, _Shape).model_validate(found)
        for task in _TASKS:
            # The host has written it in its one shape: what is left out there is a fault here.
            if task == step and checked(task, found["output"], found["input"]) != found["output"]:
                return "output: is not in the one shape of its schema"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except JutsuError as error:
        return f"output of {error}"
    return _date_fault(step, day, found) if step in _SHAPES else ""


def _date_fault(step: str, day: date, found: Mapping[str, Any]) -> str:
    """Return how an artefact says that it is of another night."""
    name = "ts" if "ts" in found else "generated_at"
    if found[name] != stamp(day):
        return f"{name} is {found[name]!r}, not the end of that night"
    if step == "memory_snapshot" and found["partition"] != day.isoformat():
        return f"partition is {found['partition']!r}, not {day}"
    return ""
