"""The one loop: source -> decoder -> batch -> monitors."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import attrs

from ..errors import StateError
from ..metrics.samples import Samples, Series
from ..models.models import Models
from ..records.batches import ERROR_REASONS, NO_LINES, Decoded, LabelBatch
from ..records.chunk import Chunk
from ..sources.base import Source, SourceStatus
from .decoding import Decoding
from .label_inputs import LabelInputs
from .merging import Log, Piece, labels_by_time, merged, next_pieces

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
        self._logs: dict[str, Log] = {}

    def take_over(self, old: Pipeline) -> None:
        """Go on where another pipeline stopped, as far as the settings of both agree."""
        self.errors, self.last_read, self._warned = old.errors, old.last_read, old._warned
        self._label_inputs.take_over(old._label_inputs)
        self._logs = old._logs
        self.decoding.take_over(old.decoding)
        self.models.take_over(old.models, same_fields=self.decoding.same_fields(old.decoding))

    def step(self, now: float, *, draining: bool = False) -> bool:
        """Read at most one chunk from each source; whether there was any. ``now`` is wall-clock time in seconds.

        Predictions come in the order of their event times, as far as they have been written, and labels from inputs of their
        own up to the time that the predictions have reached.
        """
        logs = self._live_logs(now, draining=draining)
        if len(logs) == 1 and not self._label_inputs.sources:
            decoded = logs[0].read()
            if decoded is not None:
                self.apply(decoded, logs[0].name, now)
            return decoded is not None
        waiting = [log for log in logs if log.fill()]
        if not waiting:
            # No prediction is behind these labels any more, as far as anybody has written one.
            labels, _ = self._label_inputs.until(math.inf, now, draining=draining)
            self._apply_labels(labels, now)
            return bool(labels)
        oldest, reached = min(log.oldest for log in waiting), min(log.newest for log in waiting)
        labels, complete = self._label_inputs.until(oldest, now, draining=draining)
        self._apply_labels(labels, now)
        if complete:
            for piece in next_pieces([*waiting, *self._labels_between(reached, now, draining=draining)]):
                self.apply(piece.decoded, piece.input, now)
        return True

    def process(self, chunk: Chunk, source_format: str, now: float) -> None:
        """Decode one chunk and give it to the models at once, whatever other inputs hold."""
        self.last_read = now
        self.apply(self.decoding.decode(chunk, source_format), chunk.input, now, chunk.stream)

    def _live_logs(self, now: float, *, draining: bool) -> list[Log]:
        """The logs of predictions, with a way to read one chunk of each at this time."""
        logs = []
        for source in self.sources:
            if source.input not in self.decoding.labels:
                log = self._logs.setdefault(source.input, Log(source.input, _nothing))
                log.read = partial(self._next, source, now, draining=draining)
                logs.append(log)
        return logs

    def _next(self, source: Source, now: float, *, draining: bool = False) -> Decoded | None:
        chunk = source.poll(now, draining=draining)
        if chunk is None:
            return None
        self.last_read = now
        decoded = self.decoding.decode(chunk, source.format)
        self._count_errors(decoded, chunk.input, chunk.stream)
        return attrs.evolve(decoded, errors={})

    def _labels_between(self, reached: float, now: float, *, draining: bool) -> list[Log]:
        """The labels before the time that predictions have reached, a log for each input (of text and others apart)."""
        found: dict[tuple[str, bool], list[LabelBatch]] = {}
        complete = False
        while not complete:
            labels, complete = self._label_inputs.until(reached, now, draining=draining)
            for name, batch in labels:
                found.setdefault((name, batch.text), []).append(batch)
        logs = []
        for (name, _), batches in found.items():
            # In one piece: what is left of a log when all other lines have been taken would be lost.
            whole = iter([Decoded(labels=LabelBatch.joined(batches))])
            logs.append(Log(name, partial(next, whole, None), labels=True, in_order=True, latest=reached))
        return logs

    def _apply_labels(self, labels: Iterable[tuple[str, LabelBatch]], now: float) -> None:
        for name, batch in labels:
            self.apply(Decoded(labels=batch), name, now)

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
            Log(source.input, partial(next, self._batches(source, clock, wait), None))
            for source in self.sources
            if source not in of_labels
        ]
        if of_labels:
            batches = labels_by_time(chain.from_iterable(self._batches(source, clock, wait) for source in of_labels))
            logs.append(Log(of_labels[0].input, partial(next, batches, None), labels=True, in_order=True))
        return merged(logs, step)

    def _batches(self, source: Source, clock: Callable[[], float], wait: Callable[[], None]) -> Iterator[Decoded]:
        while not source.finished:
            decoded = self._next(source, clock())
            if decoded is not None:
                yield decoded
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

        ``wait`` is called where nothing has come and something may still come, as through a pipe. Several inputs are read in the
        order of event times.
        """
        if len(self.sources) > 1:
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
            "logs": {name: log.snapshot() for name, log in self._logs.items()},
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
            for name, saved in state.get("logs", {}).items():
                self._logs[name] = Log(name, _nothing)
                self._logs[name].restore(saved)
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


def _nothing() -> Decoded | None:
    return None


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
