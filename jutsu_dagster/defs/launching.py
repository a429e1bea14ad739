"""Launching backtests through a running webserver, and asking how far they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from jutsu_dagster.defs.webserver import WebserverError, graphql

TAG = "jutsu/launched_by"
_LAUNCH = """mutation Launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
    ... on UnauthorizedError { message }
    ... on PartitionSetNotFoundError { message }
    ... on PartitionKeysNotFoundError { message }
    ... on InvalidSubsetError { message }
    ... on RunConflict { message }
  } }"""
_PROGRESS = """query Progress($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    __typename
    ... on PythonError { message }
    ... on PartitionBackfill {
      status timestamp endTimestamp partitionNames
      assetSelection { path }
      error { message }
      assetBackfillData { assetBackfillStatuses {
        ... on AssetPartitionsStatusCounts {
          numPartitionsMaterialized numPartitionsFailed numPartitionsInProgress } } }
    } } }"""
Status = Literal["requested", "running", "completed", "failed", "canceled"]
_STATUSES: Mapping[str, Status] = {
    "REQUESTED": "running",
    "COMPLETED": "completed",
    "COMPLETED_SUCCESS": "completed",
    "COMPLETED_FAILED": "failed",
    "FAILED": "failed",
    "FAILING": "failed",
    "CANCELED": "canceled",
    "CANCELING": "canceled",
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a launched backtest is.

    Attributes
    ----------
    strategy_id : str
    status : Status
        ``requested`` until its run has begun.
    years : list of int
    done, failed : int
        How many of them.
    started_at, ended_at : datetime or None
    error : str or None
    """

    strategy_id: str
    status: Status
    years: list[int]
    done: int
    failed: int
    started_at: datetime | None
    ended_at: datetime | None
    error: str | None


def launch_backtest(url: str, strategy_id: str, years: Sequence[int]) -> str:
    """Launch a backfill of a strategy's backtest over years; return its id.

    Parameters
    ----------
    url : str
        The webserver's address.
    strategy_id : str
    years : sequence of int

    Raises
    ------
    WebserverError
        If Dagster does not answer, or refuses.
    """
    params = {
        "assetSelection": [{"path": ["backtests", strategy_id]}],
        "partitionNames": [str(year) for year in years],
        "tags": [{"key": TAG, "value": "api"}],
        "title": f"Backtest of {strategy_id}, {years[0]} to {years[-1]}",
    }
    answer = graphql(url, _LAUNCH, "launchPartitionBackfill", {"params": params})
    if answer["__typename"] != "LaunchBackfillSuccess":
        raise WebserverError(f"Dagster refused: {_said(answer)}")
    return str(answer["backfillId"])


def progress_of(url: str, launch_id: str) -> Progress | None:
    """Return how far a launched backtest is; None if none has this id.

    Raises
    ------
    WebserverError
        If Dagster does not answer.
    """
    answer = graphql(url, _PROGRESS, "partitionBackfillOrError", {"id": launch_id})
    if answer["__typename"] == "BackfillNotFoundError":
        return None
    if answer["__typename"] != "PartitionBackfill":
        raise WebserverError(f"Dagster refused: {_said(answer)}")
    paths = [each["path"] for each in answer["assetSelection"] or ()]
    if len(paths) != 1 or paths[0][:1] != ["backtests"]:
        return None
    counts = ((answer["assetBackfillData"] or {}).get("assetBackfillStatuses") or [{}])[0]
    done, failed = (
        int(counts.get(name, 0)) for name in ("numPartitionsMaterialized", "numPartitionsFailed")
    )
    status = _STATUSES.get(answer["status"], "running")
    begun = done + failed + int(counts.get("numPartitionsInProgress", 0))
    if status == "running" and not begun:
        status = "requested"
    elif status == "completed" and failed:
        status = "failed"
    return Progress(
        strategy_id=str(paths[0][-1]),
        status=status,
        years=sorted(int(each) for each in answer["partitionNames"] or ()),
        done=done,
        failed=failed,
        started_at=_moment(answer["timestamp"]),
        ended_at=_moment(answer["endTimestamp"]),
        error=(answer["error"] or {}).get("message"),
    )


def page_of(url: str, launch_id: str) -> str:
    """Return where Dagster's UI shows a launched backtest."""
    return f"{url}/runs/b/{launch_id}"


def _said(answer: Mapping[str, Any]) -> str:
    return str(answer.get("message") or answer["__typename"]).strip().partition("\n")[0]


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
