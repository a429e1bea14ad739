"""What a night must not do: change configuration, or have anything at hand that sends orders."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

# Clients of exchanges and brokers, by the name they are imported by.
ORDER_CLIENTS = frozenset(
    {
        "alpaca", "alpaca_trade_api", "binance", "bybit", "ccxt", "coinbase", "ib_async",
        "ib_insync", "ibapi", "krakenex", "kucoin", "oandapyV20", "schwab", "tda", "tradier",
    }
)  # fmt: skip


def order_clients(modules: Iterable[str] | None = None) -> list[str]:
    """Return the clients of exchanges and brokers that are loaded in this process."""
    loaded = sys.modules if modules is None else modules
    return sorted({name.partition(".")[0] for name in loaded} & ORDER_CLIENTS)


def config_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the files of ``config/`` that differ between two fingerprints, and how."""
    found = [f"{path} is new" for path in sorted(after.keys() - before.keys())]
    found += [f"{path} is gone" for path in sorted(before.keys() - after.keys())]
    both = sorted(before.keys() & after.keys())
    return found + [f"{path} has changed" for path in both if before[path] != after[path]]
