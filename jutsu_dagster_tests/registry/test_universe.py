"""Which bars the strategies need."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from jutsu_dagster.core.calendar import sessions_before
from jutsu_dagster.core.errors import DataError
from jutsu_dagster.registry.universe import etf_symbols, market_anchor, market_faults
from jutsu_dagster_tests.registry.conftest import Project


def test_symbols_are_those_of_running_strategies_only(project: Project) -> None:
    project.strategies["two"]["symbols"]["leveraged_long_symbol"] = "UPRO"
    assert etf_symbols(project.load()) == ("PSQ", "QQQ", "TLT", "TMF", "TMV", "TQQQ", "UPRO")
    project.strategies["two"]["colour"] = "red"
    assert etf_symbols(project.load()) == ("PSQ", "QQQ", "TLT", "TMF", "TMV", "TQQQ")


def test_the_anchor_is_the_first_warmup_session(project: Project) -> None:
    primary = project.load().get_primary_strategy()
    assert primary.config is not None
    warmup = primary.config.strategy.warmup_sessions
    anchor = market_anchor(primary)
    assert np.datetime64(anchor) == sessions_before(date(2010, 1, 1), warmup)[0]
    # 150 bars required, half as many again: 225 sessions before 2010.
    assert (warmup, anchor) == (225, date(2009, 2, 11))


def test_a_broken_strategy_has_no_anchor(project: Project) -> None:
    project.strategies["two"]["colour"] = "red"
    with pytest.raises(DataError, match="two reads no bars: its configuration is broken"):
        market_anchor(project.load().entries["two"])


def test_a_market_that_starts_after_the_anchor_is_a_fault(project: Project) -> None:
    assert market_faults(project.load()) == ()
    project.registry["settings"] = {"market_start": date(2010, 1, 1)}
    first, second = market_faults(project.load())
    assert str(first) == (
        "config/strategies_registry.yaml: settings.market_start (2010-01-01)"
        " must not be after 2009-02-11, the first session that one reads."
    )
    assert "two" in str(second)
