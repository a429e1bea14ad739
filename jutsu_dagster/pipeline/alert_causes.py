"""What there is to alert about: one function a cause, each with the command that helps.

Critical is what keeps the primary strategy from trading; all else is a warning. A key names the
cause and not the run: the same failure tried again is the same alert, another day is another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from jutsu_dagster.pipeline.alert_services import Severity

_KEY_LENGTH = 200
_SUBJECT_LENGTH = 200
_ERROR_LENGTH = 3000
_DAYS_NAMED = 10
# What differs between two attempts at one thing: addresses, ids, processes, time taken.
_CHANCE = re.compile(
    r"0x[0-9a-fA-F]+|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
    r"|\b(?:pid|process|thread)\s*[:=#]?\s*\d+\b|\b\d+(?:\.\d+)?\s*(?:ms|s|seconds?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should know.

    Attributes
    ----------
    key : str
        Identifies the cause; a second alert with it is not sent again.
    severity : {"critical", "warning", "info"}
    subject : str
        One line.
    body : str
        Plain text: what happened, to what, the error, what to do.
    run_id : str or None
        The Dagster run that found it, for a link.
    """

    key: str
    severity: Severity
    subject: str
    body: str
    run_id: str | None = None

    def __post_init__(self) -> None:
        # Whatever an error's text holds, it must fit the ledger and survive every encoding.
        key = _clean(self.key)
        if len(key) > _KEY_LENGTH:
            key = f"{key[: _KEY_LENGTH - 13]}:{_hash(key)}"
        subject = " ".join(_clean(self.subject).split())
        if len(subject) > _SUBJECT_LENGTH:
            subject = subject[: _SUBJECT_LENGTH - 1] + "…"
        for name, value in (("key", key), ("subject", subject), ("body", _clean(self.body))):
            object.__setattr__(self, name, value)


def strategy_failed(
    strategy_id: str, *, primary: bool, partition: str, error: str, run_id: str | None
) -> Alert:
    """Return the alert of a strategy that could not trade; critical for the primary."""
    role = "primary" if primary else "secondary"
    effect = (
        "Its account stands where it stood; the other strategies ran as far as they can."
        if primary
        else "Its account stands where it stood; no other strategy is affected."
    )
    return Alert(
        f"strategy_failed:{strategy_id}:{partition}:{_hash(_lasting(error))}",
        "critical" if primary else "warning",
        f"{role} strategy {strategy_id} failed on {partition}",
        _body(
            f"The {role} strategy {strategy_id} failed on {partition}. {effect}",
            error,
            "jutsu doctor    says whether configuration or data are at fault",
            "jutsu trade     tries again, in order, once it is mended",
        ),
        run_id,
    )


def data_check_failed(
    table: str, days: Sequence[date], checks: Sequence[str], run_id: str | None
) -> Alert:
    """Return the alert of market data that break a rule.

    Parameters
    ----------
    table : str
        Of the market store: ``etf_daily``.
    days : sequence of date
        Where the rules are broken; at least one.
    checks : sequence of str
        Which rules, or whole findings, one each.
    run_id : str or None
    """
    first, last = min(days), max(days)
    span = f"{first}" if first == last else f"{first} to {last}"
    named = ", ".join(str(day) for day in sorted(set(days))[:_DAYS_NAMED])
    more = len(set(days)) - _DAYS_NAMED
    found = "\n".join(checks)
    return Alert(
        f"data_check_failed:{table}:{first}:{last}:{_hash(_lasting(found))}",
        "critical",
        f"data check of {table} failed on {span}",
        _body(
            f"Bars of {table} break a rule on {named}{f' and {more} more days' * (more > 0)}."
            " Nothing is built on these days until they are mended.",
            found,
            "jutsu doctor    looks at source and store",
            f"jutsu ingest --from {first} --to {last} --force    fetches the days again",
        ),
        run_id,
    )


def paper_differs(strategy_id: str, first_session: date, detail: str) -> Alert:
    """Return the alert of a paper account that its replay does not give again."""
    return Alert(
        f"paper_differs:{strategy_id}:{first_session}:{_hash(_lasting(detail))}",
        "warning",
        f"paper account of {strategy_id} differs from its replay from {first_session}",
        _body(
            f"Replayed from its first day, the paper account of {strategy_id} differs from the"
            f" ledger from {first_session} on. The ledger is left as it is.",
            detail,
            f"jutsu reproduce --strategy {strategy_id} --date {first_session}    says what differs",
        ),
    )


def nothing_ran(session: date, accounts: Sequence[str]) -> Alert:
    """Return the alert of a session that no, or not every, account has on record."""
    waiting = ", ".join(accounts)
    return Alert(
        f"nothing_ran:{session}:{_hash(waiting)}",
        "critical",
        f"nothing ran for the session of {session}",
        _body(
            f"The session of {session} is not on record for {waiting}.",
            "",
            "jutsu up --schedules    keeps the schedules running",
            "jutsu trade             catches up now, in order",
        ),
    )


def run_failed(job: str, partition: str, reason: str, run_id: str | None) -> Alert:
    """Return the alert of a run that failed as a whole."""
    return Alert(
        f"run_failed:{job}:{partition}:{_hash(_lasting(reason))}",
        "critical",
        f"run of {job} failed on {partition}",
        _body(
            f"The run of {job} for {partition} failed.",
            reason,
            "jutsu doctor    says what is wrong with the installation",
            "jutsu trade     catches up, in order, once it is mended",
        ),
        run_id,
    )


def proposal_opened(proposal_id: str, expires_on: date) -> Alert:
    """Return the alert of a proposal that waits for a person."""
    return Alert(
        f"proposal_opened:{proposal_id}",
        "info",
        f"promotion proposal {proposal_id} is open until {expires_on}",
        _body(
            f"{proposal_id} has passed every gate and waits for a decision until {expires_on}."
            " Without one it expires, and nothing changes.",
            "",
            f"jutsu promotions show {proposal_id}    the evidence, and how to approve or reject",
        ),
    )


def _body(what: str, error: str, *commands: str) -> str:
    error = error.strip()
    if len(error) > _ERROR_LENGTH:
        # What was tried stands at a traceback's head, what it died of at its end.
        half = _ERROR_LENGTH // 2
        error = f"{error[:half]}\n…\n{error[-half:]}"
    parts = [what, error, "What to do:\n" + "\n".join(f"  {command}" for command in commands)]
    return "\n\n".join(part for part in parts if part)


def _lasting(error: str) -> str:
    return _CHANCE.sub("*", error.strip())


def _hash(text: str) -> str:
    return hashlib.sha256(_clean(text).encode()).hexdigest()[:12]


def _clean(text: str) -> str:
    """Return text that every database and service takes: no NUL, no half of a character."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
