"""A page as its URL asks for it, or what is in the way and what to do about it."""

from __future__ import annotations

import logging

from dash import html
from dash.development.base_component import Component

from jutsu_dagster.core.errors import ConfigError, JutsuError, LedgerError
from jutsu_dagster.dashboard import parts
from jutsu_dagster.dashboard.pages import PAGES
from jutsu_dagster.dashboard.scene import Scene
from jutsu_dagster.pipeline.views.asked import NothingRecordedError, QuestionError, UnknownError

_LOG = logging.getLogger(__name__)
_AGAIN = "This page looks again every few seconds and goes on by itself."


def rendered(scene: Scene) -> Component:
    """Return a page, or what is in its way."""
    try:
        page = PAGES.get(scene.view.path)
        return _missing(scene) if page is None else page.draw(scene)
    except (JutsuError, OSError) as error:
        return trouble(scene, error)
    # Whatever else is wrong is ours: the page says so and the others still work.
    except Exception:  # noqa: BLE001
        _LOG.exception("the page %s could not be drawn", scene.view.path)
        return parts.empty(
            "This page could not be drawn",
            html.P("A fault of the program; its log says more. Other pages still work."),
        )


def banners(scene: Scene) -> list[Component]:
    """Return what every page says at its top: faults, and who is asked for but gone."""
    found = []
    faults = scene.status.body["registry_faults"]
    if faults:
        found.append(
            parts.note(
                "bad", "The registry has faults; the last sound one is shown",
                html.Ul([html.Li(each) for each in faults]), "Mend the file; no restart is needed.",
            )
        )  # fmt: skip
    page = PAGES.get(scene.view.path)
    if scene.gone and page is not None and page.selects:
        names, there = ", ".join(scene.gone), ", ".join(scene.ids)
        one = len(scene.gone) == 1
        found.append(
            parts.note(
                "warn", f"{names} {'is' if one else 'are'} not in the registry",
                f"Shown instead: {there}. Put {'it' if one else 'them'} back into "
                "config/strategies_registry.yaml and this page shows "
                f"{'it' if one else 'them'} again, or ",
                parts.link("go on without", scene.view.href(strategies=",".join(scene.ids))), ".",
            )
        )  # fmt: skip
    return found


def trouble(scene: Scene, error: Exception) -> Component:
    """Return what an error means to the reader: what happened, and the way out."""
    text = parts.said(str(error))
    if isinstance(error, LedgerError):
        return parts.empty(
            "The ledger does not answer", html.P(text),
            html.P(["If this project is new, run ", parts.command("jutsu init"), ". ", _AGAIN],
                   className="faint"),
        )  # fmt: skip
    if isinstance(error, ConfigError):
        return parts.empty(
            "The registry cannot be read",
            html.Ul([html.Li(str(each)) for each in error.faults]),
            html.P(["Mend it, then ", parts.command("jutsu doctor"), " checks all. ", _AGAIN],
                   className="faint"),
        )  # fmt: skip
    if isinstance(error, NothingRecordedError):
        return parts.empty("Nothing here yet", html.P(text), html.P(_AGAIN, className="faint"))
    if isinstance(error, UnknownError):
        return parts.empty(
            f"There is no such {error.what}", html.P(text),
            html.P(parts.link("Back", scene.view.path)),
        )  # fmt: skip
    if isinstance(error, QuestionError):
        return parts.empty(
            "The address asks for something that cannot be", html.P(text),
            html.P(parts.link("Show the page without it", scene.view.path)),
        )  # fmt: skip
    return parts.empty("This could not be read", html.P(text), html.P(_AGAIN, className="faint"))


def _missing(scene: Scene) -> Component:
    return parts.empty(
        "There is no such page", html.P(html.Code(scene.view.path)),
        html.P(parts.link("Home", scene.view.href("/"))),
    )  # fmt: skip
