"""Looking back over one strategy's daily returns: pure functions of walk-forward and its kin."""
