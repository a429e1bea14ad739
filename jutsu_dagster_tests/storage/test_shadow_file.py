"""The shadow registry's file among several processes, and after a killed one."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.registry.shadow_check import Parent
from jutsu_dagster.registry.shadow_create import Making, new_variant
from jutsu_dagster.registry.shadow_rows import ShadowRow
from jutsu_dagster.registry.shadows import SHADOWS_PATH, ShadowBook
from jutsu_dagster.storage.shadow_file import ShadowFile
from jutsu_dagster_tests.registry.mutable import every

ROOT = Path(__file__).parents[2]
PARENT = Parent(every(), "Every")
MADE = Making(date(2025, 1, 9), "2025-01-10T00:00:00Z")
BROKEN = b'{"id": "ETH_main_mut_0007", "sym'
_CREATE = """
import sys
from pathlib import Path
from jutsu_dagster_tests.storage.test_shadow_file import add, file_in
start, count = int(sys.argv[2]), int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
for turn in range(start, start + count):
    print(add(file_in(Path(sys.argv[1])), turn), flush=True)
"""


def file_in(home: Path) -> ShadowFile:
    return ShadowFile(home, {"ETH_main": PARENT})


def add(file: ShadowFile, turn: int) -> str:
    """Create one variant; ``turn`` makes it different."""
    made: list[ShadowRow] = []

    def make(book: ShadowBook) -> list[ShadowRow]:
        made[:] = [new_variant("ETH_main", PARENT, {"drift": turn + 1}, book, MADE)]
        return made

    file.change(make)
    return made[0].id


def started(home: Path, start: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _CREATE, str(home), str(start), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[ShadowFile]:
    path = tmp_path / SHADOWS_PATH
    path.parent.mkdir(parents=True)
    path.write_bytes(BROKEN)
    yield file_in(tmp_path)
    assert not list(path.parent.glob(".*"))
    assert BROKEN + b"\n" in path.read_bytes()


def test_no_file_is_an_empty_registry_and_a_look_makes_none(tmp_path: Path) -> None:
    assert not file_in(tmp_path).read().shadows
    assert not file_in(tmp_path).change(lambda _book: []).shadows
    assert not (tmp_path / "reports").exists()


def test_processes_that_create_at_once_all_get_their_own_ids(
    file: ShadowFile, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        both = [stack.enter_context(started(tmp_path, start, 15)) for start in (0, 100)]
        for process in both:
            go(process)
        said = [process.communicate(timeout=60)[0].split() for process in both]
        assert [process.returncode for process in both] == [0, 0]
    book = file.read()
    # Counted on from the number in the broken line.
    expected = {f"ETH_main_mut_{number:04d}" for number in range(8, 38)}
    assert {*said[0], *said[1]} == set(book.shadows) == expected
    drifts = {shadow.row.mutations["drift"] for shadow in book.shadows.values()}
    assert drifts == {*range(1, 16), *range(101, 116)}


@pytest.mark.parametrize("delay", [0.0, 0.004])
def test_a_killed_writer_leaves_the_file_before_or_after(
    file: ShadowFile, tmp_path: Path, delay: float
) -> None:
    with started(tmp_path, 0, 10_000) as writer:
        go(writer)
        assert writer.stdout is not None
        last = [writer.stdout.readline() for _ in range(5)][-1].strip()
        time.sleep(delay)
        writer.kill()
    book = file.read()
    assert last in book.shadows
    assert len(book.faults) == 1
    # The next change clears what the killed one left, and goes on.
    assert add(file, -5) == f"ETH_main_mut_{len(book.shadows) + 8:04d}"


def test_what_a_hand_wrote_meanwhile_is_not_lost(file: ShadowFile) -> None:
    def make(book: ShadowBook) -> list[ShadowRow]:
        with file.path.open("ab") as opened:
            opened.write(b"\n{}\n")
        return [new_variant("ETH_main", PARENT, {"slow": 30}, book, MADE)]

    with pytest.raises(JutsuError, match="was changed meanwhile; run the command again"):
        file.change(make)
    assert file.path.read_bytes() == BROKEN + b"\n{}\n"


def test_a_refusal_writes_nothing_and_a_link_is_written_through(
    file: ShadowFile, tmp_path: Path
) -> None:
    def refuse(_book: ShadowBook) -> list[ShadowRow]:
        raise JutsuError("no")

    with pytest.raises(JutsuError, match="no"):
        file.change(refuse)
    assert file.path.read_bytes() == BROKEN
    elsewhere = file.path.rename(tmp_path / "elsewhere.jsonl")
    file.path.symlink_to(elsewhere)
    add(file, 1)
    assert file.path.is_symlink()
    assert json.loads(elsewhere.read_bytes().splitlines()[-1])["mutations"] == {"drift": 2}
