"""A 64-bit fingerprint of a record: its features and its prediction, so that records alike in all of them have the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..records.batches import RecordBatch
from ..records.identifiers import hash_identifiers
from ..records.raw_values import numbers
from .profile import FEATURE, PREDICTION, Column

__all__ = ["Fingerprints"]

_HALF = np.uint64(32)


class Fingerprints:
    """Fingerprints of the records of one reference.

    A fingerprint is the sum, modulo 2^64, of a term for each feature and one for the prediction. A term is an odd random
    number, which the name of the column gives, times the value: of a number its bits, of a category its bin. So the sum
    without one term is the fingerprint of a record without that feature. Two records that differ share one with a chance of
    about 2^-44 or less.
    """

    def __init__(self, columns: Sequence[Column], starts: NDArray[np.intp]) -> None:
        """``starts`` is the first cell of each column."""
        chosen = [position for position, column in enumerate(columns) if column.role in (FEATURE, PREDICTION)]
        hashes, _ = hash_identifiers([f"{columns[position].role} {columns[position].name}" for position in chosen])
        self._columns = [
            (columns[position], position, np.uint64(odd | 1), np.uint64(starts[position]))
            for position, odd in zip(chosen, hashes.tolist(), strict=True)
        ]
        self.features = sum(column.role == FEATURE for column, *_ in self._columns)
        """The number of features. Their terms come first."""

    def of(self, records: RecordBatch, cells: NDArray[np.int64]) -> NDArray[np.uint64]:
        """The fingerprint of each record. ``cells`` are [column, record], those of the records."""
        total = np.zeros(records.size, dtype=np.uint64)
        for term in self.terms(records, cells):
            total += term
        return total

    def terms(self, records: RecordBatch, cells: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
        """The terms [record] of one column after the other. The next one is written into the same array."""
        term = np.empty(records.size, dtype=np.uint64)
        for column, position, odd, start in self._columns:
            if column.numeric:
                bits = _numbers(column, records).view(np.uint64)
                # Of whole numbers only the upper bits differ, and so would those of their products.
                np.right_shift(bits, _HALF, out=term)
                term ^= bits
            else:
                np.subtract(cells[position].view(np.uint64), start, out=term)
            term *= odd
            yield term


def _numbers(column: Column, records: RecordBatch) -> NDArray[np.float64]:
    """The values of a numeric feature, or of the prediction of a regression; NaN where there is no number."""
    if column.role == FEATURE:
        row = records.features.rows.get(column.name)
        if row is not None:
            return np.ascontiguousarray(records.features.numbers[row])
        values = records.features.get(column.name)
    else:
        values = records.fields.get("prediction")
    if values is None:
        return np.full(records.size, np.nan)
    return np.ascontiguousarray(numbers(values, text=records.text)[0])
