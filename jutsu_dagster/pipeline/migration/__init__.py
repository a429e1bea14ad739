"""Moving a single-strategy set-up in, and out again."""
