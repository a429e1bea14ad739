"""Raw and normalised signals of every recorded bar."""

from __future__ import annotations

import numpy as np
import pytest

from jutsu_dagster.core.council_signals import COMPUTED, EDGE, edge
from jutsu_dagster_tests.councils import council
from jutsu_dagster_tests.oracle.council import DATASETS, ORACLE, recorded, rows, table

pytestmark = [*ORACLE, pytest.mark.parametrize("dataset", DATASETS)]


def test_raw_signals_are_the_recorded_ones(dataset: str) -> None:
    expected = table(f"signals/{dataset}_raw.csv")
    raw = council("reference").raw(recorded(dataset))
    raw |= edge(raw)
    assert list(expected.columns[2:]) == [*COMPUTED, *EDGE]
    for name in expected.columns[2:]:
        ours, theirs = raw[name][rows(expected)], expected[name].to_numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=0.0, err_msg=name)


def test_normalised_signals_are_the_recorded_ones(dataset: str) -> None:
    expected = table(f"signals/{dataset}_normalized.csv")
    votes = council("reference").normalised(recorded(dataset))
    for name in expected.columns[2:]:
        ours, theirs = votes[name][rows(expected)], expected[name].to_numpy()
        np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-9, err_msg=name)
