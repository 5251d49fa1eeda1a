"""However a log is read, the same is decided at the same records, and every number is the same to its last digit."""

from __future__ import annotations

import functools
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Literal

import attrs
import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.metrics.renderer import render
from model_drift_exporter.models.models import Models
from model_drift_exporter.pipeline.pipeline import Pipeline
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.sources import Source, SourceStatus
from tests.sections import monitoring_settings
from tests.support.prediction_log import START, Row, batch_of, profile_of

Labels = Literal["own", "apart", "own log"]
"""Where labels are: in the record of their prediction, in lines among the predictions, or in a log of their own."""

_HOUR = 3_600.0
_STEP = 60.0
_CLASSES = ("no", "yes")


@attrs.frozen
class World:
    """A stream: where its labels are, what is predicted, and what happens from the middle on.

    ``shift`` is in standard deviations of both numeric features, so that other classes are predicted, too. From the middle on
    a model that is ``wrong`` errs twice as often. ``delay`` of labels is in seconds; a fifth comes up to twice as late.
    Predictions, and labels in logs of their own, are in so many ``logs``, as those of replicas.
    """

    labels: Labels = "apart"
    task: Literal["classes", "numbers"] = "classes"
    records: int = 2_000
    shift: float = 1.5
    wrong: bool = False
    delay: float = 6 * _HOUR
    garbage: bool = False
    logs: int = 1
    seed: int = 1


class _Lines(Source):
    """A source that gives prepared lines in pieces; they are there from the time (wall clock) of their piece on."""

    format = "jsonl"

    def __init__(self, name: str, pieces: Iterable[tuple[float, Sequence[bytes]]]) -> None:
        self.input = name
        self._pieces = deque(pieces)
        self._begun = False

    @property
    def patient(self) -> bool:
        return True

    @property
    def finished(self) -> bool:
        return not self._pieces

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        del draining
        if not self._pieces or self._pieces[0][0] > now:
            return None
        _, lines = self._pieces.popleft()
        begins, self._begun = not self._begun, True
        return Chunk(self.input, self.input, b"".join(lines), starts_stream=begins)

    def status(self, now: float) -> SourceStatus:
        del now
        return SourceStatus(self.input)


def _rows(world: World, count: int, *, seed: int, start: float, shifted: bool) -> list[Row]:
    chance = np.random.default_rng(seed)
    new = (np.arange(count) >= count // 2) & shifted
    x = chance.normal(size=count) + world.shift * new
    y = chance.normal(size=count) + world.shift * new
    kind = chance.choice(["web", "shop", "phone"], size=count, p=[0.6, 0.3, 0.1])
    score = 1 / (1 + np.exp(-(x + 0.3 * y)))
    truth = chance.random(count) < np.where(new & world.wrong, 1 - score, score)
    rows: list[Row] = []
    for index in range(count):
        row: Row = {
            "ts": start + index // 3 * 3 * _STEP,  # three at a time, so that lines of several logs tie
            "id": f"{seed}-{index}",
            "features": {"x": float(x[index]), "y": round(float(y[index]), 3), "kind": str(kind[index])},
        }
        if world.task == "classes":
            row |= {"prediction": _CLASSES[int(score[index] > 0.5)], "score": float(score[index])}
            row["label"] = _CLASSES[int(truth[index])]
        else:
            row["prediction"] = float(x[index] + 0.3 * y[index])
            noise = float(chance.normal() * (3 if new[index] and world.wrong else 1))
            row["label"] = row["prediction"] + noise
        rows.append(row)
    return rows


@functools.cache
def _reference(world: World) -> ReferenceProfile:
    rows = _rows(world, 2_000, seed=77, start=START - 2_000 * _STEP, shifted=False)
    return profile_of([batch_of(rows)], model="default")


Timed = list[tuple[float, bytes]]


@functools.cache
def _logs(world: World) -> dict[str, Timed]:
    """The lines of each log, each with the time at which it is written; the names of those with labels begin with l."""
    chance = np.random.default_rng(world.seed + 1)
    predictions: Timed = []
    labels: Timed = []
    for index, row in enumerate(_rows(world, world.records, seed=world.seed, start=START, shifted=True)):
        if world.labels != "own":
            label = row.pop("label")
            late = world.delay * (1 + chance.random() * (chance.random() < 0.2)) + 7 * chance.random()
            event = {"ts": row["ts"] + late, "id": row["id"], "label": label}
            labels.append((event["ts"], json.dumps(event).encode() + b"\n"))
        predictions.append((row["ts"], json.dumps(row).encode() + b"\n"))
        if world.garbage and (index % 97 == 0 or 0 < index - world.records // 3 < 40):
            predictions.append((row["ts"], b"Traceback (most recent call last):\n"))
    labels.sort()
    if world.labels == "apart":
        predictions = sorted(predictions + labels, key=lambda line: line[0])
        labels = []
    found: dict[str, Timed] = {f"predictions-{number}": [] for number in range(world.logs)}
    if world.labels == "own log":
        found |= {f"labels-{number}": [] for number in range(world.logs)}
    for name, lines in (("predictions", predictions), ("labels", labels)):
        for line in lines:
            found[f"{name}-{chance.integers(world.logs)}"].append(line)
    return found


Pieces = Callable[[str, Timed], Iterable[tuple[float, Sequence[bytes]]]]


def _pipeline(world: World, pieces: Pieces) -> Pipeline:
    settings = monitoring_settings(
        (parse_window("1h"), parse_window("1d"), parse_window("100")),
        evidence=EvidenceSettings(false_page=2_000.0, false_ticket=1_000.0),
    )
    logs = _logs(world)
    sources = [_Lines(name, pieces(name, lines)) for name, lines in logs.items()]
    return Pipeline(sources, Models(settings, [_reference(world)]), labels=[name for name in logs if name[0] == "l"])


@attrs.frozen
class Decisions:
    """What a reader of the log was told, and what it would have been exported at the end."""

    transitions: tuple[Transition, ...]
    exported: tuple[str, ...]


def _decisions(pipeline: Pipeline, found: Sequence[Transition]) -> Decisions:
    text = render(pipeline.models.collect(), openmetrics=False).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return Decisions((*found, *pipeline.models.drain_transitions()), tuple(lines))


def _cut(cuts: Sequence[int], label_cuts: Sequence[int]) -> Pieces:
    """All lines are there from the beginning, in pieces."""

    def pieces(name: str, lines: Timed) -> Iterable[tuple[float, Sequence[bytes]]]:
        own = label_cuts if name[0] == "l" else cuts
        ends = sorted({0, len(lines), *((cut + len(name)) % len(lines) for cut in own)}) if lines else []
        return [(0.0, [line for _, line in lines[low:high]]) for low, high in pairwise(ends)]

    return pieces


def _as_written(ticks: Sequence[float]) -> Pieces:
    """Lines are there at the first tick after they were written."""

    def pieces(_name: str, lines: Timed) -> Iterable[tuple[float, Sequence[bytes]]]:
        ends = [0, *np.searchsorted([time for time, _ in lines], ticks, side="right").tolist()]
        spans = zip(ticks, pairwise(ends), strict=True)
        return [(tick, [line for _, line in lines[low:high]]) for tick, (low, high) in spans if high > low]

    return pieces


def backlog(world: World, cuts: Sequence[int], label_cuts: Sequence[int]) -> Decisions:
    """A ``run`` that starts where all logs are long."""
    pipeline = _pipeline(world, _cut(cuts, label_cuts))
    while pipeline.step(0.0):
        pass
    pipeline.models.finish()
    return _decisions(pipeline, [])


def followed(world: World, gaps: Sequence[float]) -> Decisions:
    """A ``run`` that reads what has been written every now and then; ``gaps`` are seconds, in turn."""
    end = max(lines[-1][0] for lines in _logs(world).values())
    ticks, now, turn = [], float(START), 0
    while now <= end:
        now += gaps[turn % len(gaps)]
        ticks.append(now)
        turn += 1
    pipeline = _pipeline(world, _as_written(ticks))
    for tick in ticks:
        while pipeline.step(tick):
            pass
    pipeline.models.finish()
    return _decisions(pipeline, [])


def once(world: World, cuts: Sequence[int], label_cuts: Sequence[int]) -> Decisions:
    """``run --once``."""
    pipeline = _pipeline(world, _cut(cuts, label_cuts))
    pipeline.read_to_end(lambda: 0.0, lambda: None)
    return _decisions(pipeline, [])


def replayed(world: World, cuts: Sequence[int], label_cuts: Sequence[int], step: float | None) -> Decisions:
    """``replay``, with a backfill every ``step`` seconds."""
    pipeline = _pipeline(world, _cut(cuts, label_cuts))
    found: list[Transition] = []
    for number, piece in enumerate(pipeline.merged(lambda: 0.0, lambda: None, step)):
        pipeline.apply(piece.decoded, piece.input, 0.0)
        found += pipeline.models.drain_transitions()
        if step is not None and number % 20 == 0:
            # As a backfill does: what is exported now must not be part of what is decided next.
            [*pipeline.models.collect()]
    pipeline.models.finish()
    return _decisions(pipeline, found)


@functools.cache
def _hourly(world: World) -> Decisions:
    return followed(world, (_HOUR,))


_CUTS = st.lists(st.integers(1, 100_000), max_size=30)
_WORLDS = st.builds(
    World,
    labels=st.sampled_from(["own", "apart", "own log"]),
    task=st.sampled_from(["classes", "numbers"]),
    shift=st.sampled_from([0.0, 0.7, 2.0]),
    wrong=st.booleans(),
    delay=st.sampled_from([0.5 * _HOUR, 5 * _HOUR, 24 * _HOUR]),
    garbage=st.booleans(),
    logs=st.sampled_from([1, 2]),
    seed=st.integers(1, 4),
)


def _same(found: Decisions, expected: Decisions) -> None:
    assert found.transitions == expected.transitions
    assert found.exported == expected.exported


# A smaller example of a failure would take minutes to find.
_PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.mark.slow
@example(World(), [], [])
@example(World(labels="own log"), [], [])
@example(World(labels="own log", task="numbers", wrong=True), [], [700])
@example(World(labels="own log", logs=2, garbage=True), [300], [700])
@example(World(labels="own", logs=2, garbage=True), [30, 500], [])
@given(_WORLDS, _CUTS, _CUTS)
@settings(max_examples=8, phases=_PHASES)
def test_a_backlog_is_decided_as_what_is_followed(world: World, cuts: list[int], label_cuts: list[int]) -> None:
    """``run``, ``run --once`` and ``replay`` on finished logs, cut anywhere."""
    expected = _hourly(world)
    readers: list[Callable[[World, list[int], list[int]], Decisions]] = [backlog, once]
    for read in readers:
        _same(read(world, cuts, label_cuts), expected)
    _same(replayed(world, cuts, label_cuts, None), expected)


@pytest.mark.slow
@given(_WORLDS, st.lists(st.floats(1.0, 100_000.0), min_size=1, max_size=4))
@settings(max_examples=8, phases=_PHASES)
def test_it_makes_no_difference_how_often_a_log_is_read(world: World, gaps: list[float]) -> None:
    """Every second or once a day."""
    gaps = [*gaps, 20_000.0]
    _same(followed(world, gaps), _hourly(world))


@pytest.mark.slow
@pytest.mark.parametrize("labels", ["own", "apart", "own log"])
def test_steps_of_a_backfill_make_no_difference(labels: Labels) -> None:
    """None, and a minute, an hour and a day."""
    world = World(labels=labels, delay=24 * _HOUR)
    expected = _hourly(world)
    assert expected.transitions
    for step in (None, 60.0, _HOUR, 24 * _HOUR):
        _same(replayed(world, [1_100], [700], step), expected)
