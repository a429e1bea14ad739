"""What carries the variants of one parent, and what it says of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.shadows import Shadow
from jutsu_dagster.storage.exploration_log import Head
from jutsu_dagster.storage.exploration_rows import DayRecord
from jutsu_dagster.strategies.base import Strategy

DayStatus = Literal["recorded", "verified", "differs", "closed", "before"]


class Carried(Protocol):
    """An account on its way: ``lanes.Lane`` or ``allocation_lanes.AllocationLane``."""

    account: AccountKey

    @property
    def parameter_hash(self) -> str:
        """A short hash of all that decides its numbers."""

    def stand(self, head: Head | None) -> None:
        """Go to where a recorded day ended; to the beginning where there is none."""


class Rider(Protocol):
    """What carries many parameter sets of one class over the same bars."""

    def lane(self, account: AccountKey, parent_id: str, strategy: Strategy, track: str = "") -> Any:
        """Return an account before its first day."""

    def open_days(self, first: date, last: date) -> list[date]:
        """Return the days of a range on which the market is open."""

    def load(self, first: date, last: date) -> dict[Any, str]:
        """Read bars and decide them all; return the accounts that cannot go on, and why."""

    def carry(self, lanes: Sequence[Any], day: date) -> tuple[dict[Any, DayRecord], dict[Any, str]]:
        """Carry accounts through a day; return what it did, and those that failed, and why."""

    def view(self, state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a checkpoint's position and its seven statistics, as the summary has them."""

    def document(self, lane: Any) -> dict[str, Any]:
        """Return the parameters of an account, to compute it again."""


@dataclass(slots=True)
class VariantDay:
    """What one UTC day of a variant holds.

    Attributes
    ----------
    day : date
    status : "recorded", "verified", "differs", "closed" or "before"
        Recorded now; recorded earlier and equal, or not, to what is computed now; no market;
        before the variant's first day.
    record : DayRecord or None
        As computed now.
    note : str
    content_hash : str
        Equal for equal records; ``empty`` where there is none.
    """

    day: date
    status: DayStatus
    record: DayRecord | None = None
    note: str = ""
    content_hash: str = "empty"


@dataclass(slots=True)
class VariantRun:
    """How one variant's share of a range went.

    Attributes
    ----------
    shadow : Shadow
    days : list of VariantDay
        One a day, up to a failure.
    error : str or None
    stands : Head or None
        The last recorded day before this run.
    lane : Carried or None
        Its account.
    """

    shadow: Shadow
    days: list[VariantDay] = field(default_factory=list)
    error: str | None = None
    stands: Head | None = None
    lane: Carried | None = None

    @property
    def id(self) -> str:
        """The variant's id."""
        return self.shadow.id

    @property
    def added(self) -> list[DayRecord]:
        """The days recorded now, in order."""
        return [day.record for day in self.days if day.status == "recorded" and day.record]


def said(error: BaseException) -> str:
    """Return an error as one line."""
    return str(error) if isinstance(error, JutsuError) else f"{type(error).__name__}: {error}"
