"""How labels come: late, first of all the bad ones, corrected, in batches, for some records only."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..laws import START
from .stream import DAY, HOUR, Stream

__all__ = [
    "LabelLaw",
    "bad_first",
    "chargebacks",
    "complaints_first",
    "corrected_later",
    "day_late",
    "days_late",
    "good_first",
    "in_batches",
    "in_record",
    "negatives_first",
    "none",
    "only_some",
    "unsure_ones",
    "wrong_on_top",
]

Array = NDArray[np.float64]
Random = np.random.Generator
LabelLaw = Callable[[Stream, Random], Stream]


def _wrong(stream: Stream) -> NDArray[np.bool_]:
    wrong: NDArray[np.bool_] = stream["label"] != stream["predicted"]
    return wrong


def _end_of(stream: Stream, days: float, random: Random) -> Array:
    """The end of each record's period of so many days, and up to an hour more."""
    end: Array = START + np.ceil((stream["time"] - START) / (days * DAY)) * days * DAY
    return end + random.uniform(0.0, HOUR, stream.size)


def days_late(days: float) -> LabelLaw:
    """Each label comes after four to six fifths of so many days."""
    return lambda stream, random: stream.having(
        labelled=stream["time"] + days * DAY * random.uniform(0.8, 1.2, stream.size)
    )


day_late = days_late(1.0)


def in_record(stream: Stream, random: Random) -> Stream:
    """The label stands in the record."""
    del random
    return attrs.evolve(stream.having(labelled=stream["time"]), in_record=True)


def none(stream: Stream, random: Random) -> Stream:
    """No label ever comes."""
    del random
    return stream.having(labelled=np.full(stream.size, np.inf))


def only_some(share: float) -> LabelLaw:
    """This share of the records gets a label, a day late."""

    def law(stream: Stream, random: Random) -> Stream:
        stream = day_late(stream, random)
        return stream.having(labelled=np.where(random.random(stream.size) < share, stream["labelled"], np.inf))

    return law


def in_batches(days: float) -> LabelLaw:
    """All labels of a period of so many days come at its end."""
    return lambda stream, random: stream.having(labelled=_end_of(stream, days, random))


def bad_first(stream: Stream, random: Random) -> Stream:
    """Mistakes are known after about three hours, the others after about a day and a half."""
    delay = np.where(_wrong(stream), 3 * HOUR, 36 * HOUR) * random.uniform(0.7, 1.3, stream.size)
    return stream.having(labelled=stream["time"] + delay)


def good_first(stream: Stream, random: Random) -> Stream:
    """Mistakes are known after about a day and a half, the others after about three hours."""
    delay = np.where(_wrong(stream), 36 * HOUR, 3 * HOUR) * random.uniform(0.7, 1.3, stream.size)
    return stream.having(labelled=stream["time"] + delay)


def complaints_first(stream: Stream, random: Random) -> Stream:
    """Half of the mistakes are complained about after a day; all other labels come at the end of the month."""
    late = _end_of(stream, 30.0, random)
    complained = _wrong(stream) & (random.random(stream.size) < 0.5)
    day = stream["time"] + DAY * random.uniform(0.8, 1.2, stream.size)
    return stream.having(labelled=np.where(complained, np.minimum(day, late), late))


def corrected_later(share: float = 0.1, days: float = 5.0) -> LabelLaw:
    """Labels come a day late; this share of them is wrong at first, and corrected so many days after."""

    def law(stream: Stream, random: Random) -> Stream:
        first = stream["time"] + DAY * random.uniform(0.8, 1.2, stream.size)
        mistaken = random.random(stream.size) < share
        return stream.having(
            labelled=np.where(mistaken, first + days * DAY * random.uniform(0.9, 1.1, stream.size), first),
            first_label=1.0 - stream["label"],
            first_labelled=np.where(mistaken, first, np.inf),
        )

    return law


def chargebacks(stream: Stream, random: Random) -> Stream:
    """Positives become known over two months, negatives when these are over."""
    month = 30 * DAY
    positive = np.minimum(random.exponential(month / 2, stream.size) + DAY, 2 * month)
    return stream.having(labelled=stream["time"] + np.where(stream["label"] > 0, positive, 2 * month))


def negatives_first(stream: Stream, random: Random) -> Stream:
    """Everything counts as negative after a day; positives are corrected within some weeks."""
    first = stream["time"] + DAY * random.uniform(0.8, 1.2, stream.size)
    positive = stream["label"] > 0
    return stream.having(
        labelled=np.where(positive, first + DAY + random.exponential(10 * DAY, stream.size), first),
        first_label=np.zeros(stream.size),
        first_labelled=np.where(positive, first, np.inf),
    )


def unsure_ones(stream: Stream, random: Random) -> Stream:
    """A label comes for those records only whose score is near a half: somebody looks at them."""
    stream = day_late(stream, random)
    unsure = np.abs(stream["score"] - 0.5) < 0.35
    return stream.having(labelled=np.where(unsure, stream["labelled"], np.inf))


def wrong_on_top(stream: Stream, random: Random) -> Stream:
    """All labels come three days late, but half of the mistakes are told within some hours."""
    stream = days_late(3.0)(stream, random)
    told = _wrong(stream) & (random.random(stream.size) < 0.5)
    soon = stream["time"] + random.uniform(1.0, 6.0, stream.size) * HOUR
    return stream.having(labelled=np.where(told, soon, stream["labelled"]))
