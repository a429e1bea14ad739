"""What a decision about a promotion starts from, and what it is refused with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from jutsu_dagster.core.errors import JutsuError, nearest
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.promotion_log import ProposalRow

_LONGEST_NAME = 100


class PromotionError(JutsuError):
    """A decision that cannot be made; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class PromotionDesk:
    """The project that is decided about.

    Attributes
    ----------
    settings : Settings
    ledger : Ledger
        With its schema checked.
    """

    settings: Settings
    ledger: Ledger

    def registry(self) -> StrategyRegistry:
        """Return the registry as its files are now."""
        return StrategyRegistry(self.settings.registry_path, self.settings.home)

    def proposal(self, id_: str) -> ProposalRow:
        """Return a proposal; raise PromotionError naming the nearest for an unknown id."""
        found = log.proposal(self.ledger.engine, id_)
        if found is not None:
            return found
        known = [each.id for each in log.standings(self.ledger.engine)]
        close = nearest(id_, known)
        hint = f" Did you mean {close!r}?" if close else " See jutsu promotions list."
        raise PromotionError(f"there is no proposal {id_!r}.{hint}")


def require_words(by: str, why: str) -> tuple[str, str]:
    """Return who decides and why, trimmed; raise PromotionError for what says nothing."""
    by, why = by.strip(), why.strip()
    if not by or len(by) > _LONGEST_NAME:
        raise PromotionError(f"--by must be a name of at most {_LONGEST_NAME} characters")
    if not why:
        raise PromotionError("--why must say why; it is kept for good")
    return by, why


def moment() -> str:
    """Return the time, ISO."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
