"""Loading the definitions again when the shadow registry has changed: new rows become assets."""

import dagster as dg

from jutsu_dagster.defs.webserver import WebserverError, graphql
from jutsu_dagster.registry.shadows import SHADOWS_PATH
from jutsu_dagster.settings import Settings

LOCATION = "jutsu_dagster"
WATCH = "shadow_registry_watch"
_SECONDS = 30
_TIMEOUT = 60
_MUTATION = """mutation { reloadRepositoryLocation(repositoryLocationName: "%s") {
  __typename ... on PythonError { message } ... on UnauthorizedError { message }
  ... on WorkspaceLocationEntry { locationOrLoadError { ... on PythonError { message } } } } }"""
_BUSY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
]


def build_watch(settings: Settings) -> dg.SensorDefinition:
    """Build the watch over the shadow registry, as it stands when this is called."""
    loaded = registry_print(settings)

    @dg.sensor(
        name=WATCH,
        minimum_interval_seconds=_SECONDS,
        # Whether or not schedules run: variants made by hand are to be seen.
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads the definitions again once the shadow registry has other rows.",
    )
    def shadow_registry_watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        if registry_print(settings) == loaded:
            return dg.SkipReason("the shadow registry is as loaded")
        if settings.webserver_url is None:
            return dg.SkipReason("the shadow registry has changed; reload the code location")
        # A run that is about to start must still find what it was launched for.
        busy = context.instance.get_run_ids(dg.RunsFilter(statuses=_BUSY), limit=1)
        if busy:
            return dg.SkipReason(f"the shadow registry has changed; run {busy[0]} starts first")
        fault = reload(settings.webserver_url)
        return dg.SkipReason(fault or "the shadow registry has changed, and is loaded again")

    return shadow_registry_watch


def reload(url: str) -> str | None:
    """Have the webserver at ``url`` load the definitions again; return what went wrong."""
    try:
        answer = graphql(url, _MUTATION % LOCATION, "reloadRepositoryLocation", timeout=_TIMEOUT)
    except WebserverError as error:
        return str(error)
    said = answer.get("message") or (answer.get("locationOrLoadError") or {}).get("message")
    return said.strip() if said else None


def registry_print(settings: Settings) -> tuple[int, int] | None:
    """Return what changes when the shadow registry does; None where there is none."""
    try:
        found = (settings.home / SHADOWS_PATH).stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size
