"""The folder of a single-strategy set-up: its live configuration, its state, its database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jutsu_dagster_tests.legacy import create_legacy

LIVE = """\
# Live trading configuration
# One strategy, on paper

# ---------- strategy ----------
strategy:
  name: "Hierarchical_Adaptive_v3_5b"  # the class
  parameters:
    sma_fast: 40
    sma_slow: 140
    osc_smoothness: 15  # as it ran
    t_norm_bull_thresh: 0.05
    execution_time: "15min_after_open"

symbols:
  signal_symbol: "QQQ"
  core_long_symbol: "QQQ"
  leveraged_long_symbol: "TQQQ"

# ---------- broker ----------
schwab:
  token_path: "token.json"
  account: 1234

# ---------- money ----------
portfolio:
  initial_capital: 10000
  mode: offline_mock

execution:
  rebalance_threshold_pct: 5.0  # of equity
  order_type: market

schedule:
  execution_time: "15min_after_open"
alerts: {sms: true}

# ---------- state ----------
state:
  file_path: "state/state.json"
  backup_enabled: true
  backup_path: "state/backups/"
"""
STATE: dict[str, Any] = {
    "last_run": "2013-12-30T14:45:07.123456",
    "vol_state": 0,
    "trend_state": "BullStrong",
    "current_positions": {"QQQ": 40, "TQQQ": 30},
    "account_equity": 10_055.0,
    "last_allocation": {"QQQ": 0.36, "TQQQ": 0.18, "CASH": 0.46},
    "metadata": {"created_at": "2013-12-26T00:00:00Z", "version": "1.0"},
    "initial_qqq_price": 90.0,
}
MOVED = "v3_5b"


@dataclass(frozen=True)
class Single:
    """A single-strategy set-up on disk."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config" / "live_trading_config.yaml"

    @property
    def state(self) -> Path:
        return self.path / "state" / "state.json"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path / 'state' / 'trading.db'}"

    def write(self, flavour: str | None = "timed") -> Single:
        """Write it all; without a flavour, there is no database."""
        backups = self.path / "state" / "backups"
        for folder in (self.config.parent, backups):
            folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(LIVE)
        self.write_state()
        earlier = STATE | {"last_run": "2013-12-27T14:45:00", "account_equity": 10_095.0}
        (backups / "state_backup_20131227_144500.json").write_text(json.dumps(earlier))
        (backups / "state_backup_20131228_144500.json").write_text("{half")
        if flavour is not None:
            create_legacy(self.url, flavour)
        return self

    def write_state(self, **changes: Any) -> None:
        self.state.write_text(json.dumps(STATE | changes, indent=2))

    def content(self) -> dict[str, bytes]:
        """Return every file with its bytes."""
        return {
            str(path.relative_to(self.path)): path.read_bytes()
            for path in sorted(self.path.rglob("*"))
            if path.is_file()
        }
