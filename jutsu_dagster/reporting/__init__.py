"""From the ledger to what people read: tables, plots, files."""
