"""``python3 -m tools.create_mutation_shadows …`` is ``jutsu mutate …``; alone, it shows how."""

from __future__ import annotations

import sys

from jutsu_dagster.cli.app import main

if __name__ == "__main__":
    sys.exit(main(["mutate", *(sys.argv[1:] or ["--help"])]))
