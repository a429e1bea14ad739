"""From the text of a setting to a market source."""

from __future__ import annotations

from pathlib import Path

from jutsu_dagster.core.errors import DataError
from jutsu_dagster.core.timeframe import DAILY, Timeframe
from jutsu_dagster.sources.base import MarketSource
from jutsu_dagster.sources.files import FilesMarket
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.sources.sample_crypto import SampleCrypto


def open_source(spec: str, home: Path, timeframe: Timeframe = DAILY) -> MarketSource:
    """Return the source that ``spec`` names: ``sample`` or ``files:<path>``.

    Parameters
    ----------
    spec : str
        A value of ``JUTSU_ETF_SOURCE`` or ``JUTSU_CRYPTO_SOURCE``.
    home : Path
        Directory that a relative path starts from.
    timeframe : Timeframe, optional
        Of its bars: daily ones are of ETFs, intraday ones of crypto pairs.

    Raises
    ------
    DataError
        If no source is called that, or its files are missing or broken.
    """
    form, _, rest = spec.partition(":")
    if spec == "sample":
        return SampleCrypto() if timeframe.is_intraday else SampleMarket()
    if form == "files" and rest:
        return FilesMarket(home / Path(rest).expanduser(), spec, timeframe)
    raise DataError(f"market source {spec!r} is unknown; it must be 'sample' or 'files:<path>'")
