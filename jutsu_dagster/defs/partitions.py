"""Partitions: UTC days for the night, calendar years for backtests."""

from datetime import date

import dagster as dg


def daily_partitions(market_start: date) -> dg.DailyPartitionsDefinition:
    """One partition a UTC date; day D exists from 00:00 UTC of D + 1."""
    return dg.DailyPartitionsDefinition(start_date=market_start.isoformat(), timezone="UTC")


def yearly_partitions(first_year: int) -> dg.TimeWindowPartitionsDefinition:
    """One partition a calendar year, keyed ``2015``, the year under way included."""
    return dg.TimeWindowPartitionsDefinition(
        start=str(first_year), fmt="%Y", cron_schedule="0 0 1 1 *", timezone="UTC", end_offset=1
    )
