"""Export files: which there are, what they are called, and writing them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.reporting.account import AccountReport
from jutsu_dagster.reporting.daily import daily_csv
from jutsu_dagster.reporting.dashboard import config_yaml, dashboard_csv
from jutsu_dagster.reporting.regimes import regime_summary_csv, regime_timeseries_csv
from jutsu_dagster.reporting.summary import summary_csv
from jutsu_dagster.reporting.trades import trades_csv
from jutsu_dagster.storage.atomic import write_text_atomic

ExportKind = Literal["dashboard", "daily", "trades", "regimes", "summary"]


def dashboard_files(
    report: AccountReport,
    backtest: Mapping[str, Any],
    *,
    warmup_sessions: int,
    data_version: str | None = None,
    compat: bool = False,
) -> dict[str, str]:
    """Return the two files of ``config/backtest/`` by name; arguments as ``config_yaml``."""
    return {
        f"dashboard_{report.class_name}.csv": dashboard_csv(report, compat=compat),
        f"config_{report.class_name}.yaml": config_yaml(
            report, backtest, warmup_sessions=warmup_sessions, data_version=data_version
        ),
    }


def report_files(
    report: AccountReport,
    kind: ExportKind,
    written: datetime,
    signal_close: FloatArray | None = None,
) -> dict[str, str]:
    """Return the files of one kind other than ``dashboard``, text by file name.

    Parameters
    ----------
    report : AccountReport
    kind : "daily", "trades", "regimes" or "summary"
    written : datetime
        Stamps the names of all but the regime files, which name their sessions.
    signal_close : float64 of shape (T,), optional
        Closes of the signal symbol, for the regime timeseries.
    """
    stamp = f"{report.class_name}_{written:%Y%m%d_%H%M%S}"
    match kind:
        case "daily":
            return {f"{stamp}.csv": daily_csv(report)}
        case "trades":
            return {f"{stamp}_trades.csv": trades_csv(report)}
        case "summary":
            return {f"{stamp}_summary.csv": summary_csv(report)}
        case "regimes":
            span = f"{report.sessions[0]}_{report.sessions[-1]}"
            name = f"{report.strategy_id}_{report.class_name}_{span}"
            return {
                f"regime_timeseries_{name}.csv": regime_timeseries_csv(report, signal_close),
                f"regime_summary_{name}.csv": regime_summary_csv(report),
            }
        case _:
            raise ValueError(f"{kind!r} has more settings; use dashboard_files")


def write_files(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write files into a folder, each whole or not at all; return their paths."""
    paths = [folder / name for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        write_text_atomic(path, text)
    return paths
