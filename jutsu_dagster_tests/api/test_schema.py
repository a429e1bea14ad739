"""The documentation holds: whatever is asked within it or against it, answers are as described."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import DataObject, data, integers, lists, sampled_from
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from jutsu_dagster.api.app import create_app
from jutsu_dagster.api.security import PostGuard, TokenBucket
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.api.conftest import TOKEN
from jutsu_dagster_tests.api.test_launches import Dagster, backfill
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import IDS, NOW

ROUTES = sorted(
    (method.upper(), path)
    for path, ways in create_app(Settings(home=Path("nowhere"))).openapi()["paths"].items()
    for method in ways
)
_VARIANTS = ["ETH_main_mut_0001", "ETH_main_mut_0002", "v3_5b_mut_0001"]
KNOWN: dict[str, list[str]] = {
    "strategy_id": list(IDS),
    "strategy_ids": list(IDS),
    "parent_id": list(IDS),
    "variant_id": _VARIANTS,
    "variant_ids": _VARIANTS,
    "promotion_id": ["v3_5b_mut_0001_20250122"],
    "day": ["2025-01-22"],
}
HEADERS = {"Host": "localhost", "Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def described(filled_shown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The schema of an application over a copy of the project, beside a Dagster that agrees."""
    home = Home(tmp_path_factory.mktemp("described") / "home")
    shutil.copytree(filled_shown, home.path, symlinks=True)
    dagster = Dagster()
    dagster.answer = backfill() | {
        "data": backfill()["data"]
        | {
            "launchPartitionBackfill": {
                "__typename": "LaunchBackfillSuccess", "backfillId": "abcdefgh",
            },
            "reloadRepositoryLocation": {"__typename": "WorkspaceLocationEntry"},
        }
    }  # fmt: skip
    found = Settings.model_validate(
        {"home": home.path, "api_token": TOKEN, "webserver_url": dagster.url}
    )
    guard = PostGuard(found, TokenBucket(1_000_000))
    app = create_app(found, ReadDesk(found, lambda: NOW), guard)
    yield schemathesis.openapi.from_asgi("/api/openapi.json", app, headers={"Host": "localhost"})
    dagster.close()
    app.state.desk.close()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda part: part)
def test_a_route_answers_as_it_is_described(
    described: Any, method: str, path: str, mode: GenerationMode
) -> None:
    way = described[path][method]

    @given(case=way.as_strategy(generation_mode=mode), drawn=data())
    @settings(
        max_examples=40, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def asked(case: Case[Any], drawn: DataObject) -> None:
        if mode is GenerationMode.POSITIVE:
            _with_known(case, drawn)
        answer = case.call(headers=HEADERS)
        beyond = answer.status_code == 422 and _is_between_fields(answer.json())
        case.validate_response(
            answer,
            headers=HEADERS,
            excluded_checks=[positive_data_acceptance] * beyond,
            # So that it can ask again without them: a POST must be refused then.
            transport_kwargs={"headers": dict(HEADERS)},
        )

    try:
        asked()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing can be asked"


def _with_known(case: Case[Any], drawn: DataObject) -> None:
    """Put ids that there are in the place of most that were made up."""
    for place in (case.path_parameters, case.query):
        for name in KNOWN.keys() & set(place or ()):
            if not drawn.draw(integers(0, 3)):
                continue
            known = KNOWN[name]
            if isinstance(place[name], list):
                count = len(known) if name == "strategy_id" else min(len(place[name]), len(known))
                place[name] = drawn.draw(lists(sampled_from(known), unique=True, min_size=count))
            else:
                place[name] = drawn.draw(sampled_from(known))


def _is_between_fields(found: dict[str, Any]) -> bool:
    """Return whether a rule between two fields is broken: no schema can say those."""
    rules = [each["rule"] for each in found["errors"]]
    signs = ("must not be after", "'s backtest", "must be of one parent")
    return bool(rules) and all(any(sign in rule for sign in signs) for rule in rules)


def test_every_route_is_described(client: TestClient) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = {f"{method} {path}" for path, ways in document["paths"].items() for method in ways}
    assert paths == {
        "get /api/strategies", "get /api/strategies/{strategy_id}",
        "get /api/strategies/{strategy_id}/state", "post /api/strategies/{strategy_id}/backtest",
        "get /api/performance", "get /api/performance/equity-curve",
        "get /api/performance/drawdown",
        "get /api/performance/regime-breakdown", "get /api/performance/compare",
        "get /api/backtest/strategies", "get /api/backtest/data", "get /api/backtest/compare",
        "get /api/backtest/launches/{launch_id}", "get /api/status", "get /api/status/strategies",
        "get /api/health", "get /api/health/ready", "post /api/reload", "get /api/trades",
        "get /api/trades/export", "get /api/variants", "get /api/variants/compare",
        "get /api/variants/{variant_id}", "get /api/nightly/latest", "get /api/nightly/{day}",
        "get /api/promotions", "get /api/promotions/{promotion_id}",
        "post /api/promotions/{promotion_id}/approve",
        "post /api/promotions/{promotion_id}/reject",
    }  # fmt: skip
    for path, ways in document["paths"].items():
        for method, way in ways.items():
            assert way["description"], (method, path)
            assert bool(way.get("security")) == (method == "post"), (method, path)
            for status, answer in way["responses"].items():
                if int(status) >= 400 and path != "/api/health/ready":
                    assert list(answer["content"]) == ["application/problem+json"], (path, status)
