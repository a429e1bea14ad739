"""Proposals of promotions and their evidence; deciding about them is elsewhere."""

from __future__ import annotations

from datetime import UTC

from pydantic_core import to_jsonable_python

from jutsu_dagster.pipeline.promotion_page import view_of
from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.asked import UnknownError
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.reporting.promotion_view import PromotionView, gate_title, rule_rows
from jutsu_dagster.storage import promotion_log as log
from jutsu_dagster.storage.promotion_log import ProposalRow, Status
from jutsu_dagster.storage.state import iso

_HEADLINES = ("psr_parent", "dsr_parent", "pbo", "trades")


def promotion_list(
    desk: ReadDesk, parent_id: str | None = None, status: Status | None = None
) -> Json:
    """Return the proposals, those to decide about first, then the newest first.

    Returns
    -------
    dict
        ``promotions``: rows of ``id``, ``strategy_id`` and ``parent_id`` (the same),
        ``variant_id``, ``status``, ``partition``, ``expires_on``, ``expired`` (open, but too
        late), ``opened_at``, ``closed_at``, ``proposal_hash``, ``mutations``, ``days`` (of the
        evidence), ``gates`` (name to whether it holds), ``gates_held``, ``headlines`` (PSR, DSR,
        PBO, trades; None where not computed). And ``open``, how many are to be decided about.

    Raises
    ------
    UnknownError
        For a parent that is not registered.
    """
    if parent_id is not None:
        desk.entry(parent_id)
    rows = log.proposals(desk.ledger.engine, parent_id=parent_id, status=status)
    rows.sort(key=lambda row: (row.status != "open", -row.partition.toordinal(), row.id))
    found = [_row(desk, row) for row in rows]
    return {
        "promotions": found,
        "open": sum(row["status"] == "open" and not row["expired"] for row in found),
    }


def promotion_detail(desk: ReadDesk, promotion_id: str) -> Json:
    """Return one proposal with all of its evidence.

    Returns
    -------
    dict
        The row of ``promotion_list`` and ``symbol``, ``verdict`` (a sentence), ``window`` (first,
        last, days), ``changes`` (parameter, old, new), ``gates_told`` (name, title, passed, value,
        threshold, why), ``rule`` (title, holds), ``stats`` (variant and control, as the night
        found them), ``numbers`` (name, value, definition, source), ``curves`` (days, and daily
        net returns of variant and control, fractions), ``compound`` (whether accounts reinvest),
        ``synthetic`` (whether prices are made up), ``history`` (at, event, who, why),
        ``approve_command``, ``reject_command``, ``data_versions``, ``code_version``.

    Raises
    ------
    UnknownError
    """
    row = proposal_of(desk, promotion_id)
    view = view_of(desk.registry, desk.ledger, desk.store, row)
    document = row.document
    return _row(desk, row) | {
        "symbol": view.symbol,
        "verdict": view.verdict,
        "window": dict(document["window"]),
        "changes": [
            {
                "parameter": each.name,
                "old": to_jsonable_python(each.old),
                "new": to_jsonable_python(each.new),
            }
            for each in view.changes
        ],
        "gates_told": _gates(view),
        "rule": [{"title": title, "holds": holds} for holds, title in rule_rows(view)],
        "stats": dict(document["candidate"]["stats"]),
        "numbers": [
            {
                "name": name,
                "value": each["value"],
                "definition": each["definition"],
                "source": each["source"],
            }
            for name, each in view.evidence["numbers"].items()
        ],
        "curves": {name: list(document["curves"][name]) for name in ("days", "variant", "control")},
        "compound": view.compound,
        "synthetic": view.synthetic,
        "history": [
            {"at": iso(each.at), "event": each.event, "who": each.who, "why": each.why}
            for each in log.audit(desk.ledger.engine, row.id)
        ],
        "approve_command": view.approve_command,
        "reject_command": view.reject_command,
        "data_versions": list(document["data_versions"]),
        "code_version": document["code_version"],
    }


def proposal_of(desk: ReadDesk, promotion_id: str) -> ProposalRow:
    """Return a stored proposal; raise UnknownError if there is none of this id."""
    engine = desk.ledger.engine
    found = log.proposal(engine, promotion_id)
    if found is None:
        known = [each.id for each in log.standings(engine)]
        raise UnknownError("promotion", promotion_id, known)
    return found


def _row(desk: ReadDesk, row: ProposalRow) -> Json:
    evidence = row.document["evidence"]
    gates = {gate["name"]: bool(gate["passed"]) for gate in evidence["gates"]}
    numbers = evidence["numbers"]
    today = desk.now().astimezone(UTC).date()
    return {
        "id": row.id,
        "strategy_id": row.parent_id,
        "parent_id": row.parent_id,
        "variant_id": row.variant_id,
        "status": row.status,
        "partition": row.partition.isoformat(),
        "expires_on": row.expires_on.isoformat(),
        "expired": row.status == "open" and row.expires_on < today,
        "opened_at": iso(row.opened_at),
        "closed_at": None if row.closed_at is None else iso(row.closed_at),
        "proposal_hash": row.proposal_hash,
        "mutations": dict(row.document["mutations"]),
        "days": row.document["window"]["days"],
        "gates": gates,
        "gates_held": sum(gates.values()),
        "headlines": {
            name: numbers[name]["value"] if name in numbers else None for name in _HEADLINES
        },
    }


def _gates(view: PromotionView) -> list[Json]:
    return [
        {
            "name": gate["name"],
            "title": gate_title(gate["name"]),
            "passed": bool(gate["passed"]),
            "value": gate["value"],
            "threshold": gate["threshold"],
            "why": gate["why"],
        }
        for gate in view.gates
    ]
