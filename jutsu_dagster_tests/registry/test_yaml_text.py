"""A text under change: only the lines that are meant differ, or nothing does."""

from __future__ import annotations

import difflib
from datetime import date

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.yaml_text import YamlText

TEXT = """\
# head
top:   {a: 1,  b: "two"}   # odd   columns

entries:
    one:   # the first
        name:   'One'      # quoted
        runs: yes
        # a note about one
    two:
        name: >-
            folded
            text

        runs: no
            # indented note about two


# about the list
order:
- one   # first
-   two
# end
"""


def text(written: str = TEXT) -> YamlText:
    return YamlText(written, "file.yaml")


def changed(before: YamlText, after: YamlText) -> list[str]:
    lines = difflib.ndiff(before.text.split("\n"), after.text.split("\n"))
    return [line for line in lines if line[0] in "+-"]


def test_a_value_is_replaced_where_it_stands() -> None:
    after = text().put("entries", "one", "name", value="It's")
    assert changed(text(), after) == [
        "-         name:   'One'      # quoted",
        "+         name:   'It''s'      # quoted",
    ]
    assert changed(text(), text().put("entries", "two", "runs", value=True)) == [
        "-         runs: no",
        "+         runs: true",
    ]
    assert changed(text(), text().put("top", "b", value="yes")) == [
        '- top:   {a: 1,  b: "two"}   # odd   columns',
        '+ top:   {a: 1,  b: "yes"}   # odd   columns',
    ]


def test_a_missing_key_is_added_last_in_its_mapping_and_above_the_next_ones_comment() -> None:
    assert changed(text(), text().put("entries", "one", "more", value=1.5)) == [
        "+         more: 1.5",
    ]
    whole = text().put("entries", "three", value={"name": "3", "runs": False})
    assert changed(text(), whole) == [
        "+     three:",
        '+         name: "3"',
        "+         runs: false",
    ]
    lines = whole.text.split("\n")
    assert lines[lines.index("    three:") - 1] == "            # indented note about two"
    assert changed(text(), text().put("top", "c", value=["x"])) == [
        '- top:   {a: 1,  b: "two"}   # odd   columns',
        '+ top:   {a: 1,  b: "two", c: [x]}   # odd   columns',
    ]


def test_missing_sections_are_made_on_the_way() -> None:
    after = YamlText("a: 1", "f").put("paper", "start", value=date(2026, 1, 5))
    assert after.text == "a: 1\n\npaper:\n  start: 2026-01-05"
    assert YamlText("{a: 1}", "f").put("p", "q", value="x").text == '{a: 1, p: {q: "x"}}'
    assert YamlText("a: {}\n", "f").put("a", "b", value=1).text == "a: {b: 1}\n"
    assert YamlText("a:\n  b:\nc: 1\n", "f").put("a", "b", value=1).text == "a:\n  b: 1\nc: 1\n"


def test_a_list_grows_at_its_end_and_moves_lines_whole() -> None:
    assert changed(text(), text().append("order", item="null")) == ["+ -   'null'"]
    moved = text().move_first("order", item="two")
    assert moved.text.endswith("order:\n-   two\n- one   # first\n# end\n")
    assert text("order: [a,  b, c]\n").append("order", item="d").text == "order: [a,  b, c, d]\n"
    assert text("order: []\n").append("order", item="d").text == "order: [d]\n"
    assert text("order: [a,  b, c]\n").move_first("order", item="c").text == ("order: [c,  a, b]\n")
    assert text("order:\n  - a\n  - b").move_first("order", item="b").text == (
        "order:\n  - b\n  - a"
    )


def test_line_ends_and_a_missing_last_one_stay_as_they_are() -> None:
    windows = text(TEXT.replace("\n", "\r\n"))
    after = windows.put("entries", "one", "more", value=1).append("order", item="three")
    assert "\n" not in after.text.replace("\r\n", "")
    assert after.text.replace("\r\n", "\n") == (
        text().put("entries", "one", "more", value=1).append("order", item="three").text
    )
    assert YamlText("order:\n- a", "f").append("order", item="b").text == "order:\n- a\n- b"


@pytest.mark.parametrize(
    "written",
    [
        "one: &x {runs: yes}\ntwo: *x\n",
        "base: &x\n  runs: yes\none: *x\n",
        "one:\n  - runs\n",
        "one: text\n",
        "- one\n",
        "",
    ],
)
def test_a_layout_that_would_change_more_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match=r"^f: one.runs cannot be changed .* by hand\.$"):
        YamlText(written, "f").put("one", "runs", value=False)


def test_a_list_that_is_none_is_refused() -> None:
    for act in (YamlText.append, YamlText.move_first):
        with pytest.raises(ConfigError, match="by hand"):
            act(YamlText("order: a\n", "f"), "order", item="b")
