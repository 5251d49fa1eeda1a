"""The guided tour: replays a scenario, follows it with a real exporter, and tells what is going on."""

from __future__ import annotations

import errno
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from ...errors import ConfigurationError, ListenError, Problem
from ...service.exporter import Exporter
from ...service.logs import configure_logging
from ...settings.values import SettingError, parse_listen_address
from ...web.app import create_app
from ...web.server import Listener, Server, listen
from .demo_replay import DemoReplay, follow_settings, write_reference
from .flights import flights_available, flights_scenario
from .generated import generated_scenario
from .guide import Guide
from .scenario import Scenario
from .terminal import Terminal

__all__ = ["run_tour"]

_WRITE_SECONDS = 0.1
_LOOK_SECONDS = 1.0
_FLAG = "--web.listen-address"
_INSTALL = "pip install 'model-drift-exporter[flights]'"


def run_tour(seconds: float, address: str, stream: str) -> int:
    """Runs the tour on standard output until it is over or a signal ends it; 0, the exit code of a tour that ran.

    ``stream`` is ``auto``, ``flights`` or ``generated``. Raises :class:`ConfigurationError` and :class:`ListenError`.
    """
    configure_logging("error", "logfmt")  # the guide tells what fires
    terminal = Terminal(sys.stdout)
    flights = flights_available()
    if stream == "flights" and not flights:
        hint = f"{_INSTALL}, or write --stream=generated"
        raise ConfigurationError([Problem("--stream", "the flights are not installed", hint)])
    stop = threading.Event()
    with _open(address) as (listener, note), _signals(stop):
        terminal.say(f"The page: {listener.url}", *note)
        terminal.say(f"Open it now. The tour ends by itself after {seconds:.0f} seconds, or with Ctrl-C.", "")
        with TemporaryDirectory(prefix="model-drift-demo-") as folder:
            if flights and stream != "generated":
                terminal.say("Reading the flights and fitting the model takes a few seconds.", "")
                scenario = flights_scenario()
            else:
                if stream == "auto":
                    terminal.say(f"This is a generated stream. To see New York's real flights: {_INSTALL}", "")
                scenario = generated_scenario()
            if not stop.is_set():
                _Tour(scenario, Path(folder), seconds, listener, terminal).run(stop)
    return 0


@contextmanager
def _open(address: str) -> Iterator[tuple[Listener, list[str]]]:
    """The listening socket, on another port where the wanted one is taken, and a note if so."""
    try:
        host, port = parse_listen_address(address)
    except SettingError as error:
        raise ConfigurationError([Problem(_FLAG, str(error))]) from error
    note = []
    try:
        listener = listen(host, port)
    except ListenError as error:
        if getattr(error.__cause__, "errno", None) != errno.EADDRINUSE:
            raise
        listener = listen(host, 0)
        note = [f"(Port {port} is taken, so the tour uses {listener.port}.)"]
    try:
        yield listener, note
    finally:
        listener.close()


@contextmanager
def _signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set ``stop`` instead of interrupting whatever is going on."""

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


class _Tour:
    """Three threads beside the one that talks: the model that writes, the exporter that reads, the server."""

    def __init__(
        self, scenario: Scenario, folder: Path, seconds: float, listener: Listener, terminal: Terminal
    ) -> None:
        rows = write_reference(scenario, folder).rows
        self._replay = DemoReplay(scenario, folder, seconds)
        settings = follow_settings(scenario, folder)
        self._exporter = Exporter(settings)
        self._server = Server([(create_app(self._exporter, settings.web, settings.ingest), [listener])], grace=1)
        self._guide = Guide(scenario, self._replay, listener.url, terminal)
        self._guide.introduce(rows)

    def run(self, stop: threading.Event) -> None:
        """Until the replay is over or ``stop`` is set."""
        done = threading.Event()
        work: list[Callable[[], None]] = [
            lambda: self._exporter.run(done),
            lambda: self._server.run(done),
            lambda: self._write(stop, done),
        ]
        with ThreadPoolExecutor(len(work)) as threads:
            tasks = [threads.submit(_ending(done, task)) for task in work]
            try:
                began = time.monotonic()
                while not done.wait(_LOOK_SECONDS):
                    self._guide.look(self._exporter.status(), time.monotonic() - began)
            finally:
                done.set()
                self._exporter.wake()
        for task in tasks:
            task.result()
        self._guide.end(self._exporter.status(), time.monotonic() - began, interrupted=stop.is_set())

    def _write(self, stop: threading.Event, done: threading.Event) -> None:
        began = time.monotonic()
        elapsed = 0.0
        while elapsed < self._replay.seconds and not done.is_set() and not stop.wait(_WRITE_SECONDS):
            elapsed = time.monotonic() - began
            self._replay.step(elapsed)


def _ending(done: threading.Event, task: Callable[[], None]) -> Callable[[], None]:
    """The task; when it ends, by an error say, the tour does."""

    def run() -> None:
        try:
            task()
        finally:
            done.set()

    return run
