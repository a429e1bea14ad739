"""Where bars come from: the synthetic sample market, files, and later vendors."""
