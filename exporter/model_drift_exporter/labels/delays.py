"""How long labels take, and the age from which outcomes count."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..metrics.metric import Group, Metric, histogram
from ..metrics.samples import HistogramSeries, Samples
from ..statistics.sums import running_sum
from .label_store import UNKNOWN_DELAY

__all__ = ["DELAY_BUCKETS", "MATURE_SHARE", "METRICS", "DelayHistogram", "Maturity", "RevisedDelays", "buckets_of"]

_DELAY = histogram("model_label_delay_seconds", "model", "Time from a prediction to its label.", Group.LABELS)
METRICS: tuple[Metric, ...] = (_DELAY,)

Array = NDArray[np.float64]

_HOUR, _DAY, _WEEK = 3_600.0, 86_400.0, 604_800.0
DELAY_BUCKETS = (
    *(1.0, 10.0, 60.0, 300.0, 900.0, 1_800.0),
    *(hours * _HOUR for hours in (1, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 4, 7, 14, 30, 60, 90, 180)),
)
"""Upper bounds of the metric's buckets, in seconds."""

MATURE_SHARE = 0.99
"""An outcome counts at the age by which this share of the labels has come. Evidence leaves out labels that come later."""

_ENOUGH_LABELS = 100
_MOST_QUANTILES = 8
_HALVED_AFTER = 10_000
_STEPS = 24  # fine buckets per decade: a quantile is at most 10 % too large
# 0 has a bucket of its own: a label in the record of its prediction has no delay.
_FINE = np.unique([0.0, *(10.0 ** (np.arange(0, 7 * _STEPS + 8) / _STEPS)), *DELAY_BUCKETS])
_COARSE = np.searchsorted(_FINE, DELAY_BUCKETS) + 1


@attrs.frozen(eq=False)
class RevisedDelays:
    """Delays that take the place of earlier ones, since the label was revised; arrays of [revision], in the order of ``event``.

    ``before`` are fine buckets, as :meth:`DelayHistogram.observe` returns them; :data:`UNKNOWN_DELAY` takes no place. ``after``
    is in seconds. ``leading`` is as there.
    """

    event: NDArray[np.int64]
    before: NDArray[np.uint8]
    after: Array
    leading: NDArray[np.bool_]

    def pick(self, chosen: Any) -> RevisedDelays:
        """Those of a mask or a slice."""
        return RevisedDelays(self.event[chosen], self.before[chosen], self.after[chosen], self.leading[chosen])

    def moves(self) -> NDArray[np.int64]:
        """What is added in each fine bucket."""
        return _counted(buckets_of(self.after)) - _counted(self.before[self.before != UNKNOWN_DELAY])


class DelayHistogram:
    """The metric ``model_label_delay_seconds``, and quantiles from finer buckets.

    The metric counts the delay of the first label of each prediction. Quantiles are of the latest ones: the delay of a revised
    label takes the place of the one before, since outcomes should be final when they count. They follow recent delays: after
    every 10,000 delays, the weight of earlier ones is halved. A delay is *leading* while the time of its label may still turn
    out to be wrong. Leading delays count in the quantiles at once, but in the metric only after :meth:`settle`.
    """

    def __init__(self, model: str) -> None:
        self._series = HistogramSeries(_DELAY, (model,), DELAY_BUCKETS)
        self._counts, self._leading, self._leading_moves = np.zeros((3, len(_FINE) + 1), dtype=np.int64)
        self._sum = self._leading_sum = 0.0
        self._recent = np.zeros(len(_FINE) + 1)
        self._unhalved = 0

    @property
    def labels(self) -> int:
        """Number of delays observed."""
        return int(self._counts.sum() + self._leading.sum())

    def observe(
        self,
        buckets: NDArray[np.uint8],
        delays: Array,
        leading: NDArray[np.bool_] | None = None,
        *,
        event: NDArray[np.int64] | None = None,
        revised: RevisedDelays | None = None,
    ) -> None:
        """Count delays in seconds, none below 0, with their :func:`buckets_of`. ``leading`` marks those that may be wrong.

        With ``revised`` delays, ``event`` is the position of the event of each delay, ascending.
        """
        if leading is not None and leading.any():
            self._leading += _counted(buckets[leading])
            self._leading_sum = running_sum(self._leading_sum, delays[leading])
            buckets, delays = buckets[~leading], delays[~leading]
            event = None if event is None else event[~leading]
        self._counts += _counted(buckets)
        self._sum = running_sum(self._sum, delays)
        if revised is not None and revised.leading.any():
            self._leading_moves += revised.pick(revised.leading).moves()
            revised = revised.pick(~revised.leading)
        start = done = 0
        while start < len(delays):
            end = min(len(delays), start + _HALVED_AFTER - self._unhalved)
            if revised is not None and event is not None:
                before = int(np.searchsorted(revised.event, event[end - 1], side="right"))
                self._recent += revised.pick(slice(done, before)).moves()
                done = before
            self._weigh(_counted(buckets[start:end]))
            start = end
        if revised is not None:
            self._recent += revised.pick(slice(done, None)).moves()

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
        self._recent += self._leading_moves
        self._weigh(self._leading)
        self.withdraw()

    def withdraw(self) -> None:
        """The leading delays were wrong: drop them."""
        self._leading, self._leading_moves = np.zeros((2, *self._leading.shape), dtype=np.int64)
        self._leading_sum = 0.0

    def quantile(self, share: float) -> float:
        """Seconds within which this share of recent labels came, rounded up to a fine bucket. Beyond the last it is inf."""
        # A revision takes away a whole delay, of which less may be left.
        cumulative = np.cumsum(np.maximum(self._recent + self._leading + self._leading_moves, 0.0))
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
        counts["leading_moves"] = self._leading_moves.copy()
        return {**counts, "sums": [self._sum, self._leading_sum], "unhalved": self._unhalved}

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        counts, leading = (np.array(state[name], dtype=np.int64) for name in ("counts", "leading"))
        moves = np.array(state.get("leading_moves", np.zeros_like(leading)), dtype=np.int64)
        recent = np.array(state["recent"], dtype=np.float64)
        if not counts.shape == leading.shape == moves.shape == recent.shape == self._counts.shape:
            raise ValueError("label delays have other buckets")
        sums, unhalved = [float(each) for each in state["sums"]], int(state["unhalved"])
        self._counts, self._leading, self._recent, self._unhalved = counts, leading, recent, unhalved
        self._sum, self._leading_sum = sums
        self._leading_moves = moves


def buckets_of(delays: Array) -> NDArray[np.uint8]:
    """The fine bucket of each delay in seconds."""
    return np.searchsorted(_FINE, delays).astype(np.uint8)


def _counted(buckets: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.bincount(buckets, minlength=len(_FINE) + 1)


def _first_use(quantile: float) -> float:
    return min(_MOST_QUANTILES * quantile, 2 * quantile + _WEEK)


class Maturity:
    """The age in seconds from which outcomes count: ``fixed``, or the 99 % quantile of the delays.

    The quantile q is used once 100 labels have joined and predictions have waited for 8 q, or for 2 q and a week if that is
    less. Before, long delays and corrections cannot have been seen, and the labels that came early are not typical; all that
    waited counts at once then. Until then ``seconds`` is ``None``.
    """

    def __init__(self, fixed: float | None) -> None:
        self._fixed = fixed
        self.seconds: float | None = fixed

    @property
    def fixed(self) -> bool:
        """Whether the age does not come from delays."""
        return self._fixed is not None

    def look(self, delays: DelayHistogram, waited: float, *, ended: bool = False) -> None:
        """Take the quantile if it can be used. ``waited`` is the event time in seconds since the first prediction.

        If the input has ``ended``, no more corrections will come, and 2 q are enough.
        """
        if self._fixed is not None:
            return
        if delays.labels < _ENOUGH_LABELS:
            self.seconds = None  # the delays that it came from were wrong and have been withdrawn
            return
        quantile = delays.quantile(MATURE_SHARE)
        enough = 2 * quantile if ended else _first_use(quantile)
        if math.isfinite(quantile) and (self.seconds is not None or waited >= enough):
            self.seconds = quantile

    def snapshot(self) -> float | None:
        """The age taken from delays, ``None`` if there is none or the age is fixed."""
        return self.seconds if self._fixed is None else None

    def restore(self, seconds: float | None) -> None:
        """Go on with an age from :meth:`snapshot`. A fixed age stays."""
        if self._fixed is None:
            self.seconds = None if seconds is None else float(seconds)
