"""Features of special kinds: zips, hundreds of columns, constants, counters, the same customers each night, categories alone."""

from __future__ import annotations

import attrs
import numpy as np

from .deliveries import Change
from .stream import Stream

__all__ = ["constants", "counters", "devices", "many_columns", "only", "same_customers", "zips"]

Random = np.random.Generator


def only(*names: str) -> Change:
    """The model has no features but these."""

    def change(stream: Stream, random: Random) -> Stream:
        del random
        return attrs.evolve(
            stream,
            seen={name: stream.seen[name] for name in names},
            texts={name: texts for name, texts in stream.texts.items() if name in names},
        )

    return change


def devices(stream: Stream, random: Random) -> Stream:
    """A category of three values."""
    drawn = random.choice(3, stream.size, p=[0.6, 0.3, 0.1]).astype(np.float64)
    return attrs.evolve(stream.seeing(device=drawn), texts={**stream.texts, "device": ("phone", "desk", "tablet")})


def zips(number: int) -> Change:
    """A category of so many values, some a thousand times as frequent as others."""

    def change(stream: Stream, random: Random) -> Stream:
        shares = 1.0 / (1.0 + np.arange(number))
        drawn = random.choice(number, stream.size, p=shares / shares.sum()).astype(np.float64)
        names = tuple(f"{10_000 + 7 * place}" for place in range(number))
        return attrs.evolve(stream.seeing(zip=drawn), texts={**stream.texts, "zip": names})

    return change


def many_columns(number: int) -> Change:
    """So many further numbers, a tenth of them with gaps."""

    def change(stream: Stream, random: Random) -> Stream:
        found = {}
        for place in range(number):
            values = random.standard_normal(stream.size)
            if place % 10 == 0:
                values[random.random(stream.size) < 0.05] = np.nan
            found[f"f{place:03d}"] = values
        return stream.seeing(**found)

    return change


def constants(stream: Stream, random: Random) -> Stream:
    """A number that is always the same, and one of which a third is imputed by its mean."""
    values = random.standard_normal(stream.size)
    return stream.seeing(
        always=np.full(stream.size, 7.0), imputed=np.where(random.random(stream.size) < 0.35, 0.0, values)
    )


def counters(stream: Stream, random: Random) -> Stream:
    """A number that counts the records, their time, and an identifier of their own, all as features."""
    size = stream.size
    names = tuple(f"order-{number:x}" for number in random.permutation(size).tolist())
    times = tuple(np.datetime_as_string((stream["time"] * 1e3).astype("datetime64[ms]")).tolist())
    order = np.arange(size, dtype=np.float64)
    return attrs.evolve(
        stream.seeing(counter=order, at=order, order=order),
        texts={**stream.texts, "order": names, "at": times},
    )


def same_customers(number: int) -> Change:
    """Each day the same customers are asked about, who hardly change."""

    def change(stream: Stream, random: Random) -> Stream:
        first = np.flatnonzero(np.arange(stream.size) < number)
        who = np.arange(stream.size) % number
        seen = {}
        for name, values in stream.seen.items():
            own = values[first][who]
            seen[name] = (
                own if name in stream.texts or name == "cnt" else own + 0.1 * random.standard_normal(stream.size)
            )
        return stream.seeing(**seen)

    return change
