"""Records of one model, binned once for all monitors, and the one way to count their cells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import NO_POSITIONS, RecordBatch
from ..records.columns import Numbers
from ..records.raw_values import numbers
from .binner import Binner
from .profile import FEATURE
from .scores import Scores

__all__ = ["CodedBatch", "count_cells"]


@attrs.frozen(eq=False)
class CodedBatch:
    """Records of one model, binned.

    ``cells`` is [column, record]: the bin of each value, as a flat index over the bins of all columns,
    as ``binner`` numbers them. ``time`` is the
    event time, and ``now`` the event clock just after each record, both in seconds since the epoch. ``timely`` is true if
    windows count the record: it is not late, and its time is accepted. ``values`` maps ``confidence``, ``margin``,
    ``entropy`` and ``latency`` (in seconds) to one number per record. ``position`` is the 0-based index of each record's
    line in its input. ``scores`` are the scores behind the cells. ``records`` are the typed columns, for the label join.
    ``rejected`` are the positions, ascending, of lines of the same input that were neither records nor labels; ``clock`` is
    the model's event clock before the first record. ``size`` may be 0.

    ``segment`` (int16) is the place of each record's segment in a bounded table, ``None`` where records have none: an axis of the
    counts, not a further model (see :func:`count_cells`).

    ``version`` is the code of each record's version of the model, 0 for none; ``None`` where records have none.

    ``copied`` are records that are copies of earlier ones, beyond what is usual, ``surplus`` those that are no evidence: the
    copies, and what comes in a minute beyond what a minute usually holds. ``None``: none are. They count in all else.
    """

    binner: Binner
    size: int
    cells: NDArray[np.int64]
    time: NDArray[np.float64]
    now: NDArray[np.float64]
    timely: NDArray[np.bool_]
    values: Mapping[str, NDArray[np.float64]]
    position: NDArray[np.int64]
    records: RecordBatch
    scores: Scores | None = None
    rejected: NDArray[np.int64] = attrs.field(factory=lambda: NO_POSITIONS)
    clock: float = np.nan
    segment: NDArray[np.int16] | None = None
    copied: NDArray[np.bool_] | None = None
    surplus: NDArray[np.bool_] | None = None
    version: NDArray[np.uint8] | None = None

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Records by cell; counted once, whoever asks. Do not write into it."""
        return count_cells(self.cells, self.binner.size)

    @cached_property
    def weight(self) -> NDArray[np.float64] | None:
        """How many records each record stands for; ``None`` where the log has no such field, and then it is one.

        What is no positive number stands for one record.
        """
        column = self.records.fields.get("weight")
        if not isinstance(column, Numbers):
            return None
        return np.where(np.isfinite(column.values) & (column.values > 0), column.values, 1.0)

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The raw values of the reference's numeric features, [feature, record] in its order; NaN where there is no number."""
        features = [column.name for column in self.binner.columns if column.role == FEATURE and column.numeric]
        found = np.full((len(features), self.size), np.nan)
        for row, name in enumerate(features):
            values = self.records.features.get(name)
            if isinstance(values, Numbers):
                found[row] = values.values
            elif values is not None:
                found[row] = numbers(values, text=self.records.text)[0]
        return found

    @cached_property
    def fingerprints(self) -> NDArray[np.uint64]:
        """The fingerprint of each record: those alike in all features and the prediction have the same."""
        return self.binner.fingerprints.of(self.records, self.cells)


def count_cells(
    cells: NDArray[np.integer[Any]],
    size: int,
    *,
    group: NDArray[np.integer[Any]] | None = None,
    groups: int = 1,
    weight: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """How often each of ``size`` cells occurs, with ``group`` [record], such as a segment, in each of ``groups`` groups.

    ``cells`` is [column, record] or [record]. Returns int64 counts [cell] or [group, cell], with ``weight`` [record] its sums.
    """
    # A group may be of a small type, of which the product is none.
    places = cells if group is None else cells + group.astype(np.int64) * size
    weights = None if weight is None else np.broadcast_to(weight, places.shape).ravel()
    counts = np.bincount(places.ravel(), weights=weights, minlength=groups * size)
    return counts if group is None else counts.reshape(groups, size)
