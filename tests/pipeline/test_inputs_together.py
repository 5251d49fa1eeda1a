"""Several inputs at once: lines come in the order of event times, none is lost, none is counted twice, none waits for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.formats import format_of_body
from model_drift_exporter.models.models import Models
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.pipeline.pipeline import Pipeline
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.sources import FileSource, IngestSource
from model_drift_exporter.sources.source import Source
from tests.sections import monitoring_settings
from tests.support.exposition import Exposition
from tests.support.incident_log import incident, reference_file
from tests.support.prediction_log import START, Row, batch_of, make_rows, profile_of, write_jsonl


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


@pytest.mark.slow
@pytest.mark.parametrize("read_bytes", [4_000, 1 << 19])
def test_a_backlog_of_years_is_joined(tmp_path: Path, read_bytes: int) -> None:
    """Whichever log is read faster: no label waits beyond its horizon, no prediction expires."""
    predictions, labels = incident(3_000)
    for row in (*predictions, *labels):
        row["ts"] = START + (row["ts"] - START) * 2_000  # eleven hours apart
    metrics = _read(_pipeline(tmp_path, predictions, labels, read_bytes))
    assert metrics("model_labels_joined_total", model="default") == 3_000
    assert metrics("model_labels_unmatched_total", model="default") == 0


@pytest.mark.slow
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


def _of(source: Source, *others: Source, labels: tuple[str, ...] = ()) -> Pipeline:
    settings = monitoring_settings((parse_window("1h"),), learn_records=100)
    reference = profile_of([batch_of(make_rows(200, seed=9))], model="default")
    return Pipeline([source, *others], Models(settings, [reference]), labels=labels)


def _file(folder: Path, name: str, rows: list[Row], read_bytes: int = 5_000) -> FileSource:
    return FileSource(name, str(write_jsonl(folder / f"{name}.jsonl", rows)), read_bytes=read_bytes)


@pytest.mark.parametrize("dated", ["as they come", "when they fall due", "by a clock of 2099"])
def test_no_label_is_lost_of_several_logs(tmp_path: Path, dated: str) -> None:
    """Whatever a fortieth of them is dated: each line is counted, by a ``run`` as by ``run --once``."""
    predictions, labels = incident(1_000)
    for label in labels[::40] if dated != "as they come" else ():
        label["ts"] = label["ts"] + 30 * 86_400 if dated == "when they fall due" else 4_070_908_800
    names = ("labels-0", "labels-1")
    for live in (True, False):
        logs = [_file(tmp_path, name, labels[place::2]) for place, name in enumerate(names)]
        pipeline = _of(_file(tmp_path, "log", predictions), *logs, labels=names)
        if live:
            _read(pipeline)
        else:
            sources = [FileSource(each.input, str(tmp_path / f"{each.input}.jsonl"), once=True) for each in logs]
            log = FileSource("log", str(tmp_path / "log.jsonl"), once=True)
            pipeline = _of(log, *sources, labels=names)
            pipeline.read_to_end(lambda: START, lambda: None)
        found = Exposition.of(pipeline.collect(START))
        assert found("model_labels_total", model="default") == 1_000
        assert found("model_labels_joined_total", model="default") == 1_000


def test_labels_of_several_logs_come_by_time(tmp_path: Path) -> None:
    """Also where there is no prediction for weeks: each is revised by the later one, whichever log that is in."""
    predictions, _ = incident(2)
    predictions[1]["ts"] += 30 * 86_400
    times = [START + hour * 3_600.0 for hour in range(1, 601)]
    rows = [{"ts": time, "id": predictions[0]["id"], "label": "yes"} for time in times]
    logs = [_file(tmp_path, f"labels-{place}", rows[place::2], 500) for place in (0, 1)]
    pipeline = _of(_file(tmp_path, "log", predictions), *logs, labels=("labels-0", "labels-1"))
    found = _read(pipeline)
    assert found("model_label_last_timestamp_seconds", model="default") == times[-1]
    assert found("model_labels_total", model="default") == 600


@pytest.mark.parametrize("reload", [True, False])
def test_what_is_held_of_an_input_that_goes_is_counted(tmp_path: Path, reload: bool) -> None:
    """The later of two logs waits for the other; then the settings, or a restart, know only one of them."""
    rows = make_rows(400, step=60.0)
    first, second = _file(tmp_path, "a", rows[:300], 20_000), _file(tmp_path, "b", rows[300:])
    before = _of(first, second)
    before.step(START)
    counted = Exposition.of(before.collect(START)).total("model_records_total")
    after = _of(first)
    if reload:
        after.take_over(before)
        counted = 0.0
    else:
        after = _of(_file(tmp_path, "a", rows[:300], 20_000))
        after.restore(before.snapshot())
    held = 400 - 300 - _left(second)
    assert held > 0
    assert counted + _read(after).total("model_records_total") == 300 + held


def _left(source: FileSource) -> int:
    rest = 0
    while chunk := source.poll(START):
        rest += chunk.data.count(b"\n")
    return rest


def test_what_is_held_of_a_file_that_is_another_now_is_read_again(tmp_path: Path) -> None:
    """Once, not twice."""
    rows = make_rows(400, step=60.0)
    before = _of(_file(tmp_path, "a", rows[:300], 20_000), _file(tmp_path, "b", rows[300:]))
    before.step(START)
    state = before.snapshot()
    state["sources"]["b"] = {"nonsense": 1}
    after = _of(_file(tmp_path, "a", rows[:300], 20_000), _file(tmp_path, "b", rows[300:]))
    after.restore(state)
    counted = Exposition.of(before.collect(START)).total("model_records_total")
    assert counted + _read(after).total("model_records_total") == 400


def test_requests_do_not_wait_for_a_backlog(tmp_path: Path) -> None:
    """Whoever posts is not kept waiting, or refused, while the log of a month is read."""
    rows = make_rows(3_000, step=60.0)
    ingest = IngestSource(format_of_body, "ingest", queue_requests=50)
    pipeline = _of(_file(tmp_path, "a", rows[:2_800], 4_000), ingest)
    for row in rows[2_800:]:
        assert ingest.offer(json.dumps(row).encode() + b"\n", "application/json")
        assert pipeline.step(START)
        assert ingest.status(START).queue_bytes == 0
    assert _read(pipeline).total("model_records_total") == 3_000


def test_labels_that_an_older_version_held_are_joined(tmp_path: Path) -> None:
    """A snapshot of 0.1.0 has them apart, under the names that its batches had."""
    predictions, labels = incident(100)
    pipeline = _pipeline(tmp_path, predictions, [])
    state = pipeline.snapshot()
    del state["logs"], state["lines"]
    names = {"time": "ts", "identifier": "id", "label": "label"}
    columns = {name: [label[field] for label in labels] for name, field in names.items()}
    batch = {"size": 100, "model": None, "text": False, "line": [*range(100)], **columns}
    state["labels"] = {"labels": {"labels": [batch], "times": columns["time"]}}
    pipeline.restore(state)
    assert _read(pipeline)("model_labels_joined_total", model="default") == 100
