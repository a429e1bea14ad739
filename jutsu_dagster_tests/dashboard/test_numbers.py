"""Every number of every page equals the API's, which other tests hold to the ledger's."""

from __future__ import annotations

from typing import Any

import pytest

from jutsu_dagster.dashboard.formats import shown
from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site
from jutsu_dagster_tests.dashboard.walking import Answers, numbers, unsourced

_GRID = """() => {
  const rows = (name) => [...document.querySelectorAll(`#variants-grid .${name} .ag-row`)];
  const told = (row) => Object.fromEntries([...row.querySelectorAll('[col-id]')].map(
    (cell) => [cell.getAttribute('col-id'), cell.innerText.trim()]));
  const ids = Object.fromEntries(rows('ag-pinned-left-cols-container').map(
    (row) => [row.getAttribute('row-index'), row.innerText.trim()]));
  return rows('ag-center-cols-container').map(
    (row) => [ids[row.getAttribute('row-index')], told(row)]); }"""
_FIGURE = """(id) => {
  const list = (one) => one && typeof one !== 'string' && one.length !== undefined
    ? Array.from(one) : one;
  return document.querySelector(`#${id} .js-plotly-plot`)._fullData.map((each) => ({
    type: each.type, name: each.name, meta: each.meta, yaxis: each.yaxis || 'y',
    x: Array.from(each.x || []), y: Array.from(each.y || []), text: each.text,
    read: each.customdata && Array.from(each.customdata, list) })); }"""
BOTH = "strategies=v3_5b,v3_5d"
# The page, and how many numbers it has at the least.
PAGES = {
    "/": 15,
    "/performance?strategies=v3_5b": 40,
    "/performance?strategies=ETH_main": 40,
    f"/performance?{BOTH}": 40,
    f"/performance?{BOTH},ETH_main&from=2025-01-08": 45,
    "/backtest?strategies=v3_5d": 45,
    f"/backtest?{BOTH}&from=2024-12-10&to=2025-01-15": 40,
    "/trades": 30,
    "/trades?strategies=v3_5b&mode=backtest": 15,
    "/variants?parent=ETH_main": 8,
    "/variants?parent=v3_5b": 6,
    "/variants?variant=ETH_main_mut_0001": 10,
    "/promotions": 5,
    "/promotions?promotion=v3_5b_mut_0001_20250122": 40,
    "/nightly": 0,
}


@pytest.mark.parametrize("path", PAGES)
def test_every_number_is_the_apis(path: str, shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, path)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    answers = Answers(shown_site)
    found = numbers(page)
    assert len(found) >= PAGES[path]
    wrong = [
        (each, answers.expected(each)) for each in found if each.text != answers.expected(each)
    ]
    assert wrong == []
    assert unsourced(page) == []


@pytest.mark.parametrize(
    "path",
    [
        "/performance?strategies=v3_5b",
        "/performance?strategies=ETH_main",
        "/backtest?strategies=v3_5b,v3_5d&from=2024-12-10&to=2025-01-15",
        "/performance?strategies=v3_5b,v3_5d,ETH_main",
    ],
)
def test_every_point_of_a_chart_is_the_apis(path: str, shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, path)
    several = "," in path
    answers = Answers(shown_site)
    traces = drawn(page, "account-figure")
    curves = [each for each in traces if each["type"] == "scatter"]
    assert len(curves) >= 4
    for trace in curves:
        baseline = trace["name"].endswith("held")
        url = trace["meta"]
        if trace["yaxis"] == "y2":
            name = "baseline_drawdown" if baseline else "drawdown"
            rows = answers.body(url.replace("equity-curve", "drawdown"))["data"]
            assert trace["y"] == [row[name] for row in rows]
        else:
            rows = answers.body(url)["data"]
            gains = [row["baseline_return" if baseline else "cumulative_return"] for row in rows]
            values = [row["baseline_value" if baseline else "value"] for row in rows]
            assert trace["read"] == gains
            assert trace["y"] == ([100.0 + gain for gain in gains] if several else values)
        assert trace["x"] == [row["time"] for row in rows]
    for trace in traces:
        if trace["type"] == "heatmap":
            curve = next(each for each in curves if each["name"] == trace["name"])
            rows = answers.body(curve["meta"])["data"]
            told = [row["regime"] for row in rows]
            held = [told[at] for at in range(len(told)) if at == 0 or told[at] != told[at - 1]]
            assert trace["read"] == [[(name or "").replace("_", " ") for name in held]]


def test_the_curves_of_a_proposal_are_the_apis_daily_results_grown(
    shown_site: Site, tab: Tab
) -> None:
    page = tab.open(shown_site, "/promotions?promotion=v3_5b_mut_0001_20250122")
    found = shown_site.api.get("/api/promotions/v3_5b_mut_0001_20250122").json()
    curves = [each for each in drawn(page, "promotion-figure") if each["yaxis"] == "y"]
    assert found["compound"]
    assert len(curves) == 2
    for trace, which in zip(curves, ("variant", "control"), strict=True):
        grown, expected = 100.0, []
        for result in found["curves"][which]:
            grown *= 1.0 + result
            expected.append(grown)
        assert trace["x"] == found["curves"]["days"]
        assert trace["y"] == pytest.approx(expected, rel=1e-12)


def test_the_grid_and_the_scatter_of_variants_are_the_apis(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/variants?parent=ETH_main")
    rows = {
        row["id"]: row
        for row in shown_site.api.get("/api/variants?parent_id=ETH_main").json()["variants"]
    }
    page.wait_for_selector("#variants-grid .ag-row")
    kinds = {
        "total_return": "change", "difference": "points", "max_drawdown": "percent",
        "sharpe_ratio": "ratio", "trades": "count", "win_rate": "percent",
        "profit_factor": "ratio", "days": "count",
    }  # fmt: skip
    seen = page.evaluate(_GRID)
    assert {id_ for id_, _ in seen} == set(rows)
    for id_, cells in seen:
        for name, kind in kinds.items():
            assert cells[name] == shown(rows[id_][name], kind), (id_, name)  # type: ignore[arg-type]
        assert cells["status"] == rows[id_]["status"]
    points: dict[str, Any] = {}
    for trace in drawn(page, "variant-scatter"):
        if trace["name"] != "Parent":
            points |= dict(
                zip(trace["text"], zip(trace["x"], trace["y"], strict=True), strict=True)
            )
    assert points == {id_: (row["max_drawdown"], row["total_return"]) for id_, row in rows.items()}


def drawn(page: Any, id_: str) -> list[dict[str, Any]]:
    """Return what a figure draws, as plain lists."""
    found: list[dict[str, Any]] = page.evaluate(_FIGURE, id_)
    return found
