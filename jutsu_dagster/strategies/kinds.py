"""The table of strategy classes, and loading of a user's own by ``module:Class``."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from jutsu_dagster.core.errors import StrategyError, nearest
from jutsu_dagster.strategies.base import AllocationStrategy, Strategy
from jutsu_dagster.strategies.council import Council
from jutsu_dagster.strategies.directional import DirectionalStrategy
from jutsu_dagster.strategies.regime_allocator import (
    HierarchicalAdaptiveV35b,
    HierarchicalAdaptiveV35d,
)

KINDS: dict[str, type[Strategy]] = {
    "Hierarchical_Adaptive_v3_5b": HierarchicalAdaptiveV35b,
    "Hierarchical_Adaptive_v3_5d": HierarchicalAdaptiveV35d,
    "council": Council,
}


class KindError(StrategyError):
    """A strategy class that cannot be had.

    Attributes
    ----------
    name : str
        The class as it was named.
    rule : str
        What is wrong, as a sentence fragment after the name.
    nearest : str or None
        The closest known name, where the name was not known.
    """

    def __init__(self, name: str, rule: str, close: str | None = None) -> None:
        self.name, self.rule, self.nearest = name, rule, close
        hint = f". Did you mean {close!r}?" if close else ""
        super().__init__(f"strategy class {name!r} {rule}{hint}")


def load_kind(name: str, home: Path | None = None) -> type[Strategy]:
    """Return the class called ``name``: one of KINDS, or a user's ``module:Class``.

    A user's module is imported from ``home`` (the project) or from the Python path.

    Raises
    ------
    StrategyError
        If there is no such class, its module cannot be imported, or it is no Strategy.
    """
    if name in KINDS:
        return KINDS[name]
    module_name, colon, class_name = name.partition(":")
    if not colon:
        raise KindError(
            name,
            f"is not known; there are {', '.join(KINDS)}, and your own as module:Class",
            nearest(name, KINDS),
        )
    if not all(part.isidentifier() for part in [*module_name.split("."), class_name]):
        raise KindError(name, "must be written module:Class, as in my_strategies:Momentum")
    module = _import(name, module_name, home)
    kind = getattr(module, class_name, None)
    place = getattr(module, "__file__", None) or module_name
    if kind is None:
        raise KindError(name, f"is not in {place}", nearest(class_name, dir(module)))
    if not (isinstance(kind, type) and issubclass(kind, Strategy)):
        raise KindError(name, f"in {place} is not derived from AllocationStrategy")
    if _undecided(kind):
        method = "direct(self, candles)"
        if issubclass(kind, AllocationStrategy):
            method = "target_weights(self, bars)"
        raise KindError(name, f"in {place} must define {method}")
    return kind


def _undecided(kind: type[Strategy]) -> bool:
    if issubclass(kind, DirectionalStrategy):
        return kind.direct is DirectionalStrategy.direct
    if not issubclass(kind, AllocationStrategy):
        return kind is Strategy
    base = AllocationStrategy
    return kind.target_weights is base.target_weights and kind.allocate is base.allocate


def _import(name: str, module_name: str, home: Path | None) -> ModuleType:
    own = None
    if home is not None:
        root = home.resolve()
        # Last, so that a user's file can never stand in for a library's module.
        if str(root) not in sys.path:
            sys.path.append(str(root))
        stem = root.joinpath(*module_name.split("."))
        files = (stem.with_suffix(".py"), stem / "__init__.py")
        own = next((file for file in files if file.is_file()), None)
        importlib.invalidate_caches()  # the file may be younger than the process
    try:
        module = importlib.import_module(module_name)
    # A user's module may raise anything, and may call sys.exit when it is imported.
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise KindError(name, f"cannot be imported from {own or module_name} ({reason})") from error
    found = getattr(module, "__file__", None)
    if own is not None and (found is None or Path(found).resolve() != own):
        raise KindError(
            name, f"is hidden: Python finds {found or module_name} before {own}; rename your module"
        )
    return module
