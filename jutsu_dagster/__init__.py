"""Systematic strategies as Dagster assets: one data path for backtest, paper and shadow runs."""

__version__ = "0.1.0"
