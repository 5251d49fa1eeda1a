"""``run``: the sidecar with its threads and signals, and the one-shot form that prints its metrics."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

from ..configuration.settings import Settings
from ..errors import ConfigurationError, Problem
from ..metrics.renderer import render
from ..pipeline.assembly import make_pipeline, open_sources, wait_for_more
from ..service.exporter import Exporter
from ..service.logs import announce, configure_logging

__all__ = ["run_once", "serve"]

_log = logging.getLogger(__name__)


def run_once(settings: Settings) -> int:
    """Read the inputs to their end and print the metrics as text 0.0.4; the exit code is 1 if a file cannot be read."""
    configure_logging(settings.log.level, settings.log.format)
    if not settings.inputs:
        raise ConfigurationError([Problem("run --once", "nothing to read", "give a LOG, or inputs in --config.file")])
    pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
    tune_garbage_collection()
    pipeline.read_to_end(time.time, wait_for_more)
    announce(pipeline.models.drain_transitions())
    sys.stdout.buffer.write(render(pipeline.collect(time.time()), openmetrics=False))
    sys.stdout.buffer.flush()
    # Each source has said in the log what it could not read.
    return 1 if any(status.problem for status in pipeline.statuses(time.time())) else 0


def serve(settings: Settings, load_settings: Callable[[], Settings]) -> None:
    """Follow the inputs and serve until SIGTERM or SIGINT; SIGHUP reloads.

    Raises :class:`ListenError` and :class:`ReferenceProfileError` before anything is read.
    """
    from ..web.app import create_app, create_ingest_app
    from ..web.server import Server, listen

    configure_logging(settings.log.level, settings.log.format)
    listener = listen(*settings.web.listen_address)
    exporter = Exporter(settings, load_settings=load_settings)
    ingest = settings.ingest
    services = [(create_app(exporter, settings.web, ingest), [listener])]
    if ingest.enabled and ingest.listen_address is not None:
        ingest_listener = listen(*ingest.listen_address, "--ingest.listen-address")
        services.append((create_ingest_app(exporter, settings.web, ingest), [ingest_listener]))
    if not settings.inputs:
        _log.warning("no LOG and no inputs: waiting for records at POST /ingest only")
    stop = threading.Event()
    _handle_signals(exporter, stop)
    tune_garbage_collection()
    reader = _ReadingThread(exporter, stop)
    reader.start()
    _log.info("listening on %s", listener.url)
    try:
        Server(services).run(stop)
    finally:
        stop.set()
        exporter.wake()
        reader.join()
    if reader.failure is not None:
        raise reader.failure
    _log.info("stopped")


def tune_garbage_collection() -> None:
    """Fewer looks for cycles: a batch makes thousands of tuples and none, and a look then costs more than the decoding."""
    gc.collect()
    gc.freeze()  # what lives by now is never garbage
    gc.set_threshold(50_000, 20, 50)
    # Freeing one large block raises the size from which the C library gives memory back to the system; otherwise the heap
    # shrinks after every batch only to grow again for the next.
    bytes(4 << 20)


class _ReadingThread(threading.Thread):
    """A reader that fails ends the process: a sidecar that serves frozen numbers would lie."""

    def __init__(self, exporter: Exporter, stop: threading.Event) -> None:
        super().__init__(name="reader")
        self.failure: Exception | None = None
        self._exporter = exporter
        self._end = stop

    def run(self) -> None:
        try:
            self._exporter.run(self._end)
        except Exception as error:  # noqa: BLE001 - raised again on the main thread
            self.failure = error
        finally:
            self._end.set()


def _end(exporter: Exporter, stop: threading.Event) -> None:
    stop.set()
    exporter.wake()


def _handle_signals(exporter: Exporter, stop: threading.Event) -> None:
    # A handler runs in the middle of whatever the main thread does, which may hold the very locks that it would need.
    def end(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=_end, args=(exporter, stop), name="end").start()

    def reload(_number: int, _frame: FrameType | None) -> None:
        threading.Thread(target=exporter.reload, name="reload").start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)
