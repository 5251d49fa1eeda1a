from __future__ import annotations

import asyncio
import errno
import logging
import signal
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest import mock

import httpx
import pytest
import uvicorn

from model_drift_exporter.configuration.settings import IngestSettings, WebSettings
from model_drift_exporter.errors import ListenError
from model_drift_exporter.metrics.metric import gauge
from model_drift_exporter.metrics.samples import Samples, Series
from model_drift_exporter.settings.values import ListenAddress
from model_drift_exporter.web.app import create_app, create_ingest_app
from model_drift_exporter.web.server import Listener, Server, listen
from tests.sections import unchecked
from tests.support.fake_service import FakeService

UP = gauge("model_test_up", "", "Up.", "Tests")
LOCAL = "127.0.0.1"


class SlowService(FakeService):
    """A scrape starts and then waits until it may finish."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.leave = threading.Event(), threading.Event()

    def collect(self) -> list[Samples]:
        self.entered.set()
        assert self.leave.wait(10)
        return [Series(UP, [()]).samples([1])]


@asynccontextmanager
async def serving(server: Server) -> AsyncIterator[None]:
    """The server runs inside the block and has stopped after it."""
    stop = asyncio.Event()
    task = asyncio.create_task(server.serve(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


async def get(url: str) -> httpx.Response:
    """One request on a connection of its own."""
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.get(url)


class TestListen:
    def test_port_0_takes_a_free_one(self) -> None:
        """The bound port is readable before anything is served."""
        listener = listen(LOCAL, 0)
        try:
            assert listener.port == listener.socket.getsockname()[1] > 0
            assert listener.url == f"http://127.0.0.1:{listener.port}"
        finally:
            listener.close()

    def test_a_port_in_use_is_a_clear_error(self) -> None:
        """The error names the address, the cause and the flag, even while the other one does not serve yet."""
        listener = listen(LOCAL, 0)
        try:
            with pytest.raises(ListenError) as caught:
                listen(LOCAL, listener.port)
        finally:
            listener.close()
        assert str(caught.value) == (
            f"cannot listen on 127.0.0.1:{listener.port}: address already in use; "
            "stop the other process or choose another --web.listen-address"
        )

    def test_the_error_names_the_flag_of_the_address(self) -> None:
        """An ingest address is changed by another flag."""
        listener = listen(LOCAL, 0)
        try:
            with pytest.raises(ListenError, match=r"choose another --ingest\.listen-address"):
                listen(LOCAL, listener.port, flag="--ingest.listen-address")
        finally:
            listener.close()

    @pytest.mark.parametrize(
        ("host", "port", "text"),
        [
            ("192.0.2.1", 9877, "cannot listen on 192.0.2.1:9877: this machine does not have that address"),
            (LOCAL, 70000, "cannot listen on 127.0.0.1:70000: a port lies between 0 and 65535"),
            (LOCAL, -1, "cannot listen on 127.0.0.1:-1: a port lies between 0 and 65535"),
            ("a..b", 9877, "cannot listen on a..b:9877: this is no host name"),
        ],
    )
    def test_addresses_that_cannot_be(self, host: str, port: int, text: str) -> None:
        """Each mistake has its own sentence."""
        with pytest.raises(ListenError) as caught:
            listen(host, port)
        assert str(caught.value).startswith(text)
        assert "--web.listen-address" in str(caught.value)

    @pytest.mark.parametrize(
        ("function", "error", "text"),
        [
            ("create_server", OSError(errno.EACCES, "Permission denied"), "choose a port above 1023"),
            ("create_server", OSError(errno.EMFILE, "Too many open files"), "Too many open files; choose another"),
            ("getaddrinfo", socket.gaierror(socket.EAI_NONAME, "Name not known"), "the host name is unknown"),
        ],
    )
    def test_what_the_system_refuses(
        self, function: str, error: OSError, text: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A privileged port, an unknown name, and anything else in the system's words."""
        monkeypatch.setattr(socket, function, mock.Mock(side_effect=error))
        with pytest.raises(ListenError, match=text):
            listen(LOCAL, 80)

    def test_the_address_of_every_interface_is_shown_as_localhost(self) -> None:
        """Nobody can open http://:9877 or http://[::]:9877 in a browser."""
        with socket.socket() as unused:
            for host in ("", "0.0.0.0", "::"):  # noqa: S104 (nothing is bound)
                assert Listener(unused, host, 9877).url == "http://localhost:9877"
            assert Listener(unused, "::1", 9877).url == "http://[::1]:9877"

    def test_localhost_is_ipv4_where_it_is_both(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The order of the resolver does not decide on which address a named host listens."""
        stream = (socket.SOCK_STREAM, 6, "")
        found = [(socket.AF_INET6, *stream, ("::1", 0, 0, 0)), (socket.AF_INET, *stream, (LOCAL, 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        listener = listen("localhost", 0)
        try:
            assert listener.socket.family == socket.AF_INET
        finally:
            listener.close()


class TestServe:
    def test_a_connection_made_before_serving_is_answered(self) -> None:
        """From the moment of listening nobody is refused: the request waits for the server."""
        listener = listen(LOCAL, 0)
        with socket.create_connection((LOCAL, listener.port), timeout=60) as early:
            early.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")

            async def scenario() -> bytes:
                async with serving(Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])):
                    return await asyncio.to_thread(early.makefile("rb").read)

            answer = asyncio.run(scenario())
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith(b"\r\n\r\nhealthy\n")
        assert b"server:" not in answer.lower()

    def test_two_applications_on_three_addresses(self) -> None:
        """Each listener serves its own application."""
        service, own = FakeService(), IngestSettings(listen_address=ListenAddress("127.0.0.1", 0))
        main, second, ingest = listen(LOCAL, 0), listen(LOCAL, 0), listen(LOCAL, 0)

        async def scenario() -> list[int]:
            applications = [
                (create_app(service, WebSettings(), own), [main, second]),
                (create_ingest_app(service, WebSettings(), own), [ingest]),
            ]
            async with serving(Server(applications)):
                urls = [
                    f"{listener.url}{path}" for path in ("/metrics", "/ingest") for listener in (main, second, ingest)
                ]
                return [(await get(url)).status_code for url in urls]

        assert asyncio.run(scenario()) == [200, 200, 404, 404, 404, 405]

    def test_head_has_a_length_but_no_body(self) -> None:
        """HEAD on the wire is the headers of GET alone."""
        listener = listen(LOCAL, 0)
        service = FakeService([Series(UP, [()]).samples([1])])

        async def scenario() -> tuple[httpx.Response, httpx.Response]:
            async with (
                serving(Server([(create_app(service, WebSettings(), IngestSettings()), [listener])])),
                httpx.AsyncClient(timeout=60) as client,
            ):
                return await client.head(f"{listener.url}/metrics"), await client.get(f"{listener.url}/metrics")

        head, full = asyncio.run(scenario())
        assert head.content == b""
        assert head.headers["content-length"] == full.headers["content-length"]
        assert full.headers["content-encoding"] == "gzip"
        assert full.text.endswith("model_test_up 1\n")

    def test_a_port_is_free_again_afterwards(self) -> None:
        """Stopping closes the listeners, so that a restart finds its port."""
        listener = listen(LOCAL, 0)

        async def scenario() -> None:
            async with serving(Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])):
                assert (await get(f"{listener.url}/-/healthy")).status_code == 200

        asyncio.run(scenario())
        listen(LOCAL, listener.port).close()

    def test_a_request_under_way_is_finished(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A scrape that has begun when the server stops still gets its answer."""
        listener, service = listen(LOCAL, 0), SlowService()
        shut_down = uvicorn.Server.shutdown

        async def finish_the_scrape_then_shut_down(server: uvicorn.Server, sockets: list[socket.socket]) -> None:
            assert listener.socket.fileno() >= 0
            service.leave.set()
            await shut_down(server, sockets)

        monkeypatch.setattr(uvicorn.Server, "shutdown", finish_the_scrape_then_shut_down)

        async def scenario() -> httpx.Response:
            stop = asyncio.Event()
            server = asyncio.create_task(
                Server([(create_app(service, WebSettings(), IngestSettings()), [listener])]).serve(stop)
            )
            scrape = asyncio.create_task(get(f"{listener.url}/metrics"))
            await asyncio.to_thread(service.entered.wait, 10)
            stop.set()
            await asyncio.wait_for(server, 10)
            return await scrape

        assert asyncio.run(scenario()).text.endswith("model_test_up 1\n")

    def test_stopping_does_not_wait_for_a_stuck_client(self, caplog: pytest.LogCaptureFixture) -> None:
        """A request that never becomes complete is dropped after the grace time, without a traceback."""
        listener, service = listen(LOCAL, 0), FakeService()
        head = b"POST /ingest HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"

        async def scenario() -> None:
            async with serving(Server([(create_app(service, WebSettings(), IngestSettings()), [listener])], grace=0)):
                reader, writer = await asyncio.open_connection(LOCAL, listener.port)
                writer.write(head)
                assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
                writer.write(b"{")
                await writer.drain()
            writer.close()

        asyncio.run(scenario())
        assert service.offered == []
        assert "Traceback" not in caplog.text

    def test_a_client_that_goes_away_leaves_no_trace(self, caplog: pytest.LogCaptureFixture) -> None:
        """A connection cut in the middle of a body logs nothing above debug, and the next request is served."""
        listener, service = listen(LOCAL, 0), FakeService()
        head = b"POST /ingest HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        caplog.set_level(logging.DEBUG, logger="model_drift_exporter")

        async def scenario() -> int:
            async with serving(Server([(create_app(service, WebSettings(), IngestSettings()), [listener])])):
                reader, writer = await asyncio.open_connection(LOCAL, listener.port)
                writer.write(head)
                assert await reader.readline() == b"HTTP/1.1 100 Continue\r\n"
                writer.write(b"{")
                await writer.drain()
                writer.close()
                async with httpx.AsyncClient(timeout=60) as client:
                    return (await client.post(f"{listener.url}/ingest", content=b"{}")).status_code

        assert asyncio.run(scenario()) == 202
        assert [record for record in caplog.records if record.levelno > logging.DEBUG and record.name != "httpx"] == []
        assert service.offered == [(b"{}", "application/json", "identity")]

    def test_a_large_body_is_refused_and_the_connection_stays_usable(self) -> None:
        """413 reaches a client that sends everything without waiting, which may then go on."""
        listener, service = listen(LOCAL, 0), FakeService()

        async def scenario() -> list[int]:
            application = create_app(service, WebSettings(), unchecked(IngestSettings, max_body_bytes=1000))
            async with serving(Server([(application, [listener])])), httpx.AsyncClient(timeout=60) as client:
                bodies = [b"x" * 3_000_000, b"x" * 1000]
                return [(await client.post(f"{listener.url}/ingest", content=body)).status_code for body in bodies]

        assert asyncio.run(scenario()) == [413, 202]

    def test_it_looks_seldom_and_ends_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An idle server costs nothing, and stopping does not wait for its next look."""
        monkeypatch.setattr("model_drift_exporter.web.server._TICK_SECONDS", 3_600.0)
        listener = listen(LOCAL, 0)
        server = Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])

        async def scenario() -> httpx.Response:
            async with serving(server):
                return await get(listener.url + "/-/healthy")

        assert asyncio.run(scenario()).status_code == 200

    def test_signals_stay_with_the_caller(self) -> None:
        """Serving in the main thread does not touch the handlers of SIGTERM and SIGINT."""
        listener = listen(LOCAL, 0)

        async def scenario() -> None:
            before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
            async with serving(Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])):
                await get(f"{listener.url}/-/healthy")
                assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before

        asyncio.run(scenario())

    def test_nothing_is_logged_for_a_request(self, caplog: pytest.LogCaptureFixture) -> None:
        """There is no access log, and starting and stopping are for the caller to tell."""
        listener = listen(LOCAL, 0)
        caplog.set_level(logging.INFO)

        async def scenario() -> None:
            async with serving(Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])):
                await get(f"{listener.url}/-/healthy")

        asyncio.run(scenario())
        assert [record.name for record in caplog.records if record.name != "httpx"] == []

    def test_h11_takes_over_without_httptools(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The faster parser is optional."""
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
        listener = listen(LOCAL, 0)
        server = Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])])

        async def scenario() -> int:
            async with serving(server):
                return (await get(f"{listener.url}/-/healthy")).status_code

        assert asyncio.run(scenario()) == 200


class TestDelay:
    """An answer is two small writes, its head and its body."""

    @pytest.mark.parametrize(
        ("host", "client"), [(LOCAL, LOCAL), ("localhost", LOCAL), ("::1", "::1"), ("", LOCAL), ("", "::1")]
    )
    @pytest.mark.parametrize("parser", ["httptools", "h11"])
    def test_the_second_write_does_not_wait_for_the_client(
        self, host: str, client: str, parser: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Accepted connections have TCP_NODELAY, whatever the address, also where records have one of their own."""
        if ":" in client and not socket.has_dualstack_ipv6():
            pytest.skip("this machine has no IPv6")
        monkeypatch.setattr("importlib.util.find_spec", lambda name: name if name == parser else None)
        service, own = FakeService(), IngestSettings(listen_address=ListenAddress("127.0.0.1", 0))
        web, ingest = listen(host, 0), listen(host, 0, "--ingest.listen-address")
        server = Server(
            [
                (create_app(service, WebSettings(), own), [web]),
                (create_ingest_app(service, WebSettings(), own), [ingest]),
            ]
        )

        async def scenario() -> list[int]:
            found = []
            async with serving(server):
                for listener, serves in zip((web, ingest), server._servers, strict=True):
                    reader, writer = await asyncio.open_connection(client, listener.port)
                    writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: test\r\n\r\n")
                    assert (await reader.readline()).startswith(b"HTTP/1.1 ")
                    [connection] = serves.server_state.connections
                    accepted = connection.transport.get_extra_info("socket")
                    found.append(accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                    writer.close()
            return found

        assert all(asyncio.run(scenario()))


class TestRun:
    def test_runs_until_the_event_is_set(self) -> None:
        """In a thread of its own, stopped from another."""
        listener, stop = listen(LOCAL, 0), threading.Event()
        thread = threading.Thread(
            target=Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])]).run, args=[stop]
        )
        thread.start()
        try:
            assert httpx.get(f"{listener.url}/-/healthy", timeout=60).status_code == 200
        finally:
            stop.set()
            thread.join(10)
        assert not thread.is_alive()

    def test_an_event_set_before_the_start_ends_it_at_once(self) -> None:
        """A signal that comes early is not lost."""
        listener, stop = listen(LOCAL, 0), threading.Event()
        stop.set()
        Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])]).run(stop)
        assert listener.socket.fileno() < 0

    def test_close_without_serving(self) -> None:
        """A command that fails before it serves gives its ports back."""
        listener = listen(LOCAL, 0)
        Server([(create_app(FakeService(), WebSettings(), IngestSettings()), [listener])]).close()
        assert listener.socket.fileno() < 0
