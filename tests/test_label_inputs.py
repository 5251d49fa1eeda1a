"""Labels of inputs of their own are read as far as the predictions have got."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_drift_exporter.assembly import make_pipeline, open_sources
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.pipeline import Pipeline
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
