"""``jutsu init``: everything a project needs before its first run; safe to repeat."""

from __future__ import annotations

from jutsu_dagster.cli.console import progress, say
from jutsu_dagster.cli.instance import instance
from jutsu_dagster.cli.project import Project
from jutsu_dagster.cli.warm import STEPS, warm_kernels
from jutsu_dagster.settings import Settings
from jutsu_dagster.strategies.council import Council


def init(settings: Settings, *, quiet: bool = False) -> dict[str, object]:
    """Check the registry, create ledger and Dagster's storage, compile the kernels."""
    project = Project(settings)
    registry = project.registry
    for folder in (settings.state_dir / "market", settings.state_dir / "strategies"):
        folder.mkdir(parents=True, exist_ok=True)
    settings.reports_dir.mkdir(parents=True, exist_ok=True)
    from jutsu_dagster.pipeline.registry_edits import sync_ledger
    from jutsu_dagster.storage.ledger import Ledger
    from jutsu_dagster.storage.state_manager import MultiStrategyStateManager

    ledger = Ledger(settings.ledger_url)
    ledger.migrate()
    sync_ledger(registry, ledger)
    if _single_strategy(settings):
        say("a single-strategy set-up is here; `jutsu migrate legacy --from .` moves it in")
    else:
        # Initial files for new strategies, the link to the primary's, whatever was damaged.
        MultiStrategyStateManager(registry, ledger).get_all_states()
    with instance(settings):
        pass
    running = registry.get_active_strategies()
    active = [entry.id for entry in running]
    found = [entry.config.strategy for entry in running if entry.config]
    with progress("compiling kernels", STEPS, shown=not quiet) as advance:
        warm_kernels(advance, next((one for one in found if isinstance(one, Council)), None))
    if not quiet:
        say(f"project {settings.home.resolve()}")
        say(f"strategies: {', '.join(active)}; primary {registry.get_primary_strategy().id}")
        for strategy_id, faults in registry.broken.items():
            say(f"set aside: {strategy_id}")
            for fault in faults:
                say(f"  {fault}")
        say(f"market data from {settings.etf_source}; next: jutsu ingest, backtest, trade")
    return {
        "home": str(settings.home.resolve()),
        "strategies": active,
        "broken": {key: [str(f) for f in faults] for key, faults in registry.broken.items()},
    }


def _single_strategy(settings: Settings) -> bool:
    """Return whether an earlier system's state is still in place, to be moved in, not aside."""
    state = settings.state_dir / "state.json"
    legacy = settings.home / "config" / "live_trading_config.yaml"
    return legacy.is_file() and state.is_file() and not state.is_symlink()
