"""What evidence must show before a promotion is proposed; every gate, and why it holds or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Number = float | int | None
Numbers = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Gates:
    """Thresholds of the promotion gates.

    Attributes
    ----------
    min_trades : int
        Closed trades of the variant.
    confidence : float
        Of the minimum track record length.
    min_psr : float
        Probabilistic Sharpe ratio against the control's.
    min_dsr : float
        Deflated Sharpe ratio at the effective number of trials.
    dsr_centre : {"zero", "parent"}
        What the best of the trials is expected to exceed by luck: a Sharpe ratio of 0, as
        published, or the control's, which is stricter where the parent earns anything.
    max_pbo : float
        Probability of backtest overfitting of the family.
    stepm_size : float
        Family-wise error of the superior set.
    max_drawdown_ratio : float
        Of the variant's greatest drawdown over the control's.
    min_neighbour_share : float
        Of the edge, kept by the worst one-step neighbour.
    """

    min_trades: int = 30
    confidence: float = 0.95
    min_psr: float = 0.95
    min_dsr: float = 0.95
    dsr_centre: Literal["zero", "parent"] = "zero"
    max_pbo: float = 0.2
    stepm_size: float = 0.05
    max_drawdown_ratio: float = 1.25
    min_neighbour_share: float = 0.7


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate's answer.

    Attributes
    ----------
    name : str
    value, threshold : float or int or None
        What was found (None: undefined, and so not passed) and what it is held against. Of the
        superior set, StepM's statistic and the critical value of its first step.
    passed : bool
    why : str
        One sentence.
    """

    name: str
    value: Number
    threshold: Number
    passed: bool
    why: str


def _shown(value: Number) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _gate(
    name: str, what: str, value: Number, sign: Literal[">=", "<=", ">"], threshold: Number
) -> Gate:
    """Return the gate of one comparison; undefined on either side is not passed."""
    if value is None or threshold is None:
        return Gate(name, value, threshold, passed=False, why=f"{what} is undefined.")
    passed = {">=": value >= threshold, "<=": value <= threshold, ">": value > threshold}[sign]
    verb = {">=": "at least", "<=": "at most", ">": "above"}[sign]
    held = "is" if passed else "is not"
    why = f"{what} is {_shown(value)}, which {held} {verb} {_shown(threshold)}."
    return Gate(name, value, threshold, passed, why)


def _drawdown(numbers: Numbers, limit: float) -> Gate:
    """Compare drawdowns, not their ratio, which is undefined where the control had none."""
    own, base = numbers["max_drawdown"], numbers["control_max_drawdown"]
    found = _gate("drawdown", "", own, "<=", limit * float(base or 0.0))
    held = "within" if found.passed else "beyond"
    why = (
        f"The variant's greatest drawdown of {_shown(own)} is {held} {limit:g} times "
        f"the control's {_shown(base)}."
    )
    return Gate("drawdown", numbers["drawdown_ratio"], limit, found.passed, why)


def _superior(numbers: Numbers, size: float) -> Gate:
    """Return whether StepM names the variant; its later steps ask for less than the first."""
    named, statistic = numbers["in_superior_set"], numbers["stepm_statistic"]
    critical = numbers["stepm_critical"]
    if named is None:
        why = "StepM is undefined: too few days, or the variant is not in the family."
        return Gate("superior_set", None, critical, passed=False, why=why)
    why = (
        f"StepM at {size:g} {'names' if named else 'does not name'} the variant: its statistic "
        f"is {_shown(statistic)}, and {_shown(critical)} is needed in the first step."
    )
    return Gate("superior_set", statistic, critical, bool(named), why)


def _track_record(numbers: Numbers) -> Gate:
    days, record = numbers["days"], numbers["min_track_record"]
    if record is not None:
        what = "The number of days out of sample"
        return _gate("track_record", what, days, ">=", record)
    own, base = numbers["sharpe"], numbers["control_sharpe"]
    why = "The minimum track record is undefined: too few days, or results that do not vary."
    if own is not None and base is not None and own <= max(base, 0.0):
        why = "No track record is long enough: the Sharpe ratio is not above the parent's, or 0."
    return Gate("track_record", days, None, passed=False, why=why)


def judge(numbers: Numbers, gates: Gates) -> tuple[Gate, ...]:
    """Return all gates' answers to the numbers of ``evidence``, in the order of the rule."""
    dsr = "dsr" if gates.dsr_centre == "zero" else "dsr_parent"
    costs = _gate(
        "double_costs", "The net result at double costs",
        numbers["net_double_costs"], ">", numbers["control_net_double_costs"],
    )  # fmt: skip
    return (
        _gate("trades", "The number of trades", numbers["trades"], ">=", gates.min_trades),
        _track_record(numbers),
        _gate(
            "psr", "The probabilistic Sharpe ratio against the parent",
            numbers["psr_parent"], ">=", gates.min_psr,
        ),
        _gate(
            "dsr", "The deflated Sharpe ratio at the effective number of trials",
            numbers[dsr], ">=", gates.min_dsr,
        ),
        _gate(
            "pbo", "The family's probability of backtest overfitting",
            numbers["pbo"], "<=", gates.max_pbo,
        ),
        _superior(numbers, gates.stepm_size),
        costs,
        _drawdown(numbers, gates.max_drawdown_ratio),
        _gate(
            "plateau", "The worst neighbour's share of the edge",
            numbers["worst_neighbour"], ">=", gates.min_neighbour_share,
        ),
    )  # fmt: skip
