"""The registry's own rules: ids, one primary, a complete execution order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from jutsu_dagster.core.errors import Fault, nearest
from jutsu_dagster.registry.faults import dotted, shown
from jutsu_dagster.registry.fields import check_identifier

if TYPE_CHECKING:
    from jutsu_dagster.registry.load import StrategyEntry


def id_faults(file: str, key: str, id_: str) -> list[Fault]:
    """Return the fault of an id that cannot name assets and folders, if it is one."""
    try:
        check_identifier(id_)
    except ValueError as error:
        return [Fault(file, key, None, str(error))]
    return []


def primary_faults(file: str, entries: Iterable[StrategyEntry]) -> list[Fault]:
    """Return the faults of the primary: there must be exactly one, and it must be active."""
    primaries = [entry for entry in entries if entry.is_primary]
    if len(primaries) != 1:
        ids = ", ".join(entry.id for entry in primaries)
        found = f"there are {len(primaries)}: {ids}" if primaries else "there is none"
        rule = f"must hold exactly one strategy with is_primary: true; {found}"
        return [Fault(file, "strategies", None, rule)]
    (primary,) = primaries
    if primary.is_active:
        return []
    key = dotted("strategies", primary.id, "is_active")
    return [Fault(file, key, primary.is_active, f"must be true: {primary.id} is the primary")]


def order_faults(
    file: str, entries: Mapping[str, StrategyEntry], order: Sequence[str], *, given: bool
) -> list[Fault]:
    """Return the faults of the execution order.

    Parameters
    ----------
    file : str
    entries : mapping of id to StrategyEntry
    order : sequence of str
        The order as written, or the order of definition.
    given : bool
        Whether the order was written.
    """
    faults = []
    for place, id_ in enumerate(order):
        key = f"execution_order.{place}"
        if id_ not in entries:
            rule = "is no strategy of this registry"
            faults.append(Fault(file, key, shown(id_), rule, nearest(id_, entries)))
        elif id_ in order[:place]:
            faults.append(Fault(file, key, shown(id_), "stands there already"))
    faults += [
        Fault(
            file,
            "execution_order",
            None,
            f"lacks {id_!r}, which is active; without a place there it would never run",
        )
        for id_, entry in entries.items()
        if entry.is_active and id_ not in order
    ]
    primaries = [id_ for id_, entry in entries.items() if entry.is_primary]
    if len(primaries) == 1 and order and order[0] != primaries[0]:
        (primary,) = primaries
        if given:
            rule = f"must be {primary!r}: the primary comes first"
            faults.append(Fault(file, "execution_order.0", shown(order[0]), rule))
        else:
            rule = f"is missing; by definition {order[0]!r} comes before the primary {primary!r}"
            faults.append(Fault(file, "execution_order", None, rule))
    return faults
