"""New variants: frozen, numbered, never twice; and what their file keeps through the years."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.registry.shadow_check import Parent, frozen_parameters
from jutsu_dagster.registry.shadow_create import Making, new_variant, next_id
from jutsu_dagster.registry.shadow_rows import ShadowRow, parameters_hash
from jutsu_dagster.registry.shadows import ShadowBook, read_shadows
from jutsu_dagster.strategies.kinds import KINDS
from jutsu_dagster_tests.registry.mutable import Part, every

PARENT = Parent(every(slow=30, parts={"rsi": Part(votes={"momentum": 0.1})}), "Every")
PARENTS = {"ETH_main": PARENT}
MADE = Making(date(2025, 1, 9), "2025-01-10T00:00:00Z", "quality", "evolver")


def create(mutations: dict[str, Any], book: ShadowBook | None = None, **options: Any) -> ShadowRow:
    return new_variant("ETH_main", PARENT, mutations, book or ShadowBook(), MADE, **options)


def written(*rows: ShadowRow) -> ShadowBook:
    return read_shadows(ShadowBook().content(rows), PARENTS)


def test_a_new_row_has_the_keys_of_the_specification_in_their_order() -> None:
    data = json.loads(create({"slow_delta": 5, "threshold_delta": -0.02}).line())
    assert list(data) == [
        "id", "symbol", "parent", "strategy", "mutations", "status", "created_at",
        "created_partition", "reason", "source", "base_params", "base_params_hash",
        "mutation_hash", "clamped",
    ]  # fmt: skip
    assert data["id"] == "ETH_main_mut_0001"
    assert data["base_params"]["slow"] == 30
    assert (data["status"], data["clamped"]) == ("shadow", ["threshold.chop"])


def test_a_row_reads_back_as_it_was_written() -> None:
    row = create({"slow_delta": 5, "maybe": 0.1})
    book = written(row)
    (shadow,) = book.running()
    assert (shadow.row, book.faults, book.notes) == (row, (), ())
    assert book.content() == ShadowBook().content([row])
    assert shadow.row.first_day == date(2025, 1, 10)


def test_numbers_are_never_given_again() -> None:
    assert next_id("ETH_main", []) == "ETH_main_mut_0001"
    taken = ["ETH_main_mut_0012", "BTC_main_mut_0099", "ETH_main_mut_x", "ETH_main"]
    assert next_id("ETH_main", taken) == "ETH_main_mut_0013"
    assert next_id("ETH_main", ["ETH_main_mut_9999"]) == "ETH_main_mut_10000"
    with pytest.raises(ConfigError, match="at most 49"):
        next_id("X" * 45, [])
    # A broken line's number counts, and so does what only the ledger remembers.
    broken = read_shadows(b'{"id":"ETH_main_mut_0041","sym', PARENTS)
    assert create({"slow": 7}, broken).id == "ETH_main_mut_0042"
    assert create({"slow": 7}, broken, taken=["ETH_main_mut_0050"]).id == "ETH_main_mut_0051"


def test_a_variant_that_was_ever_tried_is_not_made_again_unless_a_person_says_so() -> None:
    row = create({"slow_delta": 5, "level": 0.25})
    book = written(row.model_copy(update={"status": "retired"}))
    again = {"level": 0.25, "slow_delta": 5.0}
    with pytest.raises(ConfigError, match="is ETH_main_mut_0001 already, whose status is retired"):
        create(again, book)
    assert create(again, book, again=True).id == "ETH_main_mut_0002"
    assert create({"slow_delta": 6}, book).id == "ETH_main_mut_0002"


def test_a_bad_mutation_is_refused_when_it_is_made() -> None:
    for mutations, message in (({}, "changes nothing"), ({"slwo": 1}, "Did you mean 'slow'")):
        with pytest.raises(ConfigError, match=message):
            create(mutations)
    with pytest.raises(ConfigError, match="broken"):
        new_variant("ETH_main", Parent(None, "Every"), {"slow": 7}, ShadowBook(), MADE)


def test_a_variant_keeps_its_frozen_base_when_the_parent_changes_and_says_so() -> None:
    content = ShadowBook().content([create({"slow_delta": 5})])
    changed = {"ETH_main": Parent(every(slow=60), "Every")}
    book = read_shadows(content, changed)
    (shadow,) = book.running()
    assert shadow.rebased
    assert shadow.mutated is not None
    assert shadow.mutated.changed == {"slow": 35}
    assert "base_params is not what ETH_main has now" in str(book.notes[0])
    # The same mutation of the new base is another variant.
    parent = changed["ETH_main"]
    second = new_variant("ETH_main", parent, {"slow_delta": 5}, book, MADE)
    assert second.id == "ETH_main_mut_0002"


def test_a_base_changed_by_hand_is_refused() -> None:
    data = json.loads(create({"slow_delta": 5}).line())
    data["base_params"]["slow"] = 31
    book = read_shadows(json.dumps(data).encode() + b"\n", PARENTS)
    assert "base_params were changed after the variant was made" in str(book.faults[0])
    del data["base_params_hash"]
    book = read_shadows(json.dumps(data).encode() + b"\n", PARENTS)
    assert book.running()[0].mutated.changed == {"slow": 36}  # type: ignore[union-attr]


def test_a_base_that_the_class_no_longer_takes_is_named() -> None:
    data = json.loads(create({"slow_delta": 5}).line())
    data["base_params"]["removed"] = 1
    data["base_params_hash"] = parameters_hash("Every", data["base_params"])
    book = read_shadows(json.dumps(data).encode() + b"\n", PARENTS)
    assert "base_params.removed (1) is no parameter of Every" in str(book.faults[0])


@pytest.mark.parametrize("kind", [name for name in KINDS if name.startswith("Hierarchical")])
def test_an_allocator_has_variants_by_the_same_file(kind: str) -> None:
    strategy = KINDS[kind].model_validate(
        {"signal_symbol": "QQQ", "leveraged_long_symbol": "TQQQ", "sma_fast": 40, "sma_slow": 140}
    )
    parent, mutations = Parent(strategy, kind), {"sma_fast_delta": 5, "upper_thresh_z_scale": 1.1}
    row = new_variant("v3_5b", parent, mutations, ShadowBook(), MADE)
    book = read_shadows(ShadowBook().content([row]), {"v3_5b": parent})
    (shadow,) = book.running()
    assert (shadow.id, shadow.row.symbol) == ("v3_5b_mut_0001", "QQQ")
    assert shadow.mutated is not None
    assert shadow.mutated.changed == {"sma_fast": 45, "upper_thresh_z": 1.1}
    assert KINDS[kind].model_validate(frozen_parameters(strategy)) == strategy


def test_a_change_of_status_replaces_the_row_only() -> None:
    one, two = create({"slow": 7}), create({"slow": 8}, taken=["ETH_main_mut_0001"])
    book = written(one, two)
    after = read_shadows(book.content([one.model_copy(update={"status": "retired"})]), PARENTS)
    assert [shadow.id for shadow in after.shadows.values()] == [one.id, two.id]
    assert [shadow.id for shadow in after.running()] == [two.id]
