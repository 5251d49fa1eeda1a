"""Predictions whose outcome is known: what the label join gives to the monitors of performance and loss."""

from __future__ import annotations

import attrs
import numpy as np
from numpy.typing import NDArray

from ..statistics.performance_metrics import BOUNDED_ERROR
from .profile import SCORE, ReferenceProfile

__all__ = ["OutcomeBatch", "OutcomeLayout"]

Array = NDArray[np.float64]


@attrs.frozen(eq=False)
class OutcomeBatch:
    """Matured outcomes, in the order in which they count; arrays of ``size``.

    ``time`` is the prediction's event time, ``matured`` the event time at which the outcome counts (never falling here),
    ``position`` that of the last prediction seen then. ``predicted`` and ``label`` are positions in
    :attr:`OutcomeLayout.classes` (their number stands for any other class), for regression the numbers themselves.
    ``score`` is the positive class's (or top class's) score, NaN without; ``score_cell`` its bin in the score column,
    -1 without. ``probabilities`` is [outcome, class] in steps of 1/255 where scores came per class. ``sign`` is 1, or -1
    where a revised label takes an earlier outcome back (its correction follows with 1 and ``revision`` set). ``superseded``
    are predictions of a version of the model that is no longer live: they say nothing of the one that is. ``late`` and
    ``unfair`` ones are no evidence at all: their label came after their cohort had counted, or the labels are known to be no
    fair sample. Nor are those in ``surplus``: copies and bursts, as in :class:`CodedBatch`. ``matured`` is less than in the batch
    before only where the clock has been put back.
    """

    size: int
    time: Array
    matured: Array
    position: NDArray[np.int64]
    predicted: Array
    label: Array
    score: Array
    score_cell: NDArray[np.int16]
    sign: NDArray[np.int8]
    revision: NDArray[np.bool_]
    probabilities: NDArray[np.uint8] | None = None
    superseded: NDArray[np.bool_] | None = None
    late: NDArray[np.bool_] | None = None
    unfair: NDArray[np.bool_] | None = None
    surplus: NDArray[np.bool_] | None = None


@attrs.frozen(eq=False)
class OutcomeLayout:
    """What outcomes of one reference look like. ``classes`` is empty for regression; ``score_bins`` 0 without a score."""

    classification: bool
    classes: tuple[str, ...]
    positive: int | None
    score_bins: int

    @property
    def judged_loss(self) -> str:
        """The loss that alarms are about, as the label ``loss`` names it."""
        return "zero_one" if self.classification else BOUNDED_ERROR

    @classmethod
    def of(cls, reference: ReferenceProfile) -> OutcomeLayout:
        """The layout for one reference."""
        column = reference.column(SCORE)
        classification = reference.task == "classification"
        classes = tuple(reference.classes) if classification else ()
        positive = classes.index(reference.positive_class) if reference.positive_class in classes else None
        return cls(classification, classes, positive, len(column.counts) if column else 0)
