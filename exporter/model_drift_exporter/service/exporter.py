"""The running exporter: one thread reads, any thread may ask; what the HTTP surface needs, without HTTP."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .. import __version__
from ..configuration.settings import Settings
from ..errors import ModelDriftExporterError
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..pipeline.assembly import make_ingest, make_pipeline, open_sources
from ..pipeline.pipeline import Pipeline
from ..records.chunk import NO_ATTRIBUTES, Attributes
from ..sources import Source
from .logs import announce, configure_logging
from .model_status import model_status
from .process import process_samples
from .reload import needing_restart, reloaded
from .state import state_keeper
from .status import ExporterStatus

__all__ = ["METRICS", "Exporter", "FairLock"]

_log = logging.getLogger(__name__)
_IDLE_SECONDS = 2.0
_DRAIN_SECONDS = 10.0
_GATHERING_SECONDS = 0.02  # after a request, so that others come with it

_BUILD_INFO = gauge(
    "model_drift_exporter_build_info", "version python", "1; version of the exporter and of Python.", Group.EXPORTER
)
_RELOAD_SUCCESSFUL = gauge(
    "model_drift_exporter_config_last_reload_successful",
    "",
    "1 if the last (re)load of the configuration succeeded.",
    Group.EXPORTER,
)
_RELOADED = gauge(
    "model_drift_exporter_config_last_reload_success_timestamp_seconds",
    "",
    "When the configuration was last loaded.",
    Group.EXPORTER,
)
_SCRAPE_DURATION = gauge(
    "model_drift_exporter_scrape_duration_seconds",
    "",
    "Time that the scrape before this one took to collect its samples.",
    Group.EXPORTER,
)
METRICS: tuple[Metric, ...] = (_BUILD_INFO, _RELOAD_SUCCESSFUL, _RELOADED, _SCRAPE_DURATION)


class Exporter:
    """Reads in :meth:`run`, on one thread; everything else may be called from any thread.

    ``load_settings`` reads the configuration again for a reload; without it a reload keeps the settings.
    Raises :class:`ReferenceProfileError` when built with a reference that cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        load_settings: Callable[[], Settings] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = self._settings_at_start = settings
        self._load_settings = load_settings
        self._clock = clock
        self._lock = FairLock()
        self._reloading = threading.Lock()
        self.started = self._loaded = clock()
        self._reload_problem = self._failure = ""
        self._scrape_seconds = 0.0
        self._ended = False
        self._wake = threading.Event()
        self._snapshotted: list[Source] = []
        self.ingest = make_ingest(settings)
        self._keeper = state_keeper(settings.state.path, settings.state.interval)
        self.pipeline = self._keeper.restore(self._make_pipeline) if self._keeper else self._make_pipeline()
        self._build_info = Series(_BUILD_INFO, [(__version__, platform.python_version())]).samples([1])

    def _make_pipeline(self) -> Pipeline:
        sources = open_sources(self.settings.inputs, self.settings)
        if self.settings.ingest.enabled:
            sources.append(self.ingest)
        return make_pipeline(self.settings, sources)

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop`` is set, then what is left in the files (for a bounded time).

        An error ends it and is raised; from then on the exporter is neither healthy nor ready.
        """
        try:
            self._run(stop)
        except Exception as error:
            self._failure = f"reading has failed: {type(error).__name__}: {error}"
            raise

    def _run(self, stop: threading.Event) -> None:
        pause = 0.0
        while not stop.is_set():
            if self.step():
                pause = 0.0
                continue
            interval = self.settings.poll.interval
            pause = min(max(pause * 1.5, interval), max(_IDLE_SECONDS, interval))
            if self._wake.wait(pause):
                stop.wait(_GATHERING_SECONDS)
                self._wake.clear()
        deadline = self._clock() + _DRAIN_SECONDS
        self.ingest.close()
        while self.step(draining=True) and self._clock() < deadline:
            pass
        with self._lock:
            announce(self.pipeline.models.drain_transitions())
        self.save_state()
        with self._lock:
            for source in self.pipeline.sources:
                source.close()

    def wake(self) -> None:
        """Look for new data now instead of after the pause."""
        if not self._wake.is_set():
            self._wake.set()

    def step(self, *, draining: bool = False) -> bool:
        """One round over the sources; whether there was anything to read. The state is saved when it is time."""
        with self._lock:
            now = self._clock()
            progress = self.pipeline.step(now, draining=draining)
            if not self._ended and self._inputs_ended(self.pipeline):
                self._ended = True
                self.pipeline.models.finish()
            announce(self.pipeline.models.drain_settled_transitions())
        if self._keeper is not None:
            self._keeper.save_if_due(self, now)
        return progress

    def save_state(self) -> None:
        """Save the state now, if the settings ask for one to be kept; belongs to the reading thread."""
        if self._keeper is not None:
            self._keeper.save(self, self._clock())

    def snapshot(self) -> dict[str, Any]:
        """The state of everything, for :class:`~.state.StateKeeper`.

        Arrays are views: what is read changes them, on this thread, a scrape does not; so a slow disk holds up no scrape.
        """
        with self._lock:
            self._snapshotted = [*self.pipeline.sources]
            announce(self.pipeline.models.drain_transitions())  # what a snapshot holds is not told again
            return self.pipeline.snapshot()

    def saved(self, state: dict[str, Any]) -> None:
        """Let the sources know that a snapshot is on disk; those that a reload has replaced meanwhile are closed."""
        with self._lock:
            self.pipeline.intake.acknowledge(state["sources"], self._snapshotted)

    def _inputs_ended(self, pipeline: Pipeline) -> bool:
        inputs = [source for source in pipeline.sources if source is not self.ingest]
        return bool(inputs) and all(source.finished for source in inputs)

    def collect(self) -> list[Samples]:
        """The samples of one scrape."""
        began = time.perf_counter()
        with self._lock:
            now = self._clock()
            samples = [*self.pipeline.collect(now)]
        samples += [
            self._build_info,
            _one(_RELOAD_SUCCESSFUL, float(not self._reload_problem)),
            _one(_RELOADED, self._loaded),
            _one(_SCRAPE_DURATION, self._scrape_seconds),
            *process_samples(),
            *(self._keeper.collect() if self._keeper is not None else ()),
        ]
        self._scrape_seconds = time.perf_counter() - began
        return samples

    def status(self) -> ExporterStatus:
        """What the landing page shows."""
        with self._lock:
            now = self._clock()
            labels = self.pipeline.models.labels()
            return ExporterStatus(
                version=__version__,
                started=self.started,
                now=now,
                inputs=tuple(self.pipeline.statuses(now)),
                errors=dict(self.pipeline.errors),
                models=tuple(
                    model_status(model, labels.get(name, 0))
                    for name, model in self.pipeline.models.up_to_date().items()
                ),
                reload_successful=not self._reload_problem,
                reload_problem=self._reload_problem,
            )

    def healthy(self) -> str | None:
        """``None`` while records can be read; the reason why not after reading has failed."""
        return self._failure or None

    def ready(self) -> str | None:
        """As :meth:`healthy`: what this exporter needs to serve is loaded before it listens, and inputs may come later."""
        return self.healthy()

    def reload(self) -> str | None:
        """Read configuration and references again; ``None`` when in force, else the problem, and the old ones stay.

        Bin counters and windows start anew for models whose reference or fields changed, and new windows begin empty.
        What only a restart can change is named in the log; an input that stays is read on where it was.
        """
        with self._reloading:
            return self._reload()

    def _reload(self) -> str | None:
        try:
            settings = self._load_settings() if self._load_settings is not None else self.settings
            with self._lock:
                pipeline = reloaded(self.pipeline, self.settings, settings, always=self.ingest)
                self._ended = self._ended and self._inputs_ended(pipeline)
                self.pipeline, before, self.settings = pipeline, self.settings, settings
        except ModelDriftExporterError as error:
            self._reload_problem = str(error)
            _log.error("reload failed, the old configuration stays: %s", error)
            return str(error)
        if settings.log != before.log:
            configure_logging(settings.log.level, settings.log.format)
        self._reload_problem = ""
        self._loaded = self._clock()
        _log.info("configuration reloaded")
        if keys := needing_restart(self._settings_at_start, settings):
            _log.warning("these settings changed and take effect only after a restart: %s", ", ".join(keys))
        return None

    def rearm(self, model: str | None) -> dict[str, list[str]] | None:
        """Release the latched alerts of one model, or of all: a person says that what happened is over, or accepted.

        Returns those released by model; ``None`` if there is no such model.
        """
        with self._lock:
            models = self.pipeline.models
            if model is not None and model not in models.by_name:
                return None
            released = models.rearm(model)
            announce(models.drain_transitions())
        for name, alerts in released.items():
            _log.info("model %s: re-armed, which released %s", name, ", ".join(alerts))
        return released

    def offer(self, body: bytes, content_type: str, content_encoding: str, headers: Attributes = NO_ATTRIBUTES) -> bool:
        """Queue one request body, with those of its headers that its format reads; false when the queue is full."""
        taken = self.ingest.offer(body, content_type, content_encoding, headers)
        if taken:
            self.wake()
        return taken


def _one(metric: Metric, value: float) -> Samples:
    return Series(metric, [()]).samples([value])


class FairLock:
    """A mutual exclusion lock for ``with``, not reentrant. Whoever waits gets it before its holder gets it again.

    A plain lock that is released and taken again at once by a busy thread starves all others: the system wakes them too
    late, every time.
    """

    def __init__(self) -> None:
        self._door = threading.Lock()
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._door:  # held by the one who waits, so that nobody overtakes
            self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
