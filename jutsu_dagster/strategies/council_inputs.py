"""What councils read off one series of candles, computed once however many of them ask."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any, TypeVar

import numpy as np

from jutsu_dagster.core.bars import Bars, FloatArray, IntArray
from jutsu_dagster.core.council_decision import BUCKETS, bucket_scores
from jutsu_dagster.core.council_regime import regime_features, regime_labels
from jutsu_dagster.core.council_signals import SIGNALS, raw_signals
from jutsu_dagster.strategies.council_parameters import SignalSpec, TrendRule
from jutsu_dagster.strategies.directional import one_symbol

Made = TypeVar("Made")
Signals = Mapping[str, SignalSpec]


class CouncilInputs:
    """Signals, scores and regimes of one symbol's candles, each kept for the next council.

    Parameters
    ----------
    candles : Bars
    symbol : str

    Raises
    ------
    DataError
        If there are no bars of the symbol.
    StrategyError
        If it was split.
    """

    def __init__(self, candles: Bars, symbol: str) -> None:
        self._fields = one_symbol(candles, symbol)
        self._known: dict[Hashable, Any] = {}

    def __len__(self) -> int:
        return len(self._fields["close"])

    def raw(self, signals: Signals, window: int) -> dict[str, FloatArray]:
        """Return every signal of SIGNALS, shape (T,); missing values filled in where told so."""
        f = self._fields
        computed = self._once(
            ("raw", window),
            lambda: raw_signals(f["high"], f["low"], f["open"], f["close"], f["volume"], window),
        )
        raw = {}
        for name in SIGNALS:
            values = computed.get(name)
            raw[name] = np.full(len(self), np.nan) if values is None else values
            spec = signals.get(name)
            if spec is not None and spec.missing != "abstain":
                raw[name] = np.where(np.isnan(raw[name]), spec.missing, raw[name])
        return raw

    def normalised(self, signals: Signals, window: int) -> dict[str, FloatArray]:
        """Return the signals asked for between -1 and 1, shape (T,); NaN where one abstains."""
        raw = self.raw(signals, window)
        return {
            name: spec.vote(raw[name], raw, self._fields["close"]) for name, spec in signals.items()
        }

    def scores(self, signals: Signals, window: int, asked: str) -> FloatArray:
        """Return the sum of votes in each of BUCKETS, shape (B, T); 0 for a bar without close.

        ``asked`` is the text of ``signals``: equal texts, equal scores.
        """
        return self._once(("scores", asked, window), lambda: self._scores(signals, window))

    def _scores(self, signals: Signals, window: int) -> FloatArray:
        raw, close = self.raw(signals, window), self._fields["close"]
        voters = {name: spec for name, spec in signals.items() if spec.votes}
        heard = [spec.vote(raw[name], raw, close) for name, spec in voters.items()]
        votes = [[spec.votes.get(one, 0.0) for one in BUCKETS] for spec in voters.values()]
        scores = bucket_scores(heard, np.reshape(votes, (-1, len(BUCKETS))), len(self))
        # Nothing is decided on a bar that is not there, whatever stands in for a signal.
        scores[:, ~np.isfinite(close)] = 0.0
        return scores

    def features(self, window: int) -> FloatArray:
        """Return what the classifier looks at; see ``regime_features``."""
        f = self._fields
        return self._once(
            ("features", window),
            lambda: regime_features(f["high"], f["low"], f["close"], window),
        )

    def regime(
        self, window: int, high_vol: tuple[float, float], rules: tuple[TrendRule, ...]
    ) -> IntArray:
        """Return the regime of each bar; ``high_vol`` are the limits of ATR and its ratio."""
        rows = np.reshape([rule.row for rule in rules], (-1, 4))
        return self._once(
            ("regime", window, high_vol, rules),
            lambda: regime_labels(self.features(window), *high_vol, rows),
        )

    def _once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        if key not in self._known:
            self._known[key] = make()
        known: Made = self._known[key]
        return known
