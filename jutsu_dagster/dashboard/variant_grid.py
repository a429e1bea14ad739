"""The grid of variants: sorted and filtered in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_ag_grid as dag
from dash.development.base_component import Component

from jutsu_dagster.dashboard.formats import Kind
from jutsu_dagster.dashboard.state import View

_NUMBERS: tuple[tuple[str, str, Kind, int], ...] = (
    ("total_return", "Return", "change", 92),
    ("difference", "Against parent", "points", 118),
    ("max_drawdown", "Drawdown", "percent", 102),
    ("sharpe_ratio", "Sharpe", "ratio", 84),
    ("trades", "Trades", "count", 78),
    ("win_rate", "Win rate", "percent", 94),
    ("profit_factor", "PF", "ratio", 66),
    ("days", "Days", "count", 70),
)
_THEME = (
    "themeQuartz.withParams({backgroundColor: 'var(--card)', foregroundColor: 'var(--ink)',"
    " borderColor: 'var(--line)', headerBackgroundColor: 'var(--card)',"
    " headerTextColor: 'var(--faint)', chromeBackgroundColor: 'var(--card)',"
    " rowHoverColor: 'var(--raised)', accentColor: 'var(--accent)', fontFamily: 'inherit',"
    " fontSize: 13, headerFontSize: 12, headerFontWeight: 500, spacing: 6,"
    " wrapperBorder: false, wrapperBorderRadius: 0, browserColorScheme: 'inherit'})"
)


def grid(rows: Sequence[dict[str, Any]], source: str, view: View) -> Component:
    """Return the grid of rows of ``variant_list``, which answer ``source``."""
    found: Component = dag.AgGrid(
        id="variants-grid",
        rowData=[_row(row, view) for row in rows],
        columnDefs=[
            {
                "field": "link", "headerName": "Variant", "cellRenderer": "markdown",
                "pinned": "left", "width": 176, "filter": "agTextColumnFilter",
                "comparator": {"function": "byText"},
            },
            *(_number(*each) for each in _NUMBERS),
            {
                "field": "changes", "headerName": "Parent's → its own", "flex": 1,
                "minWidth": 220, "filter": "agTextColumnFilter", "sortable": False,
                "tooltipField": "changes", "cellClass": "faint",
            },
            {"field": "status", "headerName": "Status", "width": 100,
             "filter": "agTextColumnFilter"},
            {"field": "first_day", "headerName": "Since", "width": 116,
             "filter": "agTextColumnFilter"},
        ],
        defaultColDef={"sortable": True, "resizable": True, "suppressHeaderMenuButton": False},
        dashGridOptions={
            "theme": {"function": _THEME},
            "rowHeight": 38,
            "headerHeight": 38,
            "suppressCellFocus": False,
            "ensureDomOrder": True,
            "enableCellTextSelection": True,
            "tooltipShowDelay": 300,
            "suppressColumnVirtualisation": True,
            "animateRows": False,
            "context": {"source": source},
            "localeText": {"noMatchingRows": "No variant fits this filter"},
        },
        columnSize=None,
        className="grid",
        style={"height": f"{min(38 * (len(rows) + 1) + 22, 560)}px"},
        persistence=True,
        persistence_type="session",
        persisted_props=["filterModel"],
    )  # fmt: skip

    return found


def changed(row: dict[str, Any]) -> str:
    """Return what a variant changes: each parameter with the parent's value and its own."""
    told = [f"{each['parameter']} {_short(each['base'])} → {_short(each['value'])}"
            for each in row["changes"]]  # fmt: skip
    return "; ".join(told) or ", ".join(f"{k} {_short(v)}" for k, v in row["mutations"].items())


def _row(row: dict[str, Any], view: View) -> dict[str, Any]:
    names = [name for name, *_ in _NUMBERS]
    kept = {name: row[name] for name in (*names, "id", "status", "first_day")}
    return kept | {
        "link": f"[{row['id']}]({view.href(variant=row['id'])})",
        "changes": changed(row),
    }


def _number(name: str, label: str, kind: Kind, width: int) -> dict[str, Any]:
    return {
        "field": name,
        "headerName": label,
        "width": width,
        "type": "rightAligned",
        "filter": "agNumberColumnFilter",
        "valueFormatter": {"function": f"shown(params.value, '{kind}')"},
        "cellClass": "num ag-right-aligned-cell",
        "comparator": {"function": "byNumber"},
    }


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
