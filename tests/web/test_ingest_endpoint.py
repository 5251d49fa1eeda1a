from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.web import ingest_endpoint
from model_drift_exporter.web.app import create_app
from tests.sections import unchecked
from tests.support.application_requests import ask, client_of
from tests.support.fake_service import FakeService


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json", "application/json"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/ndjson", "application/ndjson"),
        ("application/jsonl", "application/jsonl"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("", "application/json"),
    ],
)
def test_a_body_is_queued_as_it_came(service: FakeService, header: str, media_type: str) -> None:
    """202 for each accepted content type; none is taken as JSON; broken JSON is not our business yet."""
    response = ask(service, "POST", "/ingest", content=b'{"broken', headers={"Content-Type": header} if header else {})
    assert (response.status_code, response.json()) == (202, {"status": "queued"})
    assert service.offered == [(b'{"broken', media_type, "identity")]


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
def test_a_compressed_body_stays_compressed(service: FakeService, coding: str) -> None:
    """Decompression is work for later; the queue learns of the coding."""
    body = gzip.compress(b"{}")
    assert ask(service, "POST", "/ingest", content=body, headers={"Content-Encoding": coding}).status_code == 202
    assert service.offered == [(body, "application/json", "gzip")]


def test_an_empty_body_is_fine_and_queues_nothing(service: FakeService) -> None:
    """No record, no error."""
    assert ask(service, "POST", "/ingest", content=b"").status_code == 202
    assert service.offered == []


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", "application/x-www-form-urlencoded", "text/plain"]
)
def test_other_content_types_are_refused(service: FakeService, content_type: str) -> None:
    """415, with what was sent and the list of what is accepted."""
    response = ask(service, "POST", "/ingest", content=b"{}", headers={"Content-Type": content_type})
    assert (response.status_code, service.offered) == (415, [])
    assert response.text == (
        f"the content type '{content_type}' is not accepted; send application/json, application/x-ndjson, "
        "application/ndjson, application/jsonl or text/csv\n"
    )


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
def test_other_codings_are_refused(service: FakeService, coding: str) -> None:
    """415, and the header says which coding is accepted."""
    response = ask(service, "POST", "/ingest", content=b"{}", headers={"Content-Encoding": coding})
    assert (response.status_code, service.offered) == (415, [])
    assert response.headers["accept-encoding"] == "gzip"


def test_a_body_of_the_limit_is_taken(service: FakeService) -> None:
    """The limit itself is allowed."""
    assert (
        ask(service, "POST", "/ingest", unchecked(IngestSettings, max_body_bytes=10), content=b"x" * 10).status_code
        == 202
    )


def test_an_announced_body_above_the_limit_is_not_read(service: FakeService) -> None:
    """413 by Content-Length alone, before a byte is asked for."""
    read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read = True
        yield b"x" * 11

    response = ask(
        service,
        "POST",
        "/ingest",
        unchecked(IngestSettings, max_body_bytes=10),
        content=body(),
        headers={"Content-Length": "11"},
    )
    assert (response.status_code, read, service.offered) == (413, False, [])
    assert "larger than 10 bytes" in response.text


def test_a_streamed_body_above_the_limit_is_not_read_to_its_end(service: FakeService) -> None:
    """413 as soon as the limit is passed; an endless body ends there."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b"xxxx"

    response = ask(service, "POST", "/ingest", unchecked(IngestSettings, max_body_bytes=10), content=endless())
    assert (response.status_code, service.offered) == (413, [])
    assert sent <= 4


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {}])
def test_a_body_that_says_it_expands_beyond_the_limit(service: FakeService, headers: dict[str, str]) -> None:
    """413 by the gzip trailer alone, with the size and what to do; one of the limit is taken."""
    options = unchecked(IngestSettings, max_body_bytes=1_000)
    response = ask(service, "POST", "/ingest", options, content=gzip.compress(b"x" * 1_001), headers=headers)
    assert (response.status_code, service.offered) == (413, [])
    assert response.text == (
        "the body expands to 1001 bytes, more than 1000 bytes; send it in several requests, "
        "or raise --ingest.max-body-bytes\n"
    )
    response = ask(service, "POST", "/ingest", options, content=gzip.compress(b"x" * 1_000), headers=headers)
    assert response.status_code == 202


def test_a_trailer_that_cannot_be_true_is_not_believed(service: FakeService) -> None:
    """A size that no such body expands to is damage, which is told when the body is read."""
    body = gzip.compress(b"{}")[:-4] + b"\xff\xff\xff\xff"
    assert ask(service, "POST", "/ingest", content=body).status_code == 202


def test_a_full_queue_asks_to_come_back(service: FakeService) -> None:
    """429 with Retry-After."""
    service.queue_full = True
    response = ask(service, "POST", "/ingest", content=b"{}")
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")


def test_all_requests_together_are_bounded(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """While two clients hold the allowance of two bodies another gets 429; afterwards the allowance is there again."""
    monkeypatch.setattr(ingest_endpoint, "_LEAST_PENDING", 0)
    small = unchecked(IngestSettings, max_body_bytes=10)

    async def scenario() -> list[int]:
        go_on = asyncio.Event()

        async def slow_body(started: asyncio.Event) -> AsyncIterator[bytes]:
            yield b"x" * 8
            started.set()
            await go_on.wait()
            yield b"x"

        async with client_of(create_app(service, WebSettings(), small)) as client:
            started = [asyncio.Event(), asyncio.Event()]
            slow = [asyncio.create_task(client.post("/ingest", content=slow_body(each))) for each in started]
            for each in started:
                await each.wait()
            refused = await client.post("/ingest", content=b"x" * 5)
            go_on.set()
            taken = [*(await asyncio.gather(*slow)), await client.post("/ingest", content=b"x" * 10)]
            return [response.status_code for response in (refused, *taken)]

    assert asyncio.run(scenario()) == [429, 202, 202, 202]


def test_a_body_that_does_not_come_is_given_up(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """408 after the time limit; what had come is dropped."""
    monkeypatch.setattr(ingest_endpoint, "_BODY_SECONDS", 0)

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = ask(service, "POST", "/ingest", content=stuck())
    assert (response.status_code, service.offered) == (408, [])


def test_a_client_that_goes_away_is_no_error(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request cut short raises nothing, queues nothing, and gives its allowance, that of two bodies, back."""
    monkeypatch.setattr(ingest_endpoint, "_LEAST_PENDING", 0)
    app = create_app(service, WebSettings(), unchecked(IngestSettings, max_body_bytes=10))
    scope = {"type": "http", "method": "POST", "path": "/ingest", "headers": [], "query_string": b""}

    async def request(messages: list[dict[str, object]]) -> int:
        sent: list[dict[str, object]] = []

        async def receive() -> dict[str, object]:
            return messages.pop(0)

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        await app(dict(scope), receive, send)  # type: ignore[arg-type]
        return int(str(sent[0]["status"]))

    async def scenario() -> list[int]:
        part = {"type": "http.request", "body": b"x" * 8, "more_body": True}
        cut = [await request([dict(part), {"type": "http.disconnect"}]) for _ in range(3)]
        return [*cut, await request([{**part, "more_body": False}])]

    assert asyncio.run(scenario()) == [400, 400, 400, 202]
    assert [body for body, _, _ in service.offered] == [b"x" * 8]


def test_the_source_gets_the_headers_of_a_request(service: FakeService) -> None:
    """It keeps those that the format reads, whatever letters their names are written in."""
    ask(service, "POST", "/ingest", content=b"{}", headers={"Ce-Id": "7d5f", "X-Request-Id": "r1"})
    assert (service.headers[0]["ce-id"], service.headers[0]["x-request-id"]) == ("7d5f", "r1")
