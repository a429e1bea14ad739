"""Gates of the night: what contradicts itself is a warning, what reaches out is an error."""

from datetime import date

import dagster as dg

from jutsu_dagster.core.errors import JutsuError
from jutsu_dagster.defs.market import partition_range
from jutsu_dagster.defs.research_metadata import markdown_table
from jutsu_dagster.defs.research_specs import SUMMARY, research_key
from jutsu_dagster.pipeline.research.artefacts import read
from jutsu_dagster.pipeline.research.night import changed_config
from jutsu_dagster.pipeline.safety import order_clients
from jutsu_dagster.settings import Settings


def build_research_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Build the checks of the meta review and of the summary."""
    return [_issues(settings), _paper_only(settings)]


def _issues(settings: Settings) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=research_key("meta_review"),
        name="issues",
        description="The last five nights do not contradict each other. A warning: nothing stops.",
        op_tags={"dagster/priority": "-1"},
    )
    def issues(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        day = _day(context)
        found = read(settings.home, "meta_review", day)["issues"]
        rows = [(one["type"], ", ".join(one["symbols"]), one.get("details")) for one in found]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{day}: {len(found)} issues" if found else f"{day}: none",
            metadata={"issues": markdown_table(("type", "symbols", "details"), rows)},
        )

    return issues


def _paper_only(settings: Settings) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=research_key(SUMMARY),
        name="paper_only",
        description=(
            "No file of config/ has changed since the night began, and no client of an exchange"
            " or broker is loaded: nothing can place an order."
        ),
        op_tags={"dagster/priority": "-10"},
    )
    def paper_only(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        day = _day(context)
        try:
            changed = changed_config(settings.home, day)
        except JutsuError as error:
            changed = [str(error)]
        clients = [f"{name} is loaded" for name in order_clients()]
        found = [*changed, *clients]
        return dg.AssetCheckResult(
            passed=not found,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(found) or f"{day}: configuration unchanged, nothing sends orders",
            metadata={"changed": ", ".join(changed) or "none"},
        )

    return paper_only


def _day(context: dg.AssetCheckExecutionContext) -> date:
    return partition_range(context.op_execution_context)[0]
