"""One module per arrow of the data's path; each runs with or without an orchestrator."""
