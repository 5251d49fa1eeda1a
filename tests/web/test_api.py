from __future__ import annotations

import asyncio
from datetime import datetime

import attrs
import httpx
import pytest

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.web.app import create_app
from tests.support.fake_service import FakeService
from tests.support.page_statuses import HOSTILE, NOW, alert, exporter, finding, model

OPEN = WebSettings(enable_lifecycle=True)


def ask(
    service: FakeService, method: str, path: str, settings: WebSettings = OPEN, content: bytes | None = None
) -> httpx.Response:
    """One request to the main application."""

    async def request() -> httpx.Response:
        transport = httpx.ASGITransport(create_app(service, settings, IngestSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(request())


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("/api/v1/rearm", None, None),
        ("/api/v1/rearm?model=churn", None, "churn"),
        ("/api/v1/rearm", b'{"model": "churn"}', "churn"),
        ("/api/v1/rearm", b" {} ", None),
        ("/api/v1/rearm?model=churn", b"{}", "churn"),
    ],
)
def test_alerts_are_released(path: str, content: bytes | None, expected: str | None) -> None:
    """Of the model named in the query or the body, else of all; the answer says which."""
    service = FakeService()
    response = ask(service, "POST", path, content=content)
    assert (response.status_code, service.rearmed) == (200, [expected])
    assert response.json() == {"released": {"churn": ["ModelInputBroken"]}}


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"{", 400, "the body is not"),
        (b"\xff", 400, "the body is not"),
        (b'{"model": 7}', 400, "the body is not"),
        (b'{"models": "churn"}', 400, "the body is not"),
        (b" " * 5_000, 413, "larger than 4096 bytes"),
        (b'{"model": "unknown"}', 404, "no model 'unknown'"),
    ],
)
def test_a_wrong_request_releases_nothing(content: bytes, status: int, message: str) -> None:
    """What was meant is not guessed."""
    service = FakeService()
    response = ask(service, "POST", "/api/v1/rearm", content=content)
    assert (response.status_code, message in response.text) == (status, True)
    assert service.rearmed in ([], ["unknown"])


def test_rearming_is_off_by_default() -> None:
    """Nobody silences an alert over HTTP unless it was enabled, and a link never does."""
    service = FakeService()
    response = ask(service, "POST", "/api/v1/rearm", WebSettings())
    assert (response.status_code, service.rearmed) == (403, [])
    assert "--web.enable-lifecycle" in response.text
    assert ask(service, "GET", "/api/v1/rearm").status_code == 405


def test_alerts_are_listed_by_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """All alarms, firing or not, with everything that a person would ask."""
    state = attrs.evolve(model("churn"), alerts=(alert(), alert("ModelFeatureDrift", active=False)))
    monkeypatch.setattr("tests.support.fake_service.STATUS", exporter(state))
    found = ask(FakeService(), "GET", "/api/v1/alerts", WebSettings()).json()["models"]["churn"]
    assert [(each["alert"], each["active"]) for each in found] == [
        ("ModelInputBroken", True),
        ("ModelFeatureDrift", False),
    ]
    assert (found[0]["features"], found[0]["certainty"], found[0]["threshold"]) == (["age"], "named", 7.0)


def _two_models(monkeypatch: pytest.MonkeyPatch) -> None:
    note = finding("inputs_moved", severity="note", text="The inputs moved.", alert="", since=None, features=())
    states = (
        attrs.evolve(model("churn"), findings=(finding(), note)),
        attrs.evolve(
            model(HOSTILE), findings=(finding(text=f"{HOSTILE} is broken.", features=(HOSTILE,), since=1e15),)
        ),
        model("quiet"),
    )
    monkeypatch.setattr("tests.support.fake_service.STATUS", exporter(*states))


def test_findings_of_all_models_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, each with all keys; names are data, and a time that RFC 3339 cannot say is none."""
    _two_models(monkeypatch)
    response = ask(FakeService(), "GET", "/api/v1/findings", WebSettings())
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    broken, moved, hostile = response.json()["findings"]
    assert broken == {
        "model": "churn",
        "kind": "input_broken",
        "severity": "page",
        "features": ["age"],
        "since": "2026-01-02T02:48:05Z",
        "figures": {"alert_evidence_log10": 8.2, "alert_evidence_threshold_log10": 7.0},
        "text": finding().text,
    }
    assert (moved["model"], moved["kind"], moved["since"], moved["features"]) == ("churn", "inputs_moved", None, [])
    assert (hostile["model"], hostile["features"], hostile["since"]) == (HOSTILE, [HOSTILE], None)
    assert hostile["text"] == f"{HOSTILE} is broken."


def test_a_time_keeps_its_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 3339, as far as event times go."""
    state = attrs.evolve(model("churn"), findings=(finding(since=NOW + 0.25),))
    monkeypatch.setattr("tests.support.fake_service.STATUS", exporter(state))
    (found,) = ask(FakeService(), "GET", "/api/v1/findings").json()["findings"]
    assert datetime.fromisoformat(found["since"]).timestamp() == NOW + 0.25


@pytest.mark.parametrize(("name", "kinds"), [("churn", ["input_broken", "inputs_moved"]), ("quiet", [])])
def test_findings_of_one_model_are_asked_for_by_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, kinds: list[str]
) -> None:
    """A model of which nothing is found is a model, too."""
    _two_models(monkeypatch)
    response = ask(FakeService(), "GET", f"/api/v1/findings?model={name}")
    assert (response.status_code, [each["kind"] for each in response.json()["findings"]]) == (200, kinds)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [("model=unknown", 404, "no model 'unknown'"), ("model=", 404, "no model ''"), ("modle=churn", 400, "modle")],
)
def test_a_wrong_question_gets_no_findings(
    monkeypatch: pytest.MonkeyPatch, query: str, status: int, message: str
) -> None:
    """No finding must not look like nothing found."""
    _two_models(monkeypatch)
    response = ask(FakeService(), "GET", f"/api/v1/findings?{query}")
    assert (response.status_code, message in response.text) == (status, True)
