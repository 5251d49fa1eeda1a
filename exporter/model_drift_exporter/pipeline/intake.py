"""Reads the inputs: polls sources, decodes chunks, counts what was rejected, and knows how far reading is.

``run``, ``replay``, ``check`` and ``profile`` all read through it.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

from ..errors import StateError
from ..formats import REASONS
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..records.batches import Decoded, LabelBatch, restored
from ..records.chunk import Chunk
from ..records.framing import FRAMINGS
from ..sources import SOURCES, Source, SourceStatus
from .input_decoder import InputDecoder
from .label_sort import labels_by_time
from .merge import Log, Piece, merged, numbered, size_of

__all__ = ["METRICS", "Intake", "Watch"]

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
_OF_KINDS = tuple(metric for spec in SOURCES.values() for metric in spec.metrics)
_LAST_READ = gauge(
    "model_drift_exporter_last_read_timestamp_seconds", "", "Wall-clock time when data was last read.", Group.EXPORTER
)
METRICS: tuple[Metric, ...] = (_ERRORS, *_OF_SOURCE.values(), *_OF_KINDS, _LAST_READ)

_log = logging.getLogger(__name__)
_REJECTED_LINE = "rejected a line of %s as %s"
_REJECTIONS = {
    "invalid_gzip": "the compressed data of %s is damaged or cut off, its rest is counted as one %s",
    "body_too_large": "a body of %s expands beyond ingest.max_body_bytes, its rest is counted as one %s",
}

Watch = Callable[[Chunk, str, Decoded], None]
"""Is told of each chunk that was read: the chunk, the format it was decoded as (empty if it held no line), what it held."""


class Intake:
    """Reads sources through one decoder. Not thread-safe.

    ``errors`` counts rejected records by input and reason. ``problems`` says, by input and stream, why nothing of a stream
    can be read. ``last_read`` is the wall-clock time at which the last chunk came.
    """

    def __init__(self, sources: Sequence[Source], decoding: InputDecoder, watch: Watch | None = None) -> None:
        self.sources = list(sources)
        self.decoding = decoding
        self.errors: Counter[tuple[str, str]] = Counter()
        self.problems: dict[tuple[str, str], str] = {}
        self.last_read: float | None = None
        self._watch = watch
        self._warned: set[tuple[str, str]] = set()
        self._logs: dict[str, Log] = {}

    def take_over(self, old: Intake) -> None:
        """Go on where another one stopped, as far as the settings of both agree."""
        self.errors, self.problems = old.errors, old.problems
        self.last_read, self._warned, self._logs = old.last_read, old._warned, old._logs
        self.decoding.take_over(old.decoding)

    @property
    def finished(self) -> bool:
        """Whether no source can give any more."""
        return all(source.finished for source in self.sources)

    def statuses(self, now: float) -> list[SourceStatus]:
        """Status of every source."""
        return [source.status(now) for source in self.sources]

    def share(self, now: float) -> float:
        """How much of the bytes that are there has been read, 0 to 1."""
        statuses = self.statuses(now)
        read = sum(status.bytes_read for status in statuses)
        return read / max(read + sum(status.lag_bytes for status in statuses), 1)

    def close(self) -> None:
        """Close all sources."""
        for source in self.sources:
            source.close()

    def live_logs(self, now: float, *, draining: bool) -> list[Log]:
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

    def pieces(self, clock: Callable[[], float], wait: Callable[[], None]) -> Iterator[Piece]:
        """What finite sources hold: of one as it comes, of several in the order of event times.

        ``wait`` is called where nothing has come and something may still come, as through a pipe.
        """
        if len(self.sources) > 1:
            yield from self.merged(clock, wait)
            return
        number = 0
        for source in self.sources:
            for decoded in self._batches(source, clock, wait):
                piece = Piece(source.input, math.nan, numbered(decoded, number), size_of(decoded))
                number += piece.lines
                yield piece

    def merged(
        self, clock: Callable[[], float], wait: Callable[[], None], step: float | None = None
    ) -> Iterator[Piece]:
        """What finite sources hold, in the order of event times (see :func:`merge.merged`); ``wait`` as in :meth:`pieces`."""
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

    def _next(self, source: Source, now: float, *, draining: bool = False) -> Decoded | None:
        chunk = source.poll(now, draining=draining)
        return None if chunk is None else self.decode(chunk, source.format, now)

    def decode(self, chunk: Chunk, source_format: str, now: float) -> Decoded:
        """Decode a chunk and count its errors. They are counted nowhere else, whatever parts the chunk is applied in."""
        self.last_read = now
        decoded = self.decoding.decode(chunk, source_format)
        if decoded.problem:
            self.problems[chunk.input, chunk.stream] = decoded.problem
            _log.error("input %s: %s: %s", chunk.input, chunk.stream, decoded.problem)
        for reason, count in decoded.errors.items():
            self._count_error(chunk, reason, count)
        if decoded.records is None and chunk.rows is None and (chunk.input, "") not in self._warned:
            self._say_framing(chunk)
        if self._watch is not None:
            self._watch(chunk, self.decoding.format_in_use(chunk, source_format), decoded)
        return decoded

    def _say_framing(self, chunk: Chunk) -> None:
        """Say, once for each input, that lines without any record look like those of another framing."""
        for framing in FRAMINGS.values():
            if framing.looks_like(chunk.data):
                self._warned.add((chunk.input, ""))
                what = f"{chunk.stream} looks like {framing.title}; read it with --framing={framing.name}"
                _log.warning("input %s: %s, or set framing: %s for this input", chunk.input, what, framing.name)

    def _count_error(self, chunk: Chunk, reason: str, count: int) -> None:
        if not count:
            return
        self.errors[chunk.input, reason] += count
        if (chunk.input, reason) not in self._warned:
            self._warned.add((chunk.input, reason))
            what = _REJECTIONS.get(reason, _REJECTED_LINE) % (chunk.stream, reason)
            _log.warning("input %s: %s; further ones are counted only", chunk.input, what)

    def acknowledge(self, checkpoints: Mapping[str, Any], among: Iterable[Source]) -> None:
        """Tell the sources that a snapshot with these checkpoints, by input, is on disk; only those ``among`` others."""
        kept = {id(source) for source in among}
        for source in self.sources:
            checkpoint = checkpoints.get(source.input)
            if checkpoint is not None and id(source) in kept:
                source.acknowledge(checkpoint)

    def snapshot(self) -> dict[str, Any]:
        """Where each source stands, decoding, and the lines that are held, since the sources will not read them again."""
        return {
            "sources": {source.input: source.checkpoint() for source in self.sources},
            "decoding": self.decoding.snapshot(),
            "logs": {name: log.snapshot() for name, log in self._logs.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot, before the first chunk; raises what wrong types lead to if it is of something else.

        A source whose part does not fit, or that the snapshot lacks, starts as if there were none.
        """
        self.decoding.restore(state["decoding"])
        # A source that starts at its beginning reads these lines a second time.
        anew = self._resume_sources(state["sources"])
        self._restore_logs({name: saved for name, saved in state.get("logs", {}).items() if name not in anew})
        self._restore_labels({name: saved for name, saved in state.get("labels", {}).items() if name not in anew})

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
        """Samples of the reading itself."""
        statuses = self.statuses(now)
        labels = [(status.input,) for status in statuses]
        keys = [(status.input, reason) for status in statuses for reason in REASONS]
        yield Series(_ERRORS, keys).samples([self.errors[key] for key in keys])
        for field, metric in _OF_SOURCE.items():
            yield Series(metric, labels).samples([float(getattr(status, field)) for status in statuses])
        for metric in _OF_KINDS:
            if having := [status for status in statuses if metric in status.extra]:
                names = [(status.input,) for status in having]
                yield Series(metric, names).samples([status.extra[metric] for status in having])
        if self.last_read is not None:
            yield Series(_LAST_READ, [()]).samples([self.last_read])


def _nothing() -> Decoded | None:
    return None
