"""A person's decision about a proposal, over the API: the same code as the command line's."""

from __future__ import annotations

from collections.abc import Callable

from jutsu_dagster.api.problems import RefusedError
from jutsu_dagster.core.errors import JutsuError, LedgerError
from jutsu_dagster.defs.reload import reload
from jutsu_dagster.pipeline.promotion_page import view_of, write_page
from jutsu_dagster.pipeline.promotions import (
    Decision,
    PromotionDesk,
    PromotionError,
    approve,
    reject,
)
from jutsu_dagster.pipeline.registry_edits import sync_ledger
from jutsu_dagster.pipeline.views.accounts import Json
from jutsu_dagster.pipeline.views.desk import ReadDesk
from jutsu_dagster.pipeline.views.promotions import proposal_of
from jutsu_dagster.storage.ledger import Ledger


def approve_promotion(desk: ReadDesk, promotion_id: str, hash_: str, *, by: str, why: str) -> Json:
    """Approve a proposal upon the evidence with this hash.

    Returns
    -------
    dict
        See ``models.promotions.Decided``.

    Raises
    ------
    UnknownError
        If there is no such proposal.
    RefusedError
        409 if it is not open, expired, or anything that it rests on has changed.
    ConfigError, LedgerError
    """
    return _decided(
        desk, promotion_id, lambda mine: approve(mine, promotion_id, hash_, by=by, why=why)
    )


def reject_promotion(desk: ReadDesk, promotion_id: str, *, by: str, why: str) -> Json:
    """Reject a proposal; as ``approve_promotion``."""
    return _decided(desk, promotion_id, lambda mine: reject(mine, promotion_id, by=by, why=why))


def _decided(
    desk: ReadDesk, promotion_id: str, decide: Callable[[PromotionDesk], Decision]
) -> Json:
    proposal_of(desk, promotion_id)
    # Of its own, and patient: what a person decided is not given up because of a lock.
    ledger = Ledger(desk.settings.ledger_url)
    try:
        try:
            done = decide(PromotionDesk(desk.settings, ledger))
        except PromotionError as error:
            raise RefusedError(409, "not-possible", str(error)) from error
        except LedgerError as error:
            # Somebody else may have been faster: the ledger says so, and nothing is wrong with it.
            if proposal_of(desk, promotion_id).status == "open":
                raise
            raise RefusedError(409, "not-possible", str(error)) from error
        warnings = _followed(desk, ledger, done)
    finally:
        ledger.close()
    row = done.row
    return {
        "id": row.id,
        "status": row.status,
        "parent_id": row.parent_id,
        "variant_id": row.variant_id,
        "files": list(done.files),
        "kept": done.kept,
        "old_version": done.version[0],
        "new_version": done.version[1],
        "retired": list(done.retired),
        "withdrawn": list(done.withdrawn),
        "warnings": warnings,
    }


def _followed(desk: ReadDesk, ledger: Ledger, done: Decision) -> list[str]:
    """Bring the ledger's view, the page and Dagster in line; return what did not work."""
    warnings = []
    try:
        sync_ledger(desk.registry, ledger)
        write_page(desk.home, view_of(desk.registry, ledger, desk.store, done.row))
    # The decision holds and is written already: this is no reason to call it failed.
    except (JutsuError, OSError) as error:
        warnings.append(f"not everything shows it yet: {error}")
    url = desk.settings.webserver_url
    fault = reload(url) if url is not None else None
    return [*warnings, f"Dagster has not loaded it yet: {fault}"] if fault else warnings
