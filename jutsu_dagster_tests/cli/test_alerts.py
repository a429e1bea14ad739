from __future__ import annotations

import pytest

from jutsu_dagster.cli.doctor_alerts import check_alerts
from jutsu_dagster.pipeline.alerts import Alerts, strategy_failed
from jutsu_dagster.settings import Settings
from jutsu_dagster_tests.alert_server import SECRETS, hanging, service
from jutsu_dagster_tests.cli.conftest import Jutsu
from jutsu_dagster_tests.homes import Home


def test_alerts_are_listed_the_latest_first(home: Home, jutsu: Jutsu) -> None:
    assert jutsu("alerts", "list").out == "no alert yet\n"
    alerts = Alerts([], home.ledger, home=home.path)
    for name in ("v3_5d", "v3_5b", "v3_5b"):
        primary = name == "v3_5b"
        alerts.send(
            strategy_failed(name, primary=primary, partition="2013-12-31", error="NaN", run_id=None)
        )
    first, second = jutsu("alerts", "list", "--json").json["alerts"]
    assert (first["severity"], first["count"], first["delivered"]) == ("critical", 2, False)
    assert (second["severity"], second["count"]) == ("warning", 1)
    assert "NaN" in first["body"]
    assert len(jutsu("alerts", "list", "--limit", 1, "--json").json["alerts"]) == 1
    assert "primary strategy v3_5b failed on 2013-12-31" in jutsu("alerts", "list").out
    assert jutsu("alerts", "list", "--limit", 0).code == 2


def test_the_doctor_sends_a_test_unless_told_not_to(
    home: Home, jutsu: Jutsu, monkeypatch: pytest.MonkeyPatch
) -> None:
    with service() as target:
        monkeypatch.setenv("JUTSU_ALERT_URLS", target.url)
        checked = {check["name"]: check for check in jutsu("doctor", "--no-send", "--json").json}
        assert target.received == []
        assert checked["alerts"]["detail"].endswith("valid, nothing sent")
        checked = {check["name"]: check for check in jutsu("doctor", "--json").json}
        assert target.titles == ["jutsu: test"]
        assert home.path.name in target.received[0]["message"]
    assert checked["alerts"]["status"] == "ok"
    assert checked["alerts"]["detail"] == f"1: json://127.0.0.1:{target.port}/…: sent"


def test_the_doctor_says_of_each_url_what_became_of_it(home: Home) -> None:
    assert check_alerts(home.settings).detail == "none configured; set JUTSU_ALERT_URLS"
    with service() as good, service(status=500) as broken, hanging() as slow:
        urls = f"{good.url}, {broken.url} {slow.url}\nnope://{SECRETS[0]}"
        settings = Settings(home=home.path, alert_urls=urls)
        sent = check_alerts(settings, timeout=1)
        valid = check_alerts(settings, send=False)
    lines = sent.detail.splitlines()
    assert (sent.status, valid.status) == ("fail", "fail")
    assert lines[0] == f"1: json://127.0.0.1:{good.port}/…: sent"
    assert "error=500" in lines[1]
    assert lines[2].endswith("no answer within 1 s")
    assert lines[3].startswith("4: nope://…: is no apprise URL")
    assert [line.endswith("valid, nothing sent") for line in valid.detail.splitlines()] == [
        True, True, True, False,
    ]  # fmt: skip
    assert [secret for secret in SECRETS if secret in f"{sent} {settings!r}"] == []
