"""The webserver's address: whether it is free, whether it answers, what it says."""

from __future__ import annotations

import errno
import http.client
import json
import socket
from typing import Any

from jutsu_dagster.core.errors import JutsuError

_LOCATION_QUERY = """{ workspaceOrError { ... on Workspace { locationEntries {
  locationOrLoadError { ... on PythonError { message } } } } } }"""


def check_port(host: str, port: int, option: str = "--port") -> None:
    """Raise `JutsuError` if nothing can listen there, naming the port and the option."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[
            0
        ]
        with socket.socket(family, kind, protocol) as probe:
            # As the webserver does: connections of the last one that are still closing don't count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
    except OverflowError as error:
        message = f"{option} {port} is not a port: it must be between 1 and 65535"
        raise JutsuError(message) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            taken = f"port {port} on {host} is taken by another program"
            message = f"{taken}; free it or choose another with {option}"
        else:
            message = (
                f"cannot listen on {host}, port {port}: {error.strerror}; see --host and {option}"
            )
        raise JutsuError(message) from error


def reachable(host: str) -> str:
    """Return an address that reaches a server listening on ``host``, as it stands in a URL."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (not bound here)
    return f"[{host}]" if ":" in host else host


def ask(host: str, port: int, path: str, body: dict[str, Any] | None = None) -> Any:
    """Return the webserver's JSON answer, None if it has none; never through a proxy."""
    connection = http.client.HTTPConnection(reachable(host).strip("[]"), port, timeout=10)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        return json.loads(response.read()) if response.status == http.client.OK else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()


def location_fault(host: str, port: int) -> str | None:
    """Return why the webserver cannot load the definitions, None if it can."""
    answer = ask(host, port, "/graphql", {"query": _LOCATION_QUERY})
    entries = ((answer or {}).get("data") or {}).get("workspaceOrError", {}).get("locationEntries")
    faults = [(entry["locationOrLoadError"] or {}).get("message") for entry in entries or ()]
    return "\n".join(fault for fault in faults if fault) or None
