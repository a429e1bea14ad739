"""The keys of a mutation resolved: which parameters each one changes, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jutsu_dagster.core.errors import Fault, nearest
from jutsu_dagster.registry.faults import dotted, shown
from jutsu_dagster.registry.mutation_values import Operation, new_value, out_of_type
from jutsu_dagster.registry.param_specs import ParamSpec, groups
from jutsu_dagster.strategies.base import Strategy

_SUFFIXES: tuple[tuple[str, Operation], ...] = (("_delta", "delta"), ("_scale", "scale"))


class Reading:
    """Mutations being read: the new value of every entry that one of them changes."""

    def __init__(
        self, specs: Mapping[str, ParamSpec], kind: type[Strategy], where: str, *, creating: bool
    ) -> None:
        self.specs, self.covered = specs, groups(specs)
        self.kind, self.where, self.creating = kind, where, creating
        self.results: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self._changed_by: dict[str, str] = {}

    def read_all(self, mutations: Mapping[str, object]) -> None:
        """Add the changes of every key, or its faults."""
        if not self._too_many("", mutations):
            for key, argument in mutations.items():
                self._read(key, argument)

    def _read(self, key: str, argument: object) -> None:
        address, operation = self._resolve(key)
        if address is None:
            self._unknown(key, argument)
        else:
            self._apply(key, address, operation, argument)

    def _too_many(self, key: str, changes: Mapping[str, object]) -> bool:
        """Whether there are more changes than can be; they are then not looked at one by one."""
        if len(changes) <= len(self.specs):
            return False
        rule = f"has {len(changes)} keys; {self.kind.__name__} has {len(self.specs)} parameters"
        self._fault(key, None, rule)
        return True

    def _resolve(self, key: str) -> tuple[str | None, Operation]:
        if key in self.covered:
            return key, "set"
        for suffix, operation in _SUFFIXES:
            stem = key.removesuffix(suffix)
            if stem != key and stem in self.covered:
                return stem, operation
        return None, "set"

    def _unknown(self, key: str, argument: object) -> None:
        open_ = [
            name
            for name, entries in self.covered.items()
            if any(self.specs[entry].mutable for entry in entries)
        ]
        known = [*open_, *(name + suffix for name in open_ for suffix, _ in _SUFFIXES)]
        fixed = key in self.kind.__class_vars__
        rule = f"is {'fixed by' if fixed else 'no parameter of'} {self.kind.__name__}"
        self._fault(key, argument, rule, None if fixed else nearest(key, known))

    def _apply(self, key: str, address: str, operation: Operation, argument: object) -> None:
        if operation == "set" and isinstance(argument, Mapping):
            if self._too_many(key, argument):
                return
            for label, inner in argument.items():
                entry = f"{address}.{label}"
                if entry in self.covered:
                    self._apply(key, entry, "set", inner)
                else:
                    close = nearest(entry, self.covered)
                    self._fault(f"{key}.{label}", inner, f"is no entry of {address}", close)
            return
        for name in self.covered[address]:
            spec = self.specs[name]
            other = self._changed_by.setdefault(name, key)
            if name in self.results or other != key:
                rule = f"is a second operation on {name}, beside {other}"
                self._fault(key, argument, rule)
            elif not spec.mutable and (self.creating or operation != "set"):
                self._fault(key, argument, f"must not change {name}, which is immutable")
            else:
                broken = out_of_type(spec, operation, argument)
                if broken:
                    self._fault(key, argument, broken)
                else:
                    self.results[name] = new_value(spec, operation, argument)

    def _fault(self, key: str, value: object, rule: str, close: str | None = None) -> None:
        fault = Fault(self.where, dotted(shown(key)), shown(value), rule, close)
        # One fault a key, however many entries it covers.
        if all(known.key != fault.key for known in self.faults):
            self.faults.append(fault)
