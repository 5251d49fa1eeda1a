from __future__ import annotations

import math
from pathlib import Path

import attrs
import pytest

from model_drift_exporter.commands.demo.demo_replay import LOG_NAME, DemoReplay
from model_drift_exporter.commands.demo.generated import generated_scenario
from model_drift_exporter.commands.demo.incident import Incident
from model_drift_exporter.commands.demo.narration import Narrator
from model_drift_exporter.commands.demo.scenario import Scenario
from tests.support.demo_steps import SteppedDemo


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return generated_scenario()


@pytest.mark.slow
def test_the_exporter_finds_what_the_incident_changed(scenario: Scenario, tmp_path: Path) -> None:
    """Within seconds of it both features are named with their evidence; before it not a word is said."""
    demo = SteppedDemo(scenario, tmp_path, 16)
    narrator = Narrator(scenario.windows[0])
    said = {second: narrator.look(status.models[0], last=second == 16) for second, status in demo.statuses()}
    assert not any(lines for second, lines in said.items() if second <= 8)
    spoken = [line for lines in said.values() for line in lines]
    assert spoken[0].startswith("Something moves away from the reference: ")
    distance = next(line for line in spoken if line.startswith("* distance has moved, PSI "))
    assert "are above everything in the reference" in distance
    assert "standard deviations from where they were" in distance
    vehicle = next(line for line in spoken if line.startswith("* vehicle has moved, PSI "))
    assert "are a category the reference never had; bicycle, 36% before, is gone." in vehicle
    assert "The other 9 of 11 inputs are where they were." in spoken


@pytest.mark.slow
def test_a_stream_without_incident_gives_nothing_to_say(tmp_path: Path) -> None:
    """An incident that changes nothing: no sentence, over most of a day of orders."""
    scenario = attrs.evolve(generated_scenario(2), incident=Incident("distance", 1.0, "vehicle", "none", "nothing"))
    demo = SteppedDemo(scenario, tmp_path, 48)
    narrator = Narrator(scenario.windows[0])
    for second, status in demo.statuses():
        assert narrator.look(status.models[0], last=second == 48) == []
    assert demo.exporter.status().models[0].records > 6_000


def test_every_line_is_accounted_for(scenario: Scenario, tmp_path: Path) -> None:
    """Records and labels that the exporter counted are the lines that were written."""
    demo = SteppedDemo(scenario, tmp_path, 5)
    status = [status for _, status in demo.statuses()][-1]
    model = status.models[0]
    assert model.records > 1_000
    assert model.labels > 100
    assert not any(status.errors.values())
    assert model.late == model.version_changes == 0
    lines = (tmp_path / LOG_NAME).read_bytes().count(b"\n")
    assert model.records + model.labels == lines == demo.replay.lines


def test_the_reference_is_profiled_as_the_profile_command_would(scenario: Scenario, tmp_path: Path) -> None:
    """All rows, no warning, the classes and the threshold that the model uses, and its loss."""
    profile = SteppedDemo(scenario, tmp_path, 5).profile
    assert profile.rows == len(scenario.reference)
    assert profile.warnings == []
    assert profile.positive_class == "late"
    assert profile.threshold == pytest.approx(scenario.threshold, abs=1e-4)  # scores in the log have four decimals
    assert profile.loss["log_loss"].rows == len(scenario.reference)


def test_the_incident_comes_half_way(scenario: Scenario, tmp_path: Path) -> None:
    """Half of the replay's time is sound, whatever its length."""
    replay = DemoReplay(scenario, tmp_path, 10)
    replay.step(4.9)
    sound = replay.path.read_bytes()
    assert b'"vehicle":"bike"' not in sound
    assert not replay.incident_began
    replay.step(5.5)
    assert b'"vehicle":"bike"' in replay.path.read_bytes()[len(sound) :]
    assert replay.incident_began


def test_time_beyond_the_end_writes_nothing_more(scenario: Scenario, tmp_path: Path) -> None:
    """A step that comes late does not make the story longer."""
    replay = DemoReplay(scenario, tmp_path, 2)
    replay.step(2)
    lines = replay.lines
    replay.step(3)
    assert replay.lines == lines


def test_a_long_replay_of_a_short_stream_goes_slower(scenario: Scenario, tmp_path: Path) -> None:
    """The stream lasts to the end and is not over after some of the time."""
    short = attrs.evolve(scenario, lasts=3600.0)
    assert DemoReplay(short, tmp_path, 100).speed == 36.0
    assert DemoReplay(attrs.evolve(scenario, lasts=math.inf), tmp_path, 100).speed == scenario.speed


def test_a_stream_that_ends_is_replayed_to_its_end(scenario: Scenario, tmp_path: Path) -> None:
    """Where no more requests come, their labels still do."""
    block = next(iter(scenario.live()))
    replay = DemoReplay(attrs.evolve(scenario, live=lambda: iter([block])), tmp_path, 100)
    replay.step(100)
    assert replay.lines == 2 * len(block)
