"""Turns batches into bin codes, once for all monitors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..records.batches import RecordBatch
from ..records.raw_values import numbers
from .codes import CategoricalCoder, NumericCoder, coder_of
from .fingerprints import Fingerprints
from .profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from .scores import DERIVED, Scores, read_scores

__all__ = ["Binner"]


class Binner:
    """Turns record batches into cells of one reference profile.

    ``starts`` is the first cell of each column, ``size`` the number of cells of all columns. ``fingerprints`` are those of its
    records.
    """

    def __init__(self, reference: ReferenceProfile) -> None:
        self.reference = reference
        self.columns = reference.columns
        sizes = [len(column.counts) for column in self.columns]
        self.starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        self.size = int(sum(sizes))
        self.fingerprints = Fingerprints(self.columns, self.starts)
        self._coders = [coder_of(column) for column in self.columns]
        self._features = [
            (position, column.name, coder)
            for position, (column, coder) in enumerate(zip(self.columns, self._coders, strict=True))
            if column.role == FEATURE
        ]
        self._positions = {
            column.role: position for position, column in enumerate(self.columns) if column.role != FEATURE
        }

    def cells(self, batch: RecordBatch) -> tuple[NDArray[np.int64], Scores | None]:
        """Cell indexes [column, record], and the scores behind them. A value that a record lacks is in the missing bin."""
        cells = np.empty((len(self.columns), batch.size), dtype=np.int64)
        features = batch.features
        for position, name, coder in self._features:
            row = features.rows.get(name)
            if row is not None and isinstance(coder, NumericCoder):
                cells[position] = coder.codes_of_numbers(features.numbers[row])
                if name in features.invalid:
                    cells[position, features.invalid[name]] = coder.invalid
                continue
            values = features.get(name)
            cells[position] = _missing(coder) if values is None else coder.codes(values, text=batch.text)
        scores = self._scores(batch)
        self._output_cells(batch, cells, scores)
        cells += self.starts[:, None]
        return cells, scores

    def _scores(self, batch: RecordBatch) -> Scores | None:
        reference = self.reference
        if SCORE not in self._positions:
            return None
        return read_scores(batch, reference.score_columns, reference.positive_class, reference.threshold)

    def _output_cells(self, batch: RecordBatch, cells: NDArray[np.int64], scores: Scores | None) -> None:
        for role, position in self._positions.items():
            coder = self._coders[position]
            if role == PREDICTION:
                values = batch.fields.get("prediction")
                cells[position] = _missing(coder) if values is None else coder.codes(values, text=batch.text)
            elif scores is None or not isinstance(coder, NumericCoder):
                cells[position] = _missing(coder)
            elif role == SCORE:
                cells[position] = coder.codes_of_numbers(scores.score)
                if scores.invalid:
                    cells[position, list(scores.invalid)] = coder.invalid
            else:
                cells[position] = coder.codes_of_numbers(getattr(scores, role))

    def numbers(self, column: Column, batch: RecordBatch, scores: Scores | None) -> NDArray[np.float64]:
        """The values of a numeric column, one per record; NaN if missing."""
        if column.role in (FEATURE, PREDICTION):
            values = batch.fields.get("prediction") if column.role == PREDICTION else batch.features.get(column.name)
            return np.full(batch.size, np.nan) if values is None else numbers(values, text=batch.text)[0]
        found: NDArray[np.float64] | None = getattr(scores, column.role, None)
        return np.full(batch.size, np.nan) if found is None else found

    def values(self, batch: RecordBatch, scores: Scores | None) -> dict[str, NDArray[np.float64]]:
        """The values whose sums the histograms need, one per record; latencies are in seconds."""
        found = {name: getattr(scores, name) for name in DERIVED} if scores is not None else {}
        if "latency" in batch.fields:
            found["latency"] = numbers(batch.fields["latency"], text=batch.text)[0]
        return found


def _missing(coder: NumericCoder | CategoricalCoder) -> int:
    return coder.invalid - 1
