"""What goes wrong: in the values that the log has, in what is true, in how records come. Each is a change of a stream."""

from __future__ import annotations

import math
from collections.abc import Callable

import attrs
import numpy as np
from numpy.typing import NDArray

from ..laws import START
from .deliveries import Change
from .stream import DAY, HOUR, Stream
from .world import PLANS, REGIONS, Classifier, logit, probability

__all__ = [
    "after",
    "daily_versions",
    "declining",
    "drifting",
    "flipped",
    "gone",
    "held",
    "mapped",
    "missing",
    "more_positives",
    "one_record",
    "renamed",
    "set_to",
    "shuffled",
    "some_hours",
    "swapped",
    "turned_round",
    "wrong_type",
]

Array = NDArray[np.float64]
Random = np.random.Generator


def after(day: float, change: Change, *, hours: float = math.inf) -> Change:
    """The change befalls the records from a day on, for so many hours; it must keep their number and order."""

    def changed(stream: Stream, random: Random) -> Stream:
        new = change(stream, random)
        since = stream["time"] - (START + day * DAY)
        begun = (since >= 0) & (since < hours * HOUR)

        def mixed(now: dict[str, Array], before: dict[str, Array]) -> dict[str, Array]:
            return {name: np.where(begun, values, before[name]) for name, values in now.items()}

        state = np.where(begun, stream["state"] + 1e6, stream["state"])
        found = attrs.evolve(
            new,
            seen=mixed(new.seen, stream.seen),
            columns=mixed(new.columns, stream.columns),
            invalid={name: wrong & begun for name, wrong in new.invalid.items()},
        )
        return found.having(state=state)

    return changed


def mapped(name: str, function: Callable[[Array], Array]) -> Change:
    """A feature is a function of what it was."""
    return lambda stream, _random: stream.seeing(**{name: function(stream.seen[name])})


def swapped(one: str, other: str, scale: tuple[float, float, float, float] | None = None) -> Change:
    """Two features change places; ``scale`` are centre and scale of both, if each comes in the other's units."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        first, second = stream.seen[one], stream.seen[other]
        if scale is None:
            return stream.seeing(**{one: second, other: first})
        centre, unit, other_centre, other_unit = scale
        return stream.seeing(
            **{
                one: centre + unit * (second - other_centre) / other_unit,
                other: other_centre + other_unit * (first - centre) / unit,
            }
        )

    return change


def held(name: str, times: int) -> Change:
    """A feature repeats each value so many times."""
    return lambda stream, _random: stream.seeing(**{name: stream.seen[name][np.arange(stream.size) // times * times]})


def shuffled(name: str) -> Change:
    """A feature is that of other records."""
    return lambda stream, random: stream.seeing(**{name: random.permutation(stream.seen[name])})


def missing(share: float, *names: str) -> Change:
    """Features are missing in this share of the records, all at once."""

    def change(stream: Stream, random: Random) -> Stream:
        lost = random.random(stream.size) < share
        return stream.seeing(**{name: np.where(lost, np.nan, stream.seen[name]) for name in names})

    return change


def set_to(name: str, value: float, share: float = 1.0) -> Change:
    """A feature has this value in this share of the records."""
    return lambda stream, random: stream.seeing(
        **{name: np.where(random.random(stream.size) < share, value, stream.seen[name])}
    )


def wrong_type(name: str) -> Change:
    """A number comes as text."""
    return lambda stream, _random: attrs.evolve(
        stream, invalid={**stream.invalid, name: np.ones(stream.size, dtype=np.bool_)}
    ).seeing(**{name: np.full(stream.size, np.nan)})


def renamed(share: float, *, to: str) -> Change:
    """``Free`` for ``free``, a new plan, or an unknown region, in this share of the records."""

    def change(stream: Stream, random: Random) -> Stream:
        some = random.random(stream.size) < share
        if to == "unknown":
            return stream.seeing(region=np.where(some, float(len(REGIONS)), stream.seen["region"]))
        place = len(PLANS) + ("Free", "student").index(to)
        some &= (stream.seen["plan"] == 0) | (to != "Free")
        return stream.seeing(plan=np.where(some, float(place), stream.seen["plan"]))

    return change


def drifting(name: str, a_day: float, *, day: float) -> Change:
    """A feature rises by so much each day from a day on."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        days = np.maximum(stream["time"] - START - day * DAY, 0.0) / DAY
        return stream.seeing(**{name: stream.seen[name] + a_day * days})

    return change


def flipped(share: float) -> Change:
    """So many more of the outcomes are the opposite of what the features make likely."""
    return lambda stream, _random: stream.having(flips=np.clip(stream["flips"] + share, 0.0, 1.0))


def turned_round(classifier: Classifier, *, name: str = "x1", day: float = 0.0, days: float = 0.0) -> Change:
    """A feature's effect turns into its opposite, at once or over so many days from a day on."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        past = stream["time"] - START - day * DAY
        done = np.clip(past / (days * DAY), 0.0, 1.0) if days else np.ones(stream.size)
        opposite = {**stream.seen, name: -stream.seen[name]}
        whole, turned = (logit(seen, stream.size) for seen in (stream.seen, opposite))
        mixed = classifier.scale * (whole * (1.0 - done) + turned * done) + classifier.intercept
        month = np.floor(np.maximum(past, 0.0) / DAY)
        return stream.having(likely=probability(mixed), state=stream["state"] + (1e4 * (1 + month) if days else 0.0))

    return change


def declining(to: float, *, day: float, days: float) -> Change:
    """The share of outcomes that are turned round rises evenly to this within so many days."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        done = np.clip((stream["time"] - START - day * DAY) / (days * DAY), 0.0, 1.0)
        return stream.having(flips=stream["flips"] + (to - stream["flips"]) * done)

    return change


def some_hours(day: float, change: Change, *, each: float, lasting: float, times: int) -> Change:
    """The change comes for ``lasting`` hours every ``each`` hours, so many times."""

    def changed(stream: Stream, random: Random) -> Stream:
        for number in range(times):
            stream = after(day + number * each / 24.0, change, hours=lasting)(stream, random)
        return stream

    return changed


def gone(name: str, place: int, *, day: float) -> Change:
    """Records of one category do not come any more."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        return stream.take((stream["time"] < START + day * DAY) | (stream.seen[name] != place))

    return change


def one_record(share: float, *, day: float) -> Change:
    """This share of the records is one and the same, each with an identifier of its own."""

    def change(stream: Stream, random: Random) -> Stream:
        begun = np.flatnonzero(stream["time"] >= START + day * DAY)
        places = np.arange(stream.size)
        places[begun[random.random(len(begun)) < share]] = begun[0]
        return stream.take(places).having(time=stream["time"], source=stream["source"])

    return change


def more_positives(times: float, *, day: float) -> Change:
    """Records with a positive outcome come so many times as often as before."""

    def change(stream: Stream, random: Random) -> Stream:
        begun = np.flatnonzero(stream["time"] >= START + day * DAY)
        weights = np.where(stream["label"][begun] > 0, times, 1.0)
        places = np.arange(stream.size)
        places[begun] = random.choice(begun, len(begun), p=weights / weights.sum())
        return stream.take(places).having(time=stream["time"], source=stream["source"])

    return change


def daily_versions(stream: Stream, random: Random) -> Stream:
    """A new version is deployed each midnight."""
    del random
    day = np.floor((stream["time"] - START) / DAY)
    day -= day.min()
    names = tuple(f"v{number}" for number in range(int(day.max()) + 1))
    return attrs.evolve(stream.having(version=day), versions=names)
