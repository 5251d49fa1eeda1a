# ruff: noqa: RUF009 - worlds and classifiers are frozen values, so that a default can be shared
"""A kind of stream: its world, its reference, its labels, and what befalls its records."""

from __future__ import annotations

from typing import Literal

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.records.batches import RecordBatch

from ..laws import START
from .deliveries import Change
from .labels import LabelLaw, day_late
from .stream import Stream
from .world import Classifier, World

__all__ = ["Case", "Kind", "Reference", "make_case"]

Array = NDArray[np.float64]
Random = np.random.Generator


@attrs.frozen
class Reference:
    """The rows that the model was accepted on: those of some days, in order or ``shuffled``, all or ``rows`` of them."""

    days: float = 30.0
    rows: int | None = None
    order: Literal["in order", "shuffled"] = "in order"
    times: bool = True

    def of(self, stream: Stream, random: Random) -> RecordBatch:
        """These rows of a stream."""
        places = np.arange(stream.size)
        if self.rows is not None and self.rows < stream.size:
            places = np.sort(random.choice(stream.size, self.rows, replace=False))
        if self.order == "shuffled":
            random.shuffle(places)
        return stream.take(places).reference_rows(times=self.times)


TRAINING = Reference(60.0, 10_000, "shuffled", times=False)
"""A training split: some of the rows, shuffled, without times."""


@attrs.frozen
class Kind:
    """``years`` are event time in one stream, of ``streams``.

    ``causes`` change the features as they are, ``truths`` what follows from them (``likely`` and ``flips``), ``inputs`` the
    features as the log has them, ``outputs`` what the model says, ``deliveries`` how records come into the log; all of these
    befall the reference as well, those of ``live`` do not.
    """

    name: str
    world: World = World()
    reference: Reference = Reference()
    labels: LabelLaw = day_late
    causes: tuple[Change, ...] = ()
    truths: tuple[Change, ...] = ()
    inputs: tuple[Change, ...] = ()
    outputs: tuple[Change, ...] = ()
    deliveries: tuple[Change, ...] = ()
    live: tuple[Change, ...] = ()
    classifier: Classifier = Classifier()
    years: float = 1.0
    streams: int = 2


@attrs.frozen(eq=False)
class Case:
    """A reference, what comes after it, and the share of missing values of each feature in the reference."""

    reference: RecordBatch
    live: Stream
    usual_missing: dict[str, float]


def make_case(kind: Kind, seed: int, days: float) -> Case:
    """One stream of so many days."""
    random = np.random.default_rng([seed, *kind.name.encode()])
    stream = kind.world.draw(random, -kind.reference.days, days, START)
    for change in kind.causes:
        stream = change(stream, random)
    stream = with_outcomes(stream, kind, random)
    for change in kind.inputs:
        stream = change(stream, random)
    stream = answered(stream, kind.classifier)
    for change in (*kind.outputs, *kind.deliveries):
        stream = change(stream, random)
    accepted = stream["time"] < START
    before, live = stream.take(accepted), stream.take(~accepted)
    for change in kind.live:
        live = change(live, random)
    live = kind.labels(live, random)
    kept = live.garbage >= START
    live = attrs.evolve(live, garbage=live.garbage[kept], garbage_event=live.garbage_event[kept])
    usual = {name: float(np.isnan(values).mean()) for name, values in before.seen.items()}
    return Case(kind.reference.of(before, random), live, usual)


def with_outcomes(stream: Stream, kind: Kind, random: Random) -> Stream:
    """What becomes of each record: ``likely`` is a positive outcome by its features, which ``flips`` turn round."""
    stream = stream.having(likely=kind.classifier.score(stream), flips=kind.world.flips(stream))
    for change in kind.truths:
        stream = change(stream, random)
    likely, flips = stream["likely"], stream["flips"]
    chance = likely * (1.0 - flips) + (1.0 - likely) * flips
    drawn = random.random(stream.size)
    if kind.world.together > 1:
        drawn = drawn[np.arange(stream.size) // kind.world.together * kind.world.together]
    return stream.having(label=(drawn < chance).astype(np.float64))


def answered(stream: Stream, classifier: Classifier) -> Stream:
    """What the model says of the features that it sees, and how often that is wrong.

    The expected loss is that of a record of the same state, whatever its features: those of a few records are chance.
    """
    score = classifier.score(stream)
    predicted = (score >= 0.5).astype(np.float64)
    loss = np.where(predicted > 0, 1.0 - stream["likely"], stream["likely"])
    _, state = np.unique(stream["state"], return_inverse=True)
    mean = (np.bincount(state, loss) / np.bincount(state))[state]
    flips = stream["flips"]
    return stream.having(score=score, predicted=predicted, loss=mean * (1.0 - flips) + (1.0 - mean) * flips)
