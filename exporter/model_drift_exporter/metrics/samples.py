"""Blocks of samples that monitors give to the renderer; a block has one metric and fixed label sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import attrs
import numpy as np
from numpy.typing import NDArray

from .metric import Metric

__all__ = ["HistogramSeries", "Samples", "Series", "escape_label_value"]


@lru_cache(maxsize=10_000)
def escape_label_value(value: str) -> str:
    """Escape backslashes, double quotes and line feeds as the Prometheus text format requires."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Series:
    """Fixed label sets of one metric, with precomputed line prefixes.

    ``label_values`` has one tuple per sample, in the order of ``Metric.labels``. Build a series once per model and keep
    it: a scrape then costs one string concatenation per sample. Raises ``ValueError`` for a wrong number of labels.
    """

    __slots__ = ("label_values", "metric", "prefixes")

    def __init__(self, metric: Metric, label_values: Iterable[Sequence[str]]) -> None:
        self.metric = metric
        self.label_values = [tuple(values) for values in label_values]
        names = metric.labels
        for values in self.label_values:
            if len(values) != len(names):
                raise ValueError(f"{metric.name} has the labels {names}, got {values}")
        pairs = ",".join(f'{name}="%s"' for name in names)
        form = f"{metric.name}{{{pairs}}} " if names else f"{metric.name} "
        self.prefixes = [form % tuple(map(escape_label_value, values)) for values in self.label_values]

    def __len__(self) -> int:
        return len(self.prefixes)

    def samples(self, values: Sequence[float] | NDArray[np.float64] | NDArray[np.int64]) -> Samples:
        """The series with their current values, one value per label set. NaN values are not exported."""
        return Samples(self, values)


@attrs.frozen(eq=False)
class Samples:
    """Values of ``series``, in its order. NaN means that the sample does not exist now."""

    series: Series | HistogramSeries
    values: Sequence[float] | NDArray[np.float64] | NDArray[np.int64]

    @property
    def exported(self) -> int:
        """The number of time series in a scrape."""
        return int(np.count_nonzero(~np.isnan(np.asarray(self.values, dtype=np.float64))))


class HistogramSeries:
    """A classic histogram of one label set: cumulative ``_bucket`` lines, ``_sum`` and ``_count``.

    ``upper_bounds`` are finite and ascending; the ``+Inf`` bucket is added.
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

    def absent(self) -> Samples:
        """No value yet: nothing is exported."""
        return Samples(self, [np.nan] * len(self))

    def samples(self, counts: NDArray[np.int64], total: float) -> Samples:
        """Samples of ``len(upper_bounds) + 1`` disjoint (not cumulative) bucket counts, and of the sum of all values."""
        cumulative = np.cumsum(counts).tolist()
        return Samples(self, [*cumulative, total, cumulative[-1]])
