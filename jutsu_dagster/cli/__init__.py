"""The command line, `jutsu …`."""
