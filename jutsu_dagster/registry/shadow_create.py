"""New variants: a number never given before, no variant twice, frozen parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from pydantic import ValidationError

from jutsu_dagster.core.errors import Fault
from jutsu_dagster.registry.faults import faults_of
from jutsu_dagster.registry.fields import check_identifier
from jutsu_dagster.registry.mutations import MutationError, mutate, mutation_hash
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.registry.shadow_check import Parent, RowError, frozen_parameters
from jutsu_dagster.registry.shadow_rows import ShadowRow, parameters_hash
from jutsu_dagster.registry.shadows import ShadowBook


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


class VariantMaker:
    """Makes new variants of one parent, each of which trades from the day after it was made.

    Parameters
    ----------
    parent_id : str
    parent : Parent
    book : ShadowBook
        All rows so far.
    making : Making
    taken : iterable of str
        Ids given before that the book may not know.
    again : bool
        Whether a variant that is no longer live may be made once more: a person's word. It gets
        an id of its own, and with it a fresh account.

    Raises
    ------
    RowError
        If the parent is broken.
    """

    def __init__(
        self,
        parent_id: str,
        parent: Parent,
        book: ShadowBook,
        making: Making,
        *,
        taken: Iterable[str] = (),
        again: bool = False,
    ) -> None:
        if parent.strategy is None:
            raise RowError([Fault(parent_id, "", None, "has a broken configuration")])
        self._id, self._class_name, self.strategy = parent_id, parent.class_name, parent.strategy
        self._making, self._again = making, again
        self._specs = param_specs(parent.strategy)
        self._base = frozen_parameters(parent.strategy)
        self._base_hash = parameters_hash(parent.class_name, self._base)
        self._taken = {*book.mentioned, *taken}
        self._known = self._mutations_in(book)

    def make(self, mutations: Mapping[str, object]) -> ShadowRow:
        """Return the row of one more variant.

        Raises
        ------
        MutationError
            If the mutation is refused, or was tried before.
        RowError
            If the id is too long, or the partition no day of the calendar.
        """
        where = f"mutation of {self._id}"
        mutated = mutate(self.strategy, mutations, where=where, specs=self._specs)
        hash_ = mutation_hash(mutations)
        before = self._known.get(hash_)
        if before is not None and (before.is_live or not self._again):
            rule = f"is {before.id} already, whose status is {before.status}"
            raise MutationError([Fault(where, "", None, rule)])
        id_ = next_id(self._id, self._taken)
        try:
            row = ShadowRow(
                id=id_,
                symbol=self.strategy.signal_of_record,
                parent=self._id,
                strategy=self._class_name,
                mutations=dict(mutations),
                status="shadow",
                created_at=self._making.at,
                created_partition=self._making.partition,
                reason=self._making.reason,
                source=self._making.source,
                base_params=self._base,
                base_params_hash=self._base_hash,
                mutation_hash=hash_,
                clamped=tuple(mutated.clamped),
            )
        except ValidationError as error:
            raise RowError(faults_of(error, ShadowRow, id_)) from error
        # The highest number is all that the next id needs.
        self._taken, self._known[hash_] = {row.id}, row
        return row

    def tried(self) -> list[Mapping[str, object]]:
        """Return the mutations of the parent as it stands that there were so far."""
        return [row.mutations for row in self._known.values()]

    def _mutations_in(self, book: ShadowBook) -> dict[str | None, ShadowRow]:
        """Return this parent's variants of this base, past ones too, by mutation; live ones win."""
        found: dict[str | None, ShadowRow] = {}
        for shadow in book.shadows.values():
            parent, base_hash, hash_ = shadow.key
            same = (parent, base_hash) == (self._id, self._base_hash)
            if same and not (hash_ in found and found[hash_].is_live):
                found[hash_] = shadow.row
        return found


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
    """Return the row of one new variant; as ``VariantMaker``."""
    return VariantMaker(parent_id, parent, book, making, taken=taken, again=again).make(mutations)
