"""Dagster's webserver on this machine, asked by GraphQL."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from jutsu_dagster.core.errors import JutsuError


class WebserverError(JutsuError):
    """Dagster does not answer, or refuses."""


def graphql(
    url: str, query: str, field: str, variables: Mapping[str, Any] | None = None, *,
    timeout: float = 30,
) -> dict[str, Any]:  # fmt: skip
    """Return what answers the one field of a GraphQL question.

    Parameters
    ----------
    url : str
        The webserver's address.
    query, field : str
    variables : mapping, optional
    timeout : float
        Seconds.

    Raises
    ------
    WebserverError
        If Dagster does not answer, or answers with anything but an object for the field.
    """
    request = urllib.request.Request(  # noqa: S310  (our own webserver's address)
        f"{url}/graphql",
        json.dumps({"query": query, "variables": variables or {}}).encode(),
        {"Content-Type": "application/json"},
    )
    # Never through a proxy: it is this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as response:
            answer = json.loads(response.read())
    except urllib.error.HTTPError as error:
        said = error.read(2_000).decode("utf-8", "replace")
        raise WebserverError(f"Dagster at {url} refused: {said}") from error
    except (OSError, ValueError) as error:
        raise WebserverError(f"Dagster at {url} does not answer: {error}") from error
    data = answer.get("data") if isinstance(answer, dict) else None
    found = data.get(field) if isinstance(data, dict) else None
    if not isinstance(found, dict):
        said = json.dumps(answer)[:500]
        raise WebserverError(f"Dagster at {url} answers otherwise than expected: {said}")
    return found
