"""Telling a running Dagster that the shadow registry has changed."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from jutsu_dagster.cli.instance import locked
from jutsu_dagster.settings import Settings


def reload_code_location(settings: Settings) -> str | None:
    """Have a Dagster that ``jutsu up`` runs for this project load its definitions again.

    Returns
    -------
    str or None
        What to tell the user; None where none runs. It never raises: Dagster's own watch sees
        the change within half a minute.
    """
    import fcntl

    from jutsu_dagster.defs.reload import reload

    path = settings.dagster_home / ".up.lock"
    if not path.exists():
        return None
    with locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB) as file:
        if file is not None:
            return None
        found = re.match(r"(https?://\S+?),", path.read_text(encoding="utf-8"))
    if found is None or not urlsplit(found[1]).port:
        return None
    fault = reload(found[1])
    if fault is None:
        return f"Dagster at {found[1]} has loaded the change"
    return f"Dagster at {found[1]} has not loaded the change yet: {fault}"
