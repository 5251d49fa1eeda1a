from __future__ import annotations

import asyncio
import gzip
import re
import threading
from collections.abc import Awaitable, Callable
from unittest import mock

import httpx
import pytest

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.metrics.metric import gauge
from model_drift_exporter.metrics.samples import Samples, Series
from model_drift_exporter.settings.values import ListenAddress
from model_drift_exporter.web.app import create_app, create_ingest_app
from tests.support.application_requests import ask, client_of
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
    "GET  /api/v1/findings",
    "POST /api/v1/rearm",
    "POST /ingest",
]


@pytest.fixture
def service() -> FakeService:
    return FakeService([Series(UP, [()]).samples([1])])


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
