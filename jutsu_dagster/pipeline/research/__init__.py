"""The nightly research cycle over the ledger: steps, their artefacts, and the night's summary."""
