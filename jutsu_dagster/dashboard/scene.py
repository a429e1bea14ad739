"""What a page is drawn from: the answers, the view, and who is shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from jutsu_dagster.api.security import PostGuard
from jutsu_dagster.dashboard.answers import Answer, Asked
from jutsu_dagster.dashboard.state import View
from jutsu_dagster.dashboard.theme import Look, Palette, look, palette


@dataclass(frozen=True)
class Scene:
    """A page about to be drawn.

    Attributes
    ----------
    ask : Asked
    view : View
    """

    ask: Asked
    view: View

    @cached_property
    def status(self) -> Answer:
        """The project at a glance."""
        return self.ask.status()

    @property
    def registered(self) -> dict[str, Any]:
        """How each registered strategy stands, by id."""
        found: dict[str, Any] = self.status.body["strategies"]
        return found

    @property
    def ids(self) -> list[str]:
        """Who is shown: the registered ones of those asked for, or else the primary."""
        known = [each for each in self.view.strategies if each in self.registered]
        return known or [self.status.body["primary_id"]]

    @property
    def gone(self) -> list[str]:
        """Who is asked for and not registered."""
        return [each for each in self.view.strategies if each not in self.registered]

    @property
    def webserver(self) -> str | None:
        """Dagster's address; None where it does not run."""
        found: str | None = self.status.body["webserver_url"]
        return found

    @property
    def may_post(self) -> bool:
        """Whether the API takes decisions: whether a token is set."""
        return PostGuard(self.ask.desk.settings).is_on

    @property
    def colours(self) -> Palette:
        """Colours of the theme."""
        return palette(dark=self.view.dark)

    @property
    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.ask.desk.now().astimezone(UTC)

    def name(self, id_: str) -> str:
        """Return how a strategy is called."""
        return str(self.registered[id_]["display_name"])

    def look(self, id_: str) -> Look:
        """Return a strategy's line, the same on every page."""
        order = list(self.registered).index(id_) if id_ in self.registered else 0
        return look(order, dark=self.view.dark)

    def synthetic(self, kind: str | None = None) -> list[str]:
        """Return the markets that are made up, of one kind of account or of any."""
        tables = {"allocation": "etf_daily", "directional": "crypto_15m"}
        return [
            row["table"]
            for row in self.status.body["markets"]
            if row["synthetic"]
            and kind in {None, *(k for k, t in tables.items() if t == row["table"])}
        ]
