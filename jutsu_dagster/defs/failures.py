"""Failures of steps: what the user reads, and whether an alert of it was sent already."""

import dagster as dg

_SENT = "alert_sent"
# The checks of the market send their own alert; what fails their step is Dagster.
_CHECK_FAILED = "DagsterAssetCheckFailedError"


def step_failure(
    reason: str, *, alert_sent: bool, allow_retries: bool = False, **metadata: str
) -> dg.Failure:
    """Return the failure of a step.

    Parameters
    ----------
    reason : str
    alert_sent : bool
        Whether somebody was told of the cause, or need not be; else the watch over runs does.
    allow_retries : bool
        Whether trying again may help.
    **metadata : str
        Shown beside the reason.
    """
    return dg.Failure(
        description=reason,
        metadata={**metadata, _SENT: alert_sent},
        allow_retries=allow_retries,
    )


def alert_was_sent(event: dg.DagsterEvent) -> bool:
    """Return whether the step whose failure this is has seen to an alert itself."""
    data = event.step_failure_data
    if data.error is not None and data.error.cls_name == _CHECK_FAILED:
        return True
    stated = data.user_failure_data.metadata if data.user_failure_data else {}
    return _SENT in stated and stated[_SENT].value is True


def reason_of(event: dg.DagsterEvent) -> str:
    """Return what a failed step said: its own words, else the error at the root."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else str(event.message)
