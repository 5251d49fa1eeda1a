"""First pass over what a model said: its task, classes, positive class and decision threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import attrs

from ...array_spool import SpoolStore
from ...records.batches import RecordBatch
from ..class_column import ClassColumn
from ..profile import OTHER
from .score_survey import PredictedScores, ScoreSurvey, SurveyedScore
from .survey import IDENTIFIER_SHARE, FieldSurvey, encodable

__all__ = ["MOST_CLASSES", "ClassNames", "NameTally", "OutputsSurvey", "class_order", "select_classes"]

_INTEGER_CLASSES = 20
_BINARY = 2
_POSITIVE_NAMES = frozenset({"1", "true", "yes", "y", "positive", "pos"})
MOST_CLASSES = 100
"""Classes that get a bin of their own."""
_FEW = 20  # so many distinct names are classes, however rare
_DISTINCT = 20_000
_IDENTIFIER_ROWS = 10  # fewer than for features: a class is kept from its first row on, a category is not


class OutputsSurvey:
    """Predictions, labels and scores of the reference rows.

    A task is classification if there is a score, or predictions are strings, bools or at most 20 distinct whole numbers.
    Classes are those predicted, labelled or scored, by name; see :func:`select_classes` for which. The positive class of
    two is the one predicted at the higher mean score. What was decided is computed anew each time it is asked for.
    """

    def __init__(
        self,
        classes: Sequence[str] = (),
        positive_class: str | None = None,
        *,
        minimum_count: int = 10,
        store: SpoolStore | None = None,
    ) -> None:
        self._configured = list(classes)
        self._positive = positive_class
        self._minimum_count = minimum_count
        self.prediction = FieldSurvey(store=store)
        self._scores = ScoreSurvey(self._configured, store)
        self._predicted, self._labelled, self._keys = NameTally(), NameTally(), NameTally()

    def observe(self, batch: RecordBatch) -> None:
        """Take in a batch."""
        predictions = ClassColumn.without(batch.size)
        if "prediction" in batch.fields:
            column = batch.fields["prediction"]
            self.prediction.observe(column, text=batch.text)
            predictions = ClassColumn.of(column, text=batch.text)
            self._predicted.add(predictions.counts(), batch.size)
        if "label" in batch.fields:
            self._labelled.add(ClassColumn.of(batch.fields["label"], text=batch.text).counts(), batch.size)
        self._keys.add(self._scores.observe(batch, predictions), batch.size)

    @property
    def probability(self) -> bool:
        """Whether the scores are probabilities: all within 0 and 1."""
        return self.score.probability

    @property
    def task(self) -> str:
        """``classification`` or ``regression``."""
        if self._scores.exists or not self.prediction.numeric:
            return "classification"
        if self.prediction.whole and len(self._predicted) <= _INTEGER_CLASSES:
            return "classification"
        return "regression"

    def _selected(self) -> ClassNames:
        named: Collection[str] = self._configured
        if self._positive is not None and self._positive not in named and not self._positive_position:
            known = self._known()
            if self._positive in known or len(known) < _BINARY:
                named = [*named, self._positive]
        return select_classes(
            self._predicted, self._labelled, self._keys, named=named, minimum_count=self._minimum_count
        )

    @property
    def _positive_position(self) -> bool:
        """Whether the positive class was given as a position in lists of scores."""
        positive = self._positive or ""
        return positive.isdecimal() and int(positive) < self._scores.width and positive not in self._known()

    def _known(self) -> set[str]:
        return {*self._predicted.counts, *self._labelled.counts, *self._keys.counts, *self._configured}

    @property
    def scored_classes(self) -> list[str]:
        """The classes that scores are given for, in the order of lists; none where a score is one number.

        Without configured names lists are those of the classes in sorted order, as scikit-learn's ``classes_`` are, if
        these are as many; otherwise classes are positions.
        """
        width = self._scores.width
        if self._configured and (width or self._keys.counts):
            return self._configured
        selected = self._selected()
        if self._keys.counts:
            return sorted((name for name in selected.counts if name in self._keys.counts), key=class_order)
        for names in ({*selected.counts}, {*self._predicted.counts, *self._labelled.counts}):
            if width and len(names) == width and not selected.identifier:
                return sorted(names, key=class_order)
        return [str(position) for position in range(width)]

    @property
    def classes(self) -> list[str]:
        """All classes: in the order configured or scored, otherwise sorted."""
        counts, scored = self._selected().counts, self.scored_classes
        positions = [str(position) for position in range(self._scores.width)]
        if self._configured or (scored == positions and {*counts} <= {*positions}):
            known = self._configured or positions
        else:
            known = [name for name in scored if name in counts]
        found = [*known, *sorted(set(counts).difference(known), key=class_order)]
        if len(found) > MOST_CLASSES and not self._configured:
            most = sorted(found, key=lambda name: -counts[name])[:MOST_CLASSES]
            found = [name for name in found if name in set(most)]
        return found

    @property
    def positive_class(self) -> str:
        """The positive class of two; empty with more."""
        return self._positive_of(self.scored_classes)

    def _positive_of(self, scored: Sequence[str]) -> str:
        names = scored or self.classes
        if self._positive is not None:
            return names[int(self._positive)] if self._positive_position else self._positive
        if len(names) != _BINARY:
            return ""
        if scored:
            likely = [name for name in names if name.lower() in _POSITIVE_NAMES]
            by_name = bool(self._configured or self._keys.counts)
            return likely[0] if likely and by_name else names[-1]
        return _predicted_higher(names, self._scores.single.predicted)

    @property
    def score(self) -> SurveyedScore:
        """The scores, read as they will be: of two classes the positive one's, of more the top one's."""
        scored = self.scored_classes
        positive = self._positive_of(scored) if len(scored) == _BINARY else ""
        return self._scores.read(scored, scored.index(positive) if positive in scored else 1)

    @property
    def threshold(self) -> float:
        """Between the highest score of a predicted negative and the lowest of a positive; 0.5 where they overlap."""
        names = self.scored_classes or self.classes
        found = {name: scores for name, scores in self.score.predicted.items() if name in names}
        positive = found.pop(self.positive_class, None)
        if positive and len(names) == _BINARY and len(found) == 1:
            lowest, highest = next(iter(found.values())).highest, positive.lowest
            if lowest <= highest:
                return 0.5 if lowest <= 0.5 <= highest else (lowest + highest) / 2
        return 0.5

    @property
    def warnings(self) -> list[str]:
        """Why some predictions are no classes."""
        selected = self._selected()
        if selected.identifier:
            text = (
                "prediction: it looks like an identifier, (nearly) every one is new: all others than those named in "
                f"model.classes count as {OTHER}; set fields.prediction to the field that holds the class"
            )
            return [text]
        if selected.left_out:
            text = (
                f"prediction: {selected.left_out:,} different values, predicted, labelled or scored, are left out of the "
                f"classes and count as {OTHER}: seen fewer than {self._minimum_count} times each, or not among the "
                f"{MOST_CLASSES} most frequent; name those to keep in model.classes"
            )
            return [text]
        return []


def _predicted_higher(names: Sequence[str], predicted: Mapping[str, PredictedScores]) -> str:
    """Of two classes the one predicted at higher scores."""
    means = {name: predicted[name].mean for name in names if name in predicted}
    if len(means) == _BINARY:
        return max(means, key=lambda name: means[name])
    if means:
        (name, mean), other = next(iter(means.items())), [each for each in names if each not in means]
        return name if mean >= 0.5 else other[0]
    return next((name for name in names if name.lower() in _POSITIVE_NAMES), names[-1])


def class_order(name: str) -> tuple[bool, int, str]:
    """Sorts numbers first and by size."""
    return not name.isdecimal(), len(name) if name.isdecimal() else 0, name


class NameTally:
    """How often each name was seen, in bounded memory: of very many different ones, those that came first."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._overflow = 0
        self._rows = 0

    def __len__(self) -> int:
        """Different names; those beyond the memory's bound are taken for different."""
        return len(self.counts) + self._overflow

    def add(self, counts: Mapping[str, int], rows: int) -> None:
        """Take in how often each name is in ``rows`` rows."""
        self._rows += rows
        for name, count in counts.items():
            if not encodable(name):
                continue
            if name in self.counts or len(self.counts) < _DISTINCT:
                self.counts[name] += count
            else:
                self._overflow += count

    @property
    def identifier(self) -> bool:
        """Whether (nearly) every name is a new one."""
        seen = self.counts.total() + self._overflow
        return self._rows >= _IDENTIFIER_ROWS <= seen and len(self) >= IDENTIFIER_SHARE * seen


@attrs.frozen
class ClassNames:
    """The classes kept, unordered; how many others there were; whether the predictions look like identifiers."""

    counts: Counter[str]
    left_out: int
    identifier: bool


def select_classes(
    predicted: NameTally, labelled: NameTally, scored: NameTally, *, named: Collection[str], minimum_count: int
) -> ClassNames:
    """The names that are classes.

    Those ``named`` by the user are. Of the others all are if they are few; else those seen ``minimum_count`` times, at most
    100. Labels and scores whose names look like identifiers add none; if predictions do, neither do they nor the labels.
    """
    identifier = predicted.identifier
    sources = [tally for tally in (predicted, labelled, scored) if not tally.identifier]
    if identifier:
        sources = [tally for tally in sources if tally is scored]
    counts = sum((tally.counts for tally in sources), Counter[str]())
    others = [name for name in counts if name not in named]
    few = len(others) <= _FEW and not identifier
    ranked = sorted(others, key=lambda name: (-counts[name], class_order(name)))
    room = max(MOST_CLASSES - len(named), 0)
    kept = others if few else [name for name in ranked if counts[name] >= minimum_count][:room]
    every = {name for tally in (predicted, labelled, scored) for name in tally.counts}
    hidden = len(every.difference(kept, named)) + sum(
        len(tally) - len(tally.counts) for tally in (predicted, labelled, scored)
    )
    return ClassNames(Counter({name: counts[name] for name in [*named, *kept]}), hidden, identifier)
