"""Registry files: their models, their loading and their faults."""
