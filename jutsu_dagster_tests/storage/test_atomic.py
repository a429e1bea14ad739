from __future__ import annotations

import os
from pathlib import Path

import pytest

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.storage.atomic import append_bytes, write_text_atomic


def test_a_file_is_replaced_whole_and_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.csv"
    write_text_atomic(path, "old\r\nä")
    assert path.read_bytes() == "old\r\nä".encode()
    path.chmod(0o640)
    write_text_atomic(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in path.parent.iterdir()] == ["report.csv"]


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.csv"
    write_text_atomic(path, "old")

    def full_disk(_descriptor: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_text_atomic(path, "new")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.csv"]


def test_a_symlink_is_never_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "state.json"
    write_text_atomic(real, "{}")
    link.symlink_to(real)
    with pytest.raises(JutsuError, match="is a symlink"):
        write_text_atomic(link, "[]")
    assert link.is_symlink()
    assert real.read_text() == "{}"


def test_a_file_that_grows_is_appended_once(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    assert append_bytes(path, 0, b"one\n")
    assert append_bytes(path, 0, b"one\n")
    assert append_bytes(path, 4, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    for spoilt in (b"one\ntw", b"one\ntoo\n", b"one\ntwo\nthr"):
        path.write_bytes(spoilt)
        assert not append_bytes(path, 4, b"two\n")
        assert path.read_bytes() == spoilt
    assert not append_bytes(tmp_path / "gone.jsonl", 4, b"two\n")
    assert not append_bytes(tmp_path / "no folder" / "new.jsonl", 0, b"one\n")


def test_what_fits_in_part_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_bytes(b"one\n")
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:2]))
    with pytest.raises(OSError, match=r"No space left on device: .*trades\.jsonl"):
        append_bytes(path, 4, b"two\n")
    assert path.read_bytes() == b"one\n"
