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
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..models.batcher import HELD_SECONDS
from ..models.models import Models
from ..records.batches import ERROR_REASONS, NO_POSITIONS, Decoded, LabelBatch, restored
from ..records.chunk import Chunk
from ..sources.source import Source, SourceStatus
from .input_decoder import InputDecoder
from .merge import Log, Piece, labels_by_time, merged, next_pieces, numbered, size_of

__all__ = ["METRICS", "Pipeline"]

_ERRORS = counter(
    "model_drift_exporter_record_errors_total",
    "input reason",
    "Lines rejected, by reason; what is lost of a damaged archive or body, or of a body beyond its limit, counts as one.",
    Group.EXPORTER,
)
_OF_SOURCE = {
    field: declare(f"model_drift_exporter_{name}", "input", text, Group.EXPORTER)
    for field, declare, name, text in (
        ("up", gauge, "input_up", "1 if the input can be read, 0 if not."),
        ("bytes_read", counter, "input_bytes_total", "Bytes read."),
        ("lag_bytes", gauge, "input_lag_bytes", "Bytes known to exist and not read yet."),
        ("lag_seconds", gauge, "input_lag_seconds", "Seconds since the input was last caught up; 0 when it is."),
        ("files", gauge, "input_files", "Files being followed."),
        ("rotations", counter, "input_rotations_total", "Files replaced by a new one."),
        ("truncations", counter, "input_truncations_total", "Files truncated while they were read."),
        ("open_errors", counter, "input_open_errors_total", "Failed attempts to open or read a file."),
        ("dropped", counter, "input_dropped_total", "Requests refused because the queue was full."),
        ("queue_bytes", gauge, "input_queue_bytes", "Bytes waiting in the queue."),
    )
}
"""By the field of :class:`SourceStatus` that they export."""
_LAST_READ = gauge(
    "model_drift_exporter_last_read_timestamp_seconds", "", "Wall-clock time when data was last read.", Group.EXPORTER
)
_UNKNOWN_FEATURES = gauge(
    "model_drift_exporter_unknown_features", "", "Features in the log that no reference has.", Group.EXPORTER
)
METRICS: tuple[Metric, ...] = (_ERRORS, *_OF_SOURCE.values(), _LAST_READ, _UNKNOWN_FEATURES)

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
        self.decoding = InputDecoder(
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
        self._logs: dict[str, Log] = {}
        self._number = 0
        self._hasty = {source.input for source in self.sources if not source.patient}

    def take_over(self, old: Pipeline) -> None:
        """Go on where another pipeline stopped, as far as the settings of both agree."""
        self.errors, self.last_read, self._warned = old.errors, old.last_read, old._warned
        self._logs, self._number = old._logs, old._number
        self.decoding.take_over(old.decoding)
        self.models.take_over(old.models, same_fields=self.decoding.same_fields(old.decoding))

    def step(self, now: float, *, draining: bool = False) -> bool:
        """Read, and give the models the next lines. Returns whether there were any. ``now`` is wall-clock time in seconds.

        At most a few chunks of each source are read. Lines come in the order of their event times, as far as they have been
        written: labels of inputs of their own when the predictions have got that far, or while there are none.
        """
        progress = self._step(now, draining=draining)
        # Of a backlog more is coming; a model that is seldom in it must not hold back what others have to say for long.
        self.models.give_held(now, _HELD_IN_BACKLOG if progress else HELD_SECONDS)
        return progress

    def _step(self, now: float, *, draining: bool) -> bool:
        logs = self._live_logs(now, draining=draining)
        if len(logs) == 1 and logs[0].empty:
            decoded = logs[0].read()
            if decoded is not None:
                self._give(Piece(logs[0].name, math.nan, numbered(decoded, self._number), size_of(decoded)), now)
            return decoded is not None
        hasty = [log for log in logs if log.name in self._hasty]
        progress = self._advance(logs, now)
        for _ in range(_ROUNDS):
            if all(log.empty for log in hasty):
                break
            self._advance(logs, now)
        for log in hasty:
            if not log.empty:
                self._advance([log], now)
        return progress

    def _advance(self, logs: Sequence[Log], now: float) -> bool:
        pieces = next_pieces(logs, self._number)
        for piece in pieces:
            self._give(piece, now)
        return bool(pieces)

    def _give(self, piece: Piece, now: float) -> None:
        self._number += piece.lines
        self.apply(piece.decoded, piece.input, now)

    def _live_logs(self, now: float, *, draining: bool) -> list[Log]:
        """The logs of all sources, those of labels last, with a way to read one chunk of each at this time.

        An input that has been removed from the settings has a log while lines of it are held.
        """
        logs: dict[str, Log] = {}
        for source in self.sources:
            log = logs[source.input] = self._logs.get(source.input) or Log(source.input, _nothing)
            if log.empty:
                log.labels = source.input in self.decoding.labels
            log.read = partial(self._next, source, now, draining=draining)
        for name, log in self._logs.items():
            if name not in logs and not log.empty:
                log.read = _nothing
                logs[name] = log
        self._logs = logs
        return sorted(logs.values(), key=lambda log: log.labels)

    def process(self, chunk: Chunk, source_format: str, now: float) -> None:
        """Decode one chunk and give it to the models at once, whatever other inputs hold."""
        self.apply(self._decoded(chunk, source_format, now), chunk.input, now)

    def _next(self, source: Source, now: float, *, draining: bool = False) -> Decoded | None:
        chunk = source.poll(now, draining=draining)
        return None if chunk is None else self._decoded(chunk, source.format, now)

    def _decoded(self, chunk: Chunk, source_format: str, now: float) -> Decoded:
        """Decode a chunk and count its errors. They are counted nowhere else, whatever parts the chunk is applied in."""
        self.last_read = now
        decoded = self.decoding.decode(chunk, source_format)
        for reason, count in decoded.errors.items():
            self._count_error(chunk.input, chunk.stream, reason, count)
        return decoded

    def merged(
        self, clock: Callable[[], float], wait: Callable[[], None], step: float | None = None
    ) -> Iterator[Piece]:
        """What finite sources hold, in the order of event times (see :func:`merged`), decoded and not applied yet.

        ``wait`` as in :meth:`read_to_end`.
        """
        of_labels = [source for source in self.sources if source.input in self.decoding.labels]
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

    def apply(self, decoded: Decoded, input_name: str, now: float) -> None:
        """Give to the models what chunks of an input hold, whole or in parts. ``now`` is wall-clock time in seconds."""
        if input_name in self.decoding.labels:
            # A bad line among labels says nothing of a model's inputs.
            decoded = attrs.evolve(decoded, rejected=NO_POSITIONS)
        self.models.process(decoded, now, input_name)

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
        learned = any(model.reference is None or model.reference.learned for model in self.models.by_name.values())
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
            "logs": {name: log.snapshot() for name, log in self._logs.items()},
            "lines": self._number,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of a pipeline, before the first chunk. A model whose part does not fit starts empty.

        Raises :class:`StateError` if it is of something else; what was restored by then is of no use. A source whose part does
        not fit, or that the snapshot lacks, starts as if there were none.
        """
        try:
            self.decoding.restore(state["decoding"])
            self.models.restore(state["models"])
            # A source that starts at its beginning reads these lines a second time.
            anew = self._resume_sources(state["sources"])
            self._restore_logs({name: saved for name, saved in state.get("logs", {}).items() if name not in anew})
            self._restore_labels({name: saved for name, saved in state.get("labels", {}).items() if name not in anew})
            # The first builds of 0.1.0 numbered the lines of each input separately.
            self._number = int(state.get("lines", max(state["decoding"]["lines"].values(), default=0)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the snapshot does not fit: {error!r}") from error

    def _resume_sources(self, checkpoints: Mapping[str, Any]) -> set[str]:
        """Resume each source at its checkpoint. Returns the inputs whose source could not."""
        anew = set()
        for source in self.sources:
            checkpoint = checkpoints.get(source.input)
            if checkpoint is not None:
                try:
                    source.resume(checkpoint)
                except StateError as error:
                    anew.add(source.input)
                    _log.warning("input %s is read as at a first start: %s", source.input, error)
        return anew

    def _restore_logs(self, state: Mapping[str, Any]) -> None:
        for name, saved in state.items():
            log = Log(name, _nothing, labels=bool(saved["labels"]))
            log.restore(saved)
            self._logs[name] = log

    def _restore_labels(self, state: Mapping[str, Any]) -> None:
        """The labels that the first builds of 0.1.0 held in its snapshot, outside of any log."""
        for name, saved in state.items():
            batches = iter([Decoded(labels=restored(LabelBatch, each)) for each in saved["labels"]])
            log = self._logs[name] = Log(name, partial(next, batches, None), labels=True)
            while log.read_further():
                pass

    def collect(self, now: float) -> Iterable[Samples]:
        """Samples of the models and of the reading itself."""
        yield from self.models.collect()
        statuses = self.statuses(now)
        labels = [(status.input,) for status in statuses]
        keys = [(status.input, reason) for status in statuses for reason in ERROR_REASONS]
        yield Series(_ERRORS, keys).samples([self.errors[key] for key in keys])
        for field, metric in _OF_SOURCE.items():
            values = [float(getattr(status, field)) for status in statuses]
            yield Series(metric, labels).samples(values)
        if self.last_read is not None:
            yield Series(_LAST_READ, [()]).samples([self.last_read])
        yield Series(_UNKNOWN_FEATURES, [()]).samples([len(self.unknown_features())])


def _nothing() -> Decoded | None:
    return None


_HELD_IN_BACKLOG = 15.0
_ROUNDS = 3
"""How many further chunks of other inputs go before a line that cannot wait, such as a posted record."""

_REJECTED_LINE = "rejected a line of %s as %s"
_REJECTIONS = {
    "invalid_gzip": "the compressed data of %s is damaged or cut off, its rest is counted as one %s",
    "body_too_large": "a body of %s expands beyond ingest.max_body_bytes, its rest is counted as one %s",
}
