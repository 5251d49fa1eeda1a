"""The predictions and labels of one call as one sequence of events, in the order of their lines. Labels become numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs
import numpy as np
from numpy.typing import NDArray

from ..joining.keys import keys_of
from ..records.batches import LabelBatch
from ..records.columns import Numbers, Texts
from ..records.identifiers import hash_identifiers
from ..records.raw_values import distinct_texts, numbers
from ..records.times import parse_times
from ..reference.binner import Binner
from ..reference.coded_batch import CodedBatch
from ..reference.outcome_batch import OutcomeLayout
from ..reference.profile import PREDICTION, SCORE, ReferenceProfile
from ..reference.scores import class_of
from .label_store import MOST_PROBABILITIES

__all__ = ["REJECTED", "CodedLabels", "EventReader", "Events", "LabelCoder"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
REJECTED = ("missing", "no_identifier", "not_a_class", "not_a_number", "unseen_class", "future", "not_in_sample")
"""Why a label cannot be used as it is.

A label of an ``unseen_class`` counts in realised performance only, as an error of the model. A label from the ``future`` is
used as if it came now. All others are not used. ``not_in_sample``: predictions with this identifier are not kept."""


@attrs.frozen(eq=False)
class Events:
    """Arrays with one value per event.

    ``position`` is the line of the last prediction so far, ``clock`` the model's clock after a prediction. ``time`` is event
    time, which may be NaN for a label. ``identified`` says whether there is an identifier, and ``key`` is its key. ``label``
    is NaN where no label is usable. Only predictions have ``predicted``, ``score`` (otherwise NaN), ``score_cell`` (otherwise
    -1), ``version`` (a code, otherwise 0) and ``probabilities``; those in ``surplus`` are no evidence. ``missing``, ``unusable``
    and ``unseen`` describe labels, see :class:`CodedLabels`.
    """

    is_label: Mask
    position: NDArray[np.int64]
    clock: Array
    time: Array
    key: NDArray[np.uint64]
    identified: Mask
    label: Array
    missing: Mask
    unusable: Mask
    unseen: Mask
    predicted: Array
    score: Array
    score_cell: NDArray[np.int16]
    version: NDArray[np.uint8]
    probabilities: NDArray[np.uint8] | None
    surplus: Mask

    @property
    def size(self) -> int:
        return len(self.time)

    @property
    def labelled(self) -> Mask:
        """Which events are labels or come with one, whether it can be used or not. A null is no label of a prediction."""
        return self.is_label | ~np.isnan(self.label) | self.unusable

    @property
    def first_label(self) -> int:
        """The position of the first event that is a label or comes with one, the number of events if there is none."""
        labelled = self.labelled
        return int(labelled.argmax()) if labelled.any() else self.size

    def part(self, start: int, end: int) -> Events:
        """The events from ``start`` to before ``end``."""
        return self if (start, end) == (0, self.size) else self._each(lambda column: column[start:end])

    def ordered(self, order: NDArray[np.int64]) -> Events:
        """The events in another order."""
        return self._each(lambda column: column[order])

    def _each(self, change: Callable[[Any], Any]) -> Events:
        columns: dict[str, Any] = {}
        for name in _COLUMNS:
            column = getattr(self, name)
            columns[name] = None if column is None else change(column)
        return Events(**columns)

    def then(self, other: Events) -> Events:
        """These events, followed by others."""
        columns: dict[str, Any] = {}
        for name in _COLUMNS:
            pair = getattr(self, name), getattr(other, name)
            columns[name] = None if pair[0] is None else np.concatenate(pair)
        return Events(**columns)


_COLUMNS = tuple(field.name for field in attrs.fields(Events))


class EventReader:
    """Makes events from the batches of one model."""

    def __init__(self, model: str, reference: ReferenceProfile, binner: Binner, layout: OutcomeLayout) -> None:
        self._model = model
        self._layout = layout
        self._coder = LabelCoder(layout)
        self._binner = binner
        roles = [column.role for column in reference.columns]
        self._prediction = roles.index(PREDICTION) if PREDICTION in roles else None
        self._score = roles.index(SCORE) if SCORE in roles else None
        self._positions = self._prediction_positions(reference)
        self.probabilities = reference.probability and 2 < len(layout.classes) <= MOST_PROBABILITIES
        scored = reference.score_columns
        self._scored = [scored.index(name) if name in scored else -1 for name in layout.classes]
        self.position = -1
        """Line of the last prediction, -1 before the first."""

    def _prediction_positions(self, reference: ReferenceProfile) -> Array:
        """For each bin of the prediction column the position of its class, NaN for no prediction."""
        column = reference.column(PREDICTION)
        if column is None or column.numeric:
            return np.empty(0)
        places = {name: position for position, name in enumerate(self._layout.classes)}
        other = len(self._layout.classes)
        categories = [places.get(name, other) for name in column.categories]
        return np.array([*categories, other, np.nan, other], dtype=np.float64)

    @property
    def unusable(self) -> str:
        """The reason for which a label is rejected that is present, but not a class or a number."""
        return self._coder.unusable

    def read(self, coded: CodedBatch | None, labels: LabelBatch | None) -> Events | None:
        """The events of one call, ``None`` if there are none."""
        predictions = self._of_predictions(coded) if coded is not None and coded.size else None
        others = self._of_labels(labels) if labels is not None and labels.size else None
        if predictions is not None and others is not None:
            events = predictions.then(others)
            events = events.ordered(np.argsort(events.position, kind="stable"))
            latest = np.maximum.accumulate(np.where(events.is_label, -1, np.arange(events.size)))
            events = attrs.evolve(events, position=np.where(latest >= 0, events.position[latest], self.position))
        elif predictions is not None:
            events = predictions
        elif others is not None:
            events = attrs.evolve(others, position=np.full(others.size, self.position))
        else:
            return None
        self.position = int(events.position[-1])
        return events

    def _of_predictions(self, coded: CodedBatch) -> Events:
        size, batch = coded.size, coded.records
        hashes, identified = _no_identifiers(size)
        if "id" in batch.fields:
            hashes, identified = hash_identifiers(batch.fields["id"])
        label = self._own_labels(coded)
        score, cell = self._scores(coded)
        return Events(
            is_label=np.zeros(size, dtype=np.bool_),
            position=coded.position,
            clock=coded.now,
            time=coded.time,
            key=keys_of(self._model, hashes),
            identified=identified,
            label=label.values,
            missing=np.zeros(size, dtype=np.bool_),
            unusable=label.unusable,
            unseen=label.unseen,
            predicted=self._predicted(coded),
            score=score,
            score_cell=cell,
            version=np.zeros(size, dtype=np.uint8) if coded.version is None else coded.version,
            probabilities=self._probabilities(coded),
            surplus=np.zeros(size, dtype=np.bool_) if coded.surplus is None else coded.surplus,
        )

    def _of_labels(self, labels: LabelBatch) -> Events:
        size = labels.size
        hashes, identified = _no_identifiers(size)
        if "id" in labels.fields:
            hashes, identified = hash_identifiers(labels.fields["id"])
        coded = self._coder.code(labels.labels, text=labels.text)
        nothing = np.full(size, np.nan)
        return Events(
            is_label=np.ones(size, dtype=np.bool_),
            position=labels.position,
            clock=nothing,
            time=parse_times(labels.fields["time"]) if "time" in labels.fields else nothing,
            key=keys_of(self._model, hashes),
            identified=identified,
            label=coded.values,
            missing=coded.missing,
            unusable=coded.unusable,
            unseen=coded.unseen,
            predicted=nothing,
            score=nothing,
            score_cell=np.full(size, -1, dtype=np.int16),
            version=np.zeros(size, dtype=np.uint8),
            probabilities=np.zeros((size, len(self._scored)), dtype=np.uint8) if self.probabilities else None,
            surplus=np.zeros(size, dtype=np.bool_),
        )

    def _own_labels(self, coded: CodedBatch) -> CodedLabels:
        batch = coded.records
        if "label" not in batch.fields:
            none = np.zeros(coded.size, dtype=np.bool_)
            return CodedLabels(np.full(coded.size, np.nan), none, none, none)
        return self._coder.code(batch.fields["label"], text=batch.text)

    def _predicted(self, coded: CodedBatch) -> Array:
        """Positions of classes, or for regression numbers. NaN where there is no prediction."""
        if self._prediction is None:
            return np.full(coded.size, np.nan)
        if self._layout.classification:
            cells = coded.cells[self._prediction] - self._binner.starts[self._prediction]
            positions: Array = self._positions[cells]
            return positions
        column = self._binner.columns[self._prediction]
        predicted = self._binner.numbers(column, coded.records, coded.scores)
        return np.where(np.isinf(predicted), np.nan, predicted)

    def _scores(self, coded: CodedBatch) -> tuple[Array, NDArray[np.int16]]:
        if self._score is None or coded.scores is None:
            return np.full(coded.size, np.nan), np.full(coded.size, -1, dtype=np.int16)
        score = coded.scores.score
        cells = (coded.cells[self._score] - self._binner.starts[self._score]).astype(np.int16)
        cells[np.isnan(score)] = -1
        return score, cells

    def _probabilities(self, coded: CodedBatch) -> NDArray[np.uint8] | None:
        """[prediction, class] in steps of 1/255; all 0 where a prediction has none."""
        if not self.probabilities:
            return None
        found = np.zeros((coded.size, len(self._scored)), dtype=np.uint8)
        given = coded.scores.probabilities if coded.scores is not None else None
        if given is not None:
            for position, column in enumerate(self._scored):
                if column >= 0:
                    found[:, position] = np.rint(np.clip(np.nan_to_num(given[:, column]), 0.0, 1.0) * 255)
        return found


def _no_identifiers(size: int) -> tuple[NDArray[np.uint64], Mask]:
    return np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.bool_)


@attrs.frozen(eq=False)
class CodedLabels:
    """``values`` are NaN where no label is usable: it is ``missing``, or it is ``unusable``, neither a class nor a number.

    ``unseen`` marks classes that the reference lacks. These have a value.
    """

    values: NDArray[np.float64]
    missing: NDArray[np.bool_]
    unusable: NDArray[np.bool_]
    unseen: NDArray[np.bool_]


class _Positions(dict[str, int]):
    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__((name, position) for position, name in enumerate(classes))
        self._other = len(classes)

    def __missing__(self, key: str) -> int:
        return self._other


class LabelCoder:
    """Codes labels as numbers: positions in ``layout.classes``, or for regression finite numbers as they are.

    A class that is not in ``layout.classes`` becomes the number of classes.
    """

    def __init__(self, layout: OutcomeLayout) -> None:
        self._classification = layout.classification
        self._positions = _Positions(layout.classes)
        self.unusable = "not_a_class" if layout.classification else "not_a_number"

    def code(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        """Code a column. Null and NaN are missing, and with ``text`` the empty string, too."""
        return self._classes(values, text=text) if self._classification else self._numbers(values, text=text)

    def _classes(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        other = len(self._positions)
        if isinstance(values, Texts | Numbers):
            distinct, places = distinct_texts(values)
            positions = [np.nan if name is None else self._positions[name] for name in distinct]
            coded = np.array(positions, dtype=np.float64)[places]
            missing = np.isnan(coded)
            unusable = np.zeros(len(values), dtype=np.bool_)
            if isinstance(values, Numbers) and len(values.invalid):
                unusable[values.invalid] = True
            return CodedLabels(coded, missing & ~unusable, unusable, coded == other)
        if set(map(type, values)) == {str} and not (text and "" in values):
            texts = cast("Sequence[str]", values)
            coded = np.fromiter(map(self._positions.__getitem__, texts), np.float64, len(texts))
            none = np.zeros(len(values), dtype=np.bool_)
            return CodedLabels(coded, none, none, coded == other)
        names = [class_of(value, text=text) for value in values]
        coded = np.array([np.nan if name is None else self._positions[name] for name in names], dtype=np.float64)
        absent = np.array([value is None or value == "" or value != value for value in values], dtype=np.bool_)  # noqa: PLR0124
        unknown = np.isnan(coded)
        return CodedLabels(coded, unknown & absent, unknown & ~absent, coded == other)

    def _numbers(self, values: Sequence[object], *, text: bool) -> CodedLabels:
        coded, invalid = numbers(values, text=text)
        unusable = np.isinf(coded)
        unusable[invalid] = True
        coded[unusable] = np.nan
        return CodedLabels(coded, np.isnan(coded) & ~unusable, unusable, np.zeros(len(values), dtype=np.bool_))
