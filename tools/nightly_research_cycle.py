"""``python3 -m tools.nightly_research_cycle …`` is ``jutsu nightly …``."""

from __future__ import annotations

import sys

from jutsu_dagster.cli.app import main

if __name__ == "__main__":
    sys.exit(main(["nightly", *sys.argv[1:]]))
