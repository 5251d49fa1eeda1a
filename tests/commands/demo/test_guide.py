from __future__ import annotations

import io
from pathlib import Path

import attrs
import pytest

from model_drift_exporter.commands.demo.generated import generated_scenario
from model_drift_exporter.commands.demo.guide import Guide
from model_drift_exporter.commands.demo.incident import Incident
from model_drift_exporter.commands.demo.scenario import Scenario
from model_drift_exporter.commands.demo.terminal import Terminal
from tests.support.demo_steps import SteppedDemo

URL = "http://127.0.0.1:9877"


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return generated_scenario()


def told(scenario: Scenario, folder: Path, seconds: int, *, stop_after: int | None = None) -> str:
    demo = SteppedDemo(scenario, folder, seconds)
    stream = io.StringIO()
    guide = Guide(scenario, demo.replay, URL, Terminal(stream))
    guide.introduce(demo.profile.rows)
    guide.look(demo.exporter.status(), 0)
    for second, status in demo.statuses():
        guide.look(status, second)
        if second == stop_after:
            break
    guide.end(demo.exporter.status(), seconds, interrupted=stop_after is not None)
    return " ".join(stream.getvalue().split())


@pytest.mark.slow
def test_a_whole_tour_reads_from_the_plan_to_the_next_steps(scenario: Scenario, tmp_path: Path) -> None:
    """What will happen, what is found, what was really done, where to look, and the count of lines, in this order."""
    text = told(scenario, tmp_path, 18)
    steps = [
        "whether it will be brought late",
        f"written to {tmp_path}/predictions.jsonl, 0.33 hours of them every second",
        "the last 1,000 predictions with the 10,000 of the reference",
        "After 9 seconds something goes wrong",
        "the window fills: ",
        "furthest: ",
        "The exporter is sure enough for an alert: * ModelFeatureDrift (ticket) fires, because of ",
        "Something moves away from the reference: ",
        "* distance has moved, PSI",
        'And this is what was done: distance arrives multiplied by 1.609, and vehicle "bicycle" is called "bike".',
        f"curl -s {URL}/metrics | grep '^model_feature_psi{{'",
        "The tour is over.",
        "0 errors.",
        "model-drift-exporter run predictions.jsonl",
    ]
    places = [text.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert text.count("And this is what was done") == 1
    assert text.count("* ModelFeatureDrift (ticket) fires") == 1


@pytest.mark.slow
def test_a_tour_too_short_for_the_window_to_turn_over_still_tells(scenario: Scenario, tmp_path: Path) -> None:
    """What was found by the end is told at the end, without asking to look at a page that is closing."""
    text = told(scenario, tmp_path, 9)
    assert "* vehicle has moved" in text
    assert "And this is what was done" in text
    assert "Now look at the page" not in text


@pytest.mark.slow
def test_a_tour_without_drift_claims_none(scenario: Scenario, tmp_path: Path) -> None:
    """Nothing is found, so nothing is revealed."""
    calm = attrs.evolve(scenario, incident=Incident("distance", 1.0, "vehicle", "none", "nothing"))
    text = told(calm, tmp_path, 10)
    assert "Nothing has moved far from the reference." in text
    assert "has moved, PSI" not in text
    assert "what was done" not in text
    assert " fires" not in text


def test_stopped_early_it_says_so_and_still_counts(scenario: Scenario, tmp_path: Path) -> None:
    """After Ctrl-C the lines written so far are accounted for, and nothing is concluded."""
    text = told(scenario, tmp_path, 20, stop_after=2)
    assert "Stopped. " in text
    assert "0 errors." in text
    assert "Nothing has moved" not in text


def test_stopped_before_the_first_record_there_is_little_to_say(scenario: Scenario, tmp_path: Path) -> None:
    """An exporter that has seen nothing has no model to talk about."""
    demo = SteppedDemo(scenario, tmp_path, 20)
    stream = io.StringIO()
    Guide(scenario, demo.replay, URL, Terminal(stream)).end(demo.exporter.status(), 0, interrupted=True)
    assert stream.getvalue() == "Stopped before the first record.\n"
