"""``python3 -m tools.run_variant_cycle …`` is ``jutsu variants run …``."""

from __future__ import annotations

import sys

from jutsu_dagster.cli.app import main

if __name__ == "__main__":
    sys.exit(main(["variants", "run", *sys.argv[1:]]))
