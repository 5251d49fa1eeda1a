"""What is widely used on windows of the last records: PSI of 0.2 or more, the Kolmogorov-Smirnov test at 0.05, by feature."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

__all__ = ["COOL_DOWN", "PSI_LIMIT", "WINDOW", "FiringWindows", "WindowRules", "ks_rejects", "psi"]

Array = NDArray[np.float64]

WINDOW = 1_000
COOL_DOWN = 1_000
PSI_LIMIT = 0.2
_DECILES = np.arange(1, 10) / 10
_SMALLEST_SHARE = 1e-4
_KS_QUANTILE = 1.3581  # of the Kolmogorov law at 95 %


def psi(counts: Array, reference: Array) -> float:
    """The population stability index of two histograms; shares below 0.0001 count as that, as usual."""
    live = np.maximum(counts / max(counts.sum(), 1.0), _SMALLEST_SHARE)
    base = np.maximum(reference / reference.sum(), _SMALLEST_SHARE)
    return float(((live - base) * np.log(live / base)).sum())


def ks_rejects(values: Array, reference: Array) -> bool:
    """The two-sample test at 5 %, by its asymptotic law with Stephens' correction; ``reference`` is sorted."""
    n, rows = len(values), len(reference)
    if not n or not rows:
        return False
    ordered = np.sort(values)
    both = np.unique(ordered)
    distance = np.abs(
        np.searchsorted(ordered, both, side="right") / n - np.searchsorted(reference, both, side="right") / rows
    ).max()
    before = np.abs(
        np.searchsorted(ordered, both, side="left") / n - np.searchsorted(reference, both, side="left") / rows
    ).max()
    size = math.sqrt(n * rows / (n + rows))
    return bool(max(distance, before) * (size + 0.12 + 0.11 / size) > _KS_QUANTILE)


@attrs.define
class FiringWindows:
    """Of windows one behind the other, which fired; ``ends`` are the records behind each."""

    ends: list[int] = attrs.field(factory=list)
    fired: list[bool] = attrs.field(factory=list)

    def add(self, end: int, fired: bool) -> None:
        self.ends.append(end)
        self.fired.append(fired)

    @property
    def share(self) -> float:
        """The share of time in which it fires."""
        return sum(self.fired) / max(len(self.fired), 1)

    def alarms(self) -> list[int]:
        """Where alarms are raised: at most one in 1,000 records."""
        found: list[int] = []
        for end, fired in zip(self.ends, self.fired, strict=True):
            if fired and (not found or end - found[-1] >= COOL_DOWN):
                found.append(end)
        return found


class WindowRules:
    """Both rules on all features of a stream, on one window of 1,000 records after the other; any feature fires them.

    ``reference`` maps a feature to its values: numbers with NaN where missing, or texts. PSI has ten reference quantiles or
    all categories, and one more bin for what is missing; the test is on numbers only.
    """

    def __init__(self, reference: Mapping[str, Sequence[object] | Array]) -> None:
        self.psi, self.ks = FiringWindows(), FiringWindows()
        self._numbers: dict[str, tuple[Array, Array, Array]] = {}
        self._categories: dict[str, tuple[dict[object, int], Array]] = {}
        for name, values in reference.items():
            if isinstance(values, np.ndarray):
                present = np.sort(values[~np.isnan(values)])
                edges = np.unique(np.quantile(present, _DECILES)) if len(present) else np.empty(0)
                self._numbers[name] = (present, edges, _binned(values, edges))
            else:
                order: dict[object, int] = {value: place for place, value in enumerate(dict.fromkeys(values))}
                self._categories[name] = (order, _counted(values, order))

    def window(self, values: Mapping[str, Sequence[object] | Array], end: int) -> None:
        """Judge the window of records that ends before record ``end``."""
        by_psi = by_ks = False
        for name, (present, edges, expected) in self._numbers.items():
            column = np.asarray(values[name], dtype=np.float64)
            by_psi = by_psi or psi(_binned(column, edges), expected) >= PSI_LIMIT
            by_ks = by_ks or ks_rejects(column[~np.isnan(column)], present)
        for name, (order, expected) in self._categories.items():
            by_psi = by_psi or psi(_counted(values[name], order), expected) >= PSI_LIMIT
        self.psi.add(end, by_psi)
        self.ks.add(end, by_ks)


def _binned(values: Array, edges: Array) -> Array:
    missing = np.isnan(values)
    places = np.searchsorted(edges, values[~missing])
    return np.append(np.bincount(places, minlength=len(edges) + 1), missing.sum()).astype(np.float64)


def _counted(values: Sequence[object] | Array, order: Mapping[object, int]) -> Array:
    places = [order.get(value, len(order)) for value in values]
    return np.bincount(places, minlength=len(order) + 1).astype(np.float64)
