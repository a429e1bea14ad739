"""Variants: a parent against its shadows, sorted and filtered, and one beside its parent."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from jutsu_dagster_tests.dashboard.conftest import Tab
from jutsu_dagster_tests.dashboard.site import Site

_COLUMN = "#variants-grid .ag-center-cols-container [col-id='{}']"


def cells(page: Page, name: str) -> list[str]:
    """Return a column of the grid from above, by where its rows stand."""
    rows = page.locator(_COLUMN.format(name)).evaluate_all(
        "(found) => found.map((each) => ["
        " Number(each.closest('.ag-row').getAttribute('row-index')), each.innerText.trim()])"
    )
    return [text for _, text in sorted(rows)]


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(" %", "").replace(",", ""))


def test_the_grid_sorts_and_filters(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/variants?parent=ETH_main")
    page.wait_for_selector("#variants-grid .ag-row")
    head = page.locator("#variants-grid .ag-header-cell[col-id='total_return']")
    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    rising = [number(text) for text in cells(page, "total_return")]
    assert rising == sorted(rising)
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert [number(text) for text in cells(page, "total_return")] == sorted(rising, reverse=True)
    changes = page.locator("#variants-grid .ag-header-cell[col-id='changes']")
    changes.hover()
    changes.locator(".ag-header-cell-filter-button").click()
    page.get_by_placeholder("Filter...").first.fill("exploration_cap")
    expect(page.locator(_COLUMN.format("changes"))).to_have_count(2)
    assert all("exploration_cap" in text for text in cells(page, "changes"))


def test_a_parent_is_chosen_and_shown_with_its_family(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/variants?strategies=v3_5b")
    expect(page.locator("h1")).to_have_text("Variants of v3_5b")
    page.click("nav[aria-label=Parent] >> text=ETH_main")
    expect(page.locator("h1")).to_have_text("Variants of ETH_main")
    # All began on one day: the parent over the same days is a point among them.
    names = page.evaluate(
        "document.querySelector('#variant-scatter .js-plotly-plot').data.map((each) => each.name)"
    )
    assert names[-1] == "Parent"
    assert page.locator(".pictures li").count() == 3


def test_a_point_leads_to_a_variant_beside_its_parent(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/variants?parent=ETH_main")
    page.locator("#variant-scatter .points path").first.click(force=True)
    page.wait_for_url("**variant=ETH_main_mut_000*")
    tab.drawn()
    id_ = page.url.rpartition("variant=")[2]
    expect(page.locator("h1")).to_have_text(id_)
    row = shown_site.api.get(f"/api/variants/{id_}").json()["variant"]
    told = page.locator("[aria-label='Parameters that differ'] tbody tr")
    expect(told).to_have_count(len(row["changes"]))
    expect(told.first).to_contain_text(row["changes"][0]["parameter"])
    names = page.locator("#content .legend").first.locator("li").all_inner_texts()
    assert names == [id_, "ETH_main, as it was"]
    lineage = page.get_by_role("link", name="Lineage").get_attribute("href")
    assert lineage == f"http://127.0.0.1:9/assets/variants/{id_}?view=lineage"
    page.click("text=Variants of ETH_main")
    page.wait_for_url("**/variants?parent=ETH_main")


def test_an_unknown_variant_is_said(shown_site: Site, tab: Tab) -> None:
    page = tab.open(shown_site, "/variants?variant=ETH_main_mut_9999")
    expect(page.locator(".empty")).to_contain_text("There is no such variant")
    expect(page.locator(".empty")).to_contain_text("ETH_main_mut_000")
