from __future__ import annotations

import asyncio

import attrs
import httpx
import pytest

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.web.app import create_app
from tests.support.fake_service import FakeService
from tests.support.page_statuses import alert, exporter, model

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
