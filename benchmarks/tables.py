"""The lines that ``sweep.py`` prints."""

from __future__ import annotations

from typing import Any

SWEEP_HEADER = """
sweep         sets thr   CPU ns a bar and set (min..max)   wall ns  peak MB  above  build µs/set"""
PEER_HEADER = """
vectorbt      sets  given  how           ours   theirs    ratio (min..max)   final equity differs by
                                                              (median, max; same shares), Sharpe"""


def print_sweep(row: dict[str, Any]) -> None:
    """Print the cost of one kind and count of sets on some threads."""
    cpu = row["cpu_ns"]
    costs = f"{cpu['median']:10.1f} ({cpu['min']:.1f}..{cpu['max']:.1f})"
    print(
        f"{row['kind']:<11}{row['sets']:>7,}{row['threads']:>4}  {costs:<31}"
        f"{row['wall_ns']['median']:9.1f}{row['peak_mb']:9.0f}"
        f"{row['peak_mb'] - row['baseline_mb']:7.0f}{row['build_us_per_set']:10.1f}",
        flush=True,
    )


def print_peer(row: dict[str, Any]) -> None:
    """Print ours and vectorbt's cost, their ratio and how their results differ."""
    ratio, differs = row["ratio"], row["equity_difference"]
    ratios = f"{ratio['median']:8.1f} ({ratio['min']:.1f}..{ratio['max']:.1f})"
    print(
        f"{row['kind']:<11}{row['sets']:>7,}{row['peer_sets']:>7,}  {row['mode']:<10}"
        f"{row['ours_ns']['median']:8.1f}{row['peer_ns']['median']:9.1f} {ratios:<22}"
        f" {differs['median']:.0e}, {differs['max']:.0e}; "
        f"{row['equity_difference_same_shares']:.0e}, {row['sharpe_difference']:.0e}",
        flush=True,
    )
