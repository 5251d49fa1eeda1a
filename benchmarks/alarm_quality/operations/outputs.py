"""What the model says, where that is special: numbers, worse answers of one version, constant ones, scores that are off."""

from __future__ import annotations

import attrs
import numpy as np

from .deliveries import Change
from .stream import Stream

__all__ = ["as_regression", "constant_prediction", "scores_times", "second_version_wrong", "squeezed_scores"]

Random = np.random.Generator


def as_regression(freedom: float = 2.2) -> Change:
    """The model predicts a number; what is true differs from it by Student's t with so many degrees of freedom.

    The expected loss is not known and counts as none: a page is false.
    """

    def change(stream: Stream, random: Random) -> Stream:
        predicted = 100.0 + 20.0 * stream.seen["x1"] + 2.0 * stream.seen["dist"]
        columns = {name: values for name, values in stream.columns.items() if name != "score"}
        columns["predicted"] = predicted
        columns["label"] = predicted + 5.0 * random.standard_t(freedom, stream.size)
        columns["loss"] = np.zeros(stream.size)
        return attrs.evolve(stream, columns=columns, regression=True)

    return change


def constant_prediction(stream: Stream, random: Random) -> Stream:
    """Always the first class, whatever the score."""
    del random
    return stream.having(predicted=np.zeros(stream.size))


def squeezed_scores(stream: Stream, random: Random) -> Stream:
    """All scores lie near a half; decisions are what they were."""
    del random
    return stream.having(score=0.5 + 0.02 * (stream["score"] - 0.5))


def scores_times(factor: float, *, decisions: bool) -> Change:
    """Scores are too low; with ``decisions`` these follow."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        score = stream["score"] * factor
        return stream.having(
            score=score, predicted=(score >= 0.5).astype(np.float64) if decisions else stream["predicted"]
        )

    return change


def second_version_wrong(share: float) -> Change:
    """The second of two versions makes so many more of its answers wrong."""

    def change(stream: Stream, random: Random) -> Stream:
        worse = (stream["version"] > 0) & (random.random(stream.size) < share)
        return stream.having(predicted=np.where(worse, 1.0 - stream["predicted"], stream["predicted"]))

    return change
