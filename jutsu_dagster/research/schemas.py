"""What a reflection, a tuning and a dream may say, whoever produced them: one schema each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.research.reflection import TIERS, Tier
from jutsu_dagster.research.trades import Json
from jutsu_dagster.research.tuner import CAP, CONF, clamped

Task = Literal["reflection", "tuner", "dream"]
TASKS: tuple[Task, ...] = ("reflection", "tuner", "dream")

Text = Annotated[str, Field(max_length=2_000)]
Texts = Annotated[list[Text], Field(max_length=100)]
Delta = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class OutputError(JutsuError):
    """An output that breaks its schema, or is not about what was asked."""


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Insight(_Said):
    """What is thought of one strategy."""

    tier: Tier
    comment: Text = ""
    actions: Texts = []


class Tiers(_Said):
    """Every strategy in one of three lists."""

    tier1: list[str] = []
    tier2: list[str] = []
    tier3: list[str] = []


class Remarks(_Said):
    """On all strategies together."""

    notes: Texts = []
    warnings: Texts = []


class Reflection(_Said):
    """Output of a reflection."""

    generated_at: str = ""
    tiers: Tiers
    insights: dict[str, Insight] = {}
    global_summary: Remarks = Remarks()
    notes: Texts = []


class Proposal(_Said):
    """Changes for one strategy; the host clamps them."""

    conf_min_delta: Delta = 0.0
    exploration_cap_delta: Annotated[int, Field(strict=True)] = 0
    notes: Texts = []


class Tuning(_Said):
    """Output of a tuner; a strategy that is left out is left alone."""

    generated_at: str = ""
    proposals: dict[str, Proposal]


class Review(_Said):
    """One trade of the day, named by strategy and time."""

    strategy_id: str
    time: str
    label: Literal["good", "bad", "improve", "neutral", "flat", "unknown"]
    symbol: str = ""
    pct: float | None = None
    trade_kind: str = ""
    notes: Texts = []


class Patterns(_Said):
    """On all trades together."""

    patterns: Texts = []
    warnings: Texts = []


class Dream(_Said):
    """Output of a dream: one review of every scenario."""

    generated_at: str = ""
    scenario_reviews: list[Review]
    global_summary: Patterns = Patterns()


MODELS: Mapping[Task, type[_Said]] = {"reflection": Reflection, "tuner": Tuning, "dream": Dream}


def json_schema(task: Task) -> Json:
    """Return the JSON Schema that an output of ``task`` is validated by."""
    return MODELS[task].model_json_schema()


def checked(task: Task, output: object, given: Mapping[str, Any]) -> Json:
    """Return an output in the one shape that the next steps read.

    Deltas are clamped; the time, and of a review all but label and notes, are those of the
    input, not the producer's.

    Raises
    ------
    OutputError
        Saying what breaks the schema, or which strategy or trade is unknown, missing or twice.
    """
    try:
        said = MODELS[task].model_validate(output)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the output"
        raise OutputError(f"{task}: {where}: {first['msg']}") from error
    if isinstance(said, Reflection):
        found = _reflection(said, given)
    elif isinstance(said, Tuning):
        found = _tuning(said, given)
    else:
        assert isinstance(said, Dream)  # noqa: S101  (there are no others)
        found = _dream(said, given)
    return {"generated_at": given["generated_at"], **found}


def _reflection(said: Reflection, given: Mapping[str, Any]) -> Json:
    lists: dict[Tier, list[str]] = {tier: getattr(said.tiers, tier) for tier in TIERS}
    sorted_ = [id_ for tier in TIERS for id_ in lists[tier]]
    _require_each_once("reflection", sorted_, given["strategies"])
    _require_known("reflection", said.insights, given["strategies"])
    insights = {}
    for tier, ids in lists.items():
        for id_ in ids:
            insight = said.insights.get(id_, Insight(tier=tier))
            if insight.tier != tier:
                raise OutputError(
                    f"reflection: {id_} is in {tier}, its insight says {insight.tier}"
                )
            insights[id_] = insight.model_dump()
    return {
        "tiers": lists,
        # In the order of the strategies, whatever the producer's.
        "insights": {id_: insights[id_] for id_ in given["strategies"]},
        "global_summary": said.global_summary.model_dump(),
        "notes": said.notes,
    }


def _tuning(said: Tuning, given: Mapping[str, Any]) -> Json:
    _require_known("tuner", said.proposals, given["strategies"])
    proposals = {}
    for id_ in given["strategies"]:
        one = said.proposals.get(id_, Proposal())
        proposals[id_] = {
            CONF: clamped(CONF, one.conf_min_delta),
            CAP: int(clamped(CAP, one.exploration_cap_delta)),
            "notes": one.notes,
        }
    return {"proposals": proposals}


def _dream(said: Dream, given: Mapping[str, Any]) -> Json:
    # Two lanes may close at one time: then the reviews count in their order.
    told: dict[str, list[Review]] = {}
    for one in said.scenario_reviews:
        told.setdefault(f"{one.strategy_id} at {one.time}", []).append(one)
    asked = [f"{one['strategy_id']} at {one['time']}" for one in given["scenarios"]]
    for name, many in Counter(asked).items():
        if name in told and len(told[name]) != many:
            raise OutputError(f"dream: {name} needs {many} reviews, not {len(told[name])}")
    _require_each_once("dream", list(told), asked)
    reviews = []
    for name, scenario in zip(asked, given["scenarios"], strict=True):
        one = told[name].pop(0)
        kept = ("strategy_id", "symbol", "time", "pct", "trade_kind")
        row = {part: scenario[part] for part in kept}
        label = "neutral" if one.label == "flat" else one.label
        reviews.append({**row, "label": label, "notes": one.notes})
    return {"scenario_reviews": reviews, "global_summary": said.global_summary.model_dump()}


def _require_known(task: Task, named: Mapping[str, object], known: Mapping[str, object]) -> None:
    unknown = [id_ for id_ in named if id_ not in known]
    if unknown:
        raise OutputError(f"{task}: was not asked about {', '.join(unknown[:3])}")


def _require_each_once(task: Task, named: list[str], known: Any) -> None:
    wanted = set(known)
    twice = sorted(each for each, many in Counter(named).items() if many > 1)
    unknown, missing = sorted(set(named) - wanted), sorted(wanted - set(named))
    faults = (("was not asked about", unknown), ("leaves out", missing), ("names twice", twice))
    for words, which in faults:
        if which:
            raise OutputError(f"{task}: {words} {', '.join(which[:3])}")
