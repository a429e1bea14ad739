"""Looking back: pure functions, by hand and by what must never happen."""
