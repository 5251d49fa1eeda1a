"""Whether an alarm on a real stream was true: by what the labels say afterwards, not by what was known then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["Arrivals", "Span", "broken_share", "inside", "overlaps"]

Span = tuple[int, int]
"""Records from the first to before the last."""


def overlaps(spans: Iterable[Span], first: int, last: int) -> bool:
    """Whether a span shares a record with ``first`` to ``last``, both inclusive."""
    return any(begin <= last and first < end for begin, end in spans)


def inside(spans: Iterable[Span], record: int) -> bool:
    """Whether a record is in a span."""
    return overlaps(spans, record, record)


@attrs.frozen(eq=False)
class Arrivals:
    """Event times of the predictions and of the labels for them, in the order of the predictions; infinite for no label."""

    predicted: NDArray[np.float64]
    labelled: NDArray[np.float64]

    @classmethod
    def of(
        cls, ids: Sequence[str], times: Sequence[float], label_ids: Sequence[str], label_times: Sequence[float]
    ) -> Arrivals:
        """From two logs, joined by id; of several labels the first counts."""
        first: Mapping[str, float] = dict(zip(reversed(label_ids), reversed(label_times), strict=True))
        return cls(np.array(times, dtype=np.float64), np.array([first.get(each, np.inf) for each in ids]))

    def record_at(self, time: float) -> int:
        """The first prediction made at that time or later."""
        return int(np.searchsorted(np.maximum.accumulate(self.predicted), time))

    def last_labelled(self, time: float) -> int:
        """The last prediction whose label had arrived by then, -1 for none."""
        arrived = np.flatnonzero(self.labelled <= time)
        return int(arrived[-1]) if len(arrived) else -1

    def labels_since(self, record: int, time: float) -> int:
        """Labels of that record and later ones that had arrived by then."""
        return int(np.count_nonzero(self.labelled[record:] <= time))

    def in_order_of_labels(self) -> NDArray[np.intp]:
        """The predictions that have labels, in the order in which these came."""
        order = np.argsort(self.labelled, kind="stable")
        known: NDArray[np.intp] = order[np.isfinite(self.labelled[order])]
        return known


def broken_share(missing: NDArray[np.bool_], first: int, last: int, window: int = 500) -> float:
    """The largest share of missing values on ``window`` records in a row, from ``first`` to ``last`` (or one window at least)."""
    cumulated = np.concatenate([[0], np.cumsum(missing[first : max(last + 1, first + window)])])
    size = min(window, len(cumulated) - 1)
    return float((cumulated[size:] - cumulated[:-size]).max() / size) if size > 0 else 0.0
