"""New variants: a number never given before, no variant twice, frozen parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from jutsu_dagster.core.errors import Fault
from jutsu_dagster.registry.models import check_identifier
from jutsu_dagster.registry.mutations import MutationError, mutate, mutation_hash
from jutsu_dagster.registry.shadow_check import Parent, RowError, frozen_parameters
from jutsu_dagster.registry.shadow_rows import ShadowRow, parameters_hash
from jutsu_dagster.registry.shadows import Shadow, ShadowBook


@dataclass(frozen=True, slots=True)
class Making:
    """When, why and by whom a variant is made.

    Attributes
    ----------
    partition : date
        The night that makes it.
    at : str
        Time, ISO; the caller's, since nothing here reads a clock.
    reason, source : str
    """

    partition: date
    at: str
    reason: str = ""
    source: str = ""


def next_id(parent: str, taken: Iterable[str]) -> str:
    """Return the parent's next variant id, ``<parent>_mut_<NNNN>``.

    Parameters
    ----------
    parent : str
    taken : iterable of str
        Every id that was ever given: ``ShadowBook.mentioned``, and the ledger's accounts.

    Raises
    ------
    RowError
        If the id would be too long for an asset.
    """
    start = f"{parent}_mut_"
    numbers = (id_.removeprefix(start) for id_ in taken if id_.startswith(start))
    last = max((int(number) for number in numbers if number.isdecimal()), default=0)
    made = f"{start}{last + 1:04d}"
    try:
        return check_identifier(made)
    except ValueError as error:
        raise RowError([Fault(made, "id", None, str(error))]) from error


def same_variant(book: ShadowBook, parent: str, base_hash: str, hash_: str) -> Shadow | None:
    """Return the variant, past or present, of that parent, base and mutation."""
    wanted = (parent, base_hash, hash_)
    return next((shadow for shadow in book.shadows.values() if shadow.key == wanted), None)


def new_variant(
    parent_id: str,
    parent: Parent,
    mutations: Mapping[str, object],
    book: ShadowBook,
    making: Making,
    *,
    taken: Iterable[str] = (),
    again: bool = False,
) -> ShadowRow:
    """Return the row of a new variant, which trades from the day after it was made.

    Parameters
    ----------
    parent_id : str
    parent : Parent
    mutations : mapping of key to JSON value
    book : ShadowBook
        All rows so far.
    making : Making
    taken : iterable of str
        Ids given before that the book may not know.
    again : bool
        Whether the same variant may have been there before: a person's word.

    Raises
    ------
    MutationError
        If the mutation is refused, or was tried before.
    RowError
        If the parent is broken or the id too long.
    """
    if parent.strategy is None:
        raise RowError([Fault(parent_id, "", None, "has a broken configuration")])
    mutated = mutate(parent.strategy, mutations, where=f"mutation of {parent_id}")
    base = frozen_parameters(parent.strategy)
    base_hash, hash_ = parameters_hash(parent.class_name, base), mutation_hash(mutations)
    before = same_variant(book, parent_id, base_hash, hash_)
    if before is not None and not again:
        rule = f"is {before.id} already, whose status is {before.row.status}"
        raise MutationError([Fault(f"mutation of {parent_id}", "", None, rule)])
    return ShadowRow(
        id=next_id(parent_id, {*book.mentioned, *taken}),
        symbol=parent.strategy.signal_of_record,
        parent=parent_id,
        strategy=parent.class_name,
        mutations=dict(mutations),
        status="shadow",
        created_at=making.at,
        created_partition=making.partition,
        reason=making.reason,
        source=making.source,
        base_params=base,
        base_params_hash=base_hash,
        mutation_hash=hash_,
        clamped=tuple(mutated.clamped),
    )
