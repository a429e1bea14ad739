"""What evidence is made from and handed on as: tracks, families, cases, evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jutsu_dagster.core.bars import FloatArray
from jutsu_dagster.research.statistics.definitions import DEFINITIONS
from jutsu_dagster.research.statistics.gates import Gate, Number
from jutsu_dagster.research.statistics.overfitting import Overfitting
from jutsu_dagster.research.statistics.superior import Superior


@dataclass(frozen=True, eq=False, slots=True)
class Track:
    """What one account did on the compared days.

    Attributes
    ----------
    returns : float64 of shape (T,)
        Daily net returns, fractions; the same days in every track of a case.
    trades : int
        Closed trades.
    gross, net : float or None
        Sums of results before and after costs, fractions; None where not known.
    """

    returns: FloatArray
    trades: int
    gross: float | None = None
    net: float | None = None


@dataclass(frozen=True, slots=True)
class Kin:
    """What a family's daily results have in common (``evidence.kin``).

    Attributes
    ----------
    variants : int
        K.
    correlation, correlation_returns : float or None
        Mean correlation of the differences from the control, and of the results themselves.
    variance : float or None
        V of its members: the variance (ddof 1) of their daily Sharpe ratios over the same days.
    """

    variants: int
    correlation: float | None
    correlation_returns: float | None
    variance: float | None


@dataclass(frozen=True, eq=False, slots=True)
class Family:
    """What is found once for a parent's whole family (``family``)."""

    names: tuple[str, ...]
    days: int
    kin: Kin
    overfitting: Overfitting | None
    superior: Superior | None


@dataclass(frozen=True, eq=False, slots=True)
class Case:
    """One variant and what it is held against.

    Attributes
    ----------
    name : str
        As in the family.
    variant, control : Track
        The control is the run of the parent over identical bars with the same costs.
    family : Family
        Of the same control and days.
    trial_sharpes : float64 of shape (N,)
        Daily Sharpe ratio of every parameter set ever evaluated for the parent, dead ones
        included; NaN where undefined.
    neighbours : mapping of str to float64 of shape (T,)
        Daily returns of the variants one step aside.
    """

    name: str
    variant: Track
    control: Track
    family: Family
    trial_sharpes: FloatArray
    neighbours: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, slots=True)
class Evidence:
    """The numbers, the gates, and the family's distributions.

    Attributes
    ----------
    variant : str
    numbers : mapping of str to number or None
        Keys of ``DEFINITIONS``; None where undefined.
    gates : tuple of Gate
    family : Family
    neighbours : mapping of str to float
        Share of the edge that each keeps.
    """

    variant: str
    numbers: dict[str, Number]
    gates: tuple[Gate, ...]
    family: Family
    neighbours: dict[str, float]

    @property
    def passed(self) -> bool:
        """Whether every gate holds."""
        return all(gate.passed for gate in self.gates)

    def as_dict(self) -> dict[str, Any]:
        """Return everything as strict JSON, each number with its definition and its source."""
        fit, superior = self.family.overfitting, self.family.superior
        return {
            "variant": self.variant,
            "passed": self.passed,
            "gates": [asdict(gate) for gate in self.gates],
            "numbers": {
                name: {"value": value, "definition": DEFINITIONS[name][0],
                       "source": DEFINITIONS[name][1]}
                for name, value in self.numbers.items()
            },
            "neighbours": dict(self.neighbours),
            "overfitting": fit.as_dict() if fit else None,
            "superior": superior.as_dict() if superior else None,
        }  # fmt: skip
