"""The two files of a variant, views of the ledger: its trades grow, its summary is replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jutsu_dagster.storage.atomic import append_bytes, write_bytes_atomic

FOLDER = Path("reports/variant")


def trades_path(home: Path, variant_id: str) -> Path:
    """Return the file of a variant's trades, a line each."""
    return home / FOLDER / f"{variant_id}_trades.jsonl"


def summary_path(home: Path, variant_id: str) -> Path:
    """Return the file of a variant's summary."""
    return home / FOLDER / f"{variant_id}_summary.json"


def bring_trades(path: Path, before: int, added: bytes, whole: Callable[[], bytes]) -> None:
    """Bring the file of trades to what the ledger holds.

    Parameters
    ----------
    path : Path
    before : int
        Bytes that it should have had before.
    added : bytes
        What came since.
    whole : callable
        Gives all of it, from the ledger: where the file is not what it should have been.
    """
    # Appended, or a night would cost more the longer a variant has lived.
    if not append_bytes(path, before, added):
        write_bytes_atomic(path, whole(), durable=False)


def bring_summary(path: Path, text: str) -> None:
    """Write the summary, unless it says just that already."""
    content = text.encode()
    try:
        if path.read_bytes() == content:
            return
    except FileNotFoundError:
        pass
    # The ledger has it all: after a power cut the next night writes it again.
    write_bytes_atomic(path, content, durable=False)
