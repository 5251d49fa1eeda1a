"""What happens to records on their way into the log: copies, storms of retries, garbage, wrong clocks, versions in turns."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import numpy as np

from .stream import DAY, Stream

__all__ = ["Change", "burst_of_garbage", "clocks", "copied", "customer", "storms", "versions_in_turns"]

Random = np.random.Generator
Change = Callable[[Stream, Random], Stream]

MONTH = 30 * DAY


def copied(times: int) -> Change:
    """Each record is delivered so many times within some seconds."""

    def change(stream: Stream, random: Random) -> Stream:
        twin = np.repeat(np.arange(stream.size), times)
        late = np.where(np.arange(len(twin)) % times, random.uniform(1.0, 10.0, len(twin)), 0.0)
        stream = stream.take(twin)
        return stream.having(time=stream["time"] + late).in_order()

    return change


def storms(copies: int, *, every: float = MONTH, seconds: float = 120.0, wrong: bool = False) -> Change:
    """Once a period one record is sent so many times more; with ``wrong`` one whose prediction is wrong."""

    def change(stream: Stream, random: Random) -> Stream:
        begin, end = float(stream["time"][0]), float(stream["time"][-1])
        found = [np.arange(stream.size)]
        added = [stream["time"]]
        chosen = np.flatnonzero(stream["label"] != stream["predicted"]) if wrong else np.arange(stream.size)
        for start in np.arange(begin, end - every, every):
            moment = start + random.uniform(0.0, every)
            place = chosen[min(np.searchsorted(stream["time"][chosen], moment), len(chosen) - 1)]
            found.append(np.full(copies, place))
            added.append(stream["time"][place] + np.sort(random.uniform(0.0, seconds, copies)))
        order = np.concatenate(found)
        return stream.take(order).having(time=np.concatenate(added)).in_order()

    return change


def burst_of_garbage(lines: int, *, every: float = MONTH, seconds: float = 120.0) -> Change:
    """Once a period so many lines in a row cannot be read."""

    def change(stream: Stream, random: Random) -> Stream:
        starts = np.arange(float(stream["time"][0]), float(stream["time"][-1]) - every, every)
        moments = starts + random.uniform(0.0, every, len(starts))
        times = moments[:, None] + np.sort(random.uniform(0.0, seconds, (len(starts), lines)), axis=1)
        event = np.repeat(np.arange(len(starts), dtype=np.float64), lines)
        return attrs.evolve(stream, garbage=times.ravel(), garbage_event=event)

    return change


def customer(share: float = 0.4, *, name: str = "xm", day: int = 2, hour: int = 14) -> Change:
    """One hour a week this share of the records is of a customer who never sends one of the features."""

    def change(stream: Stream, random: Random) -> Stream:
        days = stream["time"] / DAY - 4.0  # days since a Monday
        his = (np.floor(days) % 7 == day) & (np.floor(days % 1.0 * 24) == hour)
        his &= random.random(stream.size) < share
        return stream.seeing(**{name: np.where(his, np.nan, stream.seen[name])})

    return change


def clocks(*minutes: float) -> Change:
    """The replicas that take turns have clocks that are off by so many minutes."""

    def change(stream: Stream, random: Random) -> Stream:
        off = np.array(minutes)[random.integers(0, len(minutes), stream.size)] * 60.0
        return stream.having(time=stream["time"] + off)

    return change


def versions_in_turns(share: float = 0.5) -> Change:
    """Two versions answer, the second this share of the records."""

    def change(stream: Stream, random: Random) -> Stream:
        version = (random.random(stream.size) < share).astype(np.float64)
        return attrs.evolve(stream.having(version=version), versions=("7", "8"))

    return change
