"""The two files of the council: what they say, what they may not say, and how they lean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from jutsu_dagster.core.bars import Bars
from jutsu_dagster.core.council_regime import REGIMES
from jutsu_dagster.registry.config import load_strategy_config
from jutsu_dagster.strategies.council import Council
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.councils import FILES, candles, council, parameters, walk


@pytest.fixture(scope="module")
def market() -> Bars:
    """Seven months of a walk that leans to neither side."""
    return walk(20_000, 9)


@pytest.mark.parametrize("profile", FILES)
def test_a_profile_is_a_strategy_file(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "council", Council)
    config = load_strategy_config(FILES[profile])
    assert config.strategy == council(profile)
    assert config.strategy.universe == ("ETHUSDT",)
    assert config.strategy.timeframe == "15m"
    assert config.strategy.warmup_sessions == 3  # 199 bars of 96 a day
    assert config.strategy_id == FILES[profile].stem


Balance = dict[str, tuple[float, float, float]]


def balance(strategy: Council, bars: Bars) -> Balance:
    """Return per regime: share of bars, share of long decisions, share of long entries."""
    decision = strategy.direct(bars)
    found: Balance = {}
    for code, regime in enumerate(REGIMES):
        here = (decision.regime == code) & (decision.direction != 0)
        sure = here & (decision.confidence >= strategy.rules.threshold(regime))
        if here.any():
            up = decision.direction > 0
            found[regime] = (
                float(here.mean()),
                float(up[here].mean()),
                float(up[sure].mean()) if sure.any() else 0.5,
            )
    return found


def test_the_default_leans_to_neither_side(market: Bars) -> None:
    found = balance(council("default"), market)
    assert set(found) == {"chop", "high_vol", "trend_up", "trend_down"}
    assert min(share for share, _, _ in found.values()) > 0.1
    for regime in ("chop", "high_vol"):
        assert found[regime][1] == pytest.approx(0.5, abs=0.07), regime
        assert found[regime][2] == pytest.approx(0.5, abs=0.10), regime
    # A trend is followed, but not blindly: the other side occurs, and is as rare either way.
    assert 0.6 < found["trend_up"][1] < 0.9
    assert found["trend_up"][1] == pytest.approx(1 - found["trend_down"][1], abs=0.07)
    assert found["trend_up"][2] == pytest.approx(1 - found["trend_down"][2], abs=0.10)
    assert 0.6 < found["trend_up"][2] < 0.99


def test_the_reference_is_always_short_outside_trends_as_recorded(market: Bars) -> None:
    found = balance(council("reference", regime_window=200), market)
    # Sure of it once its fixed 25 bars are there.
    assert found["chop"][1] == found["high_vol"][1] == 0.0


def test_the_default_mirrors_a_mirrored_market(market: Bars) -> None:
    def mirrored(field: str) -> Any:
        return 4e6 / getattr(market, field)[:, 0]

    turned = candles(
        mirrored("open"), mirrored("low"), mirrored("high"), mirrored("close"), market.volume[:, 0]
    )
    one, two = (council("default").direct(bars) for bars in (market, turned))
    # Relative changes up and down differ in second order, so a few decisions do not turn.
    assert np.mean(one.direction == -two.direction) > 0.98
    assert np.mean(np.abs(one.confidence - two.confidence) < 0.05) > 0.9


def test_the_default_has_no_vote_without_a_direction_and_no_stand_ins() -> None:
    default = council("default")
    assert {spec.missing for spec in default.signals.values()} == {"abstain"}
    assert {"ATRp", "BB_Width", "Vol_Delta"}.isdisjoint(default.signals)
    assert default.signals["MACD_Hist"].per == "atr"
    meanrev = [spec.votes.get("meanrev", 0.0) for spec in default.signals.values()]
    assert min(meanrev) < 0.0 >= max(meanrev)
    up, down = ([r for r in default.trend_rules if r.direction == d] for d in ("up", "down"))
    assert [rule.row[1:] for rule in up] == [rule.row[1:] for rule in down]
    assert set(default.conf_min.model_dump().values()) == {0.70, 0.72, 0.71}


def test_inputs_that_candles_do_not_hold_change_nothing_in_the_default(market: Bars) -> None:
    signals = parameters("default")["signals"]
    for name in ("Funding_Bias", "Session_Heat", "Event_Cooldown", "Spread_Normalized"):
        signals[name] = {"method": "bounded", "low": 0, "centre": 0.5, "high": 1,
                         "votes": {"flow": 1, "momentum": 1, "meanrev": 1}}  # fmt: skip
    bars = market.head(600)
    one, two = council("default").direct(bars), council("default", signals=signals).direct(bars)
    np.testing.assert_array_equal(one.confidence, two.confidence)
    np.testing.assert_array_equal(one.direction, two.direction)


def _signal(name: str, **spec: Any) -> Callable[[dict[str, Any]], None]:
    return lambda values: values["signals"].update({name: spec})


REFUSED: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_signal("RSI", method="tanh"), "no signal; did you mean 'RSI_14'"),
    (_signal("RSI_14", method="tanh", low=3), "low is of no use to method tanh"),
    (_signal("RSI_14", method="bounded", low=0, centre=0, high=9), "must ascend"),
    (_signal("RSI_14", method="tanh", direction_of="RSI"), "direction_of"),
    (_signal("RSI_14", method="tanh", missing="ignore"), "missing"),
    (_signal("RSI_14", method="tanh", votes={"mood": 1}), "votes.mood"),
    (lambda values: values.update(timeframe="7m"), "timeframe"),
    (lambda values: values.update(signal_window=60), "signal_window"),
    (lambda values: values.update(exploration_cap=97), "exploration_cap"),
    (lambda values: values.update(regime_windows=20), "regime_windows"),
    (lambda values: values["conf_min"].update(chop=float("nan")), "conf_min.chop"),
    (lambda values: values.pop("signals"), "signals"),
]


@pytest.mark.parametrize(("spoil", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_parameter_that_makes_no_sense_is_refused_by_name(
    spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    values = parameters("default")
    spoil(values)
    with pytest.raises(ValidationError, match=message.replace(".", r"\.")):
        Council.model_validate(values)


def test_a_file_with_a_fault_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "council", Council)
    document = yaml.safe_load(FILES["default"].read_text(encoding="utf-8"))
    document["strategy"]["parameters"]["conf_min"]["chop"] = True
    (tmp_path / "ETH_main.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(Exception, match=r"strategy\.parameters\.conf_min\.chop"):
        load_strategy_config("ETH_main.yaml", tmp_path)
