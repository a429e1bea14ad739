"""The shadow registry: every variant, whose file names its own faults line by line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from jutsu_dagster.core.errors import Fault
from jutsu_dagster.registry.faults import faults_of, shown
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.mutations import Mutated
from jutsu_dagster.registry.shadow_check import Checker, Parent, RowError
from jutsu_dagster.registry.shadow_rows import ShadowRow, object_in
from jutsu_dagster.strategies.base import Strategy

SHADOWS_PATH = "reports/evolver/mutation_strategies.jsonl"
_NUMBER = re.compile(rb"_mut_[0-9]{4,9}(?![0-9])")
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]*\Z")
_LONGEST_ID = 50


@dataclass(frozen=True, eq=False, slots=True)
class Shadow:
    """One variant of the shadow registry.

    Attributes
    ----------
    row : ShadowRow
        Completed: parent, class, symbol, frozen parameters and hashes are there wherever they
        can be known.
    line : int
        Where it stands, from 1.
    mutated : Mutated or None
        The variant's strategy; None for one that is evaluated no more.
    parent_active : bool
    rebased : bool
        Whether the parent has other parameters now; the variant keeps its frozen ones.
    notes : tuple of Fault
        What is worth saying of a row that runs nevertheless.
    base : Strategy or None
        The frozen parent; None for a variant that is evaluated no more.
    frozen : bool
        Whether the file itself holds the frozen parameters: the short form does not.
    """

    row: ShadowRow
    line: int
    mutated: Mutated | None = None
    parent_active: bool = True
    rebased: bool = False
    notes: tuple[Fault, ...] = ()
    base: Strategy | None = None
    frozen: bool = True

    @property
    def id(self) -> str:
        """The variant's id."""
        return self.row.id

    @property
    def runs(self) -> bool:
        """Whether it is evaluated tonight: live, and its parent active."""
        return self.mutated is not None and self.parent_active

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What no second variant may share: parent, frozen parameters and mutation."""
        return self.row.parent_id, self.row.base_params_hash, self.row.mutation_hash


@dataclass(frozen=True, eq=False, slots=True)
class ShadowBook:
    """The shadow registry as read.

    Attributes
    ----------
    shadows : mapping of id to Shadow
        The good rows, in the order of their ids' first lines; of a repeated id, the last row.
    faults : tuple of Fault
        Of rows set aside, each naming its line. A bad last row sets its id aside: an earlier one
        is not what was meant.
    broken : mapping of id to tuple of Fault
        The same faults by id, where one is legible.
    mentioned : frozenset of str
        Every id that stands anywhere in the file, in broken lines too; none is given again.
    unread : tuple of (int, bytes)
        The lines set aside, by number and as they are; they stay when the file is rewritten.
    aside : mapping of id to ShadowRow
        What is legible of the rows set aside: those that cannot run, not those that say nothing.
    """

    shadows: Mapping[str, Shadow] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    broken: Mapping[str, tuple[Fault, ...]] = field(default_factory=dict)
    mentioned: frozenset[str] = frozenset()
    unread: tuple[tuple[int, bytes], ...] = ()
    aside: Mapping[str, ShadowRow] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[Fault, ...]:
        """The notes of all good rows."""
        return tuple(note for shadow in self.shadows.values() for note in shadow.notes)

    def running(self) -> list[Shadow]:
        """Return the variants to evaluate."""
        return [shadow for shadow in self.shadows.values() if shadow.runs]

    def content(self, rows: Iterable[ShadowRow] = ()) -> bytes:
        """Return the file with ``rows`` put in place of those of the same id, or added.

        Broken lines stay, in their place: what they meant only a person can know.
        """
        new = {row.id: row for row in rows}
        gone = new.keys() & self.aside.keys()
        old = [
            (shadow.line, new.pop(shadow.id, shadow.row).line().encode())
            for shadow in self.shadows.values()
        ]
        old += [place for place in self.unread if not (gone and _is_one_of(place[1], gone))]
        lines = [line for _, line in sorted(old)] + [row.line().encode() for row in new.values()]
        return b"".join(line + b"\n" for line in lines)


def parents_of(registry: StrategyRegistry) -> dict[str, Parent]:
    """Return who can have variants: the registered strategies, broken and inactive ones too."""
    return {
        entry.id: Parent(
            entry.config.strategy if entry.config else None, entry.strategy_class, entry.is_active
        )
        for entry in registry.entries.values()
    }


def read_shadows(
    content: bytes, parents: Mapping[str, Parent], file: str = SHADOWS_PATH
) -> ShadowBook:
    """Return the shadow registry in ``content``; a bad row never stops the others.

    Parameters
    ----------
    content : bytes
        All of the file, one JSON object a line; empty where there is no file.
    parents : mapping of id to Parent
        See ``parents_of``.
    file : str
        How faults call the file.
    """
    checker = Checker(parents)
    found: dict[str, _Line] = {}
    lost: list[_Line] = []
    superseded: list[tuple[_Line, _Line]] = []
    for line in _lines(content, file):
        before = found.get(line.id) if line.id else None
        if line.id:
            found[line.id] = line
        else:
            lost.append(line)
        if before is not None:
            superseded.append((before, line))
    shadows: dict[str, Shadow] = {}
    for id_, line in found.items():
        again = [_repeated(old, new) for old, new in superseded if new is line]
        try:
            shadows[id_] = _shadow(line, checker, again)
        except RowError as error:
            line.faults = error.faults
            lost.append(line)
    lost.sort(key=lambda line: line.number)
    return ShadowBook(
        MappingProxyType(shadows),
        tuple(fault for line in lost for fault in line.faults),
        MappingProxyType({line.id: line.faults for line in lost if line.id}),
        frozenset(_mentioned(content)),
        tuple((line.number, line.raw) for line in lost),
        MappingProxyType({line.id: line.row for line in lost if line.row is not None}),
    )


@dataclass(eq=False, slots=True)
class _Line:
    """One line that is not blank: its row's id and data, or its faults."""

    number: int
    where: str
    raw: bytes
    id: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    row: ShadowRow | None = None
    faults: tuple[Fault, ...] = ()


def _lines(content: bytes, file: str) -> Iterable[_Line]:
    pieces = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for number, piece in enumerate(pieces, 1):
        raw = piece.rstrip(b"\r")
        if not raw.strip():
            continue
        line = _Line(number, f"{file} line {number}", raw)
        try:
            line.data = object_in(raw)
            line.id = line.data["id"]
        except ValueError as error:
            # The last line of a whole file ends; without its end it was being written.
            cut = " (its end is missing: half-written?)" if number == len(pieces) else ""
            line.faults = (Fault(line.where, "", None, f"{error}{cut}"),)
        yield line


def _is_one_of(raw: bytes, ids: AbstractSet[str]) -> bool:
    try:
        return object_in(raw)["id"] in ids
    except ValueError:
        return False


def _mentioned(content: bytes) -> Iterable[str]:
    """Yield every id in the file, wherever it stands."""
    for found in _NUMBER.finditer(content):
        before = content[max(0, found.start() - _LONGEST_ID) : found.start()]
        name = _NAME.search(before)
        if name:
            yield (name[0] + found[0]).decode()


def _repeated(old: _Line, new: _Line) -> Fault:
    return Fault(old.where, "id", shown(old.id), f"is repeated in line {new.number}, which holds")


def _shadow(line: _Line, checker: Checker, notes: list[Fault]) -> Shadow:
    try:
        line.row = ShadowRow.model_validate(line.data)
    except ValidationError as error:
        raise RowError(faults_of(error, ShadowRow, line.where)) from error
    checked = checker.check(line.row, line.where)
    return Shadow(
        checked.row, line.number, checked.mutated, checked.active, checked.rebased,
        (*notes, *checked.notes), checked.base, line.row.base_params is not None,
    )  # fmt: skip
