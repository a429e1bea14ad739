from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import jutsu_dagster
from jutsu_dagster.cli import app as module
from jutsu_dagster.cli.app import main
from jutsu_dagster.core.errors import ConfigError, Fault

HEAVY = ("dagster", "pandas", "numpy", "sqlalchemy", "deltalake", "exchange_calendars", "numba")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from jutsu_dagster.cli.app import main; code = main(['--help']);"
        f"print([name for name in {HEAVY} if name in sys.modules], code)"
    )
    project = Path(jutsu_dagster.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project
    )
    assert done.stdout.splitlines()[-1] == "[] 0"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--version"], 0), (["nonsense"], 2), (["up", "--port", "0"], 2)]
)
def test_exit_codes_say_who_can_mend_it(arguments: list[str], code: int) -> None:
    assert main(arguments) == code


def test_an_expected_fault_is_one_line_or_json_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fault = Fault("config/a.yaml", "sma_fast", 60, "must be < sma_slow (50)")

    def refuse(_arguments: list[str]) -> None:
        raise ConfigError([fault])

    monkeypatch.setattr(module, "app", refuse)
    assert main(["backtest"]) == 2
    assert capsys.readouterr().err == (
        "jutsu: config/a.yaml: sma_fast (60) must be < sma_slow (50).\n"
    )
    assert main(["backtest", "--json"]) == 2
    error = json.loads(capsys.readouterr().err)["error"]
    assert error["faults"][0]["key"] == "sma_fast"
