"""First pass over what a model said: its task, classes, positive class and decision threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..coding import text_of
from ..outputs import read_scores, score_classes
from ..records import RecordBatch
from .survey import FieldSurvey, encodable

__all__ = ["OutputsSurvey"]

_INTEGER_CLASSES = 20
_BINARY = 2
_POSITIVE_NAMES = frozenset({"1", "true", "yes", "y", "positive", "pos"})


def _class_order(name: str) -> tuple[bool, int, str]:
    return not name.isdecimal(), len(name) if name.isdecimal() else 0, name


class OutputsSurvey:
    """Predictions, labels and scores of the reference rows.

    A task is classification if there is a score, or predictions are strings, bools or at most 20 distinct whole numbers.
    Classes are those predicted, labelled or scored, by name. The positive class of two is the one predicted at the higher
    mean score.
    """

    def __init__(self, classes: Sequence[str] = (), positive_class: str | None = None) -> None:
        self._configured = list(classes)
        self._positive = positive_class
        self.prediction = FieldSurvey()
        self.score = FieldSurvey("numeric")
        self._predicted: Counter[str] = Counter()
        self._labelled: Counter[str] = Counter()
        self._scored: list[str] = []
        self._by_class: dict[str, tuple[int, float, float, float]] = {}
        self._whole_only = True

    def observe(self, batch: RecordBatch) -> None:
        """Take in a batch."""
        if batch.prediction is not None:
            self.prediction.observe(batch.prediction, text=batch.text)
            self._count_classes(self._predicted, batch.prediction)
        if batch.label is not None:
            self._count_classes(self._labelled, batch.label)
        self._note_scored(score_classes(batch))
        scores = read_scores(batch, self._scored, self._scored_positive(), 0.5)
        if scores is None:
            return
        self.score.observe(scores.score.tolist(), text=False)
        if batch.prediction is not None:
            self._relate(batch.prediction, scores.score)

    def _note_scored(self, names: Sequence[str]) -> None:
        if names and self._configured:
            self._scored = self._configured
        elif not set(names) <= set(self._scored):
            found = {*self._scored, *filter(encodable, names)}
            self._scored = sorted(found, key=lambda name: (len(name), name) if name.isdecimal() else (0, name))

    def _count_classes(self, counter: Counter[str], values: Sequence[object]) -> None:
        counted = Counter(values) if set(map(type, values)) <= {str, int, type(None)} else Counter(map(text_of, values))
        for value, count in counted.items():
            name = text_of(value)
            if name and (name in counter or len(counter) < self._limit) and encodable(name):
                counter[name] += count

    _limit = 1_000

    def _relate(self, predictions: Sequence[object], score: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        names = np.array([text_of(value) or "" for value in predictions])
        known = np.isfinite(score) & (names != "")
        for name in list(self._predicted)[:_BINARY]:
            found = score[known & (names == name)]
            if len(found):
                count, total, lowest, highest = self._by_class.get(name, (0, 0.0, np.inf, -np.inf))
                self._by_class[name] = (
                    count + len(found),
                    total + float(found.sum()),
                    min(lowest, float(found.min())),
                    max(highest, float(found.max())),
                )

    @property
    def has_score(self) -> bool:
        """Whether any row has a numeric score."""
        return self.score.maximum >= self.score.minimum

    @property
    def probability(self) -> bool:
        """Whether the scores are probabilities: all within 0 and 1."""
        return self.has_score and self.score.minimum >= 0 and self.score.maximum <= 1

    @property
    def task(self) -> str:
        """``classification`` or ``regression``."""
        if self.has_score or not self.prediction.numeric:
            return "classification"
        if self.prediction.whole and len(self._predicted) <= _INTEGER_CLASSES:
            return "classification"
        return "regression"

    @property
    def classes(self) -> list[str]:
        """All classes: in the order configured or scored, otherwise sorted.

        Scores in a list without names are those of the classes in sorted order, as scikit-learn's ``classes_`` are.
        """
        known = self._configured or self._scored
        named = sorted({*self._predicted, *self._labelled}, key=_class_order)
        positions = [str(position) for position in range(len(known))]
        if not self._configured and known == positions and len(named) == len(known):
            return named
        return [*known, *(name for name in named if name not in known)]

    def _scored_positive(self) -> str:
        if self._positive is not None:
            return self._positive
        named = [name for name in self._scored if name.lower() in _POSITIVE_NAMES]
        return named[0] if named else self._scored[-1] if self._scored else ""

    @property
    def positive_class(self) -> str:
        """The positive class of two; empty with more."""
        classes = self.classes
        if self._positive is not None:
            return self._positive
        if len(classes) != _BINARY:
            return ""
        if self._scored:
            positive = self._scored_positive()
            return positive if positive in classes else classes[self._scored.index(positive)]
        means = {name: total / count for name, (count, total, _, _) in self._by_class.items()}
        if len(means) == _BINARY:
            return max(means, key=lambda name: means[name])
        if means:
            (predicted, mean), other = next(iter(means.items())), [name for name in classes if name not in means]
            return predicted if mean >= 0.5 or not other else other[0]
        return next((name for name in classes if name.lower() in _POSITIVE_NAMES), classes[-1])

    @property
    def threshold(self) -> float:
        """Between the highest score of a predicted negative and the lowest of a positive; 0.5 where they overlap."""
        positive = self._by_class.get(self.positive_class)
        negatives = [found for name, found in self._by_class.items() if name != self.positive_class]
        if positive and len(negatives) == 1 and negatives[0][3] <= positive[2]:
            lowest, highest = negatives[0][3], positive[2]
            return 0.5 if lowest <= 0.5 <= highest else (lowest + highest) / 2
        return 0.5
