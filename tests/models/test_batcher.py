from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any
from unittest import mock

import attrs
import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.metrics.renderer import render
from model_drift_exporter.models import batcher
from model_drift_exporter.models.batcher import HELD_SECONDS, LINES, Batcher, one_batch
from model_drift_exporter.models.models import Models
from model_drift_exporter.records.batches import (
    NO_POSITIONS,
    Decoded,
    LabelBatch,
    ModelBatch,
    RecordBatch,
)
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import START, Row, batch_of, make_rows, profile_of

Given = list[tuple[str, ModelBatch]]


def _batcher() -> tuple[Batcher, Given]:
    given: Given = []
    return Batcher(lambda name, batch: given.append((name, batch))), given


def _records(first: int, size: int, *, features: int = 1, text: bool = False) -> RecordBatch:
    lines = range(first, first + size)
    columns = {f"f{number}": [str(line) if text else line for line in lines] for number in range(features)}
    return RecordBatch.of(size, columns, text=text, position=lines)


def _batch(first: int, size: int, *, arrival: float = 0.0, features: int = 1) -> ModelBatch:
    return ModelBatch(_records(first, size, features=features), None, NO_POSITIONS, arrival)


def _sizes(given: Given) -> list[tuple[str, int]]:
    return [(name, batch.size) for name, batch in given]


def test_batches_wait_until_they_are_worth_one() -> None:
    """Four thousand lines of a model; what is enough by itself is not copied."""
    gathered, given = _batcher()
    for first in range(0, LINES - 100, 100):
        gathered.add("a", _batch(first, 100))
    gathered.add("b", _batch(0, 10))
    assert given == []
    assert gathered.first == 0
    gathered.add("a", _batch(LINES - 100, 150))
    assert _sizes(given) == [("a", LINES + 50)]
    records = given[0][1].records
    assert records is not None
    assert records.position.tolist() == [*range(LINES + 50)] == [*records.features["f0"]]
    large = _batch(100, LINES)
    gathered.add("b", large)
    assert _sizes(given[1:]) == [("b", 10), ("b", LINES)]
    assert given[2][1] is large
    assert gathered.first == np.inf


def test_labels_and_rejected_lines_are_lines_too() -> None:
    """A log of labels, or one full of garbage, is no endless batch."""
    gathered, given = _batcher()
    for first in range(0, LINES, 1_000):
        labels = LabelBatch.of(500, label=[1] * 500, position=[*range(first, first + 500)])
        gathered.add("a", ModelBatch(None, labels, np.arange(first + 500, first + 1_000), 0.0))
    ((_, batch),) = given
    assert batch.labels is not None
    assert (batch.labels.size, len(batch.rejected), batch.records) == (LINES // 2, LINES // 2, None)


@pytest.mark.parametrize(("features", "size", "most"), [(1, 500, 10_000), (1_000, 20, 2_100)])
def test_all_models_together_have_a_bound(features: int, size: int, most: int) -> None:
    """In lines and, of wide records, in bytes; the model with most is given first."""
    gathered, given = _batcher()
    waiting = 0
    for turn in range(8):
        for number in range(40):
            more = size + (number == 7)
            gathered.add(f"m{number}", _batch(turn * 1_000, more, features=features))
            waiting += more
            assert waiting - sum(batch.size for _, batch in given) <= most
    assert given[0][0] == "m7"


_LARGE: dict[str, tuple[int, dict[str, list[object]], list[object] | None]] = {
    "texts of 20 kB": (20_000, {"text": [f"{line:>20000}" for line in range(3)]}, None),
    "a thousand scores": (70_000, {}, [{f"class {number}": number / 7 for number in range(1_000)}] * 3),
    "embeddings": (50_000, {"embedding": [[line / 7] * 1_500 for line in range(3)]}, None),
}


@pytest.mark.parametrize("models", [1, 6])
@pytest.mark.parametrize("what", _LARGE)
def test_large_values_have_a_bound(models: int, what: str) -> None:
    """In bytes: 4 MiB of a model, 16 MiB of all, whatever a value holds."""
    gathered, given = _batcher()
    least, features, scores = _LARGE[what]
    waiting = 0
    for turn in range(600 // models):
        for number in range(models):
            records = RecordBatch.of(3, features, scores=scores, position=range(3 * turn, 3 * turn + 3))
            gathered.add(f"m{number}", ModelBatch(records, None, NO_POSITIONS, 0.0))
            waiting += 3
            assert (waiting - sum(batch.size for _, batch in given)) * least <= min(16, 4 * models) << 20
    assert min(batch.size for _, batch in given) * least > 1 << 20


def test_what_is_large_by_itself_is_not_copied() -> None:
    """Neither a batch that is worth one in bytes, nor what has been gathered before it."""
    gathered, given = _batcher()
    gathered.add("a", _batch(0, 10, features=600))
    large = _batch(10, 1_000, features=600)
    gathered.add("a", large)
    assert _sizes(given) == [("a", 10), ("a", 1_000)]
    assert given[1][1] is large


def test_nothing_is_held_for_long() -> None:
    """Some seconds, and not at all where the clock was set back."""
    gathered, given = _batcher()
    gathered.add("a", _batch(0, 1, arrival=50.0))
    gathered.add("b", _batch(0, 1, arrival=50.0 + HELD_SECONDS / 2))
    gathered.add("a", _batch(1, 1, arrival=50.0 + HELD_SECONDS / 2))
    gathered.give_held(50.0 + HELD_SECONDS / 2)
    assert given == []
    gathered.give_held(50.0 + HELD_SECONDS)
    assert _sizes(given) == [("a", 2)]
    gathered.give_held(40.0)
    assert _sizes(given) == [("a", 2), ("b", 1)]
    gathered.give_held(1_000.0)
    assert len(given) == 2


_OTHERS = [
    ModelBatch(_records(5, 1, text=True), None, NO_POSITIONS, 0.0),
    ModelBatch(None, LabelBatch.of(1, label=["x"], text=True, position=[5]), NO_POSITIONS, 0.0),
    ModelBatch(_records(4, 1), None, NO_POSITIONS, 0.0),
    ModelBatch(None, LabelBatch.of(1, label=[1], position=[3]), NO_POSITIONS, 0.0),
    ModelBatch(None, None, np.array([4, 6]), 0.0),
]


@pytest.mark.parametrize("other", _OTHERS)
def test_what_cannot_be_joined_comes_after(other: ModelBatch) -> None:
    """Texts and numbers, and lines that begin again."""
    gathered, given = _batcher()
    labels = LabelBatch.of(1, label=[1], position=[4])
    gathered.add("a", ModelBatch(_records(0, 4), labels, NO_POSITIONS, 0.0))
    gathered.add("a", other)
    assert _sizes(given) == [("a", 4)]
    gathered.give_all()
    assert len(given) == 2
    assert given[1][1] is other


def test_a_label_stands_behind_the_record_of_its_line() -> None:
    """Labels of a log of their own have the line of the prediction before them."""
    gathered, given = _batcher()
    gathered.add("a", _batch(0, 4))
    gathered.add("a", ModelBatch(None, LabelBatch.of(2, label=[1, 2], position=[3, 3]), NO_POSITIONS, 0.0))
    gathered.add("a", _batch(4, 1))
    gathered.give_all()
    ((_, batch),) = given
    assert batch.size == 5


_NAMES = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=4), min_size=1, max_size=8)


@given(_NAMES, st.lists(st.lists(st.one_of(st.none(), st.integers(0, 40)), max_size=5), max_size=4))
def test_who_may_have_got_the_prediction_of_a_label_is_given(
    pieces: list[list[int]], asked: list[list[int | None]]
) -> None:
    """All that has come for it, and no other model anything; also where records come between the questions."""
    gathered, given = _batcher()
    waiting: dict[str, set[int]] = {}
    line = 0
    for number in range(max(len(pieces), len(asked))):
        for name, piece in enumerate(pieces[number : number + 1]):
            owner = f"m{(name + number) % 3}"
            records = RecordBatch.of(len(piece), {}, position=range(line, line + len(piece)), id=[*map(str, piece)])
            gathered.add(owner, ModelBatch(records, None, NO_POSITIONS, 0.0))
            waiting.setdefault(owner, set()).update(piece)
            line += len(piece)
        for labels in asked[number : number + 1]:
            before, size = len(given), len(labels)
            gathered.give_records_of(LabelBatch.of(size, id=labels, label=[1] * size))
            wanted = {name for name, own in waiting.items() if own & {*labels}}
            assert {name for name, _ in given[before:]} == wanted
            waiting = {name: own for name, own in waiting.items() if name not in wanted}


def test_labels_without_identifiers_ask_for_nothing() -> None:
    """No model can know them."""
    gathered, given = _batcher()
    gathered.add("a", _batch(0, 2))
    gathered.give_records_of(LabelBatch.of(1, label=[1]))
    assert given == []


def test_what_fails_is_not_lost() -> None:
    """A scrape that meets an error leaves it to the reader, who ends with it."""

    def fail(name: str, batch: ModelBatch) -> None:
        raise OSError(f"{name} {batch.size}")

    gathered = Batcher(fail)
    gathered.add("a", _batch(0, 2))
    gathered.add("a", _batch(2, 2))
    with pytest.raises(OSError, match="a 4"):
        gathered.give_all()
    with pytest.raises(OSError, match="a 4"):
        gathered.give_held(0.0)


def test_each_record_keeps_its_arrival() -> None:
    """Also where only some of the batches have records."""
    rejected = ModelBatch(None, None, np.array([3]), 7.0)
    whole = one_batch([_batch(0, 2, arrival=5.0), rejected, _batch(4, 1, arrival=8.0)])
    assert (whole.arrival, whole.arrival_of_records().tolist()) == (5.0, [5.0, 5.0, 8.0])
    again = one_batch([whole, _batch(5, 1, arrival=9.0)])
    assert again.arrival_of_records().tolist() == [5.0, 5.0, 8.0, 9.0]
    same = one_batch([_batch(0, 2, arrival=5.0), _batch(4, 1, arrival=5.0)])
    assert same.arrivals is None
    assert same.arrival_of_records().tolist() == [5.0] * 3


@attrs.frozen
class World:
    """What a log holds: models in turns, labels in records or in lines of their own, garbage, times, versions, texts."""

    labels: str = "apart"
    models: int = 3
    named_labels: bool = True
    times: str = "all"
    garbage: bool = False
    versions: bool = False
    texts: bool = False
    shift: float = 3.0
    seed: int = 1


_LINES = 1_500


@functools.cache
def _reference(name: str) -> ReferenceProfile:
    rows = make_rows(600, seed=77, latency=0.5)
    labelled = [row | {"label": row["prediction"] if index % 10 else "yes"} for index, row in enumerate(rows)]
    return profile_of([batch_of(labelled)], model=name)


@functools.cache
def _log(world: World) -> list[Row | None]:
    """Lines; ``None`` is one that cannot be read."""
    chance = random.Random(world.seed)
    rows = make_rows(_LINES, seed=world.seed)
    moved = make_rows(_LINES, seed=world.seed + 50, shift=20 * world.shift)
    found: list[Row | None] = []
    for index, row in enumerate(rows):
        row["model"] = f"m{min(int(chance.expovariate(1.0)), world.models - 1)}"
        if index > _LINES // 2:
            row["features"] = moved[index]["features"]
        if world.times == "none" or (world.times == "late" and index < 200) or (world.times == "some" and index % 3):
            del row["ts"]
        if world.versions:
            row["model_version"] = str(1 + (index > 400) + (index > 900 and row["model"] == "m1"))
        if index % 5:
            row["latency"] = chance.random()
        label = row["prediction"] if chance.random() < (0.9 if index < _LINES // 2 else 0.4) else "yes"
        if world.labels == "own":
            row["label"] = label
        found.append(row)
        if world.labels == "apart":
            old = found[max(0, len(found) - 1 - chance.randrange(300))]
            if old is not None and "features" in old:
                event: Row = {"id": old["id"], "label": label, "ts": old.get("ts", START) + 3_000}
                found.append(event | ({"model": old["model"]} if world.named_labels else {}))
        if world.garbage and (chance.random() < 0.05 or 800 < index < 900):
            found.append(None)
    return found


def _decoded(lines: Sequence[Row | None], first: int, *, text: bool) -> Decoded:
    """A chunk that begins with line ``first``; ``text``: its records are texts, as in CSV."""
    records = [(first + place, line) for place, line in enumerate(lines) if line and "features" in line]
    events = [(first + place, line) for place, line in enumerate(lines) if line and "features" not in line]
    rejected = [first + place for place, line in enumerate(lines) if line is None]
    batch = labels = None
    if records:
        batch = batch_of([row for _, row in records])
        if text:
            names = {"ts": "time", "model_version": "version"}
            rows = [_texts(row) for _, row in records]
            fields = {names.get(key, key): [row.get(key, "") for row in rows] for key in rows[0] if key != "features"}
            features = {name: [row["features"][name] for row in rows] for name in rows[0]["features"]}
            batch = RecordBatch.of(len(rows), features, text=True, **fields)
        batch = attrs.evolve(batch, position=np.array([place for place, _ in records]))
    if events:
        names = {"ts": "time", "id": "id", "model": "model", "label": "label"}
        columns: dict[str, Any] = {names[key]: [row.get(key) for _, row in events] for key in names}
        labels = LabelBatch.of(len(events), position=[place for place, _ in events], **columns)
    return Decoded(batch, labels, lines=len(lines), rejected=np.array(rejected, dtype=np.int64))


def _texts(row: Row) -> Row:
    features = {name: str(value) for name, value in row["features"].items()}
    return {key: str(value) for key, value in row.items()} | {"features": features}


def _pieces(world: World, cuts: Iterable[int]) -> list[Decoded]:
    lines = _log(world)
    ends = sorted({0, len(lines), *(cut % len(lines) for cut in cuts)})
    return [
        _decoded(lines[low:high], low, text=world.texts and number % 4 == 3)
        for number, (low, high) in enumerate(pairwise(ends))
    ]


def _decisions(world: World, pieces: Sequence[Decoded], looks: Sequence[int]) -> tuple[list[str], list[object]]:
    """What is exported at the end, and all edges; models are looked at after the pieces of these numbers."""
    models = Models(
        monitoring_settings(
            (parse_window("1h"), parse_window("100")),
            learn_records=150,
            evidence=EvidenceSettings(false_page=2_000.0, false_ticket=1_000.0),
        ),
        [_reference("m0"), _reference("m1")],
    )
    edges: list[object] = []
    for number, piece in enumerate(pieces):
        models.process(piece, START + 700.0 * number, "log")
        if number in looks:
            models.give_gathered()
        edges += models.drain_settled_transitions()
    models.finish()
    edges += models.drain_transitions()
    text = render(models.collect(), openmetrics=False).decode()
    return [line for line in text.splitlines() if not line.startswith("#")], edges


_WORLDS = st.builds(
    World,
    labels=st.sampled_from(["own", "apart", "none"]),
    models=st.sampled_from([1, 2, 3]),
    named_labels=st.booleans(),
    times=st.sampled_from(["all", "some", "late", "none"]),
    garbage=st.booleans(),
    versions=st.booleans(),
    texts=st.booleans(),
    shift=st.sampled_from([0.0, 1.0]),
    seed=st.integers(1, 3),
)
_CUTS = st.lists(st.integers(1, 10_000), min_size=5, max_size=60)


@pytest.mark.slow
@example(World(), [*range(0, 3_000, 50)], [])
@example(World(labels="own", times="none", versions=True), [*range(0, 3_000, 50)], [])
@example(World(named_labels=False, garbage=True), [*range(0, 3_000, 50)], [3, 20])
@example(World(times="late", texts=True, versions=True), [*range(0, 3_000, 50)], [7])
@given(_WORLDS, _CUTS, st.lists(st.integers(0, 60), max_size=5))
@settings(max_examples=10, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_gathering_makes_no_difference(world: World, cuts: list[int], looks: list[int]) -> None:
    """Every number is the same to its last digit, and every alarm at its record, in the same order over all models.

    Whether all is gathered, or one model is given more than another at times.
    """
    pieces = _pieces(world, cuts)
    expected = _decisions(world, pieces, range(len(pieces)))
    assert _decisions(world, pieces, looks) == expected
    with mock.patch.object(batcher, "LINES", 150):
        assert _decisions(world, pieces, looks) == expected
