"""Nothing scheduled can reach the code that promotes, and no night changes configuration."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import jutsu_dagster
from jutsu_dagster_tests.homes import Home

PACKAGE = "jutsu_dagster"
PROMOTIONS = "jutsu_dagster.pipeline.promotions"
ROOT = Path(jutsu_dagster.__file__).parent

_LOADED = """
import importlib, pkgutil, sys
import jutsu_dagster.definitions as definitions, jutsu_dagster.defs as defs
from jutsu_dagster.settings import Settings
from jutsu_dagster.registry.load import StrategyRegistry
for module in pkgutil.walk_packages(defs.__path__, defs.__name__ + "."):
    importlib.import_module(module.name)
settings = Settings()
registry = StrategyRegistry(settings.registry_path, settings.home)
assert definitions.build_definitions(registry, settings).resolve_all_asset_specs()
print("\\n".join(sorted(sys.modules)))
"""


def _path(module: str) -> Path | None:
    place = ROOT.parent.joinpath(*module.split("."))
    found = [place / "__init__.py", place.with_suffix(".py")]
    return next((path for path in found if path.is_file()), None)


@cache
def _imports(module: str) -> frozenset[str]:
    """Return the modules of ours that one imports anywhere in it, in functions too."""
    path = _path(module)
    assert path is not None
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    whole = {
        ".".join(name.split(".")[:end]) for name in names for end in range(1, name.count(".") + 2)
    }
    return frozenset(each for each in whole if each.startswith(PACKAGE) and _path(each))


def reached(start: str) -> set[str]:
    """Return every module of ours that can be imported by running ``start``."""
    found, left = set[str](), [start]
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += _imports(module)
    return found


def _modules(folder: str) -> list[str]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    return [
        ".".join([PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]).removesuffix(".__init__")
        for path in paths
    ]


def test_the_walk_finds_what_a_function_imports() -> None:
    assert "jutsu_dagster.pipeline.promotions.decide" in reached("jutsu_dagster.cli.promotions")


def test_no_module_that_a_schedule_can_start_leads_to_promotions() -> None:
    starts = ["jutsu_dagster.definitions", *_modules("defs")]
    starts += [name for name in _modules("pipeline") if not name.startswith(PROMOTIONS)]
    starts += [name for layer in ("research", "storage", "reporting") for name in _modules(layer)]
    assert len(starts) > 100
    leading = {start for start in starts if any(m.startswith(PROMOTIONS) for m in reached(start))}
    assert leading == set()


def test_a_fresh_process_with_the_whole_asset_graph_has_not_loaded_promotions(made: Home) -> None:
    made.ledger.close()
    run = subprocess.run(
        [sys.executable, "-c", _LOADED], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    loaded = run.stdout.splitlines()
    assert "jutsu_dagster.defs.research" in loaded
    assert [name for name in loaded if name.startswith(PROMOTIONS)] == []
