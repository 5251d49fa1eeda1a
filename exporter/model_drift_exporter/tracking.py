"""One model as the exporter follows it: its clock, its reference (given or being learned), its monitors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from .binning import Binner, CodedBatch
from .clock import EventClock
from .coding import text_of
from .config import Window
from .metrics.samples import Samples
from .monitors import MONITORS, Monitor, MonitorContext
from .monitors.drift import DriftMonitor
from .monitors.observations import ObservationsMonitor
from .records import RecordBatch
from .reference.builder import BuildOptions, ProfileBuilder
from .reference.profile import Column, ReferenceProfile
from .series_limit import exported_columns, series_of
from .times import parse_times
from .track_samples import TrackSamples
from .windows import late

__all__ = ["ModelTrack", "TrackOptions"]

Array = NDArray[np.float64]


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
        self.records = self.late = self.future = self.untimed = self.version_changes = 0
        self.version = ""
        self.clock = EventClock()
        self.reference: ReferenceProfile | None = None
        self.drift: DriftMonitor | None = None
        self._observations: ObservationsMonitor | None = None
        self.suppressed: list[str] = []
        self.suppressed_series = self.suppressed_observations = 0
        self._options = options
        self._monitors: list[Monitor] = []
        self._buffer: list[tuple[RecordBatch, float]] = []
        self._hopeless = False
        self._timed = False
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

    def continue_counting(self, old: ModelTrack) -> None:
        """Take over what does not depend on the reference: counters, version, clock, and records not learned from yet.

        Raises :class:`ReferenceProfileError` if no reference can be built from these.
        """
        for name in ("records", "late", "future", "untimed", "version_changes", "version", "clock", "_timed"):
            setattr(self, name, getattr(old, name))
        for batch, arrival in old._buffer:
            self._take(batch, arrival)

    def give_up_learning(self) -> None:
        """Stop looking for a reference: the records held none; they and all further ones are counted only."""
        self._hopeless = True
        self._buffer = []

    def _follow_time(self, batch: RecordBatch, arrival: float) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Event time of each record, the clock just after it, and whether the time was believed.

        A record without a time happens at the clock's now; at its arrival while no record has had a time yet.
        """
        time = np.full(batch.size, np.nan) if batch.time is None else parse_times(batch.time)
        known = ~np.isnan(time)
        self.untimed += batch.size - int(known.sum())
        if known.all():
            self._timed = True
            return time, *self.clock.advance(time)
        if not self._timed:
            leading = int(known.argmax()) if known.any() else batch.size
            self._timed = bool(known.any())
            time[:leading] = arrival
            known[:leading] = True
        before = np.nan if self.clock.now is None else self.clock.now
        running, believed = self.clock.advance(time[known])
        latest = np.cumsum(known) - 1
        now = np.where(latest >= 0, running[latest], before) if len(running) else np.full(batch.size, before)
        accepted = np.ones(batch.size, dtype=np.bool_)
        accepted[known] = believed
        return np.where(known, time, now), now, accepted

    def _observe(self, batch: RecordBatch, arrival: float) -> None:
        time, now, timely = self._follow_time(batch, arrival)
        self.future += batch.size - int(timely.sum())
        if (longest := self._options.longest_window) is not None:
            behind = late(time, now, longest)
            if behind.any():
                behind &= timely
                self.late += int(behind.sum())
                timely = timely & ~behind
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
            if name and name != self.version:
                self.version_changes += bool(self.version)
                self.version = name

    @property
    def absent_features(self) -> list[str]:
        """Features of the reference that no record had so far."""
        return self._observations.absent_features if self._observations is not None else []

    def collect(self) -> Iterable[Samples]:
        """The model's samples."""
        yield from self._samples.collect(self)
        for monitor in self._monitors:
            yield from monitor.collect()
