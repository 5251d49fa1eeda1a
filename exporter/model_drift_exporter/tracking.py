"""One model as the exporter follows it: its clock, its reference (given or being learned), its monitors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from .binning import Binner, CodedBatch
from .coding import text_of
from .config import Window
from .event_times import EventTimes
from .metrics.samples import Samples
from .monitors import MONITORS, Monitor, MonitorContext
from .monitors.drift import DriftMonitor
from .monitors.observations import ObservationsMonitor
from .records import MAXIMUM_NAME, RecordBatch
from .reference.builder import BuildOptions, ProfileBuilder
from .reference.profile import Column, ReferenceProfile
from .series_limit import exported_columns, series_of
from .track_samples import TrackSamples

__all__ = ["ModelTrack", "TrackOptions"]


@attrs.frozen
class TrackOptions:
    """What all models have in common: windows, the size and options of a learned reference, the series limit."""

    windows: tuple[Window, ...]
    learn_records: int = 5_000
    build: BuildOptions = attrs.field(factory=BuildOptions)
    series_per_model: int = 30_000

    @property
    def longest_window(self) -> float | None:
        """Seconds of the longest window of event time."""
        return max((window.seconds for window in self.windows if window.seconds is not None), default=None)


class ModelTrack:
    """Follows one model. Without a reference it keeps the first records, learns one from them, then counts them too."""

    def __init__(self, name: str, reference: ReferenceProfile | None, options: TrackOptions) -> None:
        self.name = name
        self.records = self.version_changes = 0
        self.version = ""
        self.times = EventTimes(options.longest_window)
        self.reference: ReferenceProfile | None = None
        self.drift: DriftMonitor | None = None
        self._observations: ObservationsMonitor | None = None
        self.suppressed: list[str] = []
        self.suppressed_series = self.suppressed_observations = 0
        self._options = options
        self._monitors: list[Monitor] = []
        self._buffer: list[tuple[RecordBatch, float]] = []
        self._hopeless = False
        self._samples = TrackSamples(name)
        if reference is not None:
            self._begin(reference)

    @property
    def learning(self) -> int | None:
        """Records learned from so far; ``None`` once there is a reference, or no hope of one."""
        if self.reference is not None or self._hopeless:
            return None
        return sum(batch.size for batch, _ in self._buffer)

    @property
    def learn_records(self) -> int:
        """Records that a reference is learned from."""
        return self._options.learn_records

    @property
    def windows(self) -> Sequence[Window]:
        """The windows, in the order of the drift monitor's."""
        return self._options.windows

    @property
    def columns(self) -> Sequence[Column]:
        """All columns of the reference; none while there is no reference."""
        return self.reference.columns if self.reference else ()

    def _begin(self, reference: ReferenceProfile) -> None:
        self.reference = reference
        self._binner = Binner(reference)
        windows = len(self._options.windows)
        exported = exported_columns(reference.columns, windows, self._options.series_per_model)
        hidden = [column for position, column in enumerate(reference.columns) if position not in set(exported)]
        self.suppressed = [column.name for column in hidden]
        self.suppressed_series = sum(series_of(column, windows) for column in hidden)
        context = MonitorContext(self.name, reference, self._binner, self._options.windows, exported)
        self._monitors = [make(context) for make in MONITORS]
        self.drift = next(monitor for monitor in self._monitors if isinstance(monitor, DriftMonitor))
        self._observations = next(monitor for monitor in self._monitors if isinstance(monitor, ObservationsMonitor))
        self._samples.begin(reference)

    def process(self, batch: RecordBatch, arrival: float) -> None:
        """Take in records; ``arrival`` (wall clock, seconds) stands for the time of those without one."""
        self.records += batch.size
        self._follow_version(batch.version)
        self._take(batch, arrival)

    def _take(self, batch: RecordBatch, arrival: float) -> None:
        if self._hopeless:
            return
        if self.reference is not None:
            self._observe(batch, arrival)
            return
        room = self._options.learn_records - (self.learning or 0)
        if batch.size <= room:
            self._buffer.append((batch, arrival))
            if batch.size == room:
                self.finish_learning()
            return
        # Exactly the first records are learned from, however they came in batches.
        self._buffer.append((batch.take(range(room)), arrival))
        self.finish_learning()
        self._observe(batch.take(range(room, batch.size)), arrival)

    def finish_learning(self) -> None:
        """Build the reference from the records so far, then count these like all others.

        Raises :class:`ReferenceProfileError` if no reference can be built from them; they are then kept.
        """
        builder = ProfileBuilder(self.name, self._options.build, learned=True)
        for batch, _ in self._buffer:
            builder.survey(batch)
        builder.fix_bins()
        for batch, _ in self._buffer:
            builder.count(batch)
        self._begin(builder.profile())
        buffer, self._buffer = self._buffer, []
        for batch, arrival in buffer:
            self._observe(batch, arrival)

    def take_over(self, old: ModelTrack, *, same_bins: bool) -> None:
        """Go on where another track of the model stopped: counters, version, clock, and records not learned from yet.

        With ``same_bins`` (both tracks have the same reference, or both lack one) what was counted into bins goes on, too,
        in all windows that both have. Raises :class:`ReferenceProfileError` if no reference can be built from the records.
        """
        for name in ("records", "version_changes", "version", "suppressed_observations"):
            setattr(self, name, getattr(old, name))
        self.times = attrs.evolve(old.times, longest_window=self._options.longest_window)
        if same_bins:
            self._hopeless = old._hopeless
            for monitor, before in zip(self._monitors, old._monitors, strict=True):
                monitor.take_over(before)
        for batch, arrival in old._buffer:
            self._take(batch, arrival)

    def give_up_learning(self) -> None:
        """Stop looking for a reference: the records held none; they and all further ones are counted only."""
        self._hopeless = True
        self._buffer = []

    def _observe(self, batch: RecordBatch, arrival: float) -> None:
        time, now, timely = self.times.follow(batch, arrival)
        self.suppressed_observations += batch.size * len(self.suppressed)
        cells, scores = self._binner.cells(batch)
        coded = CodedBatch(batch.size, cells, time, now, timely, self._binner.values(batch, scores), batch.version)
        for monitor in self._monitors:
            monitor.observe(coded)
        for monitor in self._monitors:
            monitor.tick(float(now[-1]))

    def _follow_version(self, versions: Sequence[object] | None) -> None:
        if versions is None:
            return
        if versions.count(versions[0]) == len(versions):
            versions = versions[:1]
        for value in versions:
            name = text_of(value)
            if name and name != self.version and len(name) <= MAXIMUM_NAME:
                self.version_changes += bool(self.version)
                self.version = name

    @property
    def options(self) -> TrackOptions:
        """How the model is followed."""
        return self._options

    @property
    def compared_records(self) -> int:
        """Records counted into the bins of the reference so far."""
        return self._observations.records if self._observations is not None else 0

    @property
    def absent_features(self) -> list[str]:
        """Features of the reference that no record had so far."""
        return self._observations.absent_features if self._observations is not None else []

    def collect(self) -> Iterable[Samples]:
        """The model's samples."""
        yield from self._samples.collect(self)
        for monitor in self._monitors:
            yield from monitor.collect()
