"""Serves the web applications with uvicorn on sockets that were opened beforehand."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import importlib.util
import socket
import threading
from collections.abc import Iterator, Sequence

import attrs
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ListenError

__all__ = ["Listener", "Server", "listen"]

_BACKLOG = 128
_KEEP_ALIVE_SECONDS = 120  # above the usual scrape intervals, so that Prometheus keeps its connection
_MAX_CONNECTIONS = 512
_TICK_SECONDS = 1.0
_HIGHEST_PORT = 65535
_EVERY_INTERFACE = ("", "0.0.0.0", "::")  # noqa: S104 (nothing is bound here; a browser cannot open these)
_MAX_HEADER_BYTES = 64 * 1024


@attrs.frozen(eq=False)
class Listener:
    """An open, listening socket. ``host`` is as asked for (empty: every interface), ``port`` the bound one."""

    socket: socket.socket
    host: str
    port: int

    @property
    def url(self) -> str:
        """An address to open in a browser on this machine."""
        host = "localhost" if self.host in _EVERY_INTERFACE else self.host
        return f"http://{_join(host, self.port)}"

    def close(self) -> None:
        self.socket.close()


def listen(host: str, port: int, flag: str = "--web.listen-address") -> Listener:
    """Opens a TCP socket; connections wait from now on, until they are served.

    An empty ``host`` is every interface, with IPv6 where the machine has it; port 0 takes a free one. ``flag`` is what
    the error tells the person to change. Raises ``ListenError``.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise ListenError(
            f"cannot listen on {_join(host, port)}: a port lies between 0 and {_HIGHEST_PORT}; change {flag}"
        )
    try:
        family, address = _resolve(host, port)
        dual_stack = family == socket.AF_INET6 and host == ""
        opened = socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=dual_stack)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"cannot listen on {_join(host, port)}: {_explain(error, flag)}") from error
    listening = _named_tcp(opened)
    return Listener(listening, host, int(listening.getsockname()[1]))


class Server:
    """One or more applications, each on its listeners, in one event loop."""

    def __init__(self, services: Sequence[tuple[ASGIApp, Sequence[Listener]]], grace: int = 5) -> None:
        """``grace``: whole seconds that requests under way have to finish once the server is to stop."""
        self._listeners = [listeners for _, listeners in services]
        self._servers = [_QuietServer(_configuration(app, grace)) for app, _ in services]

    async def serve(self, stop: asyncio.Event) -> None:
        """Serves until ``stop`` is set, then closes the listeners and lets requests under way finish."""
        waiting = asyncio.create_task(stop.wait())
        serving = [
            asyncio.create_task(server.serve(sockets=[listener.socket for listener in listeners]))
            for server, listeners in zip(self._servers, self._listeners, strict=True)
        ]
        try:
            await asyncio.wait([waiting, *serving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            for server in self._servers:
                server.end()
            try:
                await asyncio.gather(*serving)
            finally:
                self.close()

    def run(self, stop: threading.Event) -> None:
        """Serves in an event loop of its own in the calling thread until ``stop`` is set, by a signal handler say."""
        asyncio.run(self._run(stop))

    async def _run(self, stop: threading.Event) -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wait() -> None:
            stop.wait()
            with contextlib.suppress(RuntimeError):  # the loop is closed where serving ended by itself
                loop.call_soon_threadsafe(stopped.set)

        threading.Thread(target=wait, name="wait for stop", daemon=True).start()
        await self.serve(stopped)

    def close(self) -> None:
        """Closes the listeners; needed only where ``serve`` is never called."""
        for listeners in self._listeners:
            for listener in listeners:
                listener.close()


class _QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers, as signals belong to the command that runs the exporter, and without hurry.

    Its own loop wakes ten times a second to see whether it should end, which is most of what an idle exporter would cost.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Stop serving now."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # which renews the date that answers carry
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _QuietApplication:
    """Answers 503 where uvicorn cancels a request because it outlives the grace time, rather than a traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answering = False

        async def watch(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except asyncio.CancelledError:
            if not answering:
                await PlainTextResponse("the exporter is stopping\n", 503)(scope, receive, send)


def _configuration(app: ASGIApp, grace: int) -> uvicorn.Config:
    return uvicorn.Config(
        _QuietApplication(app),
        http="httptools" if importlib.util.find_spec("httptools") else "h11",
        loop="asyncio",
        lifespan="off",
        ws="none",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        limit_concurrency=_MAX_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=grace,
        h11_max_incomplete_event_size=_MAX_HEADER_BYTES,
    )


def _named_tcp(opened: socket.socket) -> socket.socket:
    """The same socket, which says that it is TCP: ``create_server`` leaves the protocol at 0, "the usual one".

    Accepted sockets say what their listener says, and asyncio sets TCP_NODELAY only on those that say TCP. Without it the
    body of an answer waits for the acknowledgement of its head, which a client on a kept connection delays by 40 ms.
    """
    return socket.socket(opened.family, opened.type, socket.IPPROTO_TCP, fileno=opened.detach())


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """IPv4 first where a name has both, as clients that follow ``localhost`` mostly try it."""
    if host == "":
        return (socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET), ("", port)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(address[0]), port)


def _explain(error: OSError | UnicodeError, flag: str) -> str:
    if isinstance(error, UnicodeError):
        return f"this is no host name; write an address of this machine in {flag}"
    if isinstance(error, socket.gaierror):
        return f"the host name is unknown ({error.strerror}); write an address of this machine in {flag}"
    if error.errno == errno.EADDRINUSE:
        return f"address already in use; stop the other process or choose another {flag}"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"permission denied; choose a port above 1023 in {flag}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine does not have that address; write one of its own in {flag}"
    return f"{error.strerror or error}; choose another {flag}"


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
