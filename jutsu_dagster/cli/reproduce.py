"""``jutsu reproduce``: a recorded result computed again from what its record names."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, cast

from jutsu_dagster.cli.console import answer_json, say
from jutsu_dagster.cli.project import Project

if TYPE_CHECKING:
    from jutsu_dagster.core.account import Mode
    from jutsu_dagster.registry.config import StrategyConfig


def reproduce(project: Project, strategy_id: str, day: date, mode: str, *, as_json: bool) -> bool:
    """Compute it again, say what came out, and return whether it is identical to the bit."""
    from jutsu_dagster.pipeline.desk import isolated
    from jutsu_dagster.pipeline.direct import is_directional
    from jutsu_dagster.pipeline.reproduce import reproduce as run

    config = project.config(strategy_id)
    if is_directional(config):
        return _day(project, config, day, cast("Mode", mode), as_json=as_json)
    found = run(
        config,
        project.store,
        project.ledger,
        day,
        mode=cast("Mode", mode),
        decide=isolated(project.registry).decide,
    )
    made = found.recorded.provenance
    if as_json:
        answer_json(
            {
                "strategy_id": strategy_id,
                "mode": mode,
                "period": found.recorded.period,
                "identical": found.identical,
                "differences": list(found.differences),
                "data_version": made.data_version,
                "data_hash": made.data_hash,
                "parameter_hash": made.parameter_hash,
                "code_version": {"recorded": made.code_version, "installed": found.code_now},
                "equity": found.recorded.closing.equity,
            }
        )
        return found.identical
    made_at = found.recorded.recorded_at
    say(
        f"{found.recorded.account} {found.recorded.period}: recorded {made_at:%F}"
        f" from {made.data_version}, parameters {made.parameter_hash}, code {made.code_version}"
    )
    if found.code_changed:
        say(f"the code installed now is another: {found.code_now}")
    for line in found.differences:
        say(f"differs: {line}")
    if found.identical:
        say(f"identical to the bit: equity {found.recorded.closing.equity!r}")
    return found.identical


def _day(project: Project, config: StrategyConfig, day: date, mode: Mode, *, as_json: bool) -> bool:
    """Do the same for a day of a directional account."""
    from jutsu_dagster.pipeline.desk import isolated
    from jutsu_dagster.pipeline.directional_replay import reproduce_day
    from jutsu_dagster.strategies.base import code_version

    direct = isolated(project.registry).direct_of(config)
    recorded, differences = reproduce_day(config, project.store, project.ledger, day, mode, direct)
    code = {"recorded": recorded.code_version, "installed": code_version(type(config.strategy))}
    if as_json:
        answer_json(
            {
                "strategy_id": config.strategy_id,
                "mode": mode,
                "period": day.isoformat(),
                "identical": not differences,
                "differences": list(differences),
                "data_version": recorded.data_version,
                "data_hash": recorded.data_hash,
                "parameter_hash": recorded.parameter_hash,
                "code_version": code,
                "equity": recorded.equity,
            }
        )
        return not differences
    say(
        f"{config.strategy_id} ({mode}) {day}: recorded {recorded.recorded_at:%F} from"
        f" {recorded.data_version}, parameters {recorded.parameter_hash}, code {code['recorded']}"
    )
    if code["recorded"] != code["installed"]:
        say(f"the code installed now is another: {code['installed']}")
    for line in differences:
        say(f"differs: {line}")
    if not differences:
        say(f"identical to the bit: equity {recorded.equity!r}")
    return not differences
