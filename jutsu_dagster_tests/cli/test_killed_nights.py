"""Nights killed at the worst moments: the ordinary next run brings all to the undisturbed state."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from jutsu_dagster.core.account import AccountKey
from jutsu_dagster.settings import Settings
from jutsu_dagster.storage.ledger import Ledger
from jutsu_dagster.storage.market import MarketStore
from jutsu_dagster.storage.state_manager import MultiStrategyStateManager
from jutsu_dagster_tests.cli.conftest import SESSIONS, Jutsu, undisturbed
from jutsu_dagster_tests.homes import Home
from jutsu_dagster_tests.killable import Night, content, differences, leftovers, unshown

# Stops at a place and says so by a file, to be killed there.
STOPS = """
import sys, time
from contextlib import contextmanager
from pathlib import Path
from jutsu_dagster.cli.app import main
from jutsu_dagster.storage import append, market, state_manager

place, marker = sys.argv[1], Path(sys.argv[2])

def stop():
    marker.touch()
    time.sleep(60)

exclusive, refresh = append.exclusive, state_manager.MultiStrategyStateManager.refresh_from_ledger
write, replace = market.MarketStore.write, Path.replace

def bars_are_written(*arguments):
    write(*arguments)
    stop()

@contextmanager
def rows_are_inserted(engine, account):
    with exclusive(engine, account) as connection:
        yield connection
        stop()

def the_last_account_is_committed(states, strategy_id):
    stop() if strategy_id == "v3_5d" else refresh(states, strategy_id)

def the_state_is_drafted(draft, target):
    if Path(target).parent.name == "v3_5d":
        stop()
    return replace(draft, target)

if place == "bars are written":
    market.MarketStore.write = bars_are_written
elif place == "rows are inserted":
    append.exclusive = rows_are_inserted
elif place == "the last account is committed":
    state_manager.MultiStrategyStateManager.refresh_from_ledger = the_last_account_is_committed
elif place == "the state is drafted":
    Path.replace = the_state_is_drafted
sys.exit(main(["trade", *sys.argv[3:]]))
"""


def killed(settings: Settings, place: str, day: date, *, whole: bool) -> None:
    """Run a night until ``place``, and kill it there."""
    marker = settings.home.parent / f"{settings.home.name} {day}"
    environment = {"JUTSU_HOME": str(settings.home)}
    if settings.database_url:
        environment["JUTSU_DATABASE_URL"] = settings.database_url
    program = [sys.executable, "-c", STOPS, place, str(marker), "--date", day.isoformat()]
    night = Night(program, environment)
    until = time.monotonic() + 60
    try:
        while not marker.exists():
            assert night.process.poll() is None, night.end()
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        night.kill(whole=whole)
    assert night.outlived_by() == []


def came_so_far(settings: Settings, day: date) -> dict[str, bool]:
    """Return what of a night is there."""
    ledger = Ledger(settings.ledger_url)
    recorded = {
        id_: ledger.checkpoint(AccountKey(id_, "paper"), day.isoformat()) is not None
        for id_ in ("v3_5b", "v3_5d")
    }
    ledger.close()
    rows = MarketStore(settings.market_url).rows("etf_daily", None, day, day)
    drafts = list((settings.state_dir / "strategies").rglob(".state.json.*.tmp"))
    return {"bars": len(rows) > 0, **recorded, "draft": drafts != []}


NOTHING = {"bars": False, "v3_5b": False, "v3_5d": False, "draft": False}
PLACES = {
    "bars are written": NOTHING | {"bars": True},
    "rows are inserted": NOTHING | {"bars": True},
    "the last account is committed": NOTHING | {"bars": True, "v3_5b": True, "v3_5d": True},
    "the state is drafted": {"bars": True, "v3_5b": True, "v3_5d": True, "draft": True},
}


def killed_everywhere(settings: Settings, places: Sequence[str], jutsu: Jutsu) -> list[str]:
    """Kill one night at each place, each followed by the ordinary run; return what is wrong."""
    for number, place in enumerate(places):
        day = SESSIONS[number]
        killed(settings, place, day, whole=number % 2 == 0)
        assert came_so_far(settings, day) == PLACES[place]
        answer = jutsu("trade", "--to", day)
        assert (answer.code, "Traceback" in answer.err) == (0, False), answer
    ids = list(MultiStrategyStateManager(Home(settings.home).registry).managers)
    return leftovers(settings) + unshown(settings, ids)


def test_nights_killed_anywhere_end_as_if_undisturbed(
    trading: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jutsu: Jutsu
) -> None:
    other = Settings(home=tmp_path / "other")
    shutil.copytree(trading.path, other.home)
    expected = content(undisturbed(trading.settings, len(PLACES), jutsu))
    monkeypatch.setenv("JUTSU_HOME", str(other.home))
    assert killed_everywhere(other, list(PLACES), jutsu) == []
    assert len(expected["checkpoints"]) == 2 * len(PLACES)
    assert differences(expected, content(other)) == []


@pytest.mark.postgres
def test_on_postgres_they_end_as_undisturbed_nights_on_sqlite(
    trading: Home,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    jutsu: Jutsu,
) -> None:
    other = Settings(home=tmp_path / "other", database_url=postgres_url)
    shutil.copytree(trading.path, other.home)
    places = ["rows are inserted", "the last account is committed"]
    expected = content(undisturbed(trading.settings, len(places), jutsu))
    monkeypatch.setenv("JUTSU_HOME", str(other.home))
    monkeypatch.setenv("JUTSU_DATABASE_URL", postgres_url)
    Ledger(postgres_url).migrate()
    assert killed_everywhere(other, places, jutsu) == []
    assert differences(expected, content(other)) == []
