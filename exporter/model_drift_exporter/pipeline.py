"""The one loop: source -> decoder -> batch -> monitors."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from .formats import Schema
from .formats.streams import StreamDecoders
from .metrics.samples import Samples, Series
from .models import Models
from .records import ERROR_REASONS, Decoded
from .sources.base import Chunk, Source, SourceStatus

__all__ = ["Pipeline"]

_log = logging.getLogger(__name__)


class Pipeline:
    """Moves records from sources into models, one step at a time. Not thread-safe: callers hold one lock for all of it."""

    def __init__(
        self,
        sources: Sequence[Source],
        models: Models,
        *,
        fields: Mapping[str, str | None] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> None:
        self.sources = list(sources)
        self.models = models
        self.errors: Counter[tuple[str, str]] = Counter()
        self.last_read: float | None = None
        self._fields = dict(fields or {})
        self._include, self._exclude = frozenset(include), frozenset(exclude)
        self._schemas: dict[str, Schema] = {}
        self._decoders = StreamDecoders()
        self._warned: set[tuple[str, str]] = set()

    def schema(self, input_name: str) -> Schema:
        """What is known of the fields of one input."""
        schema = self._schemas.get(input_name)
        if schema is None:
            schema = self._schemas[input_name] = Schema()
            self._configure(schema)
        return schema

    def _configure(self, schema: Schema) -> None:
        references = self.models.references.values()
        closed = bool(references) or bool(self._include)
        schema.configure(self._fields, self._include, self._exclude, closed=closed)
        schema.add_features(self._include)
        for profile in references:
            schema.add_features(column.name for column in profile.features)

    def take_over(self, old: Pipeline) -> None:
        """Go on where another pipeline stopped, as far as the settings of both agree."""
        self.errors, self.last_read, self._warned = old.errors, old.last_read, old._warned
        self._schemas = old._schemas
        # A decoder with a header of its stream cannot start in the middle of it; the others begin again.
        self._decoders.take_over(old._decoders)
        for schema in self._schemas.values():
            self._configure(schema)
        same_fields = (self._fields, self._include, self._exclude) == (old._fields, old._include, old._exclude)
        self.models.take_over(old.models, same_fields=same_fields)

    def step(self, now: float, *, draining: bool = False) -> bool:
        """Read at most one chunk from each source; whether there was any. ``now`` is wall-clock time in seconds."""
        progress = False
        for source in self.sources:
            chunk = source.poll(now, draining=draining)
            if chunk is not None:
                self.process(chunk, source.format, now)
                progress = True
        return progress

    def process(self, chunk: Chunk, source_format: str, now: float) -> None:
        """Decode one chunk and give it to the models."""
        self.last_read = now
        for reason, count in chunk.errors.items():
            self._count_error(chunk, reason, count)
        if not chunk.data:
            return
        decoded = self._decode(chunk, source_format)
        for reason, count in decoded.errors.items():
            self._count_error(chunk, reason, count)
        self.models.process(decoded, now)

    def _decode(self, chunk: Chunk, source_format: str) -> Decoded:
        schema = self.schema(chunk.input)
        decoded, _ = self._decoders.decode(chunk, source_format, schema)
        if decoded.problem:
            _log.error("input %s: %s: %s", chunk.input, chunk.stream, decoded.problem)
        if schema.closed and not self._include and self.models.learns_from(decoded):
            schema.open()
            decoded = self._decoders.decode_again(chunk, source_format, schema)
        return decoded

    def _count_error(self, chunk: Chunk, reason: str, count: int) -> None:
        if not count:
            return
        self.errors[chunk.input, reason] += count
        if (chunk.input, reason) not in self._warned:
            self._warned.add((chunk.input, reason))
            what = _REJECTIONS.get(reason, _REJECTED_LINE) % (chunk.stream, reason)
            _log.warning("input %s: %s; further ones are counted only", chunk.input, what)

    @property
    def finished(self) -> bool:
        """Whether no source can give any more."""
        return all(source.finished for source in self.sources)

    def read_to_end(self, clock: Callable[[], float], wait: Callable[[], None]) -> None:
        """Read finite sources until they are finished, then let models that still learn take what they have.

        ``wait`` is called where nothing has come and something may still come, as through a pipe.
        """
        while not self.finished:
            if not self.step(clock()) and not self.finished:
                wait()
        self.models.finish()

    def unknown_features(self) -> list[str]:
        """Features in the log that no given reference has."""
        if not self.models.references:
            return []
        known = {column.name for profile in self.models.references.values() for column in profile.features}
        learned = any(track.reference is None or track.reference.learned for track in self.models.tracks.values())
        names = [name for schema in self._schemas.values() for name in schema.unknown]
        return sorted(set(names) - known - self._exclude) if not learned else []

    def statuses(self, now: float) -> list[SourceStatus]:
        """Status of every source."""
        return [source.status(now) for source in self.sources]

    def collect(self, now: float) -> Iterable[Samples]:
        """Samples of the models and of the reading itself."""
        yield from self.models.collect()
        statuses = self.statuses(now)
        labels = [(status.input,) for status in statuses]
        keys = [(status.input, reason) for status in statuses for reason in ERROR_REASONS]
        yield Series(f"{_OWN}record_errors_total", keys).samples([self.errors[key] for key in keys])
        for name, field in _SOURCE_METRICS.items():
            values = [float(getattr(status, field)) for status in statuses]
            yield Series(f"{_OWN}{name}", labels).samples(values)
        if self.last_read is not None:
            yield Series(f"{_OWN}last_read_timestamp_seconds", [()]).samples([self.last_read])
        yield Series(f"{_OWN}unknown_features", [()]).samples([len(self.unknown_features())])


_OWN = "model_drift_exporter_"
_REJECTED_LINE = "rejected a line of %s as %s"
_REJECTIONS = {
    "invalid_gzip": "the compressed data of %s is damaged or cut off, its rest is counted as one %s",
    "body_too_large": "a body of %s expands beyond ingest.max_body_bytes, its rest is counted as one %s",
}
_SOURCE_METRICS = {
    "input_up": "up",
    "input_bytes_total": "bytes_read",
    "input_lag_bytes": "lag_bytes",
    "input_lag_seconds": "lag_seconds",
    "input_files": "files",
    "input_rotations_total": "rotations",
    "input_truncations_total": "truncations",
    "input_open_errors_total": "open_errors",
    "input_dropped_total": "dropped",
    "input_queue_bytes": "queue_bytes",
}
