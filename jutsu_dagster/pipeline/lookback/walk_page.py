"""The report of a walk-forward, for reading."""

from __future__ import annotations

from typing import Any

from jutsu_dagster.pipeline.lookback import markdown as md
from jutsu_dagster.pipeline.lookback.candidates import described
from jutsu_dagster.research.lookback.measures import written


def walk_page(document: dict[str, Any]) -> str:
    """Return the report for reading."""
    found, options = document["results"], document["options"]
    worth, in_sample, switches = found["efficiency"], found["parent_in_sample"], found["switches"]
    kind = "growing from the first day" if options["anchored"] else "moving on"
    against = found["against_parent"]
    sharpe = against["sharpe_difference_per_day"]
    year = document["days_per_year"] ** 0.5
    interval = (
        f"{sharpe['low'] * year:+.3f} to {sharpe['high'] * year:+.3f}"
        if sharpe["low"] is not None
        else "undefined"
    )
    header, rows = md.summaries(found["summary"])
    return md.page(
        f"Walk-forward of {document['strategy_id']}",
        document,
        f"{options['in_sample']} days in sample ({kind}), {options['out_of_sample']} out of"
        f" sample; in each window the set with the best {options['metric']} in sample is used"
        " out of sample. All numbers below are of out-of-sample days only.",
        "![stitched out-of-sample equity](stitched.svg)",
        md.table(header, rows),
        f"Against the fixed parent: annual Sharpe difference, 95 % interval {interval} (paired"
        f" stationary bootstrap); better in {md.percent(sharpe['better'])} of the draws."
        f" PSR(0) {md.ratio(against['psr_zero'])}.",
        f"Efficiency: return {md.ratio(worth['return_efficiency'])}, {options['metric']}"
        f" {md.ratio(worth['metric_efficiency'])} (mean {md.ratio(worth['mean_inside'])} in"
        f" sample, {md.ratio(worth['mean_outside'])} out of sample). The chosen set beat"
        f" {md.percent(worth['mean_beaten'])} of the others out of sample; 50 % is chance."
        f" Where another set than the parent was chosen, it was ahead of it in"
        f" {md.percent(worth['ahead_of_parent'])} of the windows (equals count half).",
        f"The parent was among the best {in_sample['top']} in sample in"
        f" {md.percent(in_sample['share'])} of the windows: {in_sample['verdict']}; its mean rank"
        f" there is {md.ratio(in_sample['mean_rank'], 1)} of {in_sample['sets']}."
        f" {switches['changes_of_set']} changes of set in {switches['windows']} windows, the"
        f" parent chosen in {switches['parent_chosen']}; turnover at switches"
        f" {md.ratio(switches['turnover_at_switches'], 2)} times equity, costs of the whole way"
        f" {md.percent(switches['costs'])} of the capital (parent"
        f" {md.percent(switches['parent_costs'])}).",
        "## Windows",
        md.table(
            ["out of sample", "chosen", "in", "out", "parent out", "median out", "beaten"],
            [_window_row(row) for row in found["windows"]],
        ),
        "## Parameters chosen",
        md.table(
            ["parameter", "parent", "most chosen", "share", "parent's share", "changes"],
            [_parameter_row(row) for row in found["parameters"]],
        ),
        "## What is assumed",
        *found["assumptions"],
    )


def _window_row(row: dict[str, Any]) -> list[str]:
    return [
        " – ".join(row["out_of_sample"]),
        described(row["changes"]),
        md.ratio(row["metric"]["inside"], 2),
        md.ratio(row["metric"]["outside"], 2),
        md.ratio(row["parent"]["outside"], 2),
        md.ratio(row["median_outside"], 2),
        md.percent(row["beaten_outside"], 0),
    ]


def _parameter_row(row: dict[str, Any]) -> list[str]:
    return [
        row["parameter"],
        written(row["parent"]),
        next(iter(row["chosen"])),
        md.percent(row["share"], 0),
        md.percent(row["parent_share"], 0),
        str(row["changes"]),
    ]
