"""One row a variant: what the registry says of it, and where its account stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from jutsu_dagster.pipeline.direct import is_directional
from jutsu_dagster.pipeline.views.accounts import Json, points
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.variant_curves import (
    VariantCurve,
    control_curve,
    shadow_curves,
)
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.registry.shadow_check import Checker, RowError
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, Shadow, parents_of
from jutsu_dagster.storage import exploration_log

_METRICS = ("total_return", "cagr", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown")


def directional_parents(desk: ReadDesk) -> dict[str, bool]:
    """Return of each registered strategy whether its variants stake the same on every trade."""
    return {id_: is_directional(entry.config) for id_, entry in desk.registry.entries.items()}


def variant_rows(desk: ReadDesk) -> list[Json]:
    """Return all rows of ``variant_list``, in the registry's order; of equal stamps the same."""
    return desk.remembered("variants", lambda: _rows(desk))


def _rows(desk: ReadDesk) -> list[Json]:
    ledger = desk.ledger
    shadows = list(desk.book.shadows.values())
    kinds = directional_parents(desk)
    directional = {each.id: kinds.get(each.row.parent_id, True) for each in shadows}
    curves = shadow_curves(ledger, [each.id for each in shadows], directional)
    last = exploration_log.summaries(ledger.engine, "shadow")
    heads = {str(row["strategy_id"]): row for row in last.to_dict("records")}
    controls = _Controls(desk, directional)
    changes = _Changes(desk)
    return [
        _row(each, changes.of(each), curves.get(each.id), heads.get(each.id),
             controls.of(each, curves.get(each.id)))
        for each in shadows
    ]  # fmt: skip


def _row(
    shadow: Shadow, changes: list[Json], curve: VariantCurve | None,
    head: Mapping[Any, Any] | None, control: VariantCurve | None,
) -> Json:  # fmt: skip
    metrics = curve.metrics() if curve is not None else {}
    parent_return = control.metrics()["total_return"] if control is not None else None
    own = metrics.get("total_return")
    difference = None
    if own is not None and parent_return is not None:
        difference = own - parent_return
    return {
        **described(shadow.row),
        "runs": shadow.runs,
        "rebased": shadow.rebased,
        "changes": changes,
        "last_day": None if curve is None else str(curve.days[-1]),
        "days": 0 if curve is None else len(curve.days),
        **_counts(head),
        **{name: metrics.get(name) for name in _METRICS},
        "parent_return": parent_return,
        "difference": difference,
        "notes": [str(note) for note in shadow.notes],
    }


def described(row: ShadowRow) -> Json:
    """Return what the shadow registry says of a variant."""
    return {
        "id": row.id,
        "strategy_id": row.id,
        "parent_id": row.parent_id,
        "symbol": row.symbol,
        "status": row.status,
        "mutations": dict(row.mutations),
        "clamped": list(row.clamped),
        "created_partition": row.created_partition and row.created_partition.isoformat(),
        "first_day": row.first_day and row.first_day.isoformat(),
        "reason": row.reason,
        "source": row.source,
    }


def _counts(head: Mapping[Any, Any] | None) -> Json:
    if head is None:
        blank = ("win_rate", "profit_factor", "equity", "initial_capital", "position")
        zeros = ("trades", "wins", "losses", "total_pnl", "gross_pnl")
        return dict.fromkeys(zeros, 0) | dict.fromkeys(blank)
    trades, factor = int(head["exp_trades"]), float(head["exp_pf"])
    return {
        "trades": trades,
        "wins": int(head["wins"]),
        "losses": int(head["losses"]),
        "total_pnl": points(float(head["total_pnl"])),
        "gross_pnl": points(float(head["gross_pnl"])),
        "win_rate": points(int(head["wins"]) / trades) if trades else None,
        "profit_factor": None if factor != factor else factor,  # noqa: PLR0124
        "equity": float(head["equity"]),
        "initial_capital": float(head["initial_capital"]),
        "position": int(head["position_dir"]),
    }


class _Controls:
    """Frozen parents over the days of their variants, each read once."""

    def __init__(self, desk: ReadDesk, directional: Mapping[str, bool]) -> None:
        self._ledger, self._directional = desk.ledger, directional
        self._known: dict[tuple[str, str | None], VariantCurve | None] = {}

    def of(self, shadow: Shadow, curve: VariantCurve | None) -> VariantCurve | None:
        """Return the parent's part on the variant's days; None where it does not cover them."""
        if curve is None:
            return None
        key = shadow.row.parent_id, shadow.row.base_params_hash
        if key not in self._known:
            self._known[key] = control_curve(
                self._ledger, *key, directional=self._directional[shadow.id]
            )
        whole = self._known[key]
        if whole is None:
            return None
        part = whole.part(curve.days[0].item(), curve.days[-1].item())
        same = part is not None and len(part.days) == len(curve.days)
        return part if same else None


class _Changes:
    """What variants change; the frozen parents' parameters are read once."""

    def __init__(self, desk: ReadDesk) -> None:
        self._desk = desk
        self._specs: dict[str | None, Mapping[str, ParamSpec]] = {}
        self._checker: Checker | None = None

    def of(self, shadow: Shadow) -> list[Json]:
        """Return parameter, base and value of each; empty where the class has moved on."""
        base, mutated = shadow.base, shadow.mutated
        if mutated is None:
            if self._checker is None:
                self._checker = Checker(parents_of(self._desk.registry))
            try:
                live = shadow.row.model_copy(update={"status": "shadow"})
                checked = self._checker.check(live, SHADOWS_PATH)
            except RowError:
                return []
            base, mutated = checked.base, checked.mutated
        if base is None or mutated is None:
            return []
        key = shadow.row.base_params_hash
        if key is None or key not in self._specs:
            self._specs[key] = param_specs(base)
        specs = self._specs[key]
        return [
            {
                "parameter": name,
                "base": to_jsonable_python(specs[name].value),
                "value": to_jsonable_python(value),
            }
            for name, value in mutated.changed.items()
        ]
