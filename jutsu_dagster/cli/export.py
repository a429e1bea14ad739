"""``jutsu export``: an account as CSV and YAML files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.options import require_writable
from jutsu_dagster.cli.project import Project
from jutsu_dagster.core.errors import DataError, nearest
from jutsu_dagster.pipeline.direct import is_directional


def export(
    project: Project,
    kind: str,
    strategy_ids: list[str],
    out: Path | None,
    *,
    compat: bool,
    as_json: bool,
) -> None:
    """Write an export of the named strategies, all active ones if none is named.

    The dashboard's files go to ``config/backtest/``, all others to ``reports/backtests/<id>/``,
    unless ``out`` says otherwise.
    """
    from jutsu_dagster.pipeline.export import EXPORT_KINDS
    from jutsu_dagster.pipeline.export import export as run

    chosen = next((known for known in EXPORT_KINDS if known == kind), None)
    if chosen is None:
        close = nearest(kind, EXPORT_KINDS)
        hint = f"; did you mean {close!r}?" if close else ""
        raise DataError(f"export {kind!r} must be one of {', '.join(EXPORT_KINDS)}{hint}")
    if out is not None:
        require_writable("--out", out)
    ids = strategy_ids or _exportable(project)
    settings = project.settings
    written = []
    for strategy_id in ids:
        folder = out or (
            settings.home / "config" / "backtest"
            if kind == "dashboard"
            else settings.reports_dir / "backtests" / strategy_id
        )
        written += run(
            project.config(strategy_id),
            chosen,
            project.store,
            project.ledger,
            folder,
            datetime.now(UTC),
            compat=compat,
        )
    if as_json:
        answer_json({"files": [str(path) for path in written]})
        return
    for path in written:
        say(f"written: {path}")


def _exportable(project: Project) -> list[str]:
    """Return the active strategies that have an account in shares; say who is left out."""
    active = project.registry.get_active_strategies()
    left = [entry.id for entry in active if is_directional(entry.config)]
    if left:
        say(f"left out: {', '.join(left)}: they hold no shares, which these files are about")
    return [entry.id for entry in active if entry.id not in left]
