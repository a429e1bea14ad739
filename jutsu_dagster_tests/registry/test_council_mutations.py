"""The recorded runner's two keys, on a directional strategy as the runner had it."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.registry.mutations import MutationError, mutate
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.strategies.directional import ConfMin, DirectionalStrategy


class Quiet(DirectionalStrategy):
    """A directional strategy with nothing of its own."""

    @property
    def warmup_bars(self) -> int:
        """None."""
        return 0


# Its chop threshold lies below what a mutation may make of it.
RECORDED = Quiet(conf_min=ConfMin(trend=0.70, chop=0.25, high_vol=0.71))


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        (-0.02, {"trend": 0.6799999999999999, "chop": 0.5, "high_vol": 0.69}),
        (0.02, {"trend": 0.72, "chop": 0.5, "high_vol": 0.73}),
        (0.2, {"trend": 0.8999999999999999, "chop": 0.5, "high_vol": 0.9099999999999999}),
        (0.4, {"trend": 0.95, "chop": 0.65, "high_vol": 0.95}),
        (0.0, {"trend": 0.7, "chop": 0.5, "high_vol": 0.71}),
    ],
)
def test_thresholds_are_clamped_after_the_change_never_before(
    delta: float, expected: dict[str, float]
) -> None:
    looked = mutate(RECORDED, {"conf_min_delta": delta}, creating=False).strategy
    assert isinstance(looked, DirectionalStrategy)
    assert looked.conf_min.model_dump() == expected


def test_a_mutation_that_only_moves_chop_within_its_clamp_is_a_no_op() -> None:
    with pytest.raises(MutationError, match=r"once conf_min\.chop is clamped"):
        mutate(RECORDED, {"conf_min.chop_delta": -0.02})


def test_the_cap_keeps_what_it_would_have_been_for_a_lifetime() -> None:
    # `jutsu simulate --cap-scope lifetime` takes the cap from here: no day has that many bars.
    mutated = mutate(RECORDED, {"exploration_cap_delta": 1_000_000}, creating=False)
    assert mutated.changed == {"exploration_cap": 96}
    assert mutated.clamped == {"exploration_cap": 1_000_002}
    low: Any = mutate(RECORDED, {"exploration_cap_delta": -5}).strategy
    assert low.exploration_cap == 1


def test_the_market_is_no_matter_of_mutations() -> None:
    specs = param_specs(RECORDED)
    assert {name for name in ("symbol", "timeframe") if specs[name].mutable} == set()
    for key, value in (("symbol", "BTCUSDT"), ("timeframe", "1h")):
        with pytest.raises(MutationError, match="which is immutable"):
            mutate(RECORDED, {key: value})
