"""A strategy's own file: its defaults, its refusals, its overrides and its hash."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.config import StrategyConfig, load_strategy_config
from jutsu_dagster_tests.registry.conftest import strategy_document

FILE = "trend.yaml"


def load(home: Path, **sections: object) -> StrategyConfig:
    document = {**strategy_document("trend", "Hierarchical_Adaptive_v3_5d"), **sections}
    return load_document(home, {key: value for key, value in document.items() if value != ...})


def load_document(home: Path, document: dict[str, Any]) -> StrategyConfig:
    (home / FILE).write_text(yaml.safe_dump(document, sort_keys=False))
    return load_strategy_config(FILE, home)


def refusal(home: Path, **sections: object) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(home, **sections)
    return str(caught.value).splitlines()


def parameters(**changes: object) -> dict[str, Any]:
    return {
        "name": "Hierarchical_Adaptive_v3_5d",
        "parameters": {"sma_fast": 40, "sma_slow": 140, **changes},
    }


def test_all_but_id_and_strategy_is_optional(tmp_path: Path) -> None:
    config = load(tmp_path, version=...)
    assert config.strategy_id == "trend"
    assert config.version == "1.0"
    assert config.execution_time == "close"
    assert config.initial_capital == 10_000.0
    assert (config.commission_per_share, config.slippage_rate) == (0.01, 0.001)
    assert (config.backtest_start, config.backtest_end) == (date(2010, 1, 1), None)
    assert config.paper_start is None
    assert config.class_name == "Hierarchical_Adaptive_v3_5d"
    assert config.path == tmp_path / FILE
    assert config.strategy.universe[0] == "TQQQ"


def test_symbols_may_stand_among_the_parameters_or_in_both_places(tmp_path: Path) -> None:
    symbols = {"signal_symbol": "SPY", "leveraged_long_symbol": "UPRO"}
    apart = load(tmp_path, symbols=symbols)
    within = load(tmp_path, symbols=..., strategy=parameters(**symbols))
    both = load(tmp_path, symbols=symbols, strategy=parameters(**symbols))
    assert apart.strategy == within.strategy == both.strategy
    assert apart.settings_hash == within.settings_hash == both.settings_hash


def test_numbers_may_be_written_as_text_and_versions_as_numbers(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        version=2.1,
        portfolio={"initial_capital": "25000"},
        costs={"slippage_rate": "5e-4"},
        strategy=parameters(process_noise_1="1e-3", name="ignored", trade_logger="ignored"),
    )
    assert config.version == "2.1"
    assert config.initial_capital == 25_000.0
    assert config.slippage_rate == 5e-4


SECTIONS = [
    ({"strategy_id": "a-b"}, "strategy_id ('a-b') must be a letter, then at most 49 letters"),
    ({"strategy_id": "a" * 51}, "must be a letter"),
    ({"strategy_id": ...}, "strategy_id is missing."),
    ({"strategy": ...}, "strategy is missing."),
    ({"strategy": {}}, "strategy.name is missing."),
    ({"strategie": {}}, "strategie is not a known key. Did you mean 'strategy'?"),
    ({"paper": None}, "paper must be a mapping of keys to values."),
    (
        {"costs": {"commission": 0.0}},
        "costs.commission (0.0) is not a known key. Did you mean 'commission_per_share'?",
    ),
    (
        {"costs": {"slippage": 0.0005}},
        "costs.slippage (0.0005) is not a known key. Did you mean 'slippage_rate'?",
    ),
    ({"costs": {"slippage_rate": -0.1}}, "costs.slippage_rate (-0.1) must be >= 0."),
    ({"costs": {"commission_per_share": 1}}, "costs.commission_per_share (1) must be < 1."),
    ({"costs": {"slippage_rate": float("nan")}}, "costs.slippage_rate (nan) must be"),
    ({"portfolio": {"initial_capital": 0}}, "portfolio.initial_capital (0) must be > 0."),
    ({"portfolio": {"initial_capital": True}}, "initial_capital (true) must be a number."),
    ({"portfolio": {"initial_capital": float("inf")}}, "initial_capital (inf) must be"),
    (
        {"backtest": {"start": date(2015, 1, 1), "end": date(2014, 1, 1)}},
        "backtest.end (2014-01-01) must be after start (2015-01-01).",
    ),
    ({"backtest": {"start": "2015"}}, "backtest.start ('2015') must be a date, YYYY-MM-DD."),
    ({"paper": {"start": 5}}, "paper.start (5) must be a date, YYYY-MM-DD."),
    (
        {"execution": {"execution_time": "next_opn"}},
        (
            "execution.execution_time ('next_opn') must be one of"
            " 'close', 'next_open' or 'next_close'. Did you mean 'next_open'?"
        ),
    ),
    (
        {"execution": {"execution_time": "15min_after_open"}},
        "('15min_after_open') must be one of 'close', 'next_open' or 'next_close'.",
    ),
    ({"execution": {"max_slippage_pct": -1}}, "execution.max_slippage_pct (-1) must be >= 0."),
    (
        {"execution": {"slippage_warning_pct": 2.0}},
        "slippage_warning_pct (2.0) must be <= slippage_abort_pct (1.0).",
    ),
    (
        {"state": {"file_path": "state/strategies/other/state.json"}},
        (
            "state.file_path ('state/strategies/other/state.json') must be"
            " 'state/strategies/trend/state.json'."
        ),
    ),
    ({"state": {"backup_path": "/tmp"}}, "state.backup_path ('/tmp') must be"),  # noqa: S108
    ({"state": {"backup_enabled": "yes"}}, "state.backup_enabled ('yes') must be true or false."),
    ({"symbols": {"signal_symbol": "QQQ"}}, "symbols.leveraged_long_symbol is missing."),
    (
        {"symbols": {"signal_symbol": "QQQ", "leveraged_long_symbol": True}},
        "symbols.leveraged_long_symbol (true) must be text; put quotes around it.",
    ),
    (
        {"symbols": {"signal_symbol": "QQQ", "leveraged_long_symbol": "T QQQ"}},
        "symbols.leveraged_long_symbol ('T QQQ') must be one symbol without blanks,",
    ),
    (
        {"symbols": {"signal_symbl": "QQQ", "leveraged_long_symbol": "TQQQ"}},
        (
            "symbols.signal_symbl ('QQQ') is no parameter of HierarchicalAdaptiveV35d."
            " Did you mean 'signal_symbol'?"
        ),
    ),
    ({"symbols": ["QQQ"]}, "symbols.symbols is no parameter of HierarchicalAdaptiveV35d."),
    ({"symbols": "QQQ"}, "symbols ('QQQ') must be a mapping of keys to values."),
]


@pytest.mark.parametrize(("sections", "message"), SECTIONS)
def test_each_section_refuses_by_key_value_and_rule(
    sections: dict[str, object], message: str, tmp_path: Path
) -> None:
    lines = refusal(tmp_path, **sections)
    assert all(line.startswith(f"{FILE}: ") for line in lines)
    assert any(message in line for line in lines), lines


PARAMETERS = [
    ({"sma_fast": 150}, "sma_fast (150) must be < sma_slow (140)."),
    ({"sma_slow": 30}, "sma_fast (40) must be < sma_slow (30)."),
    ({"bond_sma_slow": 10}, "bond_sma_fast (20) must be < bond_sma_slow (10)."),
    ({"sma_fats": 40}, ("sma_fats (40) is no parameter of HierarchicalAdaptiveV35d."
     " Did you mean 'sma_fast'?")),
    ({"sma_fast": None}, "sma_fast must not be null."),
    ({"sma_fast": 40.5}, "sma_fast (40.5) must be a whole number."),
    ({"sma_fast": True}, "sma_fast (true) must be a number."),
    ({"sma_fast": []}, "sma_fast must be a whole number."),
    ({"sma_fast": 0}, "sma_fast (0) must be >= 1."),
    ({"sma_fast": 10**400}, "sma_fast ('a huge number') must be"),
    ({"t_norm_bull_thresh": -0.1}, "t_norm_bull_thresh (-0.1) must be > 0."),
    ({"t_norm_bull_thresh": float("nan")}, "t_norm_bull_thresh (nan) must be a finite number."),
    ({"use_inverse_hedge": "yes"}, "use_inverse_hedge ('yes') must be true or false."),
    ({"use_inverse_hedge": 1}, "use_inverse_hedge (1) must be true or false."),
    ({"execution_time": "noon"}, "execution_time ('noon') must be one of open,"),
    ({"cell1_exit_confirmation_days": 11}, "cell1_exit_confirmation_days (11) must be <= 10."),
    ({"leveraged_long_symbol": "UPRO"}, ("symbols.leveraged_long_symbol ('TQQQ') must equal"
     " strategy.parameters.leveraged_long_symbol ('UPRO').")),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), PARAMETERS)
def test_each_parameter_refuses_by_key_value_and_rule(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    (line,) = refusal(tmp_path, strategy=parameters(**changes))
    prefix = "" if message.startswith("symbols") else "strategy.parameters."
    assert line.startswith(f"{FILE}: {prefix}{message}")


def test_the_allocator_must_state_what_the_specification_requires(tmp_path: Path) -> None:
    lines = refusal(tmp_path, symbols=..., strategy={"name": "Hierarchical_Adaptive_v3_5b"})
    assert [line.split()[1] for line in lines] == [
        "symbols.signal_symbol",
        "symbols.leveraged_long_symbol",
        "strategy.parameters.sma_fast",
        "strategy.parameters.sma_slow",
    ]


def test_a_parameter_of_another_class_is_unknown_to_this_one(tmp_path: Path) -> None:
    strategy = parameters(cell1_exit_confirmation_enabled=True)
    strategy["name"] = "Hierarchical_Adaptive_v3_5b"
    (line,) = refusal(tmp_path, strategy=strategy)
    assert "cell1_exit_confirmation_enabled (true) is no parameter of" in line


def test_faults_of_sections_and_parameters_come_together(tmp_path: Path) -> None:
    lines = refusal(tmp_path, costs={"slippage_rate": 2}, strategy=parameters(sma_fast=150, x=1))
    assert len(lines) == 2  # the cross-field rule needs the fields in order first
    assert "slippage_rate" in lines[0]
