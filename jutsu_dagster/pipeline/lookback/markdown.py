"""Pieces of the reports that people read: numbers, tables, paragraphs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rows = Sequence[Sequence[str]]

# How each number of a summary is called and shown.
SUMMARY = (
    ("total_return", "total return", "percent"),
    ("annual_return", "a year", "percent"),
    ("volatility", "volatility", "percent"),
    ("sharpe", "Sharpe", "ratio"),
    ("sortino", "Sortino", "ratio"),
    ("max_drawdown", "worst drawdown", "percent"),
    ("calmar", "Calmar", "ratio"),
)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction as percent, a dash where there is none."""
    return "–" if value is None else f"{value * 100:.{digits}f} %"


def ratio(value: float | None, digits: int = 3) -> str:
    """Return a number, a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def table(header: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table; the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    lines = [header, rule, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def summaries(columns: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of several ``measures.summary`` side by side."""
    show = {"percent": percent, "ratio": ratio}
    rows = [
        [label, *(show[kind](column[name]) for column in columns.values())]
        for name, label, kind in SUMMARY
    ]
    return ["", *columns], rows


def page(title: str, document: Mapping[str, Any], *parts: str) -> str:
    """Return a whole report: title, what it is of, then the parts."""
    window, sets = document["window"], document["sets"]
    refused = f", {sets['refused']} refused by rules of the class" if sets["refused"] else ""
    about = (
        f"{document['strategy_id']} ({document['strategy_class']}, parameters"
        f" `{document['parameter_hash']}`), {window['days']} days from {window['first']} to"
        f" {window['last']}; {sets['evaluated']} parameter sets ({sets['source']}{refused});"
        f" data `{document['data_version']}`, hash `{document['data_hash']}`."
    )
    return "\n\n".join([f"# {title}", about, *parts]) + "\n"
