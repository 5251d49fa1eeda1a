"""First pass over scores, under each reading that the classes, which are known only at its end, may call for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ...array_spool import SpoolStore
from ...records.batches import RecordBatch
from ...records.columns import Numbers
from ...records.raw_values import numbers
from ..class_column import ClassColumn
from ..scores import scores_per_class
from .survey import FieldSurvey, Reservoir, far_out, numeric_edges

__all__ = ["PredictedScores", "ScoreSurvey", "SurveyedScore"]

Array = NDArray[np.float64]

_PREDICTED = 100  # classes whose scores are told apart: those predicted first
_KEYS = 4  # keys of objects that are surveyed by themselves: which of two is the positive one shows later
_BINARY = 2


@attrs.define
class PredictedScores:
    """The scores at which one class is predicted."""

    count: int = 0
    total: float = 0.0
    lowest: float = np.inf
    highest: float = -np.inf

    @property
    def mean(self) -> float:
        return self.total / self.count

    def add(self, other: PredictedScores) -> None:
        """Take in the scores of another part of the rows."""
        self.count += other.count
        self.total += other.total
        self.lowest = min(self.lowest, other.lowest)
        self.highest = max(self.highest, other.highest)


class _Reading:
    """One number a row."""

    def __init__(self, store: SpoolStore | None) -> None:
        self.survey = FieldSurvey("numeric", store)
        self.predicted: dict[str, PredictedScores] = {}

    def observe(self, values: Array, predictions: ClassColumn) -> None:
        self.survey.observe(Numbers(values), text=False)
        finite = np.isfinite(values)
        values = values[finite]
        for name, rows in predictions.taken(finite).groups():
            if name in self.predicted or len(self.predicted) < _PREDICTED:
                own = values[rows]
                part = PredictedScores(len(own), float(own.sum()), float(own.min()), float(own.max()))
                self.predicted.setdefault(name, PredictedScores()).add(part)


class SurveyedScore:
    """The score of all rows: its range, the edges of its bins, and the scores at which each class is predicted."""

    def __init__(self, readings: Sequence[_Reading]) -> None:
        surveys = [reading.survey for reading in readings]
        self.minimum = min((survey.minimum for survey in surveys), default=np.inf)
        self.maximum = max((survey.maximum for survey in surveys), default=-np.inf)
        self._ordered = Reservoir.merged([survey.reservoir for survey in surveys])
        self.predicted: dict[str, PredictedScores] = {}
        for reading in readings:
            for name, found in reading.predicted.items():
                self.predicted.setdefault(name, PredictedScores()).add(found)

    @property
    def exists(self) -> bool:
        """Whether any row has a number."""
        return self.maximum >= self.minimum

    @property
    def probability(self) -> bool:
        """Whether all are within 0 and 1."""
        return self.exists and self.minimum >= 0 and self.maximum <= 1

    @property
    def far_out(self) -> int:
        return far_out(self._ordered, self.minimum, self.maximum)

    def edges(self) -> list[float]:
        """Edges of the numeric bins."""
        return numeric_edges(self._ordered, self.minimum, self.maximum)


class ScoreSurvey:
    """Scores of the reference rows: numbers, lists of one number a class, or objects of numbers by class.

    ``classes`` are those the user named, if any. Samples of the numbers are kept in ``store``, by default in memory.
    """

    def __init__(self, classes: Sequence[str] = (), store: SpoolStore | None = None) -> None:
        self._classes = classes
        self._store = store
        self._single = _Reading(store)
        self._lists: dict[int, list[_Reading]] = {}
        self._keys = {name: _Reading(store) for name in classes} if len(classes) == _BINARY else {}
        self._top = _Reading(store)
        self._widths: Counter[int] = Counter()

    @property
    def width(self) -> int:
        """The usual length of lists; 0 if there are none."""
        return max(self._widths, key=lambda width: (self._widths[width], -width), default=0)

    @property
    def exists(self) -> bool:
        """Whether any row has a score, however it is read."""
        lists = [reading for readings in self._lists.values() for reading in readings]
        return SurveyedScore([self._single, self._top, *lists]).exists

    @property
    def single(self) -> SurveyedScore:
        """The scores that are one number a row."""
        return SurveyedScore([self._single])

    def read(self, names: Sequence[str], position: int) -> SurveyedScore:
        """The score where scores are for the classes ``names``: of two that at ``position``, of more the top one."""
        lists = self._lists.get(len(names), [])
        keyed: _Reading | None = self._top
        if len(names) == _BINARY:
            lists = lists[position : position + 1]
            keyed = self._keys.get(names[position])
        return SurveyedScore([self._single, *lists, *([keyed] if keyed else [])])

    def observe(self, batch: RecordBatch, predictions: ClassColumn) -> Counter[str]:
        """Take in a batch and the classes that it predicts; returns the keys that numbers are given for."""
        rows = scores_per_class(batch)
        if "score" in batch.fields:
            score, wrong = numbers(batch.fields["score"], text=batch.text)
            score[wrong] = np.nan
            if rows is not None:
                score[[value is not None for value in rows]] = np.nan
            self._single.observe(score, predictions)
        if rows is None:
            return Counter()
        lists: dict[int, dict[int, list[object]]] = {}
        objects: dict[int, Mapping[str, object]] = {}
        for row, value in enumerate(rows):
            if isinstance(value, list) and value:
                lists.setdefault(len(value), {})[row] = value
            elif isinstance(value, dict):
                objects[row] = value
        for width, found in lists.items():
            self._observe_lists(width, [*found.values()], predictions.taken([*found]))
        return self._observe_objects([*objects.values()], predictions.taken([*objects]))

    def _observe_lists(self, width: int, rows: Sequence[Sequence[object]], predictions: ClassColumn) -> None:
        self._widths[width] += len(rows)
        readings = self._lists.setdefault(
            width, [_Reading(self._store) for _ in range(_BINARY if width == _BINARY else 1)]
        )
        columns = []
        invalid: set[int] = set()
        top = np.full(len(rows), np.nan)
        for column in zip(*rows, strict=True):
            found, wrong = numbers(column)
            invalid.update(wrong)
            if width == _BINARY:
                columns.append(found)
            top = np.fmax(top, found)
        for reading, values in zip(readings, columns or [top], strict=True):
            values[sorted(invalid)] = np.nan
            reading.observe(values, predictions)

    def _observe_objects(self, rows: Sequence[Mapping[str, object]], predictions: ClassColumn) -> Counter[str]:
        keys: Counter[str] = Counter()
        top: list[float | None] = []
        for row in rows:
            given = _numbers_of(row, self._classes)
            keys.update(given.keys())
            top.append(max(given.values(), default=None))
        if not keys:
            return keys
        self._top.observe(numbers(top)[0], predictions)
        for name in keys:
            if name not in self._keys and len(self._keys) < _KEYS and not self._classes:
                self._keys[name] = _Reading(self._store)
        for name, reading in self._keys.items():
            reading.observe(numbers([_numbers_of(row, (name,)).get(name) for row in rows])[0], predictions)
        return keys


def _numbers_of(row: Mapping[str, object], wanted: Sequence[str]) -> dict[str, float]:
    """The numbers of an object by their keys, if any are ``wanted`` only theirs; NaN is none."""
    found: dict[str, float] = {}
    for name in wanted or row:
        value = row.get(name)
        if type(value) in (float, int) and isinstance(value, float | int) and value == value:  # noqa: PLR0124 - not NaN
            found[name] = value
    return found
