"""How long labels take, and the age from which outcomes count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..statistics.sums import running_sum

__all__ = ["DELAY_BUCKETS", "MATURE_SHARE", "METRICS", "DelayHistogram", "Maturity"]

_DELAY = histogram("model_label_delay_seconds", "model", "Time from a prediction to its label.", Group.LABELS)
METRICS: tuple[Metric, ...] = (_DELAY,)

Array = NDArray[np.float64]

_HOUR, _DAY = 3_600.0, 86_400.0
DELAY_BUCKETS = (
    *(1.0, 10.0, 60.0, 300.0, 900.0, 1_800.0),
    *(hours * _HOUR for hours in (1, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 4, 7, 14, 30, 60, 90, 180)),
)
"""Upper bounds of the metric's buckets, in seconds."""

MATURE_SHARE = 0.99
"""An outcome counts at the age by which this share of the labels has come. Evidence leaves out labels that come later."""

_ENOUGH_LABELS = 100
_HALVED_AFTER = 10_000
_STEPS = 24  # fine buckets per decade: a quantile is at most 10 % too large
# 0 has a bucket of its own: a label in the record of its prediction has no delay.
_FINE = np.unique([0.0, *(10.0 ** (np.arange(0, 7 * _STEPS + 8) / _STEPS)), *DELAY_BUCKETS])
_COARSE = np.searchsorted(_FINE, DELAY_BUCKETS) + 1


class DelayHistogram:
    """The metric ``model_label_delay_seconds``, and quantiles from finer buckets.

    The metric counts all delays. Quantiles follow recent delays: after every 10,000 delays, the weight of earlier ones is
    halved. A delay is *leading* while the time of its label may still turn out to be wrong. Leading delays count in the
    quantiles at once, but in the metric only after :meth:`settle`.
    """

    def __init__(self, model: str) -> None:
        self._series = HistogramSeries(_DELAY, (model,), DELAY_BUCKETS)
        self._counts, self._leading = np.zeros((2, len(_FINE) + 1), dtype=np.int64)
        self._sum = self._leading_sum = 0.0
        self._recent = np.zeros(len(_FINE) + 1)
        self._unhalved = 0

    @property
    def labels(self) -> int:
        """Number of delays observed."""
        return int(self._counts.sum() + self._leading.sum())

    def observe(self, delays: Array, leading: NDArray[np.bool_] | None = None) -> None:
        """Count delays in seconds, none below 0. ``leading`` marks those that may turn out to be wrong."""
        if leading is not None and leading.any():
            self._leading += _counted(delays[leading])
            self._leading_sum = running_sum(self._leading_sum, delays[leading])
            delays = delays[~leading]
        self._counts += _counted(delays)
        self._sum = running_sum(self._sum, delays)
        start = 0
        while start < len(delays):
            end = min(len(delays), start + _HALVED_AFTER - self._unhalved)
            self._weigh(_counted(delays[start:end]))
            start = end

    def _weigh(self, counts: NDArray[np.int64]) -> None:
        self._recent += counts
        self._unhalved += int(counts.sum())
        while self._unhalved >= _HALVED_AFTER:
            self._recent /= 2
            self._unhalved -= _HALVED_AFTER

    def settle(self) -> None:
        """The leading delays were right: count them."""
        self._counts += self._leading
        self._sum += self._leading_sum
        self._weigh(self._leading)
        self.withdraw()

    def withdraw(self) -> None:
        """The leading delays were wrong: drop them."""
        self._leading, self._leading_sum = np.zeros_like(self._leading), 0.0

    def quantile(self, share: float) -> float:
        """Seconds within which this share of recent labels came, rounded up to a fine bucket. Beyond the last it is inf."""
        cumulative = np.cumsum(self._recent + self._leading)
        position = int(np.searchsorted(cumulative, share * cumulative[-1]))
        return float(_FINE[position]) if position < len(_FINE) else math.inf

    def samples(self, *, known: bool = True) -> Samples:
        """The histogram in the buckets of the metric; without values while nothing is ``known`` of labels."""
        if not known:
            return self._series.absent()
        parts = np.split(self._counts, _COARSE)
        return self._series.samples(np.array([part.sum() for part in parts]), self._sum)

    def snapshot(self) -> dict[str, Any]:
        counts = {"counts": self._counts.copy(), "recent": self._recent.copy(), "leading": self._leading.copy()}
        return {**counts, "sums": [self._sum, self._leading_sum], "unhalved": self._unhalved}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        counts, leading = (np.array(state[name], dtype=np.int64) for name in ("counts", "leading"))
        recent = np.array(state["recent"], dtype=np.float64)
        if not counts.shape == leading.shape == recent.shape == self._counts.shape:
            raise ValueError("label delays have other buckets")
        sums, unhalved = [float(each) for each in state["sums"]], int(state["unhalved"])
        self._counts, self._leading, self._recent, self._unhalved = counts, leading, recent, unhalved
        self._sum, self._leading_sum = sums


def _counted(delays: Array) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(_FINE, delays), minlength=len(_FINE) + 1)


class Maturity:
    """The age in seconds from which outcomes count: ``fixed``, or the 99 % quantile of the delays.

    The quantile is used once 100 labels have joined and twice that time has passed since the first prediction. Before, long
    delays cannot have been seen, and the labels that came early are not typical. Until then ``seconds`` is ``None``.
    """

    def __init__(self, fixed: float | None) -> None:
        self._fixed = fixed
        self.seconds: float | None = fixed

    def look(self, delays: DelayHistogram, waited: float) -> None:
        """Take the quantile if it can be used. ``waited`` is the event time in seconds since the first prediction."""
        if self._fixed is not None:
            return
        if delays.labels < _ENOUGH_LABELS:
            self.seconds = None  # the delays that it came from were wrong and have been withdrawn
            return
        quantile = delays.quantile(MATURE_SHARE)
        if math.isfinite(quantile) and (self.seconds is not None or waited >= 2 * quantile):
            self.seconds = quantile

    def snapshot(self) -> float | None:
        """The age taken from delays, ``None`` if there is none or the age is fixed."""
        return self.seconds if self._fixed is None else None

    def restore(self, seconds: float | None) -> None:
        """Go on with an age from :meth:`snapshot`. A fixed age stays."""
        if self._fixed is None:
            self.seconds = None if seconds is None else float(seconds)
