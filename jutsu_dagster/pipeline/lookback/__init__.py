"""Looking back: walk-forward, Monte Carlo, plateau and PBO of one registered strategy."""
