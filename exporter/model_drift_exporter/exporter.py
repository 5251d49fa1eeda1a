"""The running exporter: one thread reads, any thread may ask; what the HTTP surface needs, without HTTP."""

from __future__ import annotations

import logging
import platform
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __version__
from .config import InputSettings, Settings
from .errors import ModelDriftExporterError, ReferenceProfileError
from .formats import FIELD_CANDIDATES
from .metrics.samples import Samples, Series
from .models import Models
from .pipeline import Pipeline
from .process import process_samples
from .reference.builder import BuildOptions
from .reference.profile import ReferenceProfile
from .reference.store import load_profiles
from .reporting import model_status
from .sources import FileSource, IngestSource, StdinSource
from .sources.base import Source
from .status import ExporterStatus
from .tracking import TrackOptions

__all__ = ["Exporter", "build_options", "load_references", "open_sources", "track_options"]

_log = logging.getLogger(__name__)
_IDLE_SECONDS = 2.0
_DRAIN_SECONDS = 10.0


def build_options(settings: Settings) -> BuildOptions:
    """How references are built under these settings."""
    return BuildOptions(
        kinds=settings.features.kinds,
        categories=settings.limits.categories,
        minimum_count=settings.limits.minimum_count,
        task=settings.model.task,
        classes=settings.model.classes,
        positive_class=settings.model.positive_class,
        threshold=settings.model.threshold,
    )


def track_options(settings: Settings) -> TrackOptions:
    """How models are followed under these settings."""
    return TrackOptions(
        windows=settings.parsed_windows,
        learn_records=settings.learn.records,
        build=build_options(settings),
        series_per_model=settings.limits.series_per_model,
    )


def load_references(settings: Settings) -> list[ReferenceProfile]:
    """All profiles of the configured files. Raises :class:`ReferenceProfileError`, also if two are of one model."""
    found: dict[str, tuple[str, ReferenceProfile]] = {}
    for name in settings.reference:
        for profile in load_profiles(Path(name)):
            if profile.model in found:
                raise ReferenceProfileError(
                    f"{name}: model {profile.model} has a reference in {found[profile.model][0]} already; give one of them"
                )
            found[profile.model] = (name, profile)
    return [profile for _, profile in found.values()]


def open_sources(inputs: Sequence[InputSettings], settings: Settings, *, once: bool = False) -> list[Source]:
    """A source for each input; ``once`` makes them read what is there and finish."""
    sources: list[Source] = []
    for each in inputs:
        if each.path == "-":
            sources.append(StdinSource(each.name, format=each.format, line_bytes=settings.limits.line_bytes))
        else:
            sources.append(
                FileSource(
                    each.name,
                    each.path,
                    format=each.format,
                    once=once,
                    start=each.start,
                    line_bytes=settings.limits.line_bytes,
                )
            )
    return sources


def make_pipeline(settings: Settings, sources: Sequence[Source]) -> Pipeline:
    """The pipeline that the settings ask for. Raises :class:`ReferenceProfileError`."""
    models = Models(
        track_options(settings),
        load_references(settings),
        default_name=settings.model.name,
        limit=settings.limits.models,
    )
    fields = {name: getattr(settings.fields, name) for name in FIELD_CANDIDATES}
    return Pipeline(
        sources, models, fields=fields, include=settings.features.include, exclude=settings.features.exclude
    )


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
        self.settings = settings
        self._load_settings = load_settings
        self._clock = clock
        self._lock = threading.Lock()
        self.started = self._loaded = clock()
        self._reload_problem = ""
        self._scrape_seconds = 0.0
        self._ended = False
        self._wake = threading.Event()
        self.ingest = IngestSource(
            queue_bytes=settings.ingest.queue_bytes,
            max_body_bytes=settings.ingest.max_body_bytes,
            line_bytes=settings.limits.line_bytes,
        )
        sources = open_sources(settings.inputs, settings)
        if settings.ingest.enabled:
            sources.append(self.ingest)
        self.pipeline = make_pipeline(settings, sources)
        self._build_info = Series(
            "model_drift_exporter_build_info", [(__version__, platform.python_version())]
        ).samples([1])

    def run(self, stop: threading.Event) -> None:
        """Read until ``stop`` is set, then what is left in the files (for a bounded time)."""
        pause = 0.0
        while not stop.is_set():
            if self.step():
                pause = 0.0
                continue
            interval = self.settings.poll.interval_seconds
            pause = min(max(pause * 1.5, interval), max(_IDLE_SECONDS, interval))
            self._wake.wait(pause)
            self._wake.clear()
        deadline = self._clock() + _DRAIN_SECONDS
        self.ingest.close()
        while self.step(draining=True) and self._clock() < deadline:
            pass
        with self._lock:
            for source in self.pipeline.sources:
                source.close()

    def wake(self) -> None:
        """Look for new data now instead of after the pause."""
        self._wake.set()

    def step(self, *, draining: bool = False) -> bool:
        """One round over the sources; whether there was anything to read."""
        with self._lock:
            progress = self.pipeline.step(self._clock(), draining=draining)
            if not self._ended and self._inputs_ended():
                self._ended = True
                self.pipeline.models.finish()
            return progress

    def _inputs_ended(self) -> bool:
        inputs = [source for source in self.pipeline.sources if source is not self.ingest]
        return bool(inputs) and all(source.finished for source in inputs)

    def collect(self) -> list[Samples]:
        """The samples of one scrape."""
        began = time.perf_counter()
        with self._lock:
            now = self._clock()
            samples = [*self.pipeline.collect(now)]
        samples += [
            self._build_info,
            _one("model_drift_exporter_config_last_reload_successful", float(not self._reload_problem)),
            _one("model_drift_exporter_config_last_reload_success_timestamp_seconds", self._loaded),
            _one("model_drift_exporter_scrape_duration_seconds", self._scrape_seconds),
            *process_samples(),
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
                    model_status(track, labels.get(name, 0)) for name, track in self.pipeline.models.tracks.items()
                ),
                reload_successful=not self._reload_problem,
                reload_problem=self._reload_problem,
            )

    def ready(self) -> str | None:
        """``None``: what this exporter needs to serve is loaded before it listens."""
        return None

    def reload(self) -> str | None:
        """Read configuration and references again; ``None`` when in force, else the problem, and the old ones stay.

        Counters start anew for models whose reference, windows or fields changed. What concerns listening, logging,
        ingest or the length of a line needs a restart; an input that stays is read on where it was.
        """
        try:
            settings = self._load_settings() if self._load_settings is not None else self.settings
            with self._lock:
                self._apply(settings)
        except ModelDriftExporterError as error:
            self._reload_problem = str(error)
            _log.error("reload failed, the old configuration stays: %s", error)
            return str(error)
        self._reload_problem = ""
        self._loaded = self._clock()
        _log.info("configuration reloaded")
        return None

    def _apply(self, settings: Settings) -> None:
        kept = {
            each: source
            for each, source in zip(self.settings.inputs, self.pipeline.sources, strict=False)
            if each in settings.inputs
        }
        new = [each for each in settings.inputs if each not in kept]
        fresh = dict(zip(new, open_sources(new, settings), strict=True))
        sources: list[Source] = [kept[each] if each in kept else fresh[each] for each in settings.inputs]
        if self.ingest in self.pipeline.sources:
            sources.append(self.ingest)
        pipeline = make_pipeline(settings, sources)
        pipeline.take_over(self.pipeline)
        for source in self.pipeline.sources:
            if source not in sources and source is not self.ingest:
                source.close()
        self.pipeline, self.settings = pipeline, settings
        self._ended = self._ended and not new

    def offer(self, body: bytes, content_type: str, content_encoding: str) -> bool:
        """Queue one request body; false when the queue is full."""
        taken = self.ingest.offer(body, content_type, content_encoding)
        if taken:
            self.wake()
        return taken


def _one(name: str, value: float) -> Samples:
    return Series(name, [()]).samples([value])
