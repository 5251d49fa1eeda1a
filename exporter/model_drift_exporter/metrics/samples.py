"""What monitors hand to the renderer: blocks of samples of one metric with fixed label sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from .metric import Metric

__all__ = ["HistogramSeries", "Samples", "Series", "escape_label_value"]


def escape_label_value(value: str) -> str:
    """Backslash, double quote and line feed escaped as the text format asks."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Series:
    """Fixed label sets of one metric, with their line prefixes made once.

    ``label_values`` has one tuple a sample, in the order of ``Metric.labels``. Build it once per model and keep it: a
    scrape then costs one string concatenation a sample.
    """

    __slots__ = ("label_values", "metric", "prefixes")

    def __init__(self, metric: Metric, label_values: Iterable[Sequence[str]]) -> None:
        self.metric = metric
        self.label_values = [tuple(values) for values in label_values]
        self.prefixes = [self._prefix(values) for values in self.label_values]

    def __len__(self) -> int:
        return len(self.prefixes)

    def _prefix(self, values: tuple[str, ...]) -> str:
        names = self.metric.labels
        if len(values) != len(names):
            raise ValueError(f"{self.metric.name} has the labels {names}, got {values}")
        if not names:
            return f"{self.metric.name} "
        pairs = ",".join(f'{name}="{escape_label_value(value)}"' for name, value in zip(names, values, strict=True))
        return f"{self.metric.name}{{{pairs}}} "

    def samples(self, values: Sequence[float] | NDArray[np.float64] | NDArray[np.int64]) -> Samples:
        """These series with their current values, one each; a NaN is not exported."""
        return Samples(self, values)


@attrs.frozen(eq=False)
class Samples:
    """Values for a :class:`Series`, in its order. NaN means: no such sample now."""

    series: Series | HistogramSeries
    values: Sequence[float] | NDArray[np.float64] | NDArray[np.int64]

    @property
    def exported(self) -> int:
        """The number of time series that a scrape shows of them."""
        if isinstance(self.series, HistogramSeries):
            return len(self.series)
        return int(np.count_nonzero(~np.isnan(np.asarray(self.values, dtype=np.float64))))


class HistogramSeries:
    """A classic histogram of one label set: cumulative ``_bucket`` lines, ``_sum`` and ``_count``.

    ``upper_bounds`` are finite and ascending; ``+Inf`` is added. ``samples`` takes the disjoint counts of the
    ``len(upper_bounds) + 1`` buckets and the sum of the observed values.
    """

    __slots__ = ("metric", "prefixes")

    def __init__(self, metric: Metric, label_values: Sequence[str], upper_bounds: Sequence[float]) -> None:
        self.metric = metric
        name = metric.name
        pairs = "".join(
            f'{label}="{escape_label_value(value)}",' for label, value in zip(metric.labels, label_values, strict=True)
        )
        bounds = [repr(float(bound)) for bound in upper_bounds] + ["+Inf"]
        plain = pairs.rstrip(",")
        suffix = f"{{{plain}}} " if plain else " "
        self.prefixes = [f'{name}_bucket{{{pairs}le="{bound}"}} ' for bound in bounds]
        self.prefixes += [f"{name}_sum{suffix}", f"{name}_count{suffix}"]

    def __len__(self) -> int:
        return len(self.prefixes)

    def samples(self, counts: NDArray[np.int64], total: float) -> Samples:
        """``counts``: observations per bucket, not cumulative; ``total``: the sum of all observed values."""
        cumulative = np.cumsum(counts).tolist()
        return Samples(self, [*cumulative, total, cumulative[-1]])
