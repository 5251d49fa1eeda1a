"""What comes for one model at once: records, labels and rejected lines, in the order of their lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

import attrs
import numpy as np
from numpy.typing import NDArray

from .records import NO_LINES, LabelBatch, RecordBatch, lines_of

__all__ = ["ModelBatch", "plain"]

_DEEPEST = 10
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
Batch = TypeVar("Batch", RecordBatch, LabelBatch)


@attrs.frozen(eq=False)
class ModelBatch:
    """``rejected`` are lines, ascending; ``arrival`` is the wall clock in seconds, for records without a time."""

    records: RecordBatch | None
    labels: LabelBatch | None
    rejected: NDArray[np.int64]
    arrival: float

    @property
    def size(self) -> int:
        """The number of records."""
        return self.records.size if self.records is not None else 0

    def behind(self, line: int) -> ModelBatch:
        """The batch with all its lines moved on, if need be, so that they follow ``line``.

        Lines are those of an input. Where a model has several, or one of another name after a restart, they would begin again;
        what is judged by them needs an order.
        """
        own = [lines_of(self.records)[0]] if self.records is not None else []
        first = min([*own, *self.rejected[:1]], default=line + 1)
        if first > line:
            return self
        shift = int(line + 1 - first)
        return ModelBatch(_moved(self.records, shift), _moved(self.labels, shift), self.rejected + shift, self.arrival)

    def parts(self, begins: Sequence[int]) -> Iterator[ModelBatch]:
        """Split before the records at these positions, ascending; labels and rejected lines stay between the same records."""
        if self.records is None or not begins:
            yield self
            return
        lines = lines_of(self.records)
        ends = [-np.inf, *(float(lines[begin]) for begin in begins if begin), np.inf]
        places = [0, *(begin for begin in begins if begin), self.size]
        for (first, last), (lowest, highest) in zip(pairwise(places), pairwise(ends), strict=True):
            inside = (self.rejected >= lowest) & (self.rejected < highest)
            labels = self.labels
            if labels is not None:
                own = lines_of(labels)
                positions = np.flatnonzero((own >= lowest) & (own < highest)).tolist()
                labels = labels.take(positions) if positions else None
            yield ModelBatch(self.records.take(range(first, last)), labels, self.rejected[inside], self.arrival)

    def snapshot(self) -> dict[str, Any]:
        """Raw columns, as plain values."""
        return {
            "records": plain(self.records),
            "labels": plain(self.labels),
            "rejected": self.rejected,
            "arrival": self.arrival,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> ModelBatch:
        """What :meth:`snapshot` was made of."""
        records, labels = state["records"], state["labels"]
        return cls(
            None if records is None else RecordBatch(**records),
            None if labels is None else LabelBatch(**labels),
            np.asarray(state["rejected"], dtype=np.int64) if len(state["rejected"]) else NO_LINES,
            float(state["arrival"]),
        )


def _moved(batch: Batch | None, shift: int) -> Batch | None:
    return None if batch is None else attrs.evolve(batch, line=(lines_of(batch) + shift).tolist())


def plain(batch: Batch | None) -> dict[str, Any] | None:
    """The raw columns of a batch as plain values, to be made a batch again with ``RecordBatch(**...)``.

    What a snapshot cannot hold is there as what it is read as: a whole number beyond 64 bits as a float, as an identifier as
    its digits.
    """
    if batch is None:
        return None
    state: dict[str, Any] = {}
    for field in attrs.fields(type(batch)):
        value = getattr(batch, field.name)
        if isinstance(value, Mapping):
            value = {name: _storable(column) for name, column in value.items()}
        elif field.name == "line":
            value = lines_of(batch).tolist()
        elif field.name == "identifier" and value is not None:
            value = [str(each) if isinstance(each, int) and not _fits(each) else _storable(each) for each in value]
        elif isinstance(value, Sequence):
            value = _storable(value)
        state[field.name] = value
    return state


def _storable(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        return value if _fits(value) else _as_float(value)
    if depth > _DEEPEST:
        return []  # what is nested deeper is no value that anything here can read
    if isinstance(value, Mapping):
        return {str(_storable(name)): _storable(each, depth + 1) for name, each in value.items()}
    return [_storable(each, depth + 1) for each in value]


def _fits(value: int) -> bool:
    return _SMALLEST <= value <= _LARGEST


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
