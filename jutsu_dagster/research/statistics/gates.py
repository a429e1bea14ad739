"""What evidence must show before a promotion is proposed; every gate, and why it holds or not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
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
    dsr_centre : {"parent", "zero"}
        Where the trials' Sharpe ratios lie without skill: about the control's (or 0, if that is
        higher), or about 0. The paper's expected maximum is E[SR] + sqrt(V) E[max of N], and it
        puts E[SR] = 0 because its trials are strategies found from nothing. Variants are changes
        of one parent: if none of them is any better, their Sharpe ratios lie about the parent's,
        and V, their spread, is small, because they share most of its results. About 0 the gate
        would pass nearly every copy of a parent that earns something; about the parent's it asks
        what a promotion has to answer, whether this is more than the luckiest of N equals of the
        parent. It costs the truly better ones nothing that psr did not ask of them before.
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
    dsr_centre: Literal["zero", "parent"] = "parent"
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


def _dsr(numbers: Numbers, gates: Gates) -> Gate:
    about = "the parent's Sharpe ratio" if gates.dsr_centre == "parent" else "0"
    what = f"The deflated Sharpe ratio about {about}, at the effective number of trials,"
    value = numbers["dsr_parent" if gates.dsr_centre == "parent" else "dsr"]
    return _gate("dsr", what, value, ">=", gates.min_dsr)


_JUDGES: Mapping[str, Callable[[Numbers, Gates], Gate]] = MappingProxyType(
    {
        "trades": lambda numbers, gates: _gate(
            "trades", "The number of trades", numbers["trades"], ">=", gates.min_trades
        ),
        "track_record": lambda numbers, _: _track_record(numbers),
        "psr": lambda numbers, gates: _gate(
            "psr", "The probabilistic Sharpe ratio against the parent",
            numbers["psr_parent"], ">=", gates.min_psr,
        ),
        "dsr": _dsr,
        "pbo": lambda numbers, gates: _gate(
            "pbo", "The family's probability of backtest overfitting",
            numbers["pbo"], "<=", gates.max_pbo,
        ),
        "superior_set": lambda numbers, gates: _superior(numbers, gates.stepm_size),
        "double_costs": lambda numbers, _: _gate(
            "double_costs", "The net result at double costs",
            numbers["net_double_costs"], ">", numbers["control_net_double_costs"],
        ),
        "drawdown": lambda numbers, gates: _drawdown(numbers, gates.max_drawdown_ratio),
        "plateau": lambda numbers, gates: _gate(
            "plateau", "The worst neighbour's share of the edge",
            numbers["worst_neighbour"], ">=", gates.min_neighbour_share,
        ),
    }
)  # fmt: skip

# In the order of the rule; and those that need nothing but variant and control.
GATES = tuple(_JUDGES)
FIRST_GATES = ("trades", "track_record", "psr")


def judge(numbers: Numbers, gates: Gates, only: Collection[str] = GATES) -> tuple[Gate, ...]:
    """Return the gates' answers to the numbers of ``evidence``, in the order of the rule.

    ``only`` names the gates to ask; the numbers of the others need not be there.
    """
    return tuple(ask(numbers, gates) for name, ask in _JUDGES.items() if name in only)
