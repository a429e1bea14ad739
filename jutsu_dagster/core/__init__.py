"""Pure numerics: bars, indicators, engines, metrics. No I/O, no clock, no global state."""
