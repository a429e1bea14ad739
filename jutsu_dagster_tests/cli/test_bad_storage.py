"""Damaged databases and a failing machine: one line, and no traceback."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home


@pytest.mark.parametrize("command", [["backtest"], ["export", "daily"], ["init"]])
def test_a_damaged_ledger_is_named(home: Home, jutsu: Jutsu, command: list[str]) -> None:
    path = home.settings.state_dir / "jutsu.db"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    content = home.content()
    assert re.search(r"ledger .*jutsu\.db: file is not a database", jutsu(*command).faults[0])
    assert home.content() == content
    assert path.read_bytes().startswith(b"this is no database")


def test_a_ledger_damaged_in_the_middle_is_named(recorded: Home, jutsu: Jutsu) -> None:
    path = recorded.settings.state_dir / "jutsu.db"
    recorded.ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 3 :] = b"\x17" * (len(content) - 4096 * 3)
    path.write_bytes(bytes(content))
    faults = jutsu("backtest").faults
    assert re.search(r"ledger.*(malformed|not a database)", faults[0])


def test_a_damaged_dagster_storage_is_named(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("init").code == 0
    database = home.settings.dagster_home / "history" / "runs.db"
    database.write_bytes(b"rubbish" * 1000)
    assert re.search(r"Dagster's storage in .* cannot be opened", jutsu("backtest").faults[0])


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied")]
)
def test_a_fault_of_the_machine_is_one_line_and_code_1(
    home: Home,
    jutsu: Jutsu,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    said: str,
) -> None:
    market = tmp_path / "bars.parquet"
    home.store.rows("etf_daily").to_parquet(market, index=False)

    def refuse(descriptor: int) -> None:
        raise OSError(number, os.strerror(number), f"descriptor {descriptor}")

    monkeypatch.setattr(os, "fsync", refuse)
    out = tmp_path / "out"
    done = jutsu("backtest", "--config", home.file("v3_5b"), "--market", market, "--out", out)
    assert (done.code, done.out) == (1, "")
    assert re.fullmatch(rf"jutsu: descriptor \d+: {said}.*\n", done.err)
    # Not even the first file, nor a leftover of it.
    assert list(out.iterdir()) == []
