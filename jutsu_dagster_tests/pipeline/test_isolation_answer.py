"""Answers as bytes: whole ones come back to the bit, mangled ones are refused or sound."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jutsu_dagster.core.errors import StrategyError
from jutsu_dagster.pipeline.isolation.answer import (
    LENGTH,
    UnreadableError,
    allocation_in,
    decode,
    encode,
)
from jutsu_dagster.strategies.allocation import Allocation, check_weights
from jutsu_dagster_tests.walks import walk

BARS = walk(("QQQ", "TLT"), 40, 9)


def decision() -> Allocation:
    generator = np.random.default_rng(3)
    codes = generator.integers(-1, 3, len(BARS))
    table = np.array([[0.5, 0.5], [1.0, 0.0], [0.1, 0.2]])
    return Allocation(
        codes,
        table,
        generator.integers(0, 7, len(BARS)),
        {
            "flag": codes > 0,
            "value": np.where(codes > 0, np.nan, 1 / 3),
            "text": np.array(["a", None] * 20, dtype=object),
        },
    )


def read(body: bytes) -> Allocation:
    return allocation_in(*decode(body), "mine", BARS)


def test_a_decision_comes_back_to_the_bit() -> None:
    said, back = decision(), read(encode(decision())[LENGTH.size :])
    for name in ("codes", "table", "cells"):
        assert getattr(back, name).tobytes() == getattr(said, name).tobytes()
    assert back.diagnostics["value"].tobytes() == said.diagnostics["value"].tobytes()
    assert back.diagnostics["text"].tolist() == said.diagnostics["text"].tolist()


def test_mangled_answers_are_refused_or_sound() -> None:
    body = encode(decision())[LENGTH.size :]
    generator = np.random.default_rng(11)
    refused = 0
    for _ in range(2_000):
        mangled = bytearray(body)
        for place in generator.integers(0, len(body), generator.integers(1, 6)):
            mangled[place] = generator.integers(0, 256)
        if generator.random() < 0.2:
            del mangled[generator.integers(0, len(body)) :]
        try:
            back = read(bytes(mangled))
        except (UnreadableError, StrategyError):
            refused += 1
        else:
            rows = np.flatnonzero(back.codes >= 0)
            check_weights("mine", back.table[back.codes[rows]], rows, BARS)
            assert back.codes.shape == back.cells.shape == BARS.timestamps.shape
    assert refused > 500


@pytest.mark.parametrize(
    "header",
    [
        [],
        {},
        {"arrays": 3},
        {"arrays": [1, 2, 3]},
        {"arrays": [{"name": "codes", "dtype": "|O", "shape": [1]}] * 3},
        {"arrays": [{"name": "codes", "dtype": "<i8", "shape": [-1]}] * 3},
        {"arrays": [{"name": "codes", "dtype": "<i8", "shape": [1 << 70]}] * 3},
        {"arrays": [{"name": "codes", "dtype": "<U0", "shape": [4]}] * 3},
        {"arrays": [{"name": "codes", "dtype": "<f3", "shape": [4]}] * 3},
        {"arrays": [{"name": "codes", "dtype": "<i8", "shape": [2], "values": [1]}] * 3},
    ],
    ids=str,
)
def test_a_header_that_describes_no_arrays_is_unreadable(header: object) -> None:
    said = json.dumps(header).encode()
    with pytest.raises(UnreadableError):
        read(LENGTH.pack(len(said)) + said + b"\0" * 64)
