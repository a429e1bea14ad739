"""What commands print with: a table, a progress bar, JSON for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Advance = Callable[[int], None]


@contextmanager
def progress(label: str, total: int, *, shown: bool = True) -> Iterator[Advance]:
    """Show a bar on stderr while a long step runs; the caller says how much is done.

    Where stderr is no terminal, lines at every tenth take the bar's place.
    """
    if not shown:
        yield lambda _done: None
        return
    if not sys.stderr.isatty():
        advance = _lines(label, total)
        yield advance
        advance(total)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(label, total=total)
        yield lambda done: bar.update(task, completed=done)
        bar.update(task, completed=total)


def _lines(label: str, total: int) -> Advance:
    told = [0]

    def advance(done: int) -> None:
        tenth = done * 10 // max(total, 1)
        if tenth > told[0]:
            told[0] = tenth
            sys.stderr.write(f"  {label}: {done} of {total}\n")
            sys.stderr.flush()

    return advance


def say(line: str) -> None:
    """Print a line of progress on stderr, so that stdout stays the answer."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def answer_json(data: Any) -> None:
    """Print the answer as strict JSON."""
    sys.stdout.write(json.dumps(data, allow_nan=False, default=str) + "\n")


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True
) -> None:
    """Print a table; the first column is text, the others are numbers unless told otherwise."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", header_style="bold")
    for at, name in enumerate(header):
        table.add_column(name, justify="right" if at and numbers else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    # A pipe has no width of its own: wide enough for every column then.
    width = None if sys.stdout.isatty() else max(100, 22 * len(header))
    Console(width=width).print(table)
