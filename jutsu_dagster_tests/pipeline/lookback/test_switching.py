"""One account that follows the choices: bits where nothing changes, costs where it does."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from jutsu_dagster.pipeline.lookback.allocation import run_allocation
from jutsu_dagster.pipeline.lookback.candidates import Candidates, from_file
from jutsu_dagster.pipeline.lookback.opened import Lookback
from jutsu_dagster.pipeline.lookback.run import Run, Span
from jutsu_dagster.pipeline.lookback.walk_forward import WalkOptions, walk_forward
from jutsu_dagster.research.lookback.measures import LookbackError
from jutsu_dagster.research.lookback.windows import outside_rows, walk_windows
from jutsu_dagster_tests.homes import Home, lift_closes
from jutsu_dagster_tests.pipeline.lookback.test_candidates import written

FAST, SLOW = 1, 2
OPTIONS = WalkOptions(in_sample=200, out_of_sample=60)


def candidates(home: Home, **overrides: object) -> Candidates:
    folder = home.path.parent
    grid: dict[str, list[object]] = {"sma_fast": [20, 60], "upper_thresh_z": [0.5, 1.0, 1.5]}
    return from_file(home.config(**overrides), written(folder, grid))


def run_of(home: Home, **overrides: object) -> Run:
    return run_allocation(home.config(**overrides), home.store, candidates(home, **overrides))


def test_every_set_runs_once_from_the_first_day_on(home: Home) -> None:
    run = run_of(home)
    assert str(run.days[0]) == "2010-01-04"
    assert run.returns.shape == (len(run.days), 7)
    # The first day costs the opening and no more; buy-and-hold pays nothing.
    assert (run.returns[0] <= 0).all()
    assert run.baseline[0] == 0.0
    assert np.isfinite(run.returns).all()


@pytest.mark.parametrize("timing", ["close", "next_close", "next_open"])
def test_a_switch_to_the_same_set_changes_no_bit(home: Home, timing: str) -> None:
    run = run_of(home, **{"execution.execution_time": timing})
    whole = run.follow([Span(FAST, 100, 700)])
    cut = run.follow([Span(FAST, 100, 163), Span(FAST, 163, 400), Span(FAST, 400, 700)])
    np.testing.assert_array_equal(whole.returns, cut.returns)
    assert whole.costs == pytest.approx(cut.costs, rel=1e-12)
    assert len(whole.returns) == 600


def test_an_account_moves_like_its_set_until_the_switch_and_pays_for_it(home: Home) -> None:
    run = run_of(home)
    alone = run.follow([Span(FAST, 100, 700)])
    switched = run.follow([Span(FAST, 100, 400), Span(SLOW, 400, 700)])
    # The switch is filled at the close before the new set's first day.
    np.testing.assert_array_equal(alone.returns[:299], switched.returns[:299])
    free = run_of(home, **{"costs.slippage_rate": 0.0, "costs.commission_per_share": 0.0})
    gratis = free.follow([Span(FAST, 100, 400), Span(SLOW, 400, 700)])
    assert gratis.costs == 0.0
    assert switched.costs > 0.0
    assert np.prod(1 + gratis.returns) > np.prod(1 + switched.returns)
    assert len(switched.turnover) == 2


def test_a_day_is_earned_by_what_the_set_chosen_for_it_decided(home: Home) -> None:
    run = run_of(home, **{"costs.slippage_rate": 0.0, "costs.commission_per_share": 0.0})
    spans = [Span(FAST, 100, 300), Span(SLOW, 300, 500), Span(FAST, 500, 700)]
    switched = run.follow(spans)
    own = np.concatenate([run.returns[span.first : span.stop, span.chosen] for span in spans])
    # Whole shares and drifted holdings apart, an account without costs is its sets' days.
    assert np.abs(switched.returns - own).max() < 0.01
    assert np.corrcoef(switched.returns, own)[0, 1] > 0.999


def test_later_bars_change_neither_the_choice_nor_an_earlier_return(home: Home) -> None:
    config, made = home.config(), candidates(home)
    before = walk_forward(config, run_of(home), made.source, OPTIONS)
    windows = before.document["results"]["windows"]
    cut = 8
    first_day = date.fromisoformat(windows[cut]["out_of_sample"][0])
    home.change_bars(first_day, date(2013, 12, 31), lift_closes)
    home.change_bars(date(2013, 6, 3), date(2013, 12, 31), _doubled)
    after = walk_forward(config, run_of(home), made.source, OPTIONS)
    again = after.document["results"]["windows"]
    chosen = [one["chosen"] for one in windows]
    assert [one["chosen"] for one in again][: cut + 1] == chosen[: cut + 1]
    assert len(set(chosen)) > 1
    # Everything in sample of the window is what it was; what is out of it is not.
    assert again[cut]["metric"]["inside"] == windows[cut]["metric"]["inside"]
    assert again[-1]["metric"] != windows[-1]["metric"]
    known = OPTIONS.out_of_sample * cut - 1
    one, other = before.frames["stitched"], after.frames["stitched"]
    pd.testing.assert_frame_equal(one[:known], other[:known], check_exact=True)
    assert not one["stitched"].equals(other["stitched"])


def _doubled(rows: pd.DataFrame) -> pd.DataFrame:
    return lift_closes(lift_closes(lift_closes(rows)))


@pytest.mark.parametrize("anchored", [False, True])
def test_the_stitched_days_are_the_windows_days_each_once(home: Home, *, anchored: bool) -> None:
    run, made = run_of(home), candidates(home)
    options = WalkOptions(200, 60, anchored)
    report = walk_forward(home.config(), run, made.source, options)
    rows = outside_rows(walk_windows(len(run), 200, 60, anchored=anchored))
    frame = report.frames["stitched"]
    assert frame["date"].tolist() == run.days[rows].astype(str).tolist()
    np.testing.assert_array_equal(
        frame["without_switching_cost"], run.returns[rows, frame["chosen"]]
    )
    np.testing.assert_array_equal(frame["buy_and_hold"], run.baseline[rows])
    parent = run.follow([Span(0, 200, len(run))])
    np.testing.assert_array_equal(frame["parent"], parent.returns)


def test_a_set_is_one_trial_in_whatever_company(home: Home) -> None:
    lookback = Lookback(home.config(), home.store, home.ledger)
    made = candidates(home)
    lookback.run(made)
    assert len(home.ledger.trials("v3_5b")) == 7
    # Beside a set with a longer warm-up the others read the same bars as before.
    folder = home.path.parent
    longer = from_file(home.config(), written(folder, {"sma_slow": [140, 200], "sma_fast": [20]}))
    lookback.run(longer)
    trials = home.ledger.trials("v3_5b")
    assert len(trials) == 8
    assert set(trials["source"]) == {"sweep"}


def test_a_refusal_for_too_few_days_records_nothing(home: Home) -> None:
    def refuse(days: int) -> None:
        raise ValueError(days)

    with pytest.raises(ValueError, match="1006"):
        Lookback(home.config(), home.store, home.ledger).run(candidates(home), refuse)
    assert home.ledger.trials("v3_5b").empty


def test_a_set_whose_warm_up_the_store_lacks_is_left_out_with_the_reason(home: Home) -> None:
    folder, config = home.path.parent, home.config()
    long = from_file(config, written(folder, {"sma_slow": [150, 400]}))
    run = run_allocation(config, home.store, long)
    assert [dict(one.changed) for one in run.sets] == [{}, {"sma_slow": 150}]
    assert run.refused[0][0] == {"sma_slow": 400}
    assert "needs bars of QQQ from 2007-" in run.refused[0][1]
    alone = from_file(config, written(folder, {"sma_slow": [400]}))
    with pytest.raises(LookbackError, match=r"no set but the strategy itself .* --start later"):
        run_allocation(config, home.store, alone)
