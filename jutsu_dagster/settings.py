"""Settings from the environment (prefix ``JUTSU_``), and the paths that follow from them."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things live and where data come from. One table in the README lists them."""

    model_config = SettingsConfigDict(env_prefix="JUTSU_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=Path.cwd, description="Project directory")
    database_url: str | None = Field(None, description="SQLAlchemy URL; unset: SQLite in state/")
    etf_source: str = Field("sample", description="sample | files:<path>")
    crypto_source: str = Field("sample", description="sample | files:<path>")
    market_store: str | None = Field(None, description="Path or URL of the Delta tables")
    # Not in repr: the tokens of messaging services stand in them.
    alert_urls: str | None = Field(None, repr=False, description="apprise URLs, space or comma")
    schedules: bool = Field(
        default=False, description="Schedules and watches run; set by `jutsu up --schedules`"
    )
    webserver_url: str | None = Field(None, description="Dagster's UI; set by `jutsu up`")
    api_token: SecretStr | None = Field(
        None, description="What every POST to the API must bear; unset: POST is off"
    )
    api_hosts: str = Field(
        "", description="Further names the API answers to, behind a proxy; comma"
    )

    @property
    def registry_path(self) -> Path:
        """The strategy registry."""
        return self.home / "config" / "strategies_registry.yaml"

    @property
    def state_dir(self) -> Path:
        """What the program keeps."""
        return self.home / "state"

    @property
    def reports_dir(self) -> Path:
        """What the program writes for people."""
        return self.home / "reports"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance directory."""
        return self.state_dir / "dagster"

    @property
    def market_url(self) -> str:
        """Root of the market tables."""
        return self.market_store or str(self.state_dir / "market")

    @property
    def ledger_url(self) -> str:
        """SQLAlchemy URL of the ledger."""
        return self.database_url or f"sqlite:///{self.state_dir / 'jutsu.db'}"
