from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from model_drift_exporter.commands.demo.generated import generated_scenario
from model_drift_exporter.commands.demo.prediction_log import PredictionLog, reference_rows
from model_drift_exporter.commands.demo.scenario import Scenario


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return generated_scenario()


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_a_prediction_is_written_at_once_and_its_label_when_it_is_known(scenario: Scenario) -> None:
    """Each label names a prediction before it; in the end every prediction has its label."""
    log = PredictionLog(scenario)
    for block in islice(scenario.live(), 4):
        log.answer(block)
    early, late = lines_of(log.due(scenario.start + 1800)), lines_of(log.due(scenario.start + 30 * 3600))
    assert log.written == len(early) + len(late)
    assert not any("label" in record for record in early[:50])
    seen: set[str] = set()
    for record in [*early, *late]:
        if "label" in record:
            assert record["id"] in seen
            seen.remove(record["id"])
        else:
            seen.add(record["id"])
    assert not seen
    assert [record["ts"] for record in early] == sorted(record["ts"] for record in early)


def test_a_prediction_follows_from_its_score(scenario: Scenario) -> None:
    """The class is that of the score as written, by the scenario's threshold; unknown numbers are null."""
    records = lines_of(reference_rows(scenario))
    assert len(records) == len(scenario.reference)
    for record in records:
        assert record["prediction"] == ("late" if record["score"] >= scenario.threshold else "in_time")
    assert any(record["features"]["courier_days"] is None for record in records)
    assert {record["label"] for record in records} == {"late", "in_time"}


def test_the_model_scores_what_the_incident_left_it(scenario: Scenario) -> None:
    """Inputs are changed before the model sees them, so scores move with them; earlier records are the same."""
    start = scenario.start + 900
    logs = [PredictionLog(scenario), PredictionLog(scenario, start)]
    for log in logs:
        for block in islice(scenario.live(), 2):
            log.answer(block)
    sound, broken = (lines_of(log.due(scenario.start + 1800)) for log in logs)
    assert len(sound) == len(broken)
    pairs = [pair for pair in zip(sound, broken, strict=True) if "features" in pair[0]]
    before = [pair for pair in pairs if pair[0]["ts"] < "2026-03-02T17:15:00Z"]
    after = pairs[len(before) :]
    assert before
    assert all(one == other for one, other in before)
    for one, other in after:
        ratio = other["features"]["distance"] / one["features"]["distance"]
        assert ratio == pytest.approx(1.609, abs=0.01)
        assert other["features"]["vehicle"] != "bicycle"
    mean = [sum(pair[side]["score"] for pair in after) / len(after) for side in (0, 1)]
    assert mean[1] > mean[0] + 0.05
