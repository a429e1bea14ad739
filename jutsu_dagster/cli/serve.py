"""``python -m jutsu_dagster.cli.serve PORT``: the API and the dashboard, as one process.

``jutsu up`` starts it beside Dagster. It listens on the loopback only.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from jutsu_dagster.settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI

HOST = "127.0.0.1"
# Requests under way when the end comes have this long.
_GRACE_SECONDS = 2


def build(settings: Settings) -> FastAPI:
    """Return the application: the API under ``/api``, the dashboard under ``/``."""
    from jutsu_dagster.api.app import create_app
    from jutsu_dagster.dashboard.app import create_dashboard
    from jutsu_dagster.pipeline.views.desk import ReadDesk

    desk = ReadDesk(settings)
    # Its own types of messages are narrower than Starlette's.
    dashboard: Any = create_dashboard(settings, desk)
    return create_app(settings, desk, beside=dashboard)


def main() -> None:
    """Serve until the process is told to end."""
    import uvicorn

    uvicorn.run(
        build(Settings()),
        host=HOST,
        port=int(sys.argv[1]),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
