"""The one loop: source -> decoder -> batch -> monitors."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs
import numpy as np

from .decoding import Decoding
from .errors import StateError
from .label_inputs import LabelInputs
from .merging import Log, Piece, labels_by_time, merged
from .metrics.samples import Samples, Series
from .models import Models
from .records import ERROR_REASONS, NO_LINES, Decoded, RecordBatch
from .sources.base import Chunk, Source, SourceStatus
from .times import parse_times

__all__ = ["Pipeline"]

_log = logging.getLogger(__name__)


class Pipeline:
    """Moves records from sources into models, one step at a time. Not thread-safe: callers hold one lock for all of it.

    ``fields`` are the configured names of fields, ``include`` and ``exclude`` those of features; ``labels`` names the inputs
    that hold labels only.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        models: Models,
        *,
        fields: Mapping[str, str | None] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        labels: Iterable[str] = (),
    ) -> None:
        self.sources = list(sources)
        self.models = models
        self.decoding = Decoding(
            fields=fields,
            include=include,
            exclude=exclude,
            references=models.references.values(),
            learns_from=models.learns_from,
            labels=labels,
        )
        self.errors: Counter[tuple[str, str]] = Counter()
        self.last_read: float | None = None
        self._warned: set[tuple[str, str]] = set()
        own = [source for source in self.sources if source.input in self.decoding.labels]
        self._label_inputs = LabelInputs(own, self._decode_labels)

    def take_over(self, old: Pipeline) -> None:
        """Go on where another pipeline stopped, as far as the settings of both agree."""
        self.errors, self.last_read, self._warned = old.errors, old.last_read, old._warned
        self._label_inputs.take_over(old._label_inputs)
        self.decoding.take_over(old.decoding)
        self.models.take_over(old.models, same_fields=self.decoding.same_fields(old.decoding))

    def step(self, now: float, *, draining: bool = False) -> bool:
        """Read at most one chunk from each source; whether there was any. ``now`` is wall-clock time in seconds.

        While predictions come, labels from inputs of their own are read up to the event time of these.
        """
        progress = False
        for source in self.sources:
            if source.input in self.decoding.labels:
                continue
            chunk = source.poll(now, draining=draining)
            if chunk is not None:
                self.process(chunk, source.format, now)
                progress = True
        if not progress:
            # Nothing is behind any more: what labels there are, are those to come now.
            for name, labels in self._label_inputs.until(math.inf, now, draining=draining):
                self.apply(Decoded(labels=labels), name, now)
                progress = True
        return progress

    def process(self, chunk: Chunk, source_format: str, now: float) -> None:
        """Decode one chunk and give it to the models, with the labels that came meanwhile from inputs of their own."""
        self.last_read = now
        decoded = self.decoding.decode(chunk, source_format)
        self._count_errors(decoded, chunk.input, chunk.stream)
        decoded = attrs.evolve(decoded, errors={})
        logs = [Log(chunk.input, iter([decoded]))]
        if self._label_inputs.sources and decoded.records is not None:
            for name, labels in self._label_inputs.until(_newest(decoded.records), now):
                logs.append(Log(name, iter([Decoded(labels=labels, lines=labels.size)]), labels=True))
        pieces = merged(logs) if len(logs) > 1 else [Piece(chunk.input, math.nan, decoded)]
        for piece in pieces:
            self.apply(piece.decoded, piece.input, now)

    def _decode_labels(self, source: Source, chunk: Chunk) -> Decoded:
        decoded = self.decoding.decode(chunk, source.format)
        self._count_errors(decoded, chunk.input, chunk.stream)
        return decoded

    def merged(
        self, clock: Callable[[], float], wait: Callable[[], None], step: float | None = None
    ) -> Iterator[Piece]:
        """What finite sources hold, in the order of event times (see :func:`merged`), decoded and not applied yet.

        ``wait`` as in :meth:`read_to_end`.
        """
        of_labels = self._label_inputs.sources
        logs = [
            Log(source.input, self._batches(source, clock, wait)) for source in self.sources if source not in of_labels
        ]
        if of_labels:
            batches = chain.from_iterable(self._batches(source, clock, wait) for source in of_labels)
            logs.append(Log(of_labels[0].input, labels_by_time(batches), labels=True, in_order=True))
        return merged(logs, step)

    def _batches(self, source: Source, clock: Callable[[], float], wait: Callable[[], None]) -> Iterator[Decoded]:
        while not source.finished:
            chunk = source.poll(clock())
            if chunk is not None:
                self.last_read = clock()
                decoded = self.decoding.decode(chunk, source.format)
                self._count_errors(decoded, chunk.input, chunk.stream)
                yield attrs.evolve(decoded, errors={})
            elif not source.finished:
                wait()

    def apply(self, decoded: Decoded, input_name: str, now: float, stream: str = "") -> None:
        """Give to the models what :attr:`decoding` has made of chunks of an input, whole or in parts.

        ``now`` is wall-clock time in seconds; ``stream`` is for messages.
        """
        self._count_errors(decoded, input_name, stream or input_name)
        if input_name in self.decoding.labels:
            # A bad line among labels says nothing of a model's inputs.
            decoded = attrs.evolve(decoded, rejected=NO_LINES)
        self.models.process(decoded, now, input_name)

    def _count_errors(self, decoded: Decoded, input_name: str, stream: str) -> None:
        for reason, count in decoded.errors.items():
            self._count_error(input_name, stream, reason, count)

    def _count_error(self, input_name: str, stream: str, reason: str, count: int) -> None:
        if not count:
            return
        self.errors[input_name, reason] += count
        if (input_name, reason) not in self._warned:
            self._warned.add((input_name, reason))
            what = _REJECTIONS.get(reason, _REJECTED_LINE) % (stream, reason)
            _log.warning("input %s: %s; further ones are counted only", input_name, what)

    @property
    def finished(self) -> bool:
        """Whether no source can give any more."""
        return all(source.finished for source in self.sources)

    def read_to_end(self, clock: Callable[[], float], wait: Callable[[], None]) -> None:
        """Read finite sources until they are finished, then let models that still learn take what they have.

        ``wait`` is called where nothing has come and something may still come, as through a pipe. Where labels have inputs of
        their own, all inputs are read in the order of event times.
        """
        if self.decoding.labels:
            for piece in self.merged(clock, wait):
                self.apply(piece.decoded, piece.input, clock())
        else:
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
        return sorted(self.decoding.unknown_features() - known) if not learned else []

    def statuses(self, now: float) -> list[SourceStatus]:
        """Status of every source."""
        return [source.status(now) for source in self.sources]

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, at a chunk's end: where each source stands, decoding, and models."""
        return {
            "sources": {source.input: source.checkpoint() for source in self.sources},
            "decoding": self.decoding.snapshot(),
            "models": self.models.snapshot(),
            "labels": self._label_inputs.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of a pipeline, before the first chunk. A model whose part does not fit begins anew.

        Raises :class:`StateError` if it is of something else; what was restored by then is of no use. A source whose part does
        not fit, or that the snapshot lacks, starts as if there were none.
        """
        try:
            self._resume_sources(state["sources"])
            self.decoding.restore(state["decoding"])
            self.models.restore(state["models"])
            self._label_inputs.restore(state["labels"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the snapshot does not fit: {error!r}") from error

    def _resume_sources(self, checkpoints: Mapping[str, Any]) -> None:
        for source in self.sources:
            checkpoint = checkpoints.get(source.input)
            if checkpoint is not None:
                try:
                    source.resume(checkpoint)
                except StateError as error:
                    _log.warning("input %s is read as at a first start: %s", source.input, error)

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


def _newest(records: RecordBatch) -> float:
    """The latest time in a batch; a wrong one lets labels come too early, which they may."""
    times = parse_times(records.time) if records.time is not None else np.empty(0)
    return float(np.nanmax(times, initial=-np.inf))


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
