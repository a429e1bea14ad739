"""The evidence page: everything is on it, it needs nothing else, and colour is not alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest

from jutsu_dagster.reporting.promotion_page import promotion_html
from jutsu_dagster.reporting.promotion_view import Change, Event, PromotionView, shown
from jutsu_dagster.research.promotion_rule import Circumstances, Side, candidate_row
from jutsu_dagster.research.statistics.planted import Truth, planted_case, planted_evidence

_VOID = {"meta", "line", "rect", "polyline", "polygon", "circle"}
_TRUTH = Truth(days=300, variants=25, edge=0.0)


@cache
def _document() -> dict[str, Any]:
    case, found = planted_case(_TRUTH, 3), planted_evidence(_TRUTH, 3)
    row = candidate_row(
        variant_id="v", parent_id="p", symbol="QQQ", variant=Side(60, 1.6, 0.2, 0.1),
        control=Side(58, 1.3, 0.1, 0.1), about=Circumstances(drift="degrading"),
        window=("2024-01-01", "2024-10-26"),
    )  # fmt: skip
    days = [str(date.fromordinal(738_886 + at)) for at in range(300)]
    return {
        "mutations": {"sma_fast_delta": 5}, "candidate": row, "evidence": found.as_dict(),
        "window": {"first": days[0], "last": days[-1], "days": 300},
        "curves": {"days": days, "variant": case.variant.returns.tolist(),
                   "control": case.control.returns.tolist()},
        "data_versions": ["etf_daily@3"], "code_version": "1+abc",
        "generated_at": "2024-10-27T00:00:00Z",
    }  # fmt: skip


def view(**changes: Any) -> PromotionView:
    made = PromotionView(
        id="p_mut_0001_20241026", parent_id="p", variant_id="p_mut_0001", symbol="QQQ",
        status="open", proposal_hash="0123456789abcdef", partition=date(2024, 10, 26),
        expires_on=date(2024, 11, 2), document=_document(),
        changes=[Change("sma_fast", 40, 45), Change("conf_min.trend", 0.7, 0.7 - 0.02)],
        compound=True, synthetic=False, history=[Event("2024-10-27 02:31", "opened", "it", "so")],
    )  # fmt: skip
    return replace(made, **changes)


class _Balance(HTMLParser):
    """Refuses what a browser would have to guess about, and anything from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "link", "img", "iframe"}
        assert [name for name, _ in attrs if name.startswith("on") or name == "src"] == []
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _VOID, attrs


def test_the_page_is_whole_and_needs_nothing_from_elsewhere() -> None:
    page = promotion_html(view())
    parser = _Balance()
    parser.feed(page)
    assert parser.open == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)\S+|url\(", page) == []
    assert page.count("<svg") == 4
    assert "nan" not in re.sub(r"<[^>]*>", "", page).lower().split()


def test_every_gate_and_every_number_is_on_it_in_words() -> None:
    page = promotion_html(view())
    evidence = _document()["evidence"]
    for gate in evidence["gates"]:
        assert gate["why"].replace("'", "&#x27;") in page
    for name, number in evidence["numbers"].items():
        assert f"<td>{name}</td>" in page
        assert number["source"].replace("'", "&#x27;") in page
    failed = sum(not gate["passed"] for gate in evidence["gates"])
    assert failed > 0
    # The gates, and the one check of the rule that fails.
    assert page.count("✗ fails") == failed + 1
    assert f"✗ {failed + 1} of what must hold does not" in page


def test_what_changes_and_how_to_decide() -> None:
    page = promotion_html(view())
    assert '<td>sma_fast</td><td class="number">40</td><td class="number">45</td>' in page
    assert '<td class="number">0.68</td>' in page
    command = "jutsu promotions approve p_mut_0001_20241026 --hash 0123456789abcdef"
    assert command in page
    assert command not in promotion_html(view(status="approved"))
    assert "sma_fast_delta" in promotion_html(view(changes=[]))


def test_made_up_prices_are_called_so() -> None:
    assert "Synthetic market" not in promotion_html(view())
    assert "Synthetic market" in promotion_html(view(synthetic=True))


def test_evidence_of_too_few_days_still_makes_a_page() -> None:
    evidence = {**_document()["evidence"], "overfitting": None, "superior": None, "neighbours": {}}
    curves: dict[str, list[Any]] = {"days": [], "variant": [], "control": []}
    document = _document() | {"evidence": evidence, "curves": curves}
    page = promotion_html(view(document=document))
    assert "<svg" not in page
    assert "Was it luck?" not in page


def test_text_of_others_is_text() -> None:
    event = Event("now", "rejected", "<b>Bo</b>", 'a "reason" & <script>')
    page = promotion_html(view(history=[event]))
    assert "&lt;b&gt;Bo&lt;/b&gt;" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "–"), (True, "yes"), (0.9999999, ">0.9999"), (1.0, "1"), (0.95, "0.95"), (12, "12"),
     (-0.00642234, "-0.006422"), (0.6799999999999999, "0.68"), (504.0, "504")],
)  # fmt: skip
def test_numbers_are_short_and_never_rounded_to_certainty(value: object, expected: str) -> None:
    assert shown(value) == expected
