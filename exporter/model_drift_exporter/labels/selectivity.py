"""Whether labels prefer some predictions: by predicted class, or by score."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..reference.outcome_batch import OutcomeLayout
from .label_store import LabelStore

__all__ = ["LabelShares", "selective"]

Counts = NDArray[np.int64]
_TOLERANCE = 0.05
_DEVIATIONS = 6.0
_FEWEST_OF_CLASS, _FEWEST_OF_SCORE = 30, 100
_BLOCK = 4_096


def selective(predictions: Counts, labelled: Counts, fewest: int = _FEWEST_OF_CLASS) -> bool:
    """Whether labels prefer some groups, from numbers of predictions and of those with a label, [group].

    The label share of each group is compared with that of all other groups, with the pooled variance of two shares. A
    difference of 0.05 is tolerated. It must be exceeded by six standard deviations, so that a false result stays unlikely
    however often this is called. Groups with less than ``fewest`` predictions are not compared.
    """
    others, others_labelled = predictions.sum() - predictions, labelled.sum() - labelled
    compared = (predictions >= fewest) & (others >= fewest)
    size, other_size = predictions[compared], others[compared]
    share, other_share = labelled[compared] / size, others_labelled[compared] / other_size
    pooled = (labelled.sum() + 1) / (predictions.sum() + 2)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / size + 1 / other_size))
    return bool((np.abs(share - other_share) - _TOLERANCE > _DEVIATIONS * spread).any())


class LabelShares:
    """Counts of the newest 4,096 to 8,192 predictions, and of those with a label, by predicted class and by score bin."""

    def __init__(self, layout: OutcomeLayout) -> None:
        self._classes = len(layout.classes) + 2 if layout.classification else 0  # others and none stand behind
        self._groups = self._classes + layout.score_bins
        # Of the block before and of the present one: predictions, and those with a label; [block, kind, group].
        self._counts = np.zeros((2, 2, self._groups), dtype=np.int64)
        self._size = 0

    def add(self, store: LabelStore, rows: NDArray[np.int64], labelled: NDArray[np.bool_]) -> None:
        """Count predictions in some rows, in their order."""
        start = 0
        while self._groups and start < len(rows):
            end = min(len(rows), start + _BLOCK - self._size)
            part = rows[start:end]
            for kind, chosen in enumerate((part, part[labelled[start:end]])):
                self._counts[1, kind] += self._counted(store, chosen)
            self._size += len(part)
            if self._size == _BLOCK:
                self._counts[0], self._counts[1], self._size = self._counts[1], 0, 0
            start = end

    def _counted(self, store: LabelStore, rows: NDArray[np.int64]) -> Counts:
        places = []
        if self._classes:
            places.append(store.columns["predicted"][rows].astype(np.int64))
        if self._groups > self._classes:
            cells = store.columns["score_cell"][rows].astype(np.int64)
            places.append(cells[cells >= 0] + self._classes)
        return np.bincount(np.concatenate(places), minlength=self._groups)

    @property
    def selective(self) -> bool:
        """Whether labels prefer some classes or some scores."""
        predictions, labelled = self._counts.sum(axis=0)
        by_class, by_score = slice(self._classes), slice(self._classes, None)
        return selective(predictions[by_class], labelled[by_class]) or selective(
            predictions[by_score], labelled[by_score], _FEWEST_OF_SCORE
        )

    def snapshot(self) -> list[Any]:
        return [self._size, self._counts.copy()]

    def restore(self, state: Any) -> None:
        """Go on from :meth:`snapshot`; raises ``TypeError`` or ``ValueError`` if it does not fit."""
        size, counts = state
        counts = np.array(counts, dtype=np.int64)
        if counts.shape != self._counts.shape:
            raise ValueError("shares of labels have other groups")
        self._size, self._counts = int(size), counts
