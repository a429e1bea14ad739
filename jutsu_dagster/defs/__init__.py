"""Dagster definitions only: assets, checks, jobs, resources."""
