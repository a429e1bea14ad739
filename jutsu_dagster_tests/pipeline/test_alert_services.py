from __future__ import annotations

import logging
import subprocess
import sys
import time

import pytest

from jutsu_dagster.pipeline.alert_services import check, deliver, split_urls, without_secrets
from jutsu_dagster_tests.alert_server import SECRETS, hanging, refusing, service


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        (None, ()),
        (" ,\n", ()),
        ("json://a,json://b", ("json://a", "json://b")),
        ("json://a , json://b\n json://c,", ("json://a", "json://b", "json://c")),
        ("mailto://u:p@h.org?to=a@b.c,d@e.f", ("mailto://u:p@h.org?to=a@b.c,d@e.f",)),
    ],
)
def test_urls_are_divided_by_blanks_and_commas(text: str | None, urls: tuple[str, ...]) -> None:
    assert split_urls(text) == urls


@pytest.mark.parametrize(
    ("severity", "kind"), [("critical", "failure"), ("warning", "warning"), ("info", "info")]
)
def test_a_message_arrives_as_written(severity: str, kind: str) -> None:
    body = "line one\nline <two> & more"
    with service() as target:
        (result,) = deliver([target.url], severity, "title", body, 10)  # type: ignore[arg-type]
    assert result.fault is None
    (message,) = target.received
    assert (message["title"], message["type"]) == ("title", kind)
    assert message["message"] == body


def test_each_service_answers_for_itself_and_none_for_long() -> None:
    with service() as good, service(status=500) as broken, hanging() as slow:
        urls = [broken.url, refusing().url, slow.url, "nope://secretsecret", good.url]
        begun = time.monotonic()
        results = deliver(urls, "info", "title", "body", 1.0)
        assert time.monotonic() - begun < 2.5
        assert len(good.received) == 1
    faults = [result.fault for result in results]
    assert "error=500" in str(faults[0])
    assert "onnection error" in str(faults[1])
    assert faults[2] == "no answer within 1 s"
    assert "is no apprise URL" in str(faults[3])
    assert faults[4] is None
    assert results[3].url == "4: nope://…"
    assert results[4].url == f"5: json://127.0.0.1:{good.port}/…"


def test_no_secret_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with service() as good, service(status=403) as broken:
        results = deliver([good.url, broken.url, refusing().url], "info", "title", "body", 10)
    assert [result.fault is None for result in results] == [True, False, False]
    said = caplog.text + str(results)
    assert [secret for secret in SECRETS if secret in said] == []


def test_a_token_that_stands_where_a_host_would_is_not_shown() -> None:
    urls = ["ntfy://topicsecret", "pover://usersecret@tokensecret", "secret without scheme"]
    assert [result.url for result in check(urls)] == ["1: ntfy://…", "2: pover://…", "3: …"]
    assert without_secrets("topicsecret failed: tokensecret", urls) == "… failed: …"


def test_a_hanging_service_does_not_keep_the_process_from_ending() -> None:
    code = (
        "import sys; from jutsu_dagster.pipeline.alert_services import deliver;"
        "print(deliver([sys.argv[1]], 'info', 'title', 'body', 0.5)[0].fault)"
    )
    with hanging() as slow:
        # Longer than the service's own patience would let the process go by itself.
        url = f"{slow.url}&rto=300"
        done = subprocess.run(
            [sys.executable, "-c", code, url],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    assert done.stdout.strip() == "no answer within 0.5 s"
    assert done.stderr == ""
