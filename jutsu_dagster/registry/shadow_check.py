"""From a row of the shadow registry to a variant that can run, or to all its faults."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jutsu_dagster.core.errors import ConfigError, Fault, nearest
from jutsu_dagster.registry.faults import dotted, shown
from jutsu_dagster.registry.mutations import Mutated, MutationError, mutate, mutation_hash
from jutsu_dagster.registry.param_specs import ParamSpec, param_specs
from jutsu_dagster.registry.parameters import PARAMETERS, build_strategy
from jutsu_dagster.registry.shadow_rows import ShadowRow, parameters_hash, parent_in
from jutsu_dagster.strategies.base import Strategy


class RowError(ConfigError):
    """A row of the shadow registry that cannot run."""


@dataclass(frozen=True, eq=False, slots=True)
class Parent:
    """A strategy as parent of variants.

    Attributes
    ----------
    strategy : Strategy or None
        None where its configuration is broken.
    class_name : str
        As its file names it.
    active : bool
    """

    strategy: Strategy | None
    class_name: str
    active: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Checked:
    """A row that holds; as in ``Shadow``."""

    row: ShadowRow
    mutated: Mutated | None = None
    active: bool = True
    rebased: bool = False
    notes: tuple[Fault, ...] = ()
    base: Strategy | None = None


def frozen_parameters(strategy: Strategy) -> dict[str, Any]:
    """Return all parameters as JSON-ready data, from which the class makes the same strategy.

    A model inside may refuse, beside others, fields that were never set; of such a class, what
    was never set inside is left to its defaults.
    """
    whole: dict[str, Any] = json.loads(strategy.model_dump_json())
    if _rebuilt(type(strategy), whole, "")[0] == strategy:
        return whole
    kind = type(strategy)
    said = kind.model_construct(_fields_set=set(kind.model_fields), **dict(strategy))
    sparse: dict[str, Any] = json.loads(said.model_dump_json(exclude_unset=True))
    return sparse


def _rebuilt(
    kind: type[Strategy], parameters: Mapping[str, Any], where: str
) -> tuple[Strategy | None, list[Fault]]:
    given = {name: value for name, value in parameters.items() if value is not None}
    return build_strategy(kind, given, {}, where)


class Checker:
    """Checks rows against their parents; what rows have in common is made once."""

    def __init__(self, parents: Mapping[str, Parent]) -> None:
        self._parents = parents
        self._now: dict[str, tuple[dict[str, Any], str]] = {}
        self._bases: dict[tuple[str, str], tuple[Strategy, dict[str, ParamSpec]]] = {}

    def check(self, row: ShadowRow, where: str) -> Checked:
        """Return the row completed, with its strategy if it is live.

        Raises
        ------
        RowError
            Naming everything that keeps a live row from running. A row that is evaluated no more
            holds whatever became of its parent.
        """
        parent = self._parents.get(row.parent_id)
        if not row.is_live:
            return Checked(self._completed(row, parent), None, parent is not None and parent.active)
        strategy = self._usable(row, parent, where)
        completed = self._completed(row, parent)
        base, specs = self._base(completed, type(strategy), where)
        try:
            mutated = mutate(base, row.mutations, where=where, specs=specs)
        except MutationError as error:
            raise RowError(error.faults) from error
        _, now = self._frozen(row.parent_id)
        rebased = completed.base_params_hash != now
        notes = []
        for name, wanted in mutated.clamped.items():
            rule = f"is clamped to {mutated.changed.get(name, specs[name].value)!r}"
            notes.append(Fault(where, name, shown(wanted), rule))
        if rebased:
            rule = f"is not what {row.parent_id} has now; the variant keeps its own"
            notes.append(Fault(where, "base_params", None, rule))
        completed = completed.model_copy(update={"clamped": tuple(mutated.clamped)})
        active = self._parents[row.parent_id].active
        return Checked(completed, mutated, active, rebased, (*notes,), base)

    def _usable(self, row: ShadowRow, parent: Parent | None, where: str) -> Strategy:
        """Return the parent as it is now; raise RowError where the row cannot be its variant."""
        if parent is None:
            close = nearest(row.parent_id, self._parents)
            rule = "is no registered strategy"
            raise RowError([Fault(where, "parent", row.parent_id, rule, close)])
        if parent.strategy is None:
            raise RowError([Fault(where, "parent", row.parent_id, "has a broken configuration")])
        faults = []
        if row.parent_id != parent_in(row.id):
            rule = f"must be {parent_in(row.id)!r}, as in the id"
            faults.append(Fault(where, "parent", row.parent_id, rule))
        if row.strategy not in {None, parent.class_name}:
            rule = f"must be {parent.class_name!r}, the class of {row.parent_id}"
            faults.append(Fault(where, "strategy", shown(row.strategy), rule))
        if row.symbol is not None and row.symbol not in parent.strategy.universe:
            rule = f"must be a symbol of {row.parent_id}: {', '.join(parent.strategy.universe)}"
            faults.append(Fault(where, "symbol", shown(row.symbol), rule))
        if row.id in self._parents:
            faults.append(Fault(where, "id", row.id, "is a registered strategy"))
        if faults:
            raise RowError(faults)
        return parent.strategy

    def _completed(self, row: ShadowRow, parent: Parent | None) -> ShadowRow:
        """Return the row with all that can be known of it."""
        known: dict[str, Any] = {"parent": row.parent_id}
        if row.mutation_hash is None:
            known["mutation_hash"] = mutation_hash(row.mutations)
        class_name = row.strategy or (parent.class_name if parent else None)
        if parent is not None and parent.strategy is not None:
            known["symbol"] = row.symbol or parent.strategy.signal_of_record
            if row.base_params is None:
                known["base_params"], known["base_params_hash"] = self._frozen(row.parent_id)
        if row.base_params is not None and row.base_params_hash is None and class_name:
            known["base_params_hash"] = parameters_hash(class_name, row.base_params)
        return row.model_copy(update=known | {"strategy": class_name})

    def _frozen(self, parent_id: str) -> tuple[dict[str, Any], str]:
        """Return the parent's parameters as they are now, and their hash."""
        if parent_id not in self._now:
            parent = self._parents[parent_id]
            assert parent.strategy is not None  # noqa: S101  (asked for usable parents only)
            data = frozen_parameters(parent.strategy)
            self._now[parent_id] = data, parameters_hash(parent.class_name, data)
        return self._now[parent_id]

    def _base(
        self, row: ShadowRow, kind: type[Strategy], where: str
    ) -> tuple[Strategy, dict[str, ParamSpec]]:
        """Return the strategy that the frozen parameters describe."""
        parameters, class_name = row.base_params or {}, row.strategy or ""
        content = parameters_hash(class_name, parameters)
        if row.base_params_hash != content:
            rule = f"must be {content!r}, or base_params were changed after the variant was made"
            raise RowError([Fault(where, "base_params_hash", shown(row.base_params_hash), rule)])
        key = (row.parent_id, content)
        if key not in self._bases:
            base, faults = _rebuilt(kind, parameters, where)
            if base is None:
                raise RowError([_of_base(fault) for fault in faults])
            self._bases[key] = base, param_specs(base)
        return self._bases[key]


def _of_base(fault: Fault) -> Fault:
    key = fault.key.removeprefix(PARAMETERS).removeprefix(".")
    return Fault(fault.file, dotted("base_params", key), fault.value, fault.rule, fault.nearest)
