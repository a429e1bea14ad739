"""A proposal as people read it: what changes, every gate in words, every number with its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

# What each gate asks, in words; one that is not here is shown by its name.
GATE_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "trades": "Enough closed trades",
        "track_record": "A record that is long enough (days)",
        "psr": "Probably better than the parent (PSR)",
        "dsr": "More than the luckiest of all trials (DSR)",
        "pbo": "The family is not overfitted (PBO)",
        "superior_set": "In the superior set of the family (StepM)",
        "double_costs": "Still ahead at double costs",
        "drawdown": "Drawdown against the parent's",
        "plateau": "The worst neighbour keeps the edge",
        "look_ahead": "Reads nothing of the future (differences)",
    }
)
CHECK_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "trades_ok": "Closed trades of both",
        "pf_ok": "Profit factor against the control's",
        "pnl_ok": "Result against the control's",
        "drawdown_ok": "Drawdown against the control's",
        "drift_ok": "No degrading drift",
        "dream_ok": "Reviews no worse than good",
        "meta_ok": "No tier instability",
        "no_contradictions": "No contradictory tuning",
        "quality_ok": "Quality score",
        "better_ok": "Probability of being better, of so many siblings",
    }
)
_LARGE, _NEARLY = 1e6, 0.99995


@dataclass(frozen=True, slots=True)
class Change:
    """One parameter: its name, the parent's value, the promoted one."""

    name: str
    old: object
    new: object


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to the proposal; ``at`` in UTC."""

    at: str
    event: str
    who: str
    why: str


@dataclass(frozen=True, eq=False, slots=True)
class PromotionView:
    """All that the evidence page says.

    Attributes
    ----------
    id, parent_id, variant_id, symbol, status, proposal_hash : str
    partition, expires_on : date
    document : mapping
        The proposal's evidence.
    changes : sequence of Change
        Empty where the variant's row is not there any more.
    compound : bool
        Whether accounts reinvest; else every trade stakes the same.
    synthetic : bool
        Whether the market's prices are made up.
    history : sequence of Event
    """

    id: str
    parent_id: str
    variant_id: str
    symbol: str
    status: str
    proposal_hash: str
    partition: date
    expires_on: date
    document: Mapping[str, Any]
    changes: Sequence[Change]
    compound: bool
    synthetic: bool
    history: Sequence[Event] = ()

    @property
    def evidence(self) -> Mapping[str, Any]:
        """Numbers, gates and distributions."""
        found: Mapping[str, Any] = self.document["evidence"]
        return found

    @property
    def gates(self) -> list[Mapping[str, Any]]:
        """Every gate: name, value, threshold, passed, why."""
        return list(self.evidence["gates"])

    @property
    def failed(self) -> list[str]:
        """What does not hold: titles of gates, and of the promotion rule's checks."""
        gates = [gate_title(gate["name"]) for gate in self.gates if not gate["passed"]]
        return gates + [f"rule: {title}" for holds, title in rule_rows(self) if holds is False]

    @property
    def verdict(self) -> str:
        """One sentence on gates and rule."""
        if not self.failed:
            return f"All {len(self.gates)} gates hold, and so does the promotion rule."
        return f"{len(self.failed)} of what must hold does not: {'; '.join(self.failed)}."

    @property
    def approve_command(self) -> str:
        """What a person runs to approve this very evidence."""
        return (
            f"jutsu promotions approve {self.id} --hash {self.proposal_hash}"
            ' --by "YOUR NAME" --why "YOUR REASON"'
        )

    @property
    def reject_command(self) -> str:
        """What a person runs to reject it."""
        return f'jutsu promotions reject {self.id} --by "YOUR NAME" --why "YOUR REASON"'


def gate_title(name: str) -> str:
    """Return what a gate asks."""
    return GATE_TITLES.get(name, name.replace("_", " "))


def gate_rows(view: PromotionView) -> list[tuple[bool, str, str, str, str]]:
    """Return each gate: whether it holds, what it asks, found, threshold, why."""
    return [
        (gate["passed"], gate_title(gate["name"]), shown(gate["value"]), shown(gate["threshold"]),
         gate["why"])
        for gate in view.gates
    ]  # fmt: skip


def rule_rows(view: PromotionView) -> list[tuple[bool | None, str]]:
    """Return the promotion rule's checks: whether each holds (None: not made), what it asks."""
    checks = view.document["candidate"]["checks"]
    return [(holds, CHECK_TITLES.get(name, name)) for name, holds in checks.items()]


def side_rows(view: PromotionView) -> list[tuple[str, str, str]]:
    """Return variant and control side by side: what, variant's, control's."""
    stats = view.document["candidate"]["stats"]
    pairs = (
        ("Closed trades", "exp_trades", "parent_exp_trades"),
        ("Profit factor", "variant_exp_pf", "parent_exp_pf"),
        ("Sum of net results", "total_pnl", "parent_total_pnl"),
        ("Largest drawdown", "max_drawdown", "parent_max_drawdown"),
    )
    rows = [(what, shown(stats.get(own)), shown(stats.get(base))) for what, own, base in pairs]
    alone = (
        ("Quality score", "quality_score"),
        ("Probability of being better", "p_better"),
        ("Live siblings", "live_siblings"),
        ("Drift", "drift"),
    )
    return rows + [(what, shown(stats.get(name)), "") for what, name in alone]


def number_rows(view: PromotionView) -> list[tuple[str, str, str, str]]:
    """Return every number: name, value, definition, source."""
    return [
        (name, shown(each["value"]), each["definition"], each["source"])
        for name, each in view.evidence["numbers"].items()
    ]


def change_rows(view: PromotionView) -> list[tuple[str, str, str]]:
    """Return what changes: parameter, now, proposed; the mutations where values are not known."""
    if view.changes:
        return [(each.name, shown(each.old, 10), shown(each.new, 10)) for each in view.changes]
    return [(name, "", shown(value, 10)) for name, value in view.document["mutations"].items()]


def shown(value: object, digits: int = 4) -> str:
    """Return a value for people: undefined as a dash, a float with so many significant digits."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if _NEARLY <= value < 1 and digits <= 4:  # noqa: PLR2004  (the short form)
            return ">0.9999"  # rounded to 1 it would read as certain
        whole = value.is_integer() and abs(value) < _LARGE
        return str(int(value)) if whole and digits <= 4 else f"{value:.{digits}g}"  # noqa: PLR2004
    return str(value)
