"""Rules of the house that no linter knows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
LONGEST = 250
MODULES = sorted(
    path
    for folder in ("jutsu_dagster", "jutsu_dagster_tests", "benchmarks")
    for path in (PROJECT / folder).rglob("*.py")
)
SET_UP = [
    PROJECT / name
    for name in (
        "pyproject.toml",
        "constraints.txt",
        "workspace.yaml",
        ".ci/run",
        "scripts/setup",
        "scripts/demo",
        "scripts/test",
    )
]


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_stops_at_250_lines(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST


@pytest.mark.parametrize("path", [*MODULES, *SET_UP], ids=named)
def test_no_file_names_a_path_of_one_machine(path: Path) -> None:
    # Put together here, so that this file does not find itself.
    homes = [f"/{top}/" for top in ("work", "root", "tmp/v", "opt")] + [f"{Path.home()}/"]
    homes += [f"/{top}/" + r"\w" for top in ("home", "Users")]
    text = path.read_text(encoding="utf-8")
    assert [home for home in homes if re.search(rf"[\"'\s=:]{home}", text)] == []


@pytest.mark.parametrize("path", SET_UP, ids=named)
def test_set_up_files_name_no_package_index(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"https?://\S+|file://\S+|--(?:extra-)?index-url|--find-links", text) == []


def test_constraints_are_names_and_exact_versions() -> None:
    lines = (PROJECT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [
        line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line)
    ] == []


@pytest.mark.parametrize("name", ["setup", "demo", "test"])
def test_scripts_stop_at_the_first_fault_and_can_be_run(name: str) -> None:
    script = PROJECT / "scripts" / name
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    assert script.stat().st_mode & 0o111
