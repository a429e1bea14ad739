"""The read desk: many threads, one memory, and no file of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.core.errors import LedgerError
from jutsu_dagster.pipeline.views import performance, status, variants
from jutsu_dagster.pipeline.views.asked import near
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.shown import paths, read_desk


def test_reading_writes_no_file(shown_home: Home) -> None:
    def known() -> set[str]:
        found = {str(path.relative_to(shown_home.path)) for path in paths(shown_home.path)}
        return {name for name in found if not name.endswith(("-wal", "-shm"))}

    before = known()
    desk = read_desk(shown_home)
    status.status(desk)
    performance.performance(desk)
    variants.variant_list(desk)
    desk.close()
    assert known() == before


def test_many_threads_read_the_same(shown: Home) -> None:
    desk = read_desk(shown)
    expected = performance.equity_curve(desk, mode="backtest")
    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(performance.equity_curve, desk, None, "backtest") for _ in range(64)]
        assert all(future.result() == expected for future in futures)
    desk.close()


def test_what_is_remembered_is_built_once_until_something_changes(shown_home: Home) -> None:
    desk = read_desk(shown_home)
    built: list[int] = []

    def build() -> int:
        built.append(threading.get_ident())
        return len(built)

    assert [desk.remembered("x", build) for _ in range(3)] == [1, 1, 1]
    shown_home.ledger.forget(AccountKey("v3_5b", "backtest"), ["2025"])
    assert [desk.remembered("x", build) for _ in range(3)] == [2, 2, 2]
    desk.close()


def test_a_glance_is_the_stamp_or_nothing(shown_home: Home) -> None:
    desk = read_desk(shown_home)
    assert desk.glance() is None  # nothing was opened yet
    stamp = desk.stamp()
    assert desk.glance() == stamp
    text = shown_home.settings.registry_path.read_text()
    shown_home.settings.registry_path.write_text(text + "\n# a remark\n")
    assert desk.glance() is None  # it has to be read first
    assert desk.stamp() != stamp
    assert desk.glance() == desk.stamp()
    desk.close()


def test_a_ledger_that_was_never_made_is_no_ledger(shown_home: Home) -> None:
    for suffix in ("", "-wal", "-shm"):
        path = shown_home.settings.state_dir / f"jutsu.db{suffix}"
        path.unlink(missing_ok=True)
    desk = read_desk(shown_home)
    with pytest.raises(LedgerError, match="jutsu init"):
        desk.stamp()
    assert desk.registry.get_primary_strategy().id == "v3_5b"
    assert not (shown_home.settings.state_dir / "jutsu.db").exists()


@pytest.mark.parametrize(
    ("asked", "first"), [("v3_5c", "v3_5b"), ("ETHMAIN", "ETH_main"), ("zzz", "v3_5b")]
)
def test_near_ids_are_named_and_some_of_all_where_none_is(
    desk: ReadDesk, asked: str, first: str
) -> None:
    assert near(asked, list(desk.registry.entries))[0] in {first, "v3_5d"}
