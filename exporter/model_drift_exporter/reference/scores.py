"""What a model said, as numbers: its score, how confident it was, how near to the decision, how undecided."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
from numpy.typing import NDArray

from ..records.batches import RecordBatch
from ..records.columns import Numbers, Texts
from ..records.raw_values import numbers, text_of

__all__ = ["DERIVED", "DERIVED_EDGES", "Scores", "class_of", "read_scores", "scores_per_class"]

Array = NDArray[np.float64]

DERIVED = ("confidence", "margin", "entropy")
"""Numbers derived from the score of each record; counted in fixed bins, the same for every model."""

DERIVED_EDGES: dict[str, tuple[float, ...]] = {
    "confidence": (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 0.999, 1),
    "margin": (0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1),
    "entropy": (0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1),
}
_BINARY = 2


@attrs.frozen(eq=False)
class Scores:
    """Arrays of one value a record, NaN where missing.

    ``score``: the positive class's score, with more than two classes the top class's; ``invalid`` lists the indexes where
    something else than numbers was given. ``confidence``: the top class's probability. ``margin``: distance to the decision
    threshold, with more than two classes the lead over the second. ``entropy``: of the class probabilities, as a share of
    the largest possible. The last three are NaN where the scores are no probabilities. ``probabilities`` is [record, class]
    where scores came per class.
    """

    score: Array
    invalid: Sequence[int]
    confidence: Array
    margin: Array
    entropy: Array
    probabilities: Array | None = None


def class_of(value: object, *, text: bool) -> str | None:
    """The name of the class that a prediction or a label is; ``None`` where it is none. Empty is a name, not so in CSV."""
    name = text_of(value)
    return None if text and not name else name


def read_scores(batch: RecordBatch, classes: Sequence[str], positive_class: str, threshold: float) -> Scores | None:
    """The scores of a batch, ``None`` if its records have none.

    ``classes`` are those that scores are given for; a list has one for each, in order, an object for any of them, and all
    else is invalid. ``positive_class`` picks the score of two. One record may have a score and the next one a score per
    class: each is read as what it is.
    """
    per_class = scores_per_class(batch)
    given_scores = batch.fields.get("score")
    if given_scores is None and per_class is None:
        return None
    absent: Sequence[object] = [None] * batch.size
    score, wrong = numbers(absent if given_scores is None else given_scores, text=batch.text)
    single = _single(score, wrong, classes, threshold)
    if per_class is None:
        return single
    several = _several(per_class, classes, positive_class, threshold)
    given = np.array([value is not None for value in per_class])
    return Scores(
        score=np.where(given, several.score, single.score),
        invalid=[*several.invalid, *(index for index in wrong if not given[index])],
        confidence=np.where(given, several.confidence, single.confidence),
        margin=np.where(given, several.margin, single.margin),
        entropy=np.where(given, several.entropy, single.entropy),
        probabilities=several.probabilities,
    )


def scores_per_class(batch: RecordBatch) -> Sequence[object] | None:
    """What stands for a score per class in each record, ``None`` in those without; ``None`` if no record has any."""
    if batch.text:
        return None
    scores = batch.fields.get("scores")
    if isinstance(scores, Numbers | Texts):
        scores = [*scores]
    score = batch.fields.get("score")
    if score is not None and not isinstance(score, Numbers) and not {list, dict}.isdisjoint(map(type, score)):
        nested = [value if isinstance(value, list | dict) else None for value in score]
        scores = nested if scores is None else [b if a is None else a for a, b in zip(scores, nested, strict=True)]
    return None if scores is None or all(value is None for value in scores) else scores


def _single(score: Array, invalid: Sequence[int], classes: Sequence[str], threshold: float) -> Scores:
    if len(classes) <= _BINARY:
        return _binary(score, invalid, threshold)
    # One score of many classes can only be the predicted one's.
    unknown = np.full(len(score), np.nan)
    return Scores(score, invalid, np.where((score >= 0) & (score <= 1), score, np.nan), unknown, unknown)


def _several(values: Sequence[object], classes: Sequence[str], positive_class: str, threshold: float) -> Scores:
    probabilities = np.full((len(values), max(len(classes), 1)), np.nan)
    rows = [_by_class(value, classes) for value in values]
    invalid = {index for index, row in enumerate(rows) if row is None}
    absent: list[object] = [None] * len(classes)
    rows = [absent if row is None else row for row in rows]
    for position, column in enumerate(zip(*rows, strict=True)):
        probabilities[:, position], wrong = numbers(column)
        invalid.update(wrong)
    if invalid:
        probabilities[sorted(invalid)] = np.nan
    if len(classes) != _BINARY:
        return _multiclass(probabilities, sorted(invalid))
    position = classes.index(positive_class) if positive_class in classes else 1
    scores = _binary(probabilities[:, position].copy(), sorted(invalid), threshold)
    return attrs.evolve(scores, probabilities=probabilities)


def _by_class(value: object, classes: Sequence[str]) -> Sequence[object] | None:
    """One value a class, ``None`` where a class has none; ``None`` for what says nothing about these classes."""
    if isinstance(value, list):
        return value if classes and len(value) == len(classes) else None
    if isinstance(value, dict):
        found = [value.get(name) for name in classes]
        return None if found.count(None) == len(found) and value.keys().isdisjoint(classes) else found
    return [None] * len(classes) if value is None else None


def _binary(score: Array, invalid: Sequence[int], threshold: float) -> Scores:
    probability = np.where((score >= 0) & (score <= 1), score, np.nan)
    rest = 1 - probability
    # x ln x is 0 at 0: the smallest positive number stands in for it.
    tiny = np.finfo(np.float64).tiny
    entropy = -(probability * np.log2(np.maximum(probability, tiny)) + rest * np.log2(np.maximum(rest, tiny)))
    return Scores(
        score=score,
        invalid=invalid,
        confidence=np.maximum(probability, rest),
        margin=np.abs(probability - threshold),
        entropy=np.clip(entropy, 0.0, 1.0),
    )


def _multiclass(probabilities: Array, invalid: Sequence[int]) -> Scores:
    absent = np.isnan(probabilities)
    known = np.where(absent, 0.0, probabilities)
    top = np.where(absent, -np.inf, probabilities).max(axis=1)
    top[absent.all(axis=1)] = np.nan
    # Numbers outside of 0 to 1 are scores of another kind: they have a top, but no confidence.
    unlike = (known < 0).any(axis=1) | (known > 1).any(axis=1) | np.isnan(top)
    known[unlike] = 0.0
    second = np.sort(known, axis=1)[:, -2] if known.shape[1] > 1 else np.zeros(len(known))
    entropy = -(known * np.log(np.maximum(known, np.finfo(np.float64).tiny))).sum(axis=1) / np.log(
        max(known.shape[1], 2)
    )
    return Scores(
        score=top,
        invalid=invalid,
        confidence=np.where(unlike, np.nan, top),
        margin=np.where(unlike, np.nan, top - second),
        entropy=np.where(unlike, np.nan, np.clip(entropy, 0.0, 1.0)),
        probabilities=probabilities,
    )
