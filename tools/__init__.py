"""The earlier system's commands by their old names: callers of ``jutsu``."""
