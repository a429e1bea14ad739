from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import jutsu_dagster
from jutsu_dagster.storage.state import (
    StateError,
    StateMetadata,
    TradingState,
    checked,
    parse_state,
    text_of,
    vol_number,
)

TEMPLATE = Path(jutsu_dagster.__file__).parents[1] / "state" / "strategies" / "_template.json"
CREATED = datetime(2026, 1, 20, tzinfo=UTC)
FILE = "state/strategies/v3_5d/state.json"


def document(**changes: object) -> dict[str, Any]:
    return {
        "last_run": "2026-01-21T01:05:00.25Z",
        "vol_state": 1,
        "trend_state": "Sideways",
        "current_positions": {"QQQ": 20, "TMF": 5},
        "account_equity": 10_123.45,
        "last_allocation": {"QQQ": 0.6, "CASH": 0.4},
        "metadata": {
            "created_at": "2026-01-20T00:00:00Z",
            "version": "1.0",
            "strategy_id": "v3_5d",
        },
        "initial_qqq_price": 612.5,
    } | changes


def parse(content: object, strategy_id: str | None = "v3_5d") -> TradingState:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return parse_state(raw, FILE, strategy_id)


def refusal(content: object) -> list[str]:
    with pytest.raises(StateError) as caught:
        parse(content)
    return str(caught.value).splitlines()


def test_a_new_state_is_the_origins_to_the_byte() -> None:
    expected = json.loads(TEMPLATE.read_text())
    expected["metadata"] |= {"created_at": "2026-01-20T00:00:00Z", "strategy_id": "v3_5d"}
    new = TradingState.initial("v3_5d", 10_000.0, CREATED)
    assert text_of(new) == json.dumps(expected, indent=2) + "\n"


def test_the_template_copied_into_a_folder_is_a_valid_state() -> None:
    state = parse(TEMPLATE.read_bytes())
    assert state.metadata == StateMetadata(created_at=None, strategy_id="v3_5d")


def test_a_file_comes_back_as_it_was_unknown_keys_too() -> None:
    metadata = document()["metadata"] | {"note": "mine"}
    content = document(metadata=metadata, cell1_exit_pending_days=2, extra={"a": [1, None]})
    state = parse(content)
    assert state.last_run == datetime(2026, 1, 21, 1, 5, 0, 250_000, tzinfo=UTC)
    again = json.loads(text_of(state))
    assert again == content | {"last_run": "2026-01-21T01:05:00.250000Z"}
    assert list(again)[:8] == list(json.loads(TEMPLATE.read_text()))
    assert parse(again) == state


def test_an_old_files_missing_keys_take_the_initial_values() -> None:
    old = {"last_run": "2026-01-20T14:45:00", "vol_state": None, "current_positions": {"QQQ": 1}}
    state = parse_state(json.dumps(old).encode(), FILE, "v3_5d", equity=500.0)
    assert state.last_run == datetime(2026, 1, 20, 14, 45, tzinfo=UTC)
    assert (state.account_equity, state.trend_state) == (500.0, "Unknown")
    assert state.metadata == StateMetadata(strategy_id="v3_5d")


def test_every_fault_is_named_at_once() -> None:
    content = document(vol_state="Low", account_equity=True, current_positions={"QQQ": 1.5})
    content["metadata"]["strategy_id"] = "v3_5b"
    del content["last_run"]
    assert refusal(content) == [
        f"{FILE}: last_run is missing.",
        f"{FILE}: vol_state ('Low') must be -1, 0, 1 or null.",
        f"{FILE}: current_positions.QQQ (1.5) must be a whole number.",
        f"{FILE}: account_equity (true) must be a number.",
        f"{FILE}: metadata.strategy_id ('v3_5b') must be 'v3_5d', as its folder.",
    ]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"vol_state": True}, "vol_state (true) must be -1, 0, 1 or null."),
        ({"vol_state": 1.0}, "vol_state (1.0) must be -1, 0, 1 or null."),
        ({"vol_state": 2}, "vol_state (2) must be -1, 0, 1 or null."),
        ({"current_positions": {"QQQ": True}}, "(true) must be a whole number."),
        ({"current_positions": ["QQQ"]}, "current_positions must be a mapping of keys to values."),
        ({"last_run": "yesterday"}, "('yesterday') must be an ISO date and time"),
        ({"last_run": 1_700_000_000}, "last_run (1700000000) must be"),
        ({"last_run": "0001-01-01T00:00:00+14:00"}, "must lie between the years 1 and 9999"),
        ({"account_equity": "10000"}, "account_equity ('10000') must be a number."),
        ({"account_equity": None}, "account_equity must be a number."),
        ({"last_allocation": {"CASH": "all"}}, "last_allocation.CASH ('all') must be a number."),
        ({"metadata": None}, "metadata must be a mapping of keys to values."),
        ({"metadata": {"strategy_id": 5}}, "metadata.strategy_id (5) must be text"),
    ],
)
def test_what_breaks_the_schema_is_refused(changes: dict[str, object], rule: str) -> None:
    (line,) = refusal(document(**changes))
    assert rule in line
    assert line.startswith(f"{FILE}: ")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "is not strict JSON: Expecting value"),
        (b'{"last_run": null, "vol_', "is not strict JSON: Unterminated string"),
        (b'{"account_equity": NaN}', "NaN is no number of JSON"),
        (b'{"note": -Infinity}', "-Infinity is no number of JSON"),
        (b'{"note": 1e999}', "1e999 is too large"),
        (b'{"note": ' + b"9" * 5000 + b"}", "is not strict JSON"),
        (b"\xff\xfe\x00", "is not strict JSON"),
        (b"\x00" * 400, "is not strict JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "must be a mapping"),
        (b'"text"', "('text') must be a mapping"),
    ],
)
def test_what_is_no_strict_json_is_refused(content: bytes, rule: str) -> None:
    (line,) = refusal(content)
    assert rule in line


def test_a_state_is_checked_again_before_it_is_written() -> None:
    state = parse(document())
    for broken in (
        state.model_copy(update={"account_equity": float("nan")}),
        state.model_copy(update={"last_allocation": {"QQQ": float("inf")}}),
        state.model_copy(update={"metadata": StateMetadata(strategy_id="v3_5b")}),
        state.model_copy(update={"current_positions": {"QQQ": 2.5}}),
        state.model_copy(update={"last_run": datetime(2026, 1, 1)}),  # noqa: DTZ001
        state.model_copy(update={"note": float("nan")}),
        state.model_copy(update={"note": object()}),
        state.model_copy(update={"current_positions": None}),
    ):
        with pytest.raises(StateError):
            checked(broken, FILE, "v3_5d")
    assert checked(state, FILE, "v3_5d") == state


def test_moments_are_written_in_utc() -> None:
    east = datetime(2026, 1, 20, 9, tzinfo=timezone(timedelta(hours=9)))
    state = TradingState.initial("v3_5d", 1.0, east)
    assert '"created_at": "2026-01-20T00:00:00Z"' in text_of(state)


def test_volatility_names_have_numbers() -> None:
    assert [vol_number(name) for name in ("Low", "High", "?", None, 1.0)] == [
        0,
        1,
        None,
        None,
        None,
    ]
