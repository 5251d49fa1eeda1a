"""Several logs in one order: that of the event times in them, as if each line had been read when it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import NO_LINES, Decoded, LabelBatch, ModelBatch, RecordBatch, lines_of
from ..records.clock import EventClock
from ..records.times import parse_times

__all__ = ["Log", "Piece", "labels_by_time", "merged", "next_pieces", "running_times"]

Lines = NDArray[np.int64]
_CHUNK = 20_000
Batch = TypeVar("Batch", RecordBatch, LabelBatch)


@attrs.define(eq=False)
class Log:
    """One input, read in its order, with the lines of that input. ``labels``: it holds labels only.

    ``read`` gives the next lines, ``None`` where there are none now. A line happens at the largest believable time up to it
    (see :class:`EventClock`), so a log is never reordered in itself; in one that is ``in_order`` by time already, at its own
    time. No line happens after ``latest``.
    """

    name: str
    read: Callable[[], Decoded | None]
    labels: bool = False
    in_order: bool = False
    latest: float = np.inf
    _clock: EventClock = attrs.field(factory=EventClock)
    _decoded: Decoded = attrs.field(factory=Decoded)
    _lines: Lines = NO_LINES
    _keys: NDArray[np.float64] = attrs.field(factory=lambda: np.empty(0))
    _last: float = -np.inf

    def fill(self) -> bool:
        """Have lines to give; false where there are none now."""
        while not len(self._keys):
            decoded = self.read()
            if decoded is None:
                return False
            self._load(decoded)
        return True

    def _load(self, decoded: Decoded) -> None:
        parts = [batch for batch in (decoded.records, decoded.labels) if batch is not None]
        lines = np.concatenate([*map(lines_of, parts), decoded.rejected])
        times = np.concatenate([*map(_times, parts), np.full(len(decoded.rejected), np.nan)])
        order = np.argsort(lines, kind="stable")
        lines, times = lines[order], times[order]
        if self.in_order:
            keys = np.maximum.accumulate(np.where(np.isnan(times), self._last, times))
        else:
            keys = running_times(self._clock, times, self._last)
        self._decoded, self._lines, self._keys = decoded, lines, np.minimum(keys, self.latest)
        if len(lines):
            self._last = float(self._keys[-1])

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: what has been read and not given yet would not be read again."""
        held = ModelBatch(self._decoded.records, self._decoded.labels, self._decoded.rejected, 0.0)
        return {"clock": self._clock.snapshot(), "last": self._last, "times": self._keys, "held": held.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises what wrong types lead to, or :class:`StateError`, if it does not fit."""
        self._clock.restore(state["clock"])
        self._last, self._keys = float(state["last"]), np.array(state["times"], dtype=np.float64)
        held = ModelBatch.restored(state["held"])
        parts = [lines_of(batch) for batch in (held.records, held.labels) if batch is not None]
        self._decoded = Decoded(held.records, held.labels, rejected=held.rejected)
        self._lines = np.sort(np.concatenate([*parts, held.rejected]))
        if len(self._lines) != len(self._keys):
            raise ValueError("the lines that were held have other times")

    @property
    def oldest(self) -> float:
        """Time of the first line that is here."""
        return float(self._keys[0])

    @property
    def newest(self) -> float:
        """Time of the last line that is here."""
        return float(self._keys[-1])

    def until(self, time: float, *, inclusive: bool) -> NDArray[np.float64]:
        """Times of the lines before a time, and with ``inclusive`` at it."""
        return self._keys[: int(np.searchsorted(self._keys, time, side="right" if inclusive else "left"))]

    def take(self, count: int) -> tuple[Decoded, Lines]:
        """The next lines, no longer here afterwards, and which they are."""
        lines, rest = self._lines[:count], self._lines[count:]
        limit = np.inf if not len(rest) else float(rest[0])
        records, later_records = _split(self._decoded.records, limit)
        labels, later_labels = _split(self._decoded.labels, limit)
        rejected = self._decoded.rejected
        now = int(np.searchsorted(rejected, limit))
        taken = Decoded(records, labels, lines=count, rejected=rejected[:now])
        self._decoded = Decoded(
            later_records, later_labels, rejected=rejected[now:]
        )  # errors are counted by the reader
        self._lines, self._keys = rest, self._keys[count:]
        return taken, lines


def labels_by_time(batches: Iterable[Decoded]) -> Iterator[Decoded]:
    """The labels of all batches in the order of their times, whatever files they came in; all are read first.

    A label without a time stays with those before it. Rejected lines are left out: they concern no model.
    """
    held = [decoded.labels for decoded in batches if decoded.labels is not None]
    for text in (False, True):
        own = [batch for batch in held if batch.text is text]
        if own:
            whole = LabelBatch.joined(own)
            times = _times(whole)
            known = ~np.isnan(times)
            keys = np.concatenate([[-np.inf], times[known]])[np.cumsum(known)]
            order = np.argsort(keys, kind="stable").tolist()
            for first in range(0, whole.size, _CHUNK):
                part = whole.take(order[first : first + _CHUNK])
                lines = range(first, first + part.size)
                yield Decoded(labels=attrs.evolve(part, line=lines), lines=part.size)


def running_times(clock: EventClock, times: NDArray[np.float64], last: float) -> NDArray[np.float64]:
    """When each line of a log happened: the largest believable time up to it, ``last`` before these; NaN has no time."""
    known = ~np.isnan(times)
    running, _ = clock.advance(times[known])
    return np.maximum.accumulate(np.concatenate([[last], running])[np.cumsum(known)])


def _times(batch: RecordBatch | LabelBatch) -> NDArray[np.float64]:
    return np.full(batch.size, np.nan) if batch.time is None else parse_times(batch.time)


def _split(batch: Batch | None, limit: float) -> tuple[Batch | None, Batch | None]:
    """What stands before a line, and the rest."""
    if batch is None:
        return None, None
    count = int(np.searchsorted(lines_of(batch), limit))
    first = batch.take(range(count)) if 0 < count < batch.size else batch if count else None
    rest = batch.take(range(count, batch.size)) if 0 < count < batch.size else None if count else batch
    return first, rest


@attrs.frozen(eq=False)
class Piece:
    """Lines that follow one another: the input they are of, the time of the first, and what they hold."""

    input: str
    time: float
    decoded: Decoded


def merged(logs: Sequence[Log], step: float | None = None) -> Iterator[Piece]:
    """All lines of finished logs by event time; of equal times those of predictions before labels, and of earlier logs first.

    Lines are those of the log with predictions that is being read: a label from a log of labels stands at the line of the
    last one before it, behind it. No piece goes beyond a multiple of ``step`` seconds.
    """
    logs = sorted(logs, key=lambda log: log.labels)
    line = -1
    while found := next_pieces(logs, line, step):
        for piece in found:
            line = _last_line(piece.decoded, line)
            yield piece


def next_pieces(logs: Sequence[Log], line: int = -1, step: float | None = None) -> list[Piece]:
    """What comes next, none if no log has lines now: the lines up to the time to which all logs that have any are known.

    Predictions' logs stand before those of labels; ``line`` is the last line before. A line at that very time has to wait while
    a log before its own may still have lines at the same time, so that pieces do not depend on how logs are cut when they
    are read. What has no lines now is not waited for.
    """
    waiting = [log for log in logs if log.fill()]
    if not waiting:
        return []
    oldest = min(log.oldest for log in waiting)
    time = min(log.newest for log in waiting)
    if step is not None and np.isfinite(oldest):
        time = min(time, float(np.nextafter((oldest // step + 1) * step, -np.inf)))
    times, inclusive = [], True
    for log in waiting:
        times.append(log.until(time, inclusive=inclusive))
        inclusive &= log.newest > time
    which = np.repeat(np.arange(len(waiting)), [*map(len, times)])
    order = which[np.argsort(np.concatenate(times), kind="stable")]
    found = []
    for run in _runs(waiting, order):
        for name, decoded in _joined(waiting, run, line):
            line = _last_line(decoded, line)
            found.append(Piece(name, oldest, decoded))
    return found


def _runs(logs: Sequence[Log], order: Lines) -> list[Lines]:
    """Pieces of the order in which only one log with predictions comes."""
    predictions = [place for place, log in enumerate(logs) if not log.labels]
    places = np.flatnonzero(np.isin(order, predictions))
    return np.split(order, places[1:][np.diff(order[places]) != 0])


def _joined(logs: Sequence[Log], run: Lines, line: int) -> Iterator[tuple[str, Decoded]]:
    """The lines of one piece: those of its log with predictions, and the labels between them."""
    places = np.unique(run).tolist()
    leading = next((place for place in places if not logs[place].labels), None)
    base, lines = (Decoded(), NO_LINES) if leading is None else logs[leading].take(int((run == leading).sum()))
    name = logs[places[0] if leading is None else leading].name
    before = np.concatenate([[lines[0] - 1 if len(lines) else line], lines])
    labels = [] if base.labels is None else [base.labels]
    for place in places:
        if place == leading:
            continue
        taken, own = logs[place].take(int((run == place).sum()))
        if taken.labels is not None:
            behind = before[np.cumsum(run == leading)[run == place]]
            positions = np.searchsorted(own, lines_of(taken.labels))
            labels.append(attrs.evolve(taken.labels, line=behind[positions].tolist()))
    yield name, attrs.evolve(base, labels=labels[0] if labels else None)
    for batch in labels[1:]:
        yield name, Decoded(labels=batch)


def _last_line(decoded: Decoded, line: int) -> int:
    return int(lines_of(decoded.records)[-1]) if decoded.records is not None else line
