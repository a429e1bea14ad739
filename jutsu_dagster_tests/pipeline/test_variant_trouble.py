"""One variant that cannot go on: it is named and tried again, the others are recorded."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jutsu_dagster.pipeline.variant_due import Due, due
from jutsu_dagster.storage import journal
from jutsu_dagster_tests.homes import Home, edit
from jutsu_dagster_tests.own_directional import SOUND, own_strategy
from jutsu_dagster_tests.pipeline.test_variant_run import DAY, FIRST, statuses
from jutsu_dagster_tests.pipeline.variant_books import Variants


def test_one_that_raises_in_company_is_named_and_tried_again(
    crypto_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = f"raising_{crypto_home.path.parent.name}"
    body = f"""
        import os
        if self.lookback == 100 and "MENDED" not in os.environ:
            raise ZeroDivisionError("a hundred")
        {SOUND}
"""
    file = own_strategy(crypto_home.path, module, body)
    edit(file, lambda document: document.update(backtest={"start": date(2025, 1, 4)}))
    entry = {
        "display_name": "Follow", "strategy_class": f"{module}:Follow",
        "config_file": "follow.yaml", "paper_trading": False,
    }  # fmt: skip

    def register(registry: dict[str, Any]) -> None:
        registry["strategies"]["follow"] = entry
        registry["execution_order"].append("follow")

    crypto_home.edit_registry(register)
    variants = Variants(crypto_home, "follow")
    ids = variants.make(*[{"lookback": bars} for bars in range(10, 210)])
    (bad,) = [one.id for one in variants.shadows() if one.row.mutations == {"lookback": 100}]
    runs = variants.run(FIRST)
    assert str(runs[bad].error).endswith(", line 22: ZeroDivisionError: a hundred")
    assert all(statuses(run) == ["recorded"] for id_, run in runs.items() if id_ != bad)
    assert len(variants.rows()["exploration_days"]) == 200  # of 199 and the control
    engine = crypto_home.ledger.engine
    noted = journal.attempts(engine, "run", 1_000, mode="shadow").set_index("strategy_id")["status"]
    assert noted[bad] == "failed"
    assert (noted.drop(bad) == "ok").all()
    assert f"{bad}_trades.jsonl" not in variants.files()
    # The next night the others go on by themselves, and it is tried from where it stopped.
    found = due(crypto_home.ledger, variants.shadows(), FIRST + DAY)
    others = tuple(id_ for id_ in ids if id_ != bad)
    assert found == [Due(FIRST, FIRST + DAY, (bad,)), Due(FIRST + DAY, FIRST + DAY, others)]
    monkeypatch.setenv("MENDED", "1")
    again = variants.run(FIRST, FIRST + DAY, [one for one in variants.shadows() if one.id == bad])
    assert statuses(again[bad]) == ["recorded"] * 2


def test_one_whose_warmup_has_no_bars_fails_alone(crypto_home: Home) -> None:
    variants = Variants(crypto_home, "v3_5b")
    sound, long = variants.make({"upper_thresh_z": 0.9}, {"sma_slow": 300})
    runs = variants.run(FIRST)
    assert statuses(runs[sound]) == ["recorded"]
    assert "where its warm-up begins; ingest them (`jutsu ingest --from " in str(runs[long].error)
    assert variants.of(long) == []
    # Alone it says the same.
    again = variants.run(FIRST, shadows=[one for one in variants.shadows() if one.id == long])
    assert again[long].error == runs[long].error
