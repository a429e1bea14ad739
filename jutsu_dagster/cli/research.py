"""``jutsu research``: looking back over a strategy; heavy imports stand inside."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from jutsu_dagster.cli.options import Json, day_of, day_option

app = typer.Typer(
    help="Look back over a strategy: would choosing by the past have paid, and how firm is it?",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Metric(StrEnum):
    """What a set is judged by; more is better."""

    SHARPE = "sharpe"
    SORTINO = "sortino"
    CALMAR = "calmar"
    TOTAL_RETURN = "total_return"


_Strategy = Annotated[str, typer.Option(help="A registered strategy.")]
_Grid = Annotated[
    Path | None,
    typer.Option(help="YAML that maps parameters to lists. Default: the strategy's neighbours."),
]
_Sample = Annotated[int | None, typer.Option(min=1, help="Draw so many sets of the grid.")]
_Steps = Annotated[
    int,
    typer.Option(min=1, max=5, help="Without --grid: how far aside neighbours go, a parameter."),
]
_Start = Annotated[
    datetime | None,
    day_option(help_text="First day traded; default: the strategy's backtest.start."),
]
_End = Annotated[
    datetime | None, day_option(help_text="Last day, inclusive; default: all there are.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of everything drawn: the same, the same numbers.")]
_Threads = Annotated[int, typer.Option(min=1, help="Chunks of the sweep at once.")]
_MetricOption = Annotated[Metric, typer.Option(help="What sets are judged by.")]


@app.command("walk-forward")
def walk_forward(
    strategy: _Strategy,
    in_sample: Annotated[int, typer.Option(help="Days a set is chosen by.")] = 630,
    out_of_sample: Annotated[int, typer.Option(help="Days it is then used.")] = 126,
    anchored: Annotated[
        bool, typer.Option("--anchored", help="In-sample windows grow from the first day.")
    ] = False,
    metric: _MetricOption = Metric.SHARPE,
    grid: _Grid = None,
    sample: _Sample = None,
    steps: _Steps = 2,
    start: _Start = None,
    end: _End = None,
    seed: _Seed = 0,
    threads: _Threads = 2,
    as_json: Json = False,
) -> None:
    """Choose the best parameters of the past, use them on the days that follow, and stitch.

    All sets run once over all days; in each window the best in sample is used
    out of sample. One account follows the choices, every switch is traded and
    paid, and its daily returns stand beside the strategy as it is and
    buy-and-hold over the same days.

    Read it so: if the stitched account is no better than the strategy left
    alone, choosing by the past did not pay. Efficiency near 1 says that what
    was seen in sample came true.

        jutsu research walk-forward --strategy v3_5b

        jutsu research walk-forward --strategy v3_5b --grid grid.yaml --anchored
    """
    from jutsu_dagster.cli import research_run as run
    from jutsu_dagster.pipeline.lookback.walk_forward import WalkOptions

    asked = run.Asked(
        strategy, grid, sample, steps, day_of(start), day_of(end), seed, threads, as_json
    )
    run.run_walk_forward(asked, WalkOptions(in_sample, out_of_sample, anchored, metric.value, seed))


@app.command("monte-carlo")
def monte_carlo(
    strategy: _Strategy,
    draws: Annotated[int, typer.Option(min=100, max=1_000_000, help="Courses drawn.")] = 10_000,
    block: Annotated[
        int | None,
        typer.Option(min=1, help="Mean block, days. Default: the rule of Politis and White."),
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(min=2, help="Days a course; default: as many as there are.")
    ] = None,
    ruin: Annotated[
        float, typer.Option(help="Ruin: this share of the start is lost at any time.")
    ] = 0.5,
    start: _Start = None,
    end: _End = None,
    seed: _Seed = 0,
    as_json: Json = False,
) -> None:
    """Draw the strategy's days again in blocks, to see how else the same past could have gone.

    The stationary bootstrap of daily returns keeps what neighbouring days owe
    each other. Percentiles of return, Sharpe ratio and drawdown, probability
    of loss and ruin, and a fan chart.

    Read it so: the 5 % column is what a bad draw of the same days looks like.
    What never happened cannot be drawn, and a past that was chosen for being
    good stays good. Drawdowns depend on the block: look at a longer one too.

        jutsu research monte-carlo --strategy v3_5b

        jutsu research monte-carlo --strategy v3_5b --horizon 252 --ruin 0.3
    """
    from jutsu_dagster.cli import research_run as run
    from jutsu_dagster.pipeline.lookback.monte_carlo import DrawOptions

    asked = run.Asked(strategy, None, None, 1, day_of(start), day_of(end), seed, 1, as_json)
    run.run_monte_carlo(asked, DrawOptions(draws, block, horizon, ruin, seed))


@app.command("plateau")
def plateau(
    strategy: _Strategy,
    metric: _MetricOption = Metric.SHARPE,
    steps: _Steps = 1,
    pair: Annotated[
        str | None, typer.Option(metavar="A,B", help="Two parameters for a heat map.")
    ] = None,
    pair_steps: Annotated[
        int, typer.Option(min=1, max=5, help="How far the heat map goes, either way.")
    ] = 3,
    start: _Start = None,
    end: _End = None,
    threads: _Threads = 2,
    as_json: Json = False,
) -> None:
    """Move every parameter one step aside, to see a plateau or a peak.

    Each neighbour's share of the metric kept, and of the edge over
    buy-and-hold. Parameters that change nothing are called idle.

    Read it so: a strategy whose worst neighbour keeps 70 % and more does not
    hang on one value; one that loses a third by a step was fitted to it.

        jutsu research plateau --strategy v3_5b

        jutsu research plateau --strategy v3_5b --pair sma_fast,sma_slow
    """
    from jutsu_dagster.cli import research_run as run
    from jutsu_dagster.pipeline.lookback.plateau import PlateauOptions

    asked = run.Asked(strategy, None, None, steps, day_of(start), day_of(end), 0, threads, as_json)
    run.run_plateau(asked, PlateauOptions(steps, metric.value, pair, pair_steps))


@app.command("pbo")
def pbo(
    strategy: _Strategy,
    grid: _Grid = None,
    sample: _Sample = None,
    steps: _Steps = 2,
    blocks: Annotated[int, typer.Option(help="Contiguous blocks, an even number.")] = 16,
    start: _Start = None,
    end: _End = None,
    seed: _Seed = 0,
    threads: _Threads = 2,
    as_json: Json = False,
) -> None:
    """Estimate how often the best parameters of one half of the days are poor in the other.

    Combinatorially symmetric cross-validation over all sets: the probability
    of backtest overfitting (PBO), the distribution of logits, the slope of
    out-of-sample on in-sample performance, and the probability of loss.

    Read it so: PBO 50 % is choosing blindly, 20 % and less is wanted. It
    judges the act of choosing among these sets, not the strategy: ask it of
    the grid that was really searched.

        jutsu research pbo --strategy v3_5b --grid grid.yaml
    """
    from jutsu_dagster.cli import research_run as run
    from jutsu_dagster.pipeline.lookback.pbo import PboOptions

    asked = run.Asked(
        strategy, grid, sample, steps, day_of(start), day_of(end), seed, threads, as_json
    )
    run.run_pbo(asked, PboOptions(blocks))
