from __future__ import annotations

import asyncio
import gzip
import re
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from unittest import mock

import httpx
import pytest
from starlette.applications import Starlette

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.metrics.metric import gauge
from model_drift_exporter.metrics.samples import Samples, Series
from model_drift_exporter.settings.values import ListenAddress
from model_drift_exporter.web import ingest_endpoint
from model_drift_exporter.web.app import create_app, create_ingest_app
from tests.sections import unchecked
from tests.support.fake_service import STATUS, FakeService

UP = gauge("model_test_up", "", "Up.", "Tests")
TEXT = b"# HELP model_test_up Up.\n# TYPE model_test_up gauge\nmodel_test_up 1\n"
PATHS = [
    "GET  /metrics",
    "GET  /",
    "GET  /-/page",
    "GET  /-/healthy",
    "GET  /-/ready",
    "POST /-/reload",
    "GET  /api/v1/alerts",
    "POST /api/v1/rearm",
    "POST /ingest",
]


@pytest.fixture
def service() -> FakeService:
    return FakeService([Series(UP, [()]).samples([1])])


def client_of(app: Starlette) -> httpx.AsyncClient:
    """A client that has no wishes of its own about formats and codings."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"Accept-Encoding": ""}
    )


def ask(
    service: FakeService,
    method: str,
    path: str,
    section: WebSettings | IngestSettings | None = None,
    **arguments: object,
) -> httpx.Response:
    """One request to the main application, under defaults but for one section."""
    web = section if isinstance(section, WebSettings) else WebSettings()
    ingest_endpoint = section if isinstance(section, IngestSettings) else IngestSettings()

    async def request() -> httpx.Response:
        async with client_of(create_app(service, web, ingest_endpoint)) as client:
            return await client.request(method, path, **arguments)  # type: ignore[arg-type]

    return asyncio.run(request())


class TestMetrics:
    def test_text_by_default(self, service: FakeService) -> None:
        """A client without wishes gets text 0.0.4, not compressed, not to be cached."""
        response = ask(service, "GET", "/metrics")
        assert (response.status_code, response.content) == (200, TEXT)
        assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert "content-encoding" not in response.headers
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["vary"] == "Accept, Accept-Encoding"

    def test_openmetrics_on_request(self, service: FakeService) -> None:
        """A client that asks for OpenMetrics gets it, and the content type says so."""
        response = ask(service, "GET", "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        assert response.content == TEXT + b"# EOF\n"
        assert response.headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"

    def test_accept_may_come_in_several_lines(self, service: FakeService) -> None:
        """Several Accept headers count as one list."""
        headers = [("Accept", "text/plain;q=0.1"), ("Accept", "application/openmetrics-text")]
        assert ask(service, "GET", "/metrics", headers=headers).content.endswith(b"# EOF\n")

    def test_gzip_on_request(self, service: FakeService) -> None:
        """The body is compressed for who accepts it, with a length that is right and the same text inside."""

        async def raw() -> tuple[httpx.Headers, bytes]:
            async with (
                client_of(create_app(service, WebSettings(), IngestSettings())) as client,
                client.stream("GET", "/metrics", headers={"Accept-Encoding": "gzip"}) as response,
            ):
                return response.headers, b"".join([chunk async for chunk in response.aiter_raw()])

        headers, body = asyncio.run(raw())
        assert headers["content-encoding"] == "gzip"
        assert int(headers["content-length"]) == len(body)
        assert gzip.decompress(body) == TEXT

    @pytest.mark.parametrize("path", ["/metrics", "/", "/-/page"])
    @pytest.mark.parametrize(("accepted", "coded"), [("gzip", True), ("gzip;q=0", False), ("gzip;q=0, *", False)])
    def test_a_refused_coding_is_not_used(self, path: str, accepted: str, coded: bool) -> None:
        """However long the answer, q=0 is a no; Vary names the header once."""
        many = Series(UP, [()]).samples([1])
        service = FakeService([many] * 1_000)
        response = ask(service, "GET", path, headers={"Accept-Encoding": accepted})
        assert ("content-encoding" in response.headers) is coded
        assert response.headers.get_list("vary", split_commas=True).count("Accept-Encoding") == 1

    def test_head_has_the_headers_of_get(self, service: FakeService) -> None:
        """HEAD is answered with the same content type and length."""
        response = ask(service, "HEAD", "/metrics")
        assert (response.status_code, response.headers["content-length"]) == (200, str(len(TEXT)))

    def test_another_telemetry_path(self, service: FakeService) -> None:
        """The metrics move to the path that was asked for, and /metrics is gone."""
        options = WebSettings(telemetry_path="/drift")
        assert ask(service, "GET", "/drift", options).content == TEXT
        assert ask(service, "GET", "/metrics", options).status_code == 404

    def test_a_slow_scrape_stalls_nobody_and_too_many_are_refused(self) -> None:
        """While one scrape collects, the event loop answers; one above the limit gets 503; then all is well again."""
        entered, leave = threading.Event(), threading.Event()

        class SlowService(FakeService):
            def collect(self) -> list[Samples]:
                entered.set()
                assert leave.wait(60)
                return []

        async def scenario() -> list[int]:
            async with client_of(create_app(SlowService(), WebSettings(max_requests=1), IngestSettings())) as client:
                slow = asyncio.create_task(client.get("/metrics"))
                await asyncio.to_thread(entered.wait, 10)
                healthy = await client.get("/-/healthy")
                refused = await client.get("/metrics")
                leave.set()
                first, second = await slow, await client.get("/metrics")
                assert "--web.max-requests" in refused.text
                return [response.status_code for response in (healthy, refused, first, second)]

        assert asyncio.run(scenario()) == [200, 503, 200, 200]

    def test_a_failed_scrape_does_not_use_up_the_limit(self) -> None:
        """An error while collecting gives its place back."""

        class BrokenService(FakeService):
            def collect(self) -> list[Samples]:
                raise RuntimeError("broken")

        async def scenario() -> None:
            async with client_of(create_app(BrokenService(), WebSettings(max_requests=1), IngestSettings())) as client:
                for _ in range(2):
                    with pytest.raises(RuntimeError, match="broken"):
                        await client.get("/metrics")

        asyncio.run(scenario())


class TestPage:
    def test_the_page_may_run_only_its_own_style_and_script(self, service: FakeService) -> None:
        """The nonce in the page is the one in the policy, which allows nothing from elsewhere."""
        response = ask(service, "GET", "/")
        found = re.search(r'<script nonce="([\w-]{20,})">', response.text)
        assert found is not None
        policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == f"'nonce-{found[1]}'"
        assert policy["connect-src"] == "'self'"
        assert response.headers["content-type"] == "text/html; charset=utf-8"

    def test_every_view_has_a_nonce_of_its_own(self, service: FakeService) -> None:
        """A nonce that repeats would protect nothing."""
        policies = {ask(service, "GET", "/").headers["content-security-policy"] for _ in range(2)}
        assert len(policies) == 2

    def test_the_page_shows_what_the_query_asks_for(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Window, model and the path of the metrics reach the page."""
        render_page = mock.Mock(return_value="page")
        monkeypatch.setattr("model_drift_exporter.web.page.page.render_page", render_page)
        assert ask(service, "GET", "/?window=24h&model=credit", WebSettings(telemetry_path="/drift")).text == "page"
        render_page.assert_called_once_with(STATUS, mock.ANY, "24h", "credit", metrics_path="/drift")

    def test_the_fragment_shows_what_the_query_asks_for(
        self, service: FakeService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The part that refreshes is served by itself, for the same window and model."""
        render_fragment = mock.Mock(return_value="fragment")
        monkeypatch.setattr("model_drift_exporter.web.page.page.render_fragment", render_fragment)
        assert ask(service, "GET", "/-/page?window=24h&model=credit").text == "fragment"
        render_fragment.assert_called_once_with(STATUS, "24h", "credit")

    def test_the_page_and_its_fragment_agree(self, service: FakeService) -> None:
        """Both are made from the same state, so the page contains what a refresh would bring."""
        assert ask(service, "GET", "/-/page").text.strip() in ask(service, "GET", "/").text


class TestHealth:
    def test_healthy_even_when_not_ready(self, service: FakeService) -> None:
        """As long as the process serves it is healthy."""
        service.not_ready = "reading the reference"
        response = ask(service, "GET", "/-/healthy")
        assert (response.status_code, response.text) == (200, "healthy\n")

    def test_not_healthy_when_reading_has_failed(self, service: FakeService) -> None:
        """A sidecar that reads no more says so, at both addresses."""
        service.failure = "reading has failed: OSError: disk"
        for response in (
            ask(service, "GET", "/-/healthy"),
            ask_ingest_app(service, lambda client: client.get("/-/healthy")),
        ):
            assert (response.status_code, response.text) == (503, "reading has failed: OSError: disk\n")

    def test_ready(self, service: FakeService) -> None:
        """Ready is 200."""
        assert ask(service, "GET", "/-/ready").status_code == 200

    def test_not_ready_says_why(self, service: FakeService) -> None:
        """Not ready is 503 with the reason."""
        service.not_ready = "reading the reference"
        response = ask(service, "GET", "/-/ready")
        assert (response.status_code, response.text) == (503, "reading the reference\n")


class TestReload:
    def test_closed_by_default(self, service: FakeService) -> None:
        """Nobody reloads over HTTP unless it was enabled, and the answer names the flag."""
        response = ask(service, "POST", "/-/reload")
        assert (response.status_code, service.reloads) == (403, 0)
        assert "--web.enable-lifecycle" in response.text

    def test_reloads_when_enabled(self, service: FakeService) -> None:
        """One POST is one reload."""
        response = ask(service, "POST", "/-/reload", WebSettings(enable_lifecycle=True))
        assert (response.status_code, service.reloads) == (200, 1)

    def test_a_failed_reload_says_what_is_wrong(self, service: FakeService) -> None:
        """500 with the problem, for the person who wrote the file."""
        service.problem = "config.yml:3:1: unknown key"
        response = ask(service, "POST", "/-/reload", WebSettings(enable_lifecycle=True))
        assert (response.status_code, response.text) == (500, "config.yml:3:1: unknown key\n")

    def test_get_does_not_reload(self, service: FakeService) -> None:
        """A link cannot reload."""
        assert ask(service, "GET", "/-/reload", WebSettings(enable_lifecycle=True)).status_code == 405
        assert service.reloads == 0


class TestIngest:
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
    def test_a_body_is_queued_as_it_came(self, service: FakeService, header: str, media_type: str) -> None:
        """202 for each accepted content type; none is taken as JSON; broken JSON is not our business yet."""
        response = ask(
            service, "POST", "/ingest", content=b'{"broken', headers={"Content-Type": header} if header else {}
        )
        assert (response.status_code, response.json()) == (202, {"status": "queued"})
        assert service.offered == [(b'{"broken', media_type, "identity")]

    @pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
    def test_a_compressed_body_stays_compressed(self, service: FakeService, coding: str) -> None:
        """Decompression is work for later; the queue learns of the coding."""
        body = gzip.compress(b"{}")
        assert ask(service, "POST", "/ingest", content=body, headers={"Content-Encoding": coding}).status_code == 202
        assert service.offered == [(body, "application/json", "gzip")]

    def test_an_empty_body_is_fine_and_queues_nothing(self, service: FakeService) -> None:
        """No record, no error."""
        assert ask(service, "POST", "/ingest", content=b"").status_code == 202
        assert service.offered == []

    @pytest.mark.parametrize(
        "content_type", ["application/cloudevents+json", "application/x-www-form-urlencoded", "text/plain"]
    )
    def test_other_content_types_are_refused(self, service: FakeService, content_type: str) -> None:
        """415, with what was sent and the list of what is accepted."""
        response = ask(service, "POST", "/ingest", content=b"{}", headers={"Content-Type": content_type})
        assert (response.status_code, service.offered) == (415, [])
        assert response.text == (
            f"the content type '{content_type}' is not accepted; send application/json, application/x-ndjson, "
            "application/ndjson, application/jsonl or text/csv\n"
        )

    @pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip"])
    def test_other_codings_are_refused(self, service: FakeService, coding: str) -> None:
        """415, and the header says which coding is accepted."""
        response = ask(service, "POST", "/ingest", content=b"{}", headers={"Content-Encoding": coding})
        assert (response.status_code, service.offered) == (415, [])
        assert response.headers["accept-encoding"] == "gzip"

    def test_a_body_of_the_limit_is_taken(self, service: FakeService) -> None:
        """The limit itself is allowed."""
        assert (
            ask(service, "POST", "/ingest", unchecked(IngestSettings, max_body_bytes=10), content=b"x" * 10).status_code
            == 202
        )

    def test_an_announced_body_above_the_limit_is_not_read(self, service: FakeService) -> None:
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

    def test_a_streamed_body_above_the_limit_is_not_read_to_its_end(self, service: FakeService) -> None:
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
    def test_a_body_that_says_it_expands_beyond_the_limit(self, service: FakeService, headers: dict[str, str]) -> None:
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

    def test_a_trailer_that_cannot_be_true_is_not_believed(self, service: FakeService) -> None:
        """A size that no such body expands to is damage, which is told when the body is read."""
        body = gzip.compress(b"{}")[:-4] + b"\xff\xff\xff\xff"
        assert ask(service, "POST", "/ingest", content=body).status_code == 202

    def test_a_full_queue_asks_to_come_back(self, service: FakeService) -> None:
        """429 with Retry-After."""
        service.queue_full = True
        response = ask(service, "POST", "/ingest", content=b"{}")
        assert (response.status_code, response.headers["retry-after"]) == (429, "1")

    def test_all_requests_together_are_bounded(self, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_a_body_that_does_not_come_is_given_up(self, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
        """408 after the time limit; what had come is dropped."""
        monkeypatch.setattr(ingest_endpoint, "_BODY_SECONDS", 0)

        async def stuck() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        response = ask(service, "POST", "/ingest", content=stuck())
        assert (response.status_code, service.offered) == (408, [])

    def test_a_client_that_goes_away_is_no_error(self, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
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

    def test_get_is_refused(self, service: FakeService) -> None:
        """Records are posted."""
        response = ask(service, "GET", "/ingest")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")

    def test_not_served_where_it_has_its_own_address(self, service: FakeService) -> None:
        """Then the main addresses neither take records nor list the path."""
        response = ask(service, "POST", "/ingest", IngestSettings(listen_address=ListenAddress("", 0)), content=b"{}")
        assert response.status_code == 404
        assert "/ingest" not in response.text


def ask_ingest_app(
    service: FakeService, use: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]
) -> httpx.Response:
    """One request to the application of a separate ingest address."""

    async def request() -> httpx.Response:
        async with client_of(create_ingest_app(service, WebSettings(), IngestSettings())) as client:
            return await use(client)

    return asyncio.run(request())


class TestIngestApplication:
    def test_takes_records(self, service: FakeService) -> None:
        """/ingest works there."""
        assert ask_ingest_app(service, lambda client: client.post("/ingest", content=b"{}")).status_code == 202
        assert len(service.offered) == 1

    def test_is_healthy(self, service: FakeService) -> None:
        """/-/healthy works there, for probes."""
        assert ask_ingest_app(service, lambda client: client.get("/-/healthy")).status_code == 200

    @pytest.mark.parametrize("path", ["/metrics", "/", "/-/page", "/-/ready", "/-/reload"])
    def test_serves_nothing_else(self, service: FakeService, path: str) -> None:
        """Who may send records sees no metrics and controls nothing."""
        response = ask_ingest_app(service, lambda client: client.post(path))
        assert response.status_code == 404
        assert response.text == "there is nothing here; the paths are\n  POST /ingest\n  GET  /-/healthy\n"


class TestErrors:
    @pytest.mark.parametrize("path", ["/nothing", "/metrics/", "/-/nothing"])
    def test_unknown_paths_list_the_known_ones(self, service: FakeService, path: str) -> None:
        """404 in plain text says where to go; a slash too many is no redirect."""
        response = ask(service, "GET", path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert [line.strip() for line in response.text.splitlines()[1:]] == PATHS

    def test_a_wrong_method_lists_the_paths_with_theirs(self, service: FakeService) -> None:
        """405 in plain text, with Allow."""
        response = ask(service, "POST", "/metrics")
        assert (response.status_code, set(response.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
        assert [line.strip() for line in response.text.splitlines()[1:]] == PATHS

    @pytest.mark.parametrize(
        ("method", "path"), [("GET", "/metrics"), ("GET", "/-/healthy"), ("GET", "/nothing"), ("POST", "/ingest")]
    )
    def test_every_answer_has_the_security_headers(self, service: FakeService, method: str, path: str) -> None:
        """Fine or not, a browser is told to guess nothing, run nothing and pass nothing on."""
        headers = ask(service, method, path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
