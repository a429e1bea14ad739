"""What the doctor looks at in the crypto market: its source, and what the store has of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from jutsu_dagster.cli.doctor import Check

if TYPE_CHECKING:
    from jutsu_dagster.settings import Settings


def check_crypto(settings: Settings) -> Check:
    """Look whether source and store have the 15-minute bars that strategies read."""
    from jutsu_dagster.core.timeframe import CRYPTO_15M, QUARTER_HOURS
    from jutsu_dagster.pipeline.reach import last_day
    from jutsu_dagster.registry.load import StrategyRegistry
    from jutsu_dagster.registry.universe import crypto_symbols, entries_on, market_anchor
    from jutsu_dagster.sources.open import open_source
    from jutsu_dagster.storage.market import MarketStore

    name, mend = "crypto", "run `jutsu ingest`"
    registry = StrategyRegistry(settings.registry_path, settings.home)
    symbols = crypto_symbols(registry)
    if not symbols:
        return Check(name, "ok", "no running strategy reads 15-minute bars")
    source = open_source(settings.crypto_source, settings.home, QUARTER_HOURS)
    listings, ends = source.listings(symbols), last_day(source, symbols, QUARTER_HOURS)
    store = MarketStore(settings.market_url)
    if not store.exists(CRYPTO_15M):
        return Check(name, "fail", f"{CRYPTO_15M}: nothing ingested yet", mend)
    stored = store.coverage(CRYPTO_15M)
    spans = zip(stored["first"], stored["last"], strict=True)
    have: dict[str, tuple[date, date]] = dict(zip(stored["symbol"], spans, strict=True))
    needed = min(market_anchor(entry) for entry in entries_on(registry, "15m"))
    lacking = [
        symbol
        for symbol in symbols
        if symbol not in have or have[symbol][0] > max(needed, listings[symbol].first)
    ]
    if lacking:
        return Check(name, "fail", f"no bars of {', '.join(lacking)} since {needed}", mend)
    kind = "synthetic" if source.synthetic else "real"
    newest = min(have[symbol][1] for symbol in symbols)
    detail = f"{source.name} ({kind}): {len(symbols)} symbols up to {newest}"
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    if newest < min(ends, yesterday):
        return Check(name, "warn", f"{detail}; the source has {min(ends, yesterday)}", mend)
    return Check(name, "ok", detail)
