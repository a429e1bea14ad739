"""Ends a server and removes its folder when the server's owner is gone, even by ``kill -9``.

It reads its standard input, a pipe whose other end only the owner holds. Each line is the process
id of the server that runs now, or empty when none does.

    python -m jutsu_dagster_tests.postgres.watchdog FOLDER
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import suppress

from jutsu_dagster.cli._guard import end

_GRACE_SECONDS = 5.0


def main() -> None:
    """Wait for the owner's end, then clean up behind it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    server = ""
    for line in sys.stdin:
        server = line.strip()
    if server:
        with suppress(ProcessLookupError):
            os.kill(int(server), signal.SIGQUIT)  # at SIGTERM it would wait for its clients
        end(int(server), _GRACE_SECONDS)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
