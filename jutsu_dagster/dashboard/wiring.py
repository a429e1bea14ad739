"""Small helpers over Dash's own interface: attributes with dashes, callbacks of the browser."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction


def attributes(**named: object) -> dict[str, Any]:
    """Return attributes of HTML by their names, where ``_`` stands for ``-``."""
    return {name.replace("_", "-"): value for name, value in named.items()}


def in_browser(app: Any, function: str, *wires: Any, at_start: bool = False) -> None:
    """Have a function of ``assets/*.js`` answer to its inputs.

    Parameters
    ----------
    app : dash.Dash
    function : str
        Its namespace and name, as ``jutsu.resolve``.
    *wires : Output, Input, State
        In its order.
    at_start : bool
        Whether it is called once when the page opens.
    """
    namespace, _, name = function.partition(".")
    app.clientside_callback(
        ClientsideFunction(namespace, name), *wires, prevent_initial_call=not at_start
    )
