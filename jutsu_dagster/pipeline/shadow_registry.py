"""The shadow registry's life: variants are made, drawn, retired; never twice, never too many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jutsu_dagster.core.errors import ConfigError, Fault, JutsuError, nearest
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.mutation_sampling import Method, Sample, sample_mutations
from jutsu_dagster.registry.shadow_check import Parent
from jutsu_dagster.registry.shadow_create import Making, VariantMaker
from jutsu_dagster.registry.shadow_rows import MAX_LINE_BYTES, ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook, parents_of
from jutsu_dagster.storage.shadow_file import ShadowFile


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """What a change of the shadow registry did.

    Attributes
    ----------
    rows : tuple of ShadowRow
        The rows written, or to be written in a rehearsal.
    book : ShadowBook
        The registry afterwards; in a rehearsal, as it is.
    left : tuple of ShadowRow
        Rows that were asked for and stay as they are.
    sample : Sample or None
        Where mutations were drawn: how that went.
    """

    rows: tuple[ShadowRow, ...]
    book: ShadowBook
    left: tuple[ShadowRow, ...] = ()
    sample: Sample | None = None


@dataclass(frozen=True, slots=True)
class Draw:
    """Which mutations are drawn; as the parameters of ``sample_mutations``.

    In a rehearsal they are only looked at: nothing is written.
    """

    count: int
    method: Method = "random"
    seed: int = 0
    names: tuple[str, ...] = ()
    rehearsal: bool = False


def read_book(registry: StrategyRegistry, home: Path) -> ShadowBook:
    """Return the shadow registry of a project, empty where there is no file."""
    return ShadowFile(home, parents_of(registry)).read()


def create(
    registry: StrategyRegistry,
    home: Path,
    parent_id: str,
    mutations: Sequence[Mapping[str, object]],
    making: Making,
    *,
    taken: Iterable[str] = (),
    again: bool = False,
) -> Change:
    """Make a variant of each of the mutations, all of them or none.

    Parameters
    ----------
    registry : StrategyRegistry
    home : Path
        The project directory.
    parent_id : str
    mutations : sequence of mappings
    making : Making
    taken : iterable of str
        Every id that has an account in the ledger; none is given again.
    again : bool
        Whether a variant that is no longer live may be made once more, under a new id.

    Raises
    ------
    MutationError
        If a mutation is refused, or was tried before.
    RowError
        If the parent is broken.
    ConfigError
        If the parent is not registered, or the budget of live variants does not suffice.
    """
    parent = _parent(registry, parent_id)

    def make(book: ShadowBook) -> list[ShadowRow]:
        _require_room(registry, book, parent_id, len(mutations))
        maker = VariantMaker(parent_id, parent, book, making, taken=taken, again=again)
        return [maker.make(each) for each in mutations]

    return changed(registry, home, make)


def draw(
    registry: StrategyRegistry,
    home: Path,
    parent_id: str,
    wanted: Draw,
    making: Making,
    *,
    taken: Iterable[str] = (),
    advance: Callable[[int], None] = lambda _found: None,
) -> Change:
    """Draw new mutations of a parent as it stands, and make variants of them.

    Parameters as ``create``; ``advance`` is told how many mutations there are so far.

    Raises
    ------
    JutsuError
        If there is no mutation left to draw.
    ConfigError
        As ``create``, and if a name is no parameter to change.
    """
    parent = _parent(registry, parent_id)
    samples: list[Sample] = []

    def make(book: ShadowBook) -> list[ShadowRow]:
        _require_room(registry, book, parent_id, wanted.count)
        maker = VariantMaker(parent_id, parent, book, making, taken=taken)
        sample = sample_mutations(
            maker.strategy, wanted.count, method=wanted.method, seed=wanted.seed,
            names=wanted.names, past=maker.tried(), advance=advance,
        )  # fmt: skip
        if not sample.mutations:
            raise JutsuError(_nothing(parent_id, wanted, sample))
        samples.append(sample)
        return [maker.make(each) for each in sample.mutations]

    if wanted.rehearsal:
        book = read_book(registry, home)
        return Change(tuple(make(book)), book, sample=samples[-1])
    done = changed(registry, home, make)
    return Change(done.rows, done.book, sample=samples[-1])


def require_parent(registry: StrategyRegistry, book: ShadowBook, parent_id: str) -> None:
    """Raise ConfigError unless the id is a registered strategy, or a variant names it."""
    rows = (*(shadow.row for shadow in book.shadows.values()), *book.aside.values())
    known = {*registry.entries, *(row.parent_id for row in rows)}
    if parent_id not in known:
        close = nearest(parent_id, known)
        rule = f"is no parent of variants; there are {', '.join(registry.entries)}"
        raise ConfigError([Fault(registry.file, "strategies", parent_id, rule, close)])


def row_of(book: ShadowBook, variant_id: str) -> ShadowRow:
    """Return a variant's row, also one that cannot run.

    Raises
    ------
    ConfigError
        With the faults of its line if that is illegible, or with the nearest id.
    """
    shadow = book.shadows.get(variant_id)
    row = shadow.row if shadow is not None else book.aside.get(variant_id)
    if row is not None:
        return row
    if variant_id in book.broken:
        raise ConfigError(book.broken[variant_id])
    known = {**book.shadows, **book.aside}
    if variant_id in book.mentioned:
        rule = "stands in a line that cannot be used; see jutsu variants list"
        raise ConfigError([Fault(SHADOWS_PATH, "id", variant_id, rule)])
    rule = "is no variant" if known else "is no variant; there are none"
    raise ConfigError([Fault(SHADOWS_PATH, "id", variant_id, rule, nearest(variant_id, known))])


def changed(
    registry: StrategyRegistry, home: Path, make: Callable[[ShadowBook], list[ShadowRow]]
) -> Change:
    """Write the rows that ``make`` returns, called while no other process changes the file."""
    rows: list[ShadowRow] = []

    def kept(book: ShadowBook) -> list[ShadowRow]:
        rows[:] = make(book)
        for row in rows:
            _require_legible(row)
        return rows

    book = ShadowFile(home, parents_of(registry)).change(kept)
    return Change(tuple(rows), book)


def _require_legible(row: ShadowRow) -> None:
    """Raise ConfigError for a row that could not be read back."""
    try:
        size = len(row.line().encode())
    except UnicodeEncodeError as error:
        raise ConfigError([Fault(row.id, "", None, "holds text that is not Unicode")]) from error
    if size > MAX_LINE_BYTES:
        rule = f"would take {size:,} bytes; a row has at most {MAX_LINE_BYTES:,}"
        raise ConfigError([Fault(row.id, "", None, rule)])


def _parent(registry: StrategyRegistry, parent_id: str) -> Parent:
    parents = parents_of(registry)
    if parent_id not in parents:
        close = nearest(parent_id, parents)
        rule = f"is not registered; there are {', '.join(parents)}"
        raise ConfigError([Fault(registry.file, "strategies", parent_id, rule, close)])
    return parents[parent_id]


def _require_room(
    registry: StrategyRegistry, book: ShadowBook, parent_id: str, wanted: int
) -> None:
    """Raise ConfigError if the parent would have more live variants than it may."""
    rows = (shadow.row for shadow in book.shadows.values())
    live = sum(row.is_live and row.parent_id == parent_id for row in rows)
    most = registry.settings.max_live_variants
    if live + wanted > most:
        rule = (
            f"is the most that a strategy may have: {parent_id} has {live}, so {wanted} more are"
            " too many; retire some first (jutsu variants retire), or raise it"
        )
        raise ConfigError([Fault(registry.file, "settings.max_live_variants", most, rule)])


def _nothing(parent_id: str, wanted: Draw, sample: Sample) -> str:
    tried = f"; {sample.known} came up that were tried before" if sample.known else ""
    refused = f"; {sample.refused} break a rule of the class" if sample.refused else ""
    how = f"{wanted.method} of {', '.join(wanted.names)}" if wanted.names else wanted.method
    return f"{parent_id}: there is no new mutation to draw by {how}{tried}{refused}"
