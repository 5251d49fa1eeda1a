"""Brings the lines of several logs into one order: the order of their event times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import NO_POSITIONS, Decoded, LabelBatch, ModelBatch, RecordBatch
from ..records.clock import EventClock
from ..records.times import parse_times

__all__ = [
    "Log",
    "Piece",
    "in_blocks",
    "merged",
    "next_pieces",
    "numbered",
    "running_times",
    "size_of",
    "times_of",
]

Positions = NDArray[np.int64]
Array = NDArray[np.float64]
_MOST_HELD = 10_000
Batch = TypeVar("Batch", RecordBatch, LabelBatch)


@attrs.define(eq=False)
class Log:
    """One input, and the lines of it that have been read and not been given to a model yet.

    ``labels``: it holds labels only. ``read`` gives the next lines, ``None`` where there are none now. A line happens at the
    largest believable time up to it (see :class:`EventClock`), so a log is never reordered in itself; in one that is
    ``in_order`` by time already, at its own time.
    """

    name: str
    read: Callable[[], Decoded | None]
    labels: bool = False
    in_order: bool = False
    _clock: EventClock = attrs.field(factory=EventClock)
    _held: list[Decoded] = attrs.field(factory=list)
    _lines: Positions = NO_POSITIONS
    _times: Array = attrs.field(factory=lambda: np.empty(0))
    _last: float = -np.inf

    def fill(self) -> bool:
        """Read until there are lines to give. Returns false if the input has none now."""
        while not len(self._times):
            if not self.read_further():
                return False
        return True

    def read_further(self) -> bool:
        """Read one more chunk, behind the lines that are held. Returns false if the input has none now."""
        decoded = self.read()
        if decoded is None:
            return False
        parts = [batch for batch in (decoded.records, decoded.labels) if batch is not None]
        lines = np.concatenate([*(part.position for part in parts), decoded.rejected])
        if len(lines):
            times = np.concatenate([*map(times_of, parts), np.full(len(decoded.rejected), np.nan)])
            order = np.argsort(lines, kind="stable")
            times = self._happened(times[order])
            self._last = float(times[-1])
            self._held.append(decoded)
            self._lines = np.concatenate([self._lines, lines[order]])
            self._times = _taken_back(np.concatenate([self._times, times]))
        return True

    def _happened(self, times: Array) -> Array:
        if self.in_order:
            return np.maximum.accumulate(np.where(np.isnan(times), self._last, times))
        return running_times(self._clock, times, self._last)

    @property
    def full(self) -> bool:
        """Whether so many lines are held that no more should be read."""
        return len(self._lines) >= _MOST_HELD

    @property
    def empty(self) -> bool:
        """Whether no line is held."""
        return not len(self._times)

    @property
    def oldest(self) -> float:
        """Event time of the first line that is held."""
        return float(self._times[0])

    @property
    def newest(self) -> float:
        """Event time of the last line that is held."""
        return float(self._times[-1])

    def until(self, time: float, *, inclusive: bool) -> Array:
        """Event times of the held lines before ``time``; with ``inclusive`` also those at it."""
        return self._times[: int(np.searchsorted(self._times, time, side="right" if inclusive else "left"))]

    def take(self, count: int) -> list[tuple[Decoded, Positions]]:
        """Remove and return the next lines, with their numbers in the input; one pair for each chunk they were read in."""
        found = []
        while count:
            decoded = self._held.pop(0)
            taken = min(count, size_of(decoded))
            lines = self._lines[:taken]
            limit = np.inf
            if taken < size_of(decoded):
                limit = float(self._lines[taken])
                self._held.insert(0, _between(decoded, limit, np.inf))
            found.append((attrs.evolve(_between(decoded, -np.inf, limit), lines=taken), lines))
            self._lines, self._times = self._lines[taken:], self._times[taken:]
            count -= taken
        return found

    def take_all(self) -> list[Decoded]:
        """Remove and return all lines, as they were read."""
        found, self._held = self._held, []
        self._lines, self._times = self._lines[:0], self._times[:0]
        return found

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot. It includes the held lines, since the source will not read them again."""
        held = [ModelBatch(each.records, each.labels, each.rejected, 0.0).snapshot() for each in self._held]
        state = {"clock": self._clock.snapshot(), "last": self._last, "times": self._times, "held": held}
        return {**state, "labels": self.labels}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises what wrong types lead to, or :class:`StateError`, if it does not fit."""
        self._clock.restore(state["clock"])
        held = [ModelBatch.restored(each) for each in state["held"]]
        self._held = [Decoded(each.records, each.labels, rejected=each.rejected) for each in held]
        self._lines = np.concatenate([NO_POSITIONS, *map(_lines, self._held)])
        self._last, self._times = float(state["last"]), np.array(state["times"], dtype=np.float64)
        if len(self._lines) != len(self._times):
            raise ValueError("the lines that were held have other times")


def numbered(decoded: Decoded, number: int) -> Decoded:
    """The same lines, numbered from ``number`` on."""
    own = _lines(decoded)
    if not len(own) or (own[0] == number and own[-1] == number + len(own) - 1):
        return decoded
    return _placed(decoded, own, np.arange(number, number + len(own)))


def _placed(decoded: Decoded, own: Positions, numbers: Positions) -> Decoded:
    """The same lines, numbered otherwise: ``numbers`` are those of the lines ``own``, in their order."""

    def of(positions: Positions) -> Positions:
        found: Positions = numbers[np.searchsorted(own, positions)]
        return found

    records, labels = decoded.records, decoded.labels
    return attrs.evolve(
        decoded,
        records=records and attrs.evolve(records, position=of(records.position)),
        labels=labels and attrs.evolve(labels, position=of(labels.position)),
        rejected=of(decoded.rejected),
    )


def _between(decoded: Decoded, first: float, end: float) -> Decoded:
    """The lines with numbers from ``first`` to before ``end``."""
    low, high = np.searchsorted(decoded.rejected, [first, end]).tolist()
    return Decoded(
        _part(decoded.records, first, end), _part(decoded.labels, first, end), rejected=decoded.rejected[low:high]
    )


def _part(batch: Batch | None, first: float, end: float) -> Batch | None:
    """Those of a batch with numbers from ``first`` to before ``end``; the batch itself if these are all."""
    if batch is None:
        return None
    low, high = np.searchsorted(batch.position, [first, end]).tolist()
    if low == high:
        return None
    return batch if high - low == batch.size else batch.take(range(low, high))


def _lines(decoded: Decoded) -> Positions:
    parts = [batch.position for batch in (decoded.records, decoded.labels) if batch is not None]
    return np.sort(np.concatenate([*parts, decoded.rejected]))


def size_of(decoded: Decoded) -> int:
    """Number of lines that hold a record or a label, or were rejected."""
    return sum(batch.size for batch in (decoded.records, decoded.labels) if batch is not None) + len(decoded.rejected)


def _taken_back(times: Array) -> Array:
    """The times, lowered where a later line has an earlier time: the clock has taken a wrong time back since."""
    return np.minimum.accumulate(times[::-1])[::-1]


def in_blocks(decoded: Decoded, before: int, size: int) -> Iterator[Decoded]:
    """The lines of a piece in parts none of which goes beyond a multiple of ``size`` lines, of which ``before`` came earlier.

    The order is that of the models: by line, labels from a log of labels behind the line at which they stand.
    """
    ends = [*range(size - before % size, size_of(decoded), size)]
    if not ends:
        yield decoded
        return
    columns = [each.position for each in (decoded.records, decoded.labels) if each is not None]
    lines = np.concatenate([*columns, decoded.rejected])
    behind = np.zeros(len(lines), dtype=np.bool_)
    if decoded.labels is not None:
        first = decoded.records.size if decoded.records is not None else 0
        behind[first : first + decoded.labels.size] = True
    order = np.lexsort((behind, lines))
    lines, behind = lines[order], behind[order]
    labels = np.concatenate([[0], np.cumsum(behind)])
    for low, high in pairwise([0, *ends, len(lines)]):
        own = lines[low:high][~behind[low:high]]
        first_line, end_line = (float(own[0]), float(own[-1]) + 1) if len(own) else (np.inf, np.inf)
        between = _between(attrs.evolve(decoded, labels=None), first_line, end_line)
        chosen = range(int(labels[low]), int(labels[high]))
        several = [(name, _between(part, first_line, end_line)) for name, part in decoded.parts]
        yield attrs.evolve(
            between,
            labels=decoded.labels.take(chosen) if decoded.labels is not None and chosen else None,
            lines=high - low,
            parts=tuple((name, part) for name, part in several if size_of(part)),
        )


def running_times(clock: EventClock, times: Array, last: float) -> Array:
    """The event time of each line as the clock believes it. A line without one (NaN) has that of the line before, or ``last``."""
    known = ~np.isnan(times)
    running, _ = clock.advance(times[known])
    reached: Array = np.concatenate([[last], running])[np.cumsum(known)]
    return reached


def times_of(batch: RecordBatch | LabelBatch) -> NDArray[np.float64]:
    """The event time of each record or label as it says itself, in seconds since the epoch; NaN where it says none."""
    time = batch.fields.get("time")
    return np.full(batch.size, np.nan) if time is None else parse_times(time)


@attrs.frozen(eq=False)
class Piece:
    """Lines that follow one another: the input they are of, the time of the first, and what they hold.

    Lines are numbered through all logs of predictions, in the order of the pieces; ``lines`` is how many of these there are.
    """

    input: str
    time: float
    decoded: Decoded
    lines: int


def merged(logs: Sequence[Log], step: float | None = None) -> Iterator[Piece]:
    """All lines of finished logs by event time; of equal times those of predictions before labels, and of earlier logs first.

    No piece goes beyond a multiple of ``step`` seconds.
    """
    logs = sorted(logs, key=lambda log: log.labels)
    number = 0
    while found := next_pieces(logs, number, step):
        yield from found
        number += sum(piece.lines for piece in found)


def next_pieces(logs: Sequence[Log], number: int, step: float | None = None) -> list[Piece]:
    """What comes next, none if no log has lines now: the lines up to the time to which all logs that have any are known.

    Predictions' logs stand before those of labels. ``number`` lines came before; a label from a log of labels stands at the
    line before it, behind it. A line at the very time that is known has to wait while a log before its own may still have
    lines at the same time, so that the order does not depend on how logs are cut when they are read. What has no lines now
    is not waited for.
    """
    waiting = [log for log in logs if log.fill()]
    if not waiting:
        return []
    oldest = min(log.oldest for log in waiting)
    if len(waiting) == 1 and not waiting[0].labels and step is None:
        return _alone(waiting[0], number)
    time = min(log.newest for log in waiting)
    if step is not None and np.isfinite(oldest):
        time = min(time, float(np.nextafter((oldest // step + 1) * step, -np.inf)))
    for log in waiting:
        if log.labels and log.oldest > time and not log.full:
            # A wrong time must not hold up what is behind it: with enough lines behind it, it is not believed.
            log.read_further()
    times, inclusive = [], True
    for log in waiting:
        times.append(log.until(time, inclusive=inclusive))
        inclusive &= log.newest > time
    which = np.repeat(np.arange(len(waiting)), [*map(len, times)])
    order = which[np.argsort(np.concatenate(times), kind="stable")]
    return _pieces(waiting, order, number, oldest)


def _alone(log: Log, number: int) -> list[Piece]:
    """All lines of a log of predictions that no other has lines beside."""
    found = []
    oldest = log.oldest
    for decoded in log.take_all():
        lines = size_of(decoded)
        found.append(Piece(log.name, oldest, numbered(decoded, number), lines))
        number += lines
    return found


def _pieces(logs: Sequence[Log], order: Positions, number: int, time: float) -> list[Piece]:
    """The lines that are due, given the log of each: in one piece, unless records of text and others follow one another."""
    counted = np.array([not log.labels for log in logs])[order]
    lines = int(counted.sum())
    numbers = number - 1 + np.cumsum(counted)  # of each line its own, or that of the line of predictions before it
    parts: list[tuple[str, Decoded]] = []
    labels: list[tuple[Positions, LabelBatch]] = []  # with the place of each in the order
    for place, log in enumerate(logs):
        within = np.flatnonzero(order == place)
        for decoded, own in log.take(len(within)):
            stands, within = within[: len(own)], within[len(own) :]
            placed = _placed(decoded, own, numbers[stands])
            if not log.labels:
                parts.append((log.name, Decoded(placed.records, rejected=placed.rejected)))
            if decoded.labels is not None and placed.labels is not None:
                labels.append((stands[np.searchsorted(own, decoded.labels.position)], placed.labels))
    found: list[Piece] = []
    for first, last in _spans(parts, number, number + lines):
        inside = [(name, part) for name, whole in parts if size_of(part := _between(whole, first, last))]
        between = []
        for stands, batch in labels:
            at = batch.position
            chosen = np.flatnonzero((at < last) & ((at >= first) | (first == number)))
            if len(chosen):
                between.append((stands[chosen], batch.take(chosen)))
        name = inside[0][0] if inside else logs[order[0]].name
        found += [Piece(name, time, decoded, decoded.lines) for decoded in _joined(inside, between, last - first)]
    return found


def _spans(parts: Sequence[tuple[str, Decoded]], first: int, end: int) -> list[tuple[int, int]]:
    """Cuts the lines from ``first`` to before ``end`` so that all records of a span can be one batch."""
    batches = [part.records for _, part in parts if part.records is not None]
    kinds = sorted({batch.text for batch in batches})
    if len(kinds) < 2:
        return [(first, end)]
    positions = np.concatenate([batch.position for batch in batches])
    kind = np.concatenate([np.full(batch.size, kinds.index(batch.text)) for batch in batches])
    order = np.argsort(positions)
    cuts = positions[order][1:][np.diff(kind[order]) != 0].tolist()
    return [*pairwise([first, *cuts, end])]


def _joined(
    parts: Sequence[tuple[str, Decoded]], labels: Sequence[tuple[Positions, LabelBatch]], lines: int
) -> list[Decoded]:
    """Lines of several inputs as one chunk; with labels of text and others these are further chunks behind it."""
    batches = [part.records for _, part in parts if part.records is not None]
    records = batches[0] if batches else None
    if len(batches) > 1:
        records = RecordBatch.joined(batches)
        records = records.take(np.argsort(records.position))
    rejected = np.sort(np.concatenate([NO_POSITIONS, *(part.rejected for _, part in parts)]))
    several = tuple(parts) if len(parts) > 1 else ()
    kinds = sorted({batch.text for _, batch in labels})
    of_kind = [_in_order([each for each in labels if each[1].text is kind]) for kind in kinds]
    whole = Decoded(records, of_kind[0] if len(kinds) == 1 else None, lines=lines, rejected=rejected, parts=several)
    return [whole, *(Decoded(labels=batch) for batch in of_kind if len(kinds) > 1)]


def _in_order(labels: Sequence[tuple[Positions, LabelBatch]]) -> LabelBatch:
    """One batch of labels of several logs, by their places."""
    if len(labels) == 1:
        return labels[0][1]
    order = np.argsort(np.concatenate([places for places, _ in labels]), kind="stable")
    return LabelBatch.joined([batch for _, batch in labels]).take(order)
