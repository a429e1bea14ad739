"""What became of a night, as Dagster's event log tells it."""

from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from jutsu_dagster.defs.failures import reason_of
from jutsu_dagster.defs.market import CRYPTO_15M_KEY, ETF_DAILY_KEY, market_key
from jutsu_dagster.defs.paper import paper_key
from jutsu_dagster.defs.research_specs import CANDIDATES, GROUP
from jutsu_dagster.defs.schedules import TRADING_JOB
from jutsu_dagster.pipeline.night import paper_entries
from jutsu_dagster.pipeline.research.night import NEEDS
from jutsu_dagster.registry.load import StrategyRegistry

NIGHT_JOB = "nightly_research_cycle"
REPORT_JOB = "nightly_report"
VARIANTS = "variants"
DAY_TAG = "dagster/partition"
_FIRST_TAG = "dagster/asset_partition_range_start"
_LAST_TAG = "dagster/asset_partition_range_end"
# Of one night, the first and those after it; of trading, as far back as a night is looked for.
_RETRIES, _LOOKED_AT = 20, 50
_ENDS = {dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE}
_CHECKS = {
    "etf_daily_quality": "/".join(ETF_DAILY_KEY.path),
    "crypto_15m_quality": "/".join(CRYPTO_15M_KEY.path),
}
_OVER = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


@dataclass
class NightResults:
    """What became of each step that ran.

    Attributes
    ----------
    results : dict of step to text or None
        None where it succeeded, else why it failed. A step that is missing did not run.
    notes : list of str
    """

    results: dict[str, str | None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def night_results(
    instance: dg.DagsterInstance, registry: StrategyRegistry, day: date, report_run: str
) -> NightResults:
    """Return what became of every step of a night.

    Of the market and the accounts by what is there; of research and variants by the last run of
    the night, and its retries; of the report by ``report_run``.
    """
    found = NightResults()
    _read_trading(instance, registry, day, found)
    filters = dg.RunsFilter(job_name=NIGHT_JOB, tags={DAY_TAG: day.isoformat()}, statuses=_OVER)
    runs = instance.get_runs(filters, limit=_RETRIES)
    if not runs:
        found.notes.append(f"no run of {NIGHT_JOB} of {day} has ended")
    else:
        root = runs[0].root_run_id or runs[0].run_id
        group = [run for run in runs if root in (run.run_id, run.root_run_id)]
        for run in reversed(group):
            _read_steps(instance, run.run_id, found)
        if VARIANTS not in found.results and not _had_variants(instance, group[-1]):
            found.results[VARIANTS] = None
            found.notes.append("there were no live variants")
        if runs[0].status is dg.DagsterRunStatus.CANCELED:
            found.notes.append(f"run {runs[0].run_id} was cancelled")
    _read_steps(instance, report_run, found)
    lacking = [need for need in NEEDS[CANDIDATES] if found.results.get(need, "") is not None]
    if found.results.get(CANDIDATES) is not None and lacking:
        # It came to nothing because of these; the summary says so.
        del found.results[CANDIDATES]
    return found


def _read_trading(
    instance: dg.DagsterInstance, registry: StrategyRegistry, day: date, found: NightResults
) -> None:
    """Tell of the market and the accounts: the day is there, or its last attempt has failed."""
    entries = paper_entries(registry)
    keys = dict.fromkeys([*map(market_key, entries), *(paper_key(entry.id) for entry in entries)])
    missing = []
    for key in keys:
        if day.isoformat() in instance.get_materialized_partitions(key):
            found.results[_name(key)] = None
        else:
            missing.append(key)
    if not missing:
        return
    said = NightResults()
    runs = instance.get_runs(dg.RunsFilter(job_name=TRADING_JOB, statuses=_OVER), limit=_LOOKED_AT)
    covering = [run for run in runs if _covers(run, day)]
    if covering:
        _read_steps(instance, covering[0].run_id, said)
    for key in missing:
        # What did not run because of another has no result of its own.
        reason = said.results.get(_name(key)) or f"{day} is not there; see {TRADING_JOB}"
        found.results[_name(key)] = reason


def _covers(run: dg.DagsterRun, day: date) -> bool:
    first = run.tags.get(_FIRST_TAG) or run.tags.get(DAY_TAG)
    last = run.tags.get(_LAST_TAG) or first
    return first is not None and last is not None and first <= day.isoformat() <= last


def _read_steps(instance: dg.DagsterInstance, run_id: str, found: NightResults) -> None:
    """Add what each step of a run came to; later runs have the last word."""
    failed: dict[str, list[str]] = {}
    done: dict[str, None] = {}
    events = instance.all_logs(run_id, of_type=_ENDS)
    for entry in events:
        event = entry.dagster_event
        if event is None or event.step_key is None:
            continue
        name = _step_name(event.step_key)
        if name is None:
            continue
        if event.event_type is dg.DagsterEventType.STEP_SUCCESS:
            done[name] = None
        else:
            failed.setdefault(name, []).append(reason_of(event))
    found.results |= done
    found.results |= {name: "\n".join(reasons) for name, reasons in failed.items()}


def _had_variants(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Return whether a run was to carry any variant."""
    snapshot = run.execution_plan_snapshot_id
    if snapshot is None:
        return True
    steps = instance.get_execution_plan_snapshot(snapshot).step_keys_to_execute
    return any(_step_name(step) == VARIANTS for step in steps)


def _step_name(step_key: str) -> str | None:
    """Return what a step is called in the summary, if it stands there; all variants are one."""
    head, _, rest = step_key.partition("__")
    if head == VARIANTS:
        return VARIANTS
    if head == GROUP:
        return rest if rest in NEEDS else None
    # A blocking check that failed stops what is below it as its asset would.
    if step_key in _CHECKS:
        return _CHECKS[step_key]
    return f"{head}/{rest}" if head in ("market", "strategies") else None


def _name(key: dg.AssetKey) -> str:
    return "/".join(key.path)
