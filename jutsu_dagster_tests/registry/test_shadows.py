"""The shadow registry's file: every bad line named, every good row there."""

from __future__ import annotations

import json
import time
from datetime import date
from typing import Any

import pytest

from jutsu_dagster.registry.shadow_check import Parent
from jutsu_dagster.registry.shadow_rows import MAX_LINE_BYTES
from jutsu_dagster.registry.shadows import ShadowBook, read_shadows
from jutsu_dagster_tests.registry.mutable import every

PARENTS = {
    "ETH_main": Parent(every(), "Every"),
    "OLD_main": Parent(every(), "Every", active=False),
    "BAD_main": Parent(None, "Every"),
}
FILE = "mutation_strategies.jsonl"


def row(number: int, parent: str = "ETH_main", **changes: Any) -> dict[str, Any]:
    """Return a row of the origin's short form."""
    return {
        "id": f"{parent}_mut_{number:04d}",
        "symbol": "ETHUSDT",
        "mutations": {"slow_delta": number},
        "status": "shadow",
    } | changes


def read(*lines: dict[str, Any] | str | bytes, end: bytes = b"\n") -> ShadowBook:
    pieces = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    raw = [piece.encode() if isinstance(piece, str) else piece for piece in pieces]
    return read_shadows(b"\n".join(raw) + end, PARENTS, FILE)


def said(book: ShadowBook) -> list[str]:
    return [str(fault).removeprefix(f"{FILE} ") for fault in book.faults]


def test_rows_of_the_short_form_are_completed_from_the_parent() -> None:
    book = read(row(1), {**row(2), "note": "kept"})
    assert [shadow.id for shadow in book.running()] == ["ETH_main_mut_0001", "ETH_main_mut_0002"]
    one, two = book.shadows.values()
    assert (one.row.parent, one.row.strategy, one.row.first_day) == ("ETH_main", "Every", None)
    assert one.mutated is not None
    assert one.mutated.changed == {"slow": 21}
    assert one.row.base_params_hash == two.row.base_params_hash
    assert not one.rebased
    assert (book.faults, book.notes) == ((), ())
    assert json.loads(two.row.line())["note"] == "kept"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("not JSON", "line 2 is not JSON: Expecting value"),
        ('{"id": "ETH_main_mut_0007", "id": "x"}', "line 2 is not JSON: 'id' stands twice."),
        ('{"id": "x", "mutations": {"slow": NaN}}', "line 2 is not JSON: NaN is no number."),
        ('{"id": "x", "mutations": {"slow": 1e999}}', "line 2 is not JSON: 1e999 is no number."),
        ("[" * 100_000, "line 2 is not JSON: nested too deeply."),
        ("9" * 5000, "line 2 is not JSON: Exceeds the limit"),
        (b'{"id": "\xff"}', "line 2 is not UTF-8: invalid start byte at byte 8."),
        ('["ETH_main_mut_0007"]', "line 2 must be a mapping of keys to values."),
        ({"symbol": "ETHUSDT", "status": "shadow"}, "line 2 id is missing."),
        (row(7, id=7), "line 2 id must be text."),
        (row(7, id="seven"), "line 2: id ('seven') must be <parent>_mut_<NNNN>"),
        (row(7, parent="X" * 45), "must be a letter, then at most 49 letters"),
        (row(7, status="shaddow"), "line 2: status ('shaddow') must be one of 'shadow'"),
        ({"id": "ETH_main_mut_0007"}, "line 2: status is missing."),
        (row(7, mutations=[1]), "line 2: mutations must be a mapping"),
        (row(7, created_partition="soon"), "line 2: created_partition ('soon') must be a date"),
        (row(7, "EHT_main"), ("line 2: parent ('EHT_main') is no registered strategy."
         " Did you mean 'ETH_main'?")),
        (row(7, "BAD_main"), "line 2: parent ('BAD_main') has a broken configuration."),
        (row(7) | {"parent": "OLD_main"}, "parent ('OLD_main') must be 'ETH_main', as in the id."),
        (row(7, strategy="Other"), "strategy ('Other') must be 'Every', the class of ETH_main."),
        (row(7, symbol="BTCUSDT"), "symbol ('BTCUSDT') must be a symbol of ETH_main: ETHUSDT."),
        (row(7, mutations={"slwo_delta": 1}), ("line 2: slwo_delta (1) is no parameter of Every."
         " Did you mean 'slow_delta'?")),
        (row(7, mutations={"symbol": "X"}), "line 2: symbol ('X') must not change symbol"),
        (row(7, mutations={"slow": 9, "slow_delta": 1}), "line 2: slow_delta (1) is a second"),
        (row(7, mutations={"slow_delta": 0}), "line 2 changes nothing: slow_delta leaves"),
        (row(7, mutations={"slow_delta": -15}), "line 2: fast (5) must be < slow (5)."),
        (row(7, mutations={f"x{i}": i for i in range(9000)}), "line 2 has 9000 keys; Every has"),
        (row(7, mutations={"threshold": {f"x{i}": i for i in range(9000)}}), "has 9000 keys"),
        (row(7, mutations={"x" * 500_000: 1}), "is no parameter of Every."),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_and_the_others_run(bad: dict[str, Any] | str, message: str) -> None:
    began = time.perf_counter()
    book = read(row(1), bad, row(3))
    assert [shadow.line for shadow in book.running()] == [1, 3]
    (fault,) = said(book)
    assert message in fault
    assert fault.startswith("line 2")
    assert len(fault) < 300
    assert time.perf_counter() - began < 5
    # Nobody's words are lost when the file is rewritten.
    assert read_shadows(book.content(), PARENTS, FILE).unread == book.unread
    assert len(book.content().splitlines()) == 3


def test_ten_megabytes_on_one_line_are_named_quickly() -> None:
    began = time.perf_counter()
    long = json.dumps(row(7, reason="a" * 10_000_000))
    book = read(row(1), long, "a" * 10_000_000, "_mut_0001" * 100_000, row(5))
    assert [fault.partition(" bytes")[0] for fault in said(book)[:2]] == [
        f"line 2 is {len(long):,}", "line 3 is 10,000,000",
    ]  # fmt: skip
    assert [shadow.line for shadow in book.running()] == [1, 5]
    assert "ETH_main_mut_0007" in book.mentioned
    assert time.perf_counter() - began < 5
    assert MAX_LINE_BYTES < 10_000_000


def test_a_half_written_last_line_is_named_and_its_id_never_given_again() -> None:
    whole = json.dumps(row(9))
    book = read(row(1), whole[:40], end=b"")
    assert "line 2 is not JSON" in said(book)[0]
    assert "half-written?" in said(book)[0]
    assert book.mentioned == {"ETH_main_mut_0001", "ETH_main_mut_0009"}
    # A row that is whole but for its end is a row.
    assert len(read(row(1), row(2), end=b"").running()) == 2


def test_of_a_repeated_id_the_last_row_holds_and_the_earlier_is_named() -> None:
    book = read(row(1), row(2), row(1, mutations={"slow": 50}), row(2, status="retired"))
    assert [shadow.id for shadow in book.running()] == ["ETH_main_mut_0001"]
    assert book.shadows["ETH_main_mut_0001"].mutated.changed == {"slow": 50}  # type: ignore[union-attr]
    assert [str(note).removeprefix(f"{FILE} ") for note in book.notes] == [
        "line 1: id ('ETH_main_mut_0001') is repeated in line 3, which holds.",
        "line 2: id ('ETH_main_mut_0002') is repeated in line 4, which holds.",
    ]
    # A bad last row sets the id aside: the earlier one is not what was meant.
    book = read(row(1), row(1, mutations={"slow_delta": "much"}))
    assert not book.running()
    assert list(book.broken) == ["ETH_main_mut_0001"]
    # A line without a legible id takes nothing away.
    assert read(row(1), "{").running()


def test_a_result_beyond_a_bound_is_clamped_and_noted() -> None:
    book = read(row(1, mutations={"slow_delta": 1000}))
    (note,) = book.notes
    assert str(note) == f"{FILE} line 1: slow (1020) is clamped to 100."
    assert book.running()[0].row.clamped == ("slow",)
    assert '"clamped": ["slow"]' in book.content().decode()


def test_only_shadow_and_proposed_run_and_an_inactive_parent_rests() -> None:
    statuses = ("shadow", "proposed", "promoted", "rejected", "retired", "invalid")
    book = read(*(row(i, status=status) for i, status in enumerate(statuses, 1)))
    assert [shadow.row.status for shadow in book.running()] == ["shadow", "proposed"]
    assert len(book.shadows) == 6
    # Of what is over, neither parent nor parameters need to be there still.
    gone = read(
        row(1, "GONE_main", status="retired"), row(2, status="rejected", mutations={"x": 1})
    )
    assert (len(gone.shadows), gone.faults) == (2, ())
    rests = read(row(1, "OLD_main"))
    assert not rests.running()
    assert rests.shadows["OLD_main_mut_0001"].mutated is not None
    assert rests.faults == ()


def test_blank_lines_a_byte_order_mark_and_windows_ends_are_nothing() -> None:
    content = b"\xef\xbb\xbf" + json.dumps(row(1)).encode() + b"\r\n\r\n  \n"
    book = read_shadows(content, PARENTS, FILE)
    assert (len(book.running()), book.faults) == (1, ())
    assert not read_shadows(b"", PARENTS, FILE).shadows


def test_a_variant_first_trades_the_day_after_it_was_made() -> None:
    book = read(row(1, created_partition="2025-01-31"))
    assert book.running()[0].row.first_day == date(2025, 2, 1)
