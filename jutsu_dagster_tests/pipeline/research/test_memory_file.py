"""The memory file: a row a night, whatever was done to it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.research import memory_file
from jutsu_dagster.pipeline.research.artefacts import partition_path
from jutsu_dagster.pipeline.research.night import write_summary
from jutsu_dagster.pipeline.research.steps import run_step
from jutsu_dagster_tests.pipeline.research.nights import NIGHTS, Nights

LAST = NIGHTS[-1]


@pytest.fixture
def path(nights: Nights) -> Path:
    return nights.home.path / memory_file.MEMORY_FILE


def partitions(path: Path) -> list[str]:
    return [json.loads(line)["partition"] for line in path.read_text().splitlines()]


def test_each_row_is_the_nights_artefact(nights: Nights, path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [nights.of("memory_snapshot", day) for day in NIGHTS]
    assert set(rows[0]) == {
        "ts", "partition", "reflection", "tuner", "dream", "quality_scores", "drift", "are"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{half", "is no JSON"),
        (b"\xff\xfe", "is no JSON"),
        (b"[1, 2]", "holds no JSON object"),
        (b'{"ts": "2025-01-11T00:00:00Z"}', "has no partition: None"),
        (b'{"partition": "2025-13-01"}', "has no partition: '2025-13-01'"),
        (b'{"partition": "2025-01-10", "ts": 5}', "ts: Input should be a valid string"),
    ],
)
def test_a_corrupt_line_is_named_and_written_anew_from_its_night(
    nights: Nights, path: Path, line: bytes, said: str
) -> None:
    before = path.read_bytes()
    lines = before.splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], line + b"\n", *lines[2:]]))
    run_step("memory_snapshot", LAST, nights.desk)
    assert path.read_bytes() == before
    (note,) = write_summary(LAST, nights.desk, {})["notes"]
    assert note.startswith("reports/research/research_memory.jsonl line 2 ")
    assert said in note
    # Of the next run nothing is to be said.
    run_step("memory_snapshot", LAST, nights.desk)
    assert write_summary(LAST, nights.desk, {})["notes"] == []


def test_a_lost_file_is_written_anew_from_the_nights(nights: Nights, path: Path) -> None:
    before = path.read_bytes()
    path.unlink()
    run_step("memory_snapshot", NIGHTS[0], nights.desk)
    assert path.read_bytes() == before


def test_a_night_that_neither_has_is_named(nights: Nights, path: Path) -> None:
    path.unlink()
    partition_path(nights.home.path, "memory_snapshot", NIGHTS[1]).write_text("{")
    run_step("memory_snapshot", LAST, nights.desk)
    assert partitions(path) == [NIGHTS[0].isoformat(), LAST.isoformat()]
    notes = write_summary(LAST, nights.desk, {})["notes"]
    assert any("research_memory.jsonl lacks 2025-01-10: " in note for note in notes)


def test_a_row_outlives_its_nights_artefact(nights: Nights, path: Path) -> None:
    before = path.read_bytes()
    partition_path(nights.home.path, "memory_snapshot", NIGHTS[0]).unlink()
    run_step("memory_snapshot", LAST, nights.desk)
    assert path.read_bytes() == before


def test_only_the_newest_nights_are_kept(
    nights: Nights, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_file, "KEPT", 2)
    run_step("memory_snapshot", LAST, nights.desk)
    assert partitions(path) == [day.isoformat() for day in NIGHTS[1:]]


def test_a_row_of_a_night_replaces_the_one_that_is_there(nights: Nights, path: Path) -> None:
    row = nights.of("memory_snapshot", NIGHTS[1]) | {"are": None}
    assert memory_file.remember(nights.home.path, row) == []
    assert partitions(path) == [day.isoformat() for day in NIGHTS]
    assert json.loads(path.read_text().splitlines()[1])["are"] is None


def test_a_night_before_all_others_comes_first(nights: Nights, path: Path) -> None:
    early = NIGHTS[0] - timedelta(days=1)
    assert nights.run(early)["memory_snapshot"] is None
    assert partitions(path) == [early.isoformat(), *(day.isoformat() for day in NIGHTS)]
