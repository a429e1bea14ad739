"""Changes of the registry as text, validated as a whole before anybody writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from jutsu_dagster.core.errors import ConfigError, Fault, nearest
from jutsu_dagster.registry.faults import dotted, relative
from jutsu_dagster.registry.fields import check_identifier
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.universe import market_faults
from jutsu_dagster.registry.yaml_file import read_text
from jutsu_dagster.registry.yaml_text import YamlText


@dataclass(frozen=True, slots=True)
class LineChange:
    """One line that differs: its number, from 1, and what it said and says; None for no line."""

    line: int
    old: str | None
    new: str | None


@dataclass(frozen=True, eq=False, slots=True)
class RegistryEdit:
    """A change that was validated and not written.

    Attributes
    ----------
    path : Path
        The registry.
    before, after : str
        Its text; equal where there was nothing to do.
    registry : StrategyRegistry
        As it will load.
    """

    path: Path
    before: str
    after: str
    registry: StrategyRegistry

    @property
    def changes(self) -> list[LineChange]:
        """The lines that differ, in order; a removed one has its old number."""
        old, new = (text.replace("\r", "").split("\n") for text in (self.before, self.after))
        found = []
        for _, i, i_end, j, j_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if old[i:i_end] == new[j:j_end]:
                continue
            if i_end - i == j_end - j:
                pairs = zip(old[i:i_end], new[j:j_end], strict=True)
                found += [LineChange(j + 1 + at, *pair) for at, pair in enumerate(pairs)]
                continue
            found += [LineChange(at + 1, old[at], None) for at in range(i, i_end)]
            found += [LineChange(at + 1, None, new[at]) for at in range(j, j_end)]
        return found


class _Draft:
    """The registry's text under change, and the faults of asking for what cannot be."""

    def __init__(self, registry_path: Path, home: Path) -> None:
        self.path, self.home = Path(registry_path).absolute(), Path(home).absolute()
        self.file = relative(self.path, self.home)
        self.before = read_text(self.path, self.file)
        self.text = YamlText(self.before, self.file)
        document = self.text.document
        found = document.get("strategies") if isinstance(document, dict) else None
        if not isinstance(found, dict) or not all(isinstance(e, dict) for e in found.values()):
            self.load({})  # says what is wrong with it
            raise self.refusal("strategies", None, "must map ids to strategies")
        self.strategies: dict[str, dict[str, Any]] = found
        order = document.get("execution_order")
        self.order: list[Any] | None = order if isinstance(order, list) else None

    def refusal(self, key: str, value: object, rule: str, close: str | None = None) -> ConfigError:
        return ConfigError([Fault(self.file, key, value, rule, close)])

    def entry(self, strategy_id: str) -> dict[str, Any]:
        if strategy_id not in self.strategies:
            rule = f"is not registered; there are {', '.join(self.strategies)}"
            close = nearest(strategy_id, self.strategies)
            raise self.refusal("strategies", strategy_id, rule, close)
        return self.strategies[strategy_id]

    def put(self, *path: str, value: Any) -> None:
        self.text = self.text.put(*path, value=value)

    def load(self, drafts: Mapping[Path, str]) -> StrategyRegistry:
        texts = {**drafts, self.path: self.text.text}
        return StrategyRegistry(self.path, self.home, drafts=texts)

    def done(
        self, sound: str | None = None, drafts: Mapping[Path, str] | None = None
    ) -> RegistryEdit:
        """Validate the whole; the strategy ``sound`` may have no fault at all."""
        registry = self.load(drafts or {})
        if sound is not None:
            faults = registry.entries[sound].faults
            if not faults and registry.is_strategy_active(sound):
                # Another's warm-up that reaches back too far is none of this change's business.
                faults = tuple(f for f in market_faults(registry) if f not in self._known())
            if faults:
                raise ConfigError(faults)
        return RegistryEdit(self.path, self.before, self.text.text, registry)

    def _known(self) -> tuple[Fault, ...]:
        try:
            return market_faults(StrategyRegistry(self.path, self.home))
        except ConfigError:
            return ()


def require_new(registry_path: Path, home: Path, strategy_id: str) -> None:
    """Raise ConfigError if ``strategy_id`` cannot be an id, or is registered."""
    draft, key = _Draft(registry_path, home), dotted("strategies", strategy_id)
    try:
        check_identifier(strategy_id)
    except ValueError as error:
        raise draft.refusal(key, None, str(error)) from error
    if strategy_id in draft.strategies:
        raise draft.refusal(key, None, "is registered already; choose another id")


def add_strategy(
    registry_path: Path,
    home: Path,
    strategy_id: str,
    entry: Mapping[str, Any],
    drafts: Mapping[Path, str] | None = None,
) -> RegistryEdit:
    """Return the registry with one more secondary strategy, last in definition and execution order.

    Parameters
    ----------
    registry_path, home : Path
    strategy_id : str
    entry : mapping
        Its keys and values, of the form that EntrySpec has. An inactive one stands in no execution
        order until it is activated.
    drafts : mapping of absolute path to text, optional
        The strategy's file, where it is not written yet.

    Raises
    ------
    ConfigError
        If the id is taken or no id, or if anything of the new strategy is faulty.
    """
    require_new(registry_path, home, strategy_id)
    draft = _Draft(registry_path, home)
    draft.put("strategies", strategy_id, value=dict(entry))
    if entry.get("is_active", True) and draft.order is not None:
        draft.text = draft.text.append("execution_order", item=strategy_id)
    return draft.done(strategy_id, drafts)


def set_active(registry_path: Path, home: Path, strategy_id: str, *, active: bool) -> RegistryEdit:
    """Return the registry with a strategy switched on or off; its place in the order stays.

    Raises
    ------
    ConfigError
        If the id is unknown, the primary is to be switched off, or a broken one on.
    """
    draft = _Draft(registry_path, home)
    entry = draft.entry(strategy_id)
    key = dotted("strategies", strategy_id, "is_active")
    if not active and entry.get("is_primary") is True:
        rule = (
            f"must stay true: {strategy_id} is the primary; make another one the primary first,"
            " with jutsu strategies set-primary ID"
        )
        raise draft.refusal(key, None, rule)
    if entry.get("is_active", True) is not active:
        draft.put("strategies", strategy_id, "is_active", value=active)
    if active and draft.order is not None and strategy_id not in draft.order:
        draft.text = draft.text.append("execution_order", item=strategy_id)
    return draft.done(strategy_id if active else None)


def set_primary(registry_path: Path, home: Path, strategy_id: str) -> RegistryEdit:
    """Return the registry with another primary, first in the execution order.

    The one before stays active. It may be broken: this is how its place is given to another.

    Raises
    ------
    ConfigError
        If the id is unknown, or the strategy is inactive or broken.
    """
    draft = _Draft(registry_path, home)
    flag = draft.entry(strategy_id).get("is_active", True)
    if flag is not True:
        key = dotted("strategies", strategy_id, "is_active")
        rule = (
            "must be true for the primary; activate it first,"
            f" with jutsu strategies activate {strategy_id}"
        )
        raise draft.refusal(key, flag, rule)
    for id_, entry in draft.strategies.items():
        if entry.get("is_primary", False) is not (id_ == strategy_id):
            draft.put("strategies", id_, "is_primary", value=id_ == strategy_id)
    if draft.order is not None:
        if strategy_id not in draft.order:
            draft.text = draft.text.append("execution_order", item=strategy_id)
        draft.text = draft.text.move_first("execution_order", item=strategy_id)
    elif next(iter(draft.strategies)) != strategy_id:
        others = [id_ for id_ in draft.strategies if id_ != strategy_id]
        draft.put("execution_order", value=[strategy_id, *others])
    return draft.done(strategy_id)
