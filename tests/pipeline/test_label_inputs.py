"""Labels of inputs of their own are read as far as the predictions have got."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.pipeline.label_inputs import HeldLabels
from model_drift_exporter.pipeline.pipeline import Pipeline
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.sources import FileSource
from tests.exposition import Exposition
from tests.incident_log import incident, reference_file
from tests.prediction_log import START, Row, write_jsonl


def _pipeline(folder: Path, predictions: list[Row], labels: list[Row], read_bytes: int = 1 << 19) -> Pipeline:
    settings = Settings(
        reference=(str(reference_file(folder / "reference.json")),),
        inputs=(
            InputSettings(str(write_jsonl(folder / "log.jsonl", predictions))),
            InputSettings(str(write_jsonl(folder / "labels.jsonl", labels)), "labels", contains="labels"),
        ),
    )
    sources = [FileSource(each.name, each.path, read_bytes=read_bytes) for each in settings.inputs]
    return make_pipeline(settings, sources)


def _read(pipeline: Pipeline) -> Exposition:
    now = START + 1e9
    while pipeline.step(now):
        now += 1
    return Exposition.of(pipeline.collect(now))


@pytest.mark.parametrize("read_bytes", [4_000, 1 << 19])
def test_a_backlog_of_years_is_joined(tmp_path: Path, read_bytes: int) -> None:
    """Whichever log is read faster: no label waits beyond its horizon, no prediction expires."""
    predictions, labels = incident(3_000)
    for row in (*predictions, *labels):
        row["ts"] = START + (row["ts"] - START) * 2_000  # eleven hours apart
    metrics = _read(_pipeline(tmp_path, predictions, labels, read_bytes))
    assert metrics("model_labels_joined_total", model="default") == 3_000
    assert metrics("model_labels_unmatched_total", model="default") == 0


def test_a_running_exporter_decides_as_replay_does(tmp_path: Path) -> None:
    """To the record, however large the pieces are in which both logs are read."""
    predictions, labels = incident(4_000, wrong=range(2_000, 4_000))
    told = []
    for read_bytes in (3_000, 20_000, 1 << 19):
        pipeline = _pipeline(tmp_path, predictions, labels, read_bytes)
        _read(pipeline)
        told.append([(edge.alert, edge.time, edge.record) for edge in pipeline.models.drain_transitions()])
    assert told[0]
    assert told[0] == told[1] == told[2]
    settings = Settings(
        reference=(str(tmp_path / "reference.json"),),
        inputs=(
            InputSettings(str(tmp_path / "log.jsonl")),
            InputSettings(str(tmp_path / "labels.jsonl"), "labels", contains="labels"),
        ),
    )
    merged = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
    merged.read_to_end(lambda: START, lambda: None)
    assert [(edge.alert, edge.time, edge.record) for edge in merged.models.drain_transitions()] == told[0]


def test_labels_ahead_of_all_predictions_wait_for_a_pause(tmp_path: Path) -> None:
    """When nothing else comes, they are given to the models, and a line that is no label ends nothing."""
    predictions, labels = incident(200)
    pipeline = _pipeline(tmp_path, predictions[:100], labels)
    with (tmp_path / "labels.jsonl").open("a") as file:
        file.write("no json\n")
    metrics = _read(pipeline)
    assert metrics("model_labels_joined_total", model="default") == 100
    assert metrics("model_labels_waiting", model="default") == 100
    assert pipeline.errors["labels", "not_json"] == 1
    with (tmp_path / "log.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in predictions[100:])
    assert _read(pipeline)("model_labels_joined_total", model="default") == 200


def test_what_is_held_outlives_the_process(tmp_path: Path) -> None:
    """A process killed between the two logs loses no label that it has read."""
    predictions, labels = incident(2_000)
    first = _pipeline(tmp_path, predictions, labels, 20_000)
    for _ in range(4):
        first.step(START)
    second = _pipeline(tmp_path, predictions, labels, 20_000)
    second.restore(first.snapshot())
    joined = Exposition.of(first.collect(START))("model_labels_joined_total", model="default")
    assert joined + _read(second)("model_labels_joined_total", model="default") == 2_000


def test_labels_of_a_wrong_clock_hold_up_no_others(tmp_path: Path) -> None:
    """Twelve of 2099 are read first; while predictions keep coming, the labels behind them are joined all the same."""
    predictions, labels = incident(1_000)
    wrong = [{"ts": 4_070_908_800 + index, "id": f"unknown-{index}", "label": "yes"} for index in range(12)]
    pipeline = _pipeline(tmp_path, [], wrong)
    with (tmp_path / "log.jsonl").open("a") as log, (tmp_path / "labels.jsonl").open("a") as others:
        for start in range(0, 1_000, 20):
            log.writelines(json.dumps(row) + "\n" for row in predictions[start : start + 20])
            others.writelines(json.dumps(row) + "\n" for row in labels[max(start - 180, 0) : max(start - 160, 0)])
            log.flush()
            others.flush()
            assert pipeline.step(START + start)
    metrics = Exposition.of(pipeline.collect(START))
    assert metrics("model_labels_joined_total", model="default") > 700


FIRST_TIME = 1_700_000_000.0


def _labels(*times: float | None) -> LabelBatch:
    size = len(times)
    return LabelBatch(size, time=list(times), identifier=[f"id {n}" for n in range(size)], label=list(range(size)))


def _taken(held: HeldLabels, until: float) -> list[object]:
    return [label for batch in held.take(until) for label in batch.label]


def test_labels_are_given_out_as_far_as_asked() -> None:
    """In their order, of all chunks; nothing is given twice."""
    held = HeldLabels()
    assert not held
    assert _taken(held, FIRST_TIME) == []
    held.hold(_labels(FIRST_TIME, FIRST_TIME + 10, FIRST_TIME + 20))
    assert held
    assert _taken(held, FIRST_TIME - 1) == []
    assert _taken(held, FIRST_TIME + 10) == [0, 1]
    held.hold(_labels(FIRST_TIME + 21, FIRST_TIME + 30))
    assert _taken(held, FIRST_TIME + 19) == []
    assert _taken(held, FIRST_TIME + 21) == [2, 0]
    assert _taken(held, FIRST_TIME + 99) == [1]
    assert not held


def test_a_label_without_a_time_goes_with_those_before_it() -> None:
    """And at once where none was before it."""
    held = HeldLabels()
    held.hold(_labels(None, FIRST_TIME, None, FIRST_TIME + 60))
    assert _taken(held, FIRST_TIME) == [0, 1, 2]
    held = HeldLabels()
    held.hold(_labels(None, None, FIRST_TIME))
    assert _taken(held, FIRST_TIME - 1) == [0, 1]


def test_wrong_clocks_hold_nobody_up() -> None:
    """One among good labels goes with them; twelve before them go once as many behind them are due."""
    held = HeldLabels()
    held.hold(_labels(*(FIRST_TIME + n for n in range(20)), FIRST_TIME + 1e9, FIRST_TIME + 20))
    assert len(_taken(held, FIRST_TIME + 20)) == 22
    held.hold(_labels(*(4e9 + n for n in range(12))))
    assert _taken(held, FIRST_TIME + 99) == []
    assert not held.full
    held.hold(_labels(*(FIRST_TIME + n for n in range(50))))
    assert _taken(held, FIRST_TIME + 10) == []
    assert len(_taken(held, FIRST_TIME + 11)) == 24
    assert len(_taken(held, FIRST_TIME + 99)) == 38


def test_one_label_from_long_ago_lets_no_others_out() -> None:
    """At the end of labels that are not due it waits with them."""
    held = HeldLabels()
    held.hold(_labels(*(FIRST_TIME + 1e6 + n for n in range(100)), FIRST_TIME - 1e6))
    assert _taken(held, FIRST_TIME) == []


def test_no_more_is_held_than_shows_what_is_due() -> None:
    """Ten thousand labels, and what the last chunk brings."""
    held = HeldLabels()
    held.hold(_labels(*(FIRST_TIME + n for n in range(9_999))))
    assert not held.full
    held.hold(_labels(FIRST_TIME + 1e5))
    assert held.full


def test_held_labels_outlive_the_process() -> None:
    """It has been read, so the offset in the snapshot lies behind it."""
    first, second = HeldLabels(), HeldLabels()
    first.hold(_labels(FIRST_TIME, FIRST_TIME + 10, FIRST_TIME + 20))
    first.hold(_labels(FIRST_TIME + 30))
    first.take(FIRST_TIME)
    state = first.snapshot()
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(state | {"times": state["times"].tolist()})))
    assert _taken(second, FIRST_TIME + 99) == [1, 2, 0]
    empty = HeldLabels()
    empty.restore(HeldLabels().snapshot())
    assert not empty
    with pytest.raises(ValueError, match="other times"):
        empty.restore(state | {"times": [1.0]})
