"""A user's own directional strategy, as a module and a file in a project folder."""

from __future__ import annotations

from pathlib import Path

import yaml

OWN = """
import numpy as np
from jutsu_dagster.strategies.directional import Directional, DirectionalStrategy


class Follow(DirectionalStrategy):
    lookback: int = 8

    @property
    def warmup_bars(self):
        return self.lookback

    def direct(self, candles):
        close = candles.close[:, candles.column(self.symbol)]
        moved = np.zeros(len(close))
        moved[self.lookback:] = close[self.lookback:] / close[:-self.lookback] - 1
        confidence = np.minimum(np.abs(moved) * 100, 1)
        regime = np.zeros(len(close), dtype=np.int64)
        BODY
"""
SOUND = "return Directional(np.sign(moved).astype(np.int8), confidence, regime)"


def own_strategy(folder: Path, module: str, body: str = SOUND) -> Path:
    """Write the strategy with this end of ``direct``; return its YAML file."""
    # Under a name of its own, since a module is imported once a process.
    (folder / f"{module}.py").write_text(OWN.replace("BODY", body))
    document = {"strategy_id": "follow", "strategy": {"name": f"{module}:Follow"}}
    path = folder / "follow.yaml"
    path.write_text(yaml.safe_dump(document))
    return path
