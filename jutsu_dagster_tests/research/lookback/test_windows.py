"""Windows of a walk-forward: every out-of-sample day once, none of them in its own past."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from jutsu_dagster.research.lookback.measures import LookbackError
from jutsu_dagster.research.lookback.windows import Window, outside_rows, walk_windows


def test_windows_by_hand() -> None:
    assert walk_windows(100, 40, 25) == (
        Window(0, 40, 65),
        Window(25, 65, 90),
        Window(50, 90, 100),
    )
    assert walk_windows(100, 40, 25, anchored=True) == (
        Window(0, 40, 65),
        Window(0, 65, 90),
        Window(0, 90, 100),
    )
    assert walk_windows(65, 40, 25) == (Window(0, 40, 65),)


@pytest.mark.parametrize("anchored", [False, True])
@pytest.mark.parametrize(("inside", "outside"), [(20, 1), (40, 25), (63, 21), (250, 50)])
def test_out_of_sample_days_follow_each_other_and_never_stand_in_their_own_past(
    inside: int, outside: int, *, anchored: bool
) -> None:
    windows = walk_windows(300, inside, outside, anchored=anchored)
    np.testing.assert_array_equal(outside_rows(windows), np.arange(inside, 300))
    for one in windows:
        assert one.inside.stop == one.outside.start
        assert one.first == 0 if anchored else one.split - one.first == inside
    for one, other in itertools.pairwise(windows):
        assert one.stop == other.split


@pytest.mark.parametrize(
    ("days", "inside", "outside", "said"),
    [
        (100, 80, 21, r"80 days in sample and 21 out of sample are 101 days, but there are 100"),
        (100, 19, 10, r"--in-sample 19 must be at least 20"),
        (100, 50, 0, r"--out-of-sample 0 must be at least 1"),
    ],
)
def test_windows_that_cannot_be_are_refused(
    days: int, inside: int, outside: int, said: str
) -> None:
    with pytest.raises(LookbackError, match=said):
        walk_windows(days, inside, outside)
