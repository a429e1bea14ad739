"""What stands around every page: menu, selector, range, banners, and where pages go."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from jutsu_dagster import __version__
from jutsu_dagster.dashboard.dialogs import dialogs
from jutsu_dagster.dashboard.theme import MANTINE
from jutsu_dagster.dashboard.wiring import attributes

NAV = (
    ("/", "Home", "home"),
    ("/performance", "Performance", "chart"),
    ("/backtest", "Backtest", "clock"),
    ("/trades", "Trades", "swap"),
    ("/variants", "Variants", "branch"),
    ("/promotions", "Promotions", "check"),
    ("/nightly", "Nightly", "moon"),
)
# Milliseconds between two looks at whether anything changed; a look costs next to nothing.
_PULSE = 3_000

INDEX = """<!doctype html>
<html lang="en" data-mantine-color-scheme="light">
<head>
{%metas%}
<title>{%title%}</title>
<link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
{%css%}
<script>
(function () {
  var kept = null;
  try { kept = localStorage.getItem("jutsu-theme"); } catch (error) {}
  var dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
</script>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
{%app_entry%}
<noscript>This page needs JavaScript. The same numbers are at /api/docs.</noscript>
<footer>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>
"""


def layout() -> Component:
    """Return everything but the pages themselves."""
    whole: Component = dmc.MantineProvider(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="view"),
            dcc.Store(id="pulse"),
            dcc.Store(id="drawn"),
            dcc.Store(id="theme"),
            dcc.Store(id="effective"),
            dcc.Store(id="hrefs", data=[path for path, _, _ in NAV]),
            dcc.Interval(id="beat", interval=_PULSE),
            html.Div(id="titled", hidden=True),
            _top(),
            html.Div(id="menu-shade"),
            _side(),
            html.Main(
                [
                    html.Div(id="banners"),
                    html.Div(id="launches"),
                    _toolbar(),
                    html.Div(id="content", **attributes(aria_live="off")),
                ],
                id="main",
            ),
            *dialogs(),
        ],
        id="mantine",
        theme=MANTINE,
    )
    return whole


def _icon(name: str) -> Component:
    return html.Span(className=f"icon icon-{name}", **attributes(aria_hidden="true"))


def _top() -> Component:
    button = html.Button(
        html.Span(className="icon icon-menu"), id="menu-button", className="icon-button",
        **attributes(aria_label="Menu", aria_expanded="false", aria_controls="side"),
    )  # fmt: skip
    return html.Header([button, _brand(), html.Div(id="market-top")], className="top")


def _brand() -> Component:
    mark = html.Span(className="mark", **attributes(aria_hidden="true"))
    return html.A([mark, "jutsu"], href="/", className="brand")


def _side() -> Component:
    items = [
        html.A(
            [_icon(icon), html.Span(name),
             html.Span(id=f"count-{icon}", className="count")],
            href=path, id=f"nav-{icon}", className="nav-item",
        )
        for path, name, icon in NAV
    ]  # fmt: skip
    theme = html.Button(
        [_icon("theme"), "Dark or light"],
        id="theme-button", className="nav-item", type="button",
    )  # fmt: skip
    docs = html.A(
        [_icon("code"), "API"],
        href="/api/docs", className="nav-item", target="_blank", rel="noopener",
    )  # fmt: skip
    return html.Aside(
        [
            _brand(),
            html.Div(id="market-side"),
            html.Nav(items, className="nav", **attributes(aria_label="Pages")),
            html.Div(
                [
                    html.Div(id="dagster-link"),
                    docs,
                    theme,
                    html.Div(f"jutsu {__version__} · paper only", className="version"),
                ],
                className="nav foot",
            ),
        ],
        id="side",
    )


def _toolbar() -> Component:
    selector = dmc.MultiSelect(
        id="strategies",
        data=[],
        value=[],
        searchable=True,
        clearable=True,
        clearButtonProps={"aria-label": "Clear strategies"},
        placeholder="Add a strategy",
        nothingFoundMessage="No strategy is called that",
        renderOption={"function": "strategyOption"},
        inputProps={"aria-label": "Strategies"},
        className="selector",
        hidePickedOptions=False,
        maxDropdownHeight=320,
        **attributes(aria_label="Strategies"),
    )
    dates = dmc.DatePickerInput(
        id="dates",
        type="range",
        value=[None, None],
        clearable=True,
        clearButtonProps={"aria-label": "Clear days"},
        allowSingleDateInRange=True,
        placeholder="All days",
        valueFormat="YYYY-MM-DD",
        className="dates",
        **attributes(aria_label="Range of days"),
    )
    return html.Div(
        [
            html.Div(selector, className="selector-box"),
            html.Div(dates, id="dates-box"),
        ],
        id="toolbar",
    )
