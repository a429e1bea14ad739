"""A disk that is full or closed: one clear line, nothing half-written, mended by the next run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from jutsu_dagster.pipeline.ingest import ingest_range
from jutsu_dagster.settings import Settings
from jutsu_dagster.sources.sample import SampleMarket
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster_tests.cli.conftest import SESSIONS, Jutsu, undisturbed
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.killable import Content, Night, content, differences, leftovers, unshown

IDS = ("v3_5b", "v3_5d")
# No file may grow beyond so many bytes: what a full disk is to who may not mount one.
LIMITED = """
import resource, sys
from jutsu_dagster.cli.app import main

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), hard))
sys.exit(main(["trade", *sys.argv[2:]]))
"""
UNLIMITED = str(1 << 40)


def refused(settings: Settings, limit: str, number: int) -> str:
    """Trade a session where a write fails; return the one line that says why."""
    environment = {"JUTSU_HOME": str(settings.home)}
    if settings.database_url:
        environment["JUTSU_DATABASE_URL"] = settings.database_url
    day = SESSIONS[number].isoformat()
    with Night([sys.executable, "-c", LIMITED, limit, "--date", day], environment) as night:
        code, _, err = night.end()
    return only_line(code, err, settings.home)


def only_line(code: int, err: str, home: Path) -> str:
    said = [line for line in err.splitlines() if line.startswith("jutsu: ")]
    assert (code in (1, 2), len(said)) == (True, 1), err
    assert "Traceback" not in err
    assert list((home / "state").rglob("*.tmp*")) == []
    return said[0]


def compared(expected: Content, settings: Settings) -> list[str]:
    """Return what differs beside the alerts that the trouble caused."""
    return differences(expected, content(settings) | {"alerts": expected["alerts"]})


def mended(settings: Settings, number: int, jutsu: Jutsu) -> list[str]:
    """Run as on any night, now that there is room; return what is wrong."""
    answer = jutsu("trade", "--to", SESSIONS[number])
    assert (answer.code, "Traceback" in answer.err) == (0, False), answer
    return leftovers(settings) + unshown(settings, IDS)


@dataclass(frozen=True)
class Beside:
    """A project that trades undisturbed, and a copy of it that does not."""

    trading: Home
    monkeypatch: pytest.MonkeyPatch
    jutsu: Jutsu

    def copy(self, nights: int, path: Path, url: str | None = None) -> tuple[Content, Settings]:
        """Return what the undisturbed nights record, and the copy, which commands now use."""
        shutil.copytree(self.trading.path, path, symlinks=True)
        assert self.jutsu("init").code == 0
        expected = content(undisturbed(self.trading.settings, nights, self.jutsu))
        assert len(expected["checkpoints"]) == nights * len(IDS)
        self.monkeypatch.setenv("JUTSU_HOME", str(path))
        if url:
            self.monkeypatch.setenv("JUTSU_DATABASE_URL", url)
        assert self.jutsu("init").code == 0
        return expected, Settings(home=path, database_url=url)


@pytest.fixture
def beside(trading: Home, monkeypatch: pytest.MonkeyPatch, jutsu: Jutsu) -> Beside:
    return Beside(trading, monkeypatch, jutsu)


def test_files_that_cannot_grow_fail_the_night_and_not_the_next(
    beside: Beside, tmp_path: Path, jutsu: Jutsu
) -> None:
    expected, settings = beside.copy(1, tmp_path / "other")
    line = refused(settings, "200000", 0)
    assert "Dagster's storage" in line
    assert "disk I/O error; look whether its disk is full" in line
    assert mended(settings, 0, jutsu) == []
    assert compared(expected, settings) == []


@pytest.mark.postgres
def test_bars_and_states_without_room_are_named(
    beside: Beside, postgres_url: str, tmp_path: Path, jutsu: Jutsu
) -> None:
    expected, settings = beside.copy(1, tmp_path / "other", postgres_url)
    line = refused(settings, "300", 0)
    assert f"{settings.home}/state/market/etf_daily cannot be written" in line
    assert "free space on its disk" in line
    assert content(settings)["checkpoints"] == []
    source = SampleMarket(SESSIONS[1])
    store = MarketStore(settings.market_url)
    ingest_range(source, store, source.symbols, SESSIONS[0], SESSIONS[0])
    line = refused(settings, "300", 0)
    assert "v3_5b failed: state/strategies/v3_5b/state.json cannot be written" in line
    assert "File too large" in line
    assert content(settings)["v3_5b/state.json"][1] == "up to date: False"
    assert len(content(settings)["checkpoints"]) == 2
    assert mended(settings, 0, jutsu) == []
    assert compared(expected, settings) == []


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """Mount something at ``folder``, as only root may."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root mounts a disk; files that cannot grow stand for it")
    done = subprocess.run([mount, *options, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([umount, "--lazy", folder], check=True)


def test_a_full_disk_fails_the_night_and_not_the_next(
    beside: Beside, tmp_path: Path, jutsu: Jutsu
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=16m", "tmpfs"):
        expected, settings = beside.copy(2, disk / "other")
        # Nothing left for the ledger; then too little for Dagster's storage in mid-run.
        for number, kilobytes in enumerate((0, 300)):
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            (disk / "full").write_bytes(bytes(free - kilobytes * 1024))
            line = refused(settings, UNLIMITED, number)
            assert "its disk" in line, line
            (disk / "full").unlink()
            assert mended(settings, number, jutsu) == []
        assert compared(expected, settings) == []


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """Let nobody write below a folder; root, who heeds no permissions, neither."""
    if os.geteuid() == 0:
        with mounted(folder, "--bind", str(folder)), remounted(folder):
            yield
        return
    below = [folder, *(path for path in folder.rglob("*") if path.is_dir())]
    for path in below:
        path.chmod(0o555)
    try:
        yield
    finally:
        for path in below:
            path.chmod(0o755)


@contextmanager
def remounted(folder: Path) -> Iterator[None]:
    mount = shutil.which("mount")
    assert mount is not None
    subprocess.run([mount, "-o", "remount,bind,ro", folder], check=True)
    yield


READ_ONLY: Sequence[tuple[str, str]] = (
    ("state", "/state/"),
    ("state/strategies", "v3_5b failed: state/strategies/v3_5b/state.json cannot be written"),
    ("state/market", "state/market/etf_daily cannot be written"),
)


def test_a_folder_that_cannot_be_written_is_named_and_not_passed_over(
    beside: Beside, tmp_path: Path, jutsu: Jutsu
) -> None:
    expected, settings = beside.copy(len(READ_ONLY), tmp_path / "other")
    for number, (folder, message) in enumerate(READ_ONLY):
        with closed(settings.home / folder):
            answer = jutsu("trade", "--date", SESSIONS[number])
        line = only_line(answer.code, answer.err, settings.home)
        assert message in line
        assert "whoever runs this must be allowed to write there" in line
        assert mended(settings, number, jutsu) == []
    assert compared(expected, settings) == []
