"""What a model is asked: rows of inputs in columns, with the outcome that becomes known later."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolArray", "FloatArray", "Requests", "TextArray"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
TextArray = NDArray[np.str_]


@attrs.frozen(eq=False)
class Requests:
    """Requests in the order of their event time; all columns have one length.

    Times are seconds since the epoch. A number that is not known is NaN. ``positive`` is the outcome, and
    ``outcome_time`` when it becomes known, NaN where it never does.
    """

    ids: TextArray
    time: FloatArray
    numeric: Mapping[str, FloatArray]
    categorical: Mapping[str, TextArray]
    positive: BoolArray
    outcome_time: FloatArray

    def __len__(self) -> int:
        return len(self.time)

    @property
    def labelled(self) -> BoolArray:
        """Which requests have an outcome that becomes known."""
        return np.isfinite(self.outcome_time)

    def take(self, rows: BoolArray | NDArray[np.intp] | slice) -> Requests:
        """Some of the requests, in the same order."""
        return Requests(
            ids=self.ids[rows],
            time=self.time[rows],
            numeric={name: values[rows] for name, values in self.numeric.items()},
            categorical={name: values[rows] for name, values in self.categorical.items()},
            positive=self.positive[rows],
            outcome_time=self.outcome_time[rows],
        )
