"""Strategy classes: parameters as fields, one pure causal decision method."""
