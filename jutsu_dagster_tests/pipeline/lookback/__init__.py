"""Looking back over stored bars: runs, accounts that switch, reports."""
