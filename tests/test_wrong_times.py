"""Logs with wrong clocks in them, read as they are: what waits is joined, latches open, and a larger loss pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.pipeline.pipeline import Pipeline
from tests.support.exposition import Exposition
from tests.support.incident_log import incident, reference_file
from tests.support.prediction_log import START, Row, make_rows, write_jsonl

_COUNT = 9_000
_2099 = 4_070_908_800


def _settings(folder: Path, rows: list[Row]) -> Settings:
    return Settings(
        reference=(str(reference_file(folder / "reference.json")),),
        inputs=(InputSettings(str(write_jsonl(folder / "log.jsonl", rows))),),
    )


def _pipeline(settings: Settings) -> Pipeline:
    return make_pipeline(settings, open_sources(settings.inputs, settings))


def _read(pipeline: Pipeline) -> list[Transition]:
    while pipeline.step(START):
        pass
    return pipeline.models.drain_transitions()


def _edges(transitions: list[Transition]) -> list[tuple[str, bool]]:
    return [(edge.alert, edge.firing) for edge in transitions if edge.severity == "page"]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Values are missing for a while, and later predictions are wrong, each with its labels an hour late."""
    predictions, labels = incident(_COUNT, missing=range(1_000, 2_000), wrong=range(5_000, _COUNT))
    return sorted([*predictions, *labels], key=lambda row: float(row["ts"]))


_INCIDENT = [("ModelInputBroken", True), ("ModelInputBroken", False), ("ModelLossIncreased", True)]


def test_twenty_records_of_2099_keep_no_latch_closed(tmp_path: Path, rows: list[Row]) -> None:
    """They come while values are missing; with a restart in the middle of the lead it is the same."""
    wrong = [row | {"ts": _2099 + index, "id": f"wrong-{index}"} for index, row in enumerate(make_rows(20, seed=5))]
    place = next(index for index, row in enumerate(rows) if row["id"] == "3-1900")
    settings = _settings(tmp_path, [*rows[:place], *wrong])
    first = _pipeline(settings)
    before = _read(first)
    assert first.models.up_to_date()["default"].times.now == _2099 + 19
    second = _pipeline(settings)
    second.restore(first.snapshot())
    with (tmp_path / "log.jsonl").open("a") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows[place:])
    after = _read(second)
    assert _edges([*before, *after]) == _INCIDENT
    assert second.models.up_to_date()["default"].times.now == rows[-1]["ts"] - 3_600
    joined = [
        Exposition.of(each.collect(START))("model_labels_joined_total", model="default") for each in (first, second)
    ]
    assert sum(joined) == _COUNT
    assert second.models.up_to_date()["default"].not_evaluable == set()


@pytest.mark.parametrize("count", [1, 12, 2_000])
def test_labels_of_2099_silence_no_page(tmp_path: Path, rows: list[Row], count: int) -> None:
    """Neither one nor two thousand of them lose a join, or the page about a loss that rises later."""
    wrong = [{"ts": _2099 + index, "id": f"unknown-{index}", "label": "yes"} for index in range(count)]
    pipeline = _pipeline(_settings(tmp_path, [*rows[:3_000], *wrong, *rows[3_000:]]))
    assert _edges(_read(pipeline)) == _INCIDENT
    metrics = Exposition.of(pipeline.collect(START))
    assert metrics("model_labels_joined_total", model="default") == _COUNT
    assert metrics("model_labels_unmatched_total", model="default") == 0


@pytest.mark.slow
def test_labels_dated_when_they_fall_due_count_when_they_come(tmp_path: Path) -> None:
    """A hundred and twenty days ahead of the log around them; it is said."""
    predictions, labels = incident(_COUNT, wrong=range(5_000, _COUNT))
    rows = sorted([*predictions, *labels], key=lambda row: float(row["ts"]))
    rows = [row if "features" in row else row | {"ts": row["ts"] + 120 * 86_400} for row in rows]
    pipeline = _pipeline(_settings(tmp_path, rows))
    (page,) = (edge for edge in _read(pipeline) if edge.severity == "page")
    assert page.alert == "ModelLossIncreased"
    assert page.time < START + 20 * _COUNT
    assert "future_labels" in pipeline.models.up_to_date()["default"].not_evaluable


def test_labels_of_renamed_classes_are_no_harm(tmp_path: Path) -> None:
    """From yes and no to 1 and 0: a ticket says so, and nobody is woken."""
    predictions, labels = incident(_COUNT)
    for row in labels[2_000:]:
        row["label"] = {"yes": "1", "no": "0"}[row["label"]]
    rows = sorted([*predictions, *labels], key=lambda row: float(row["ts"]))
    pipeline = _pipeline(_settings(tmp_path, rows))
    assert _read(pipeline) == []
    assert pipeline.models.up_to_date()["default"].not_evaluable == {"unseen_class_labels"}
