"""What the program keeps: market store, ledger, state files."""
