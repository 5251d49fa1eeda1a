"""Killed anywhere and started again: the decisions are those of a process that was never interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_drift_exporter.configuration.settings import InputSettings, LearnSettings, Settings, StateSettings
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.service.exporter import Exporter
from tests.support.incident_log import incident, incident_lines, reference_file
from tests.support.prediction_log import START, write_jsonl

_RECORDS = 5_000


@pytest.fixture(name="lines", scope="module")
def _lines() -> list[str]:
    return incident_lines()


@attrs.define
class Edges:
    """What was decided, in order; what a restarted process decides again from the same lines is there once."""

    found: list[Transition]

    def __call__(self, transitions: list[Transition]) -> None:
        for transition in transitions:
            if _plain(transition) not in self.found:
                self.found.append(_plain(transition))


def _plain(transition: Transition) -> Transition:
    # Evidence is handed on with the precision of the snapshot.
    return attrs.evolve(transition, evidence=round(transition.evidence, 2))


def _settings(folder: Path, *, learned: bool) -> Settings:
    return Settings(
        reference=() if learned else (str(folder / "reference.json"),),
        learn=LearnSettings(records=800),
        inputs=(InputSettings(str(folder / "log.jsonl")),),
        state=StateSettings(path=str(folder / "state"), interval=1),
    )


def _clock() -> Callable[[], float]:
    moments: Iterator[float] = iter(range(int(START), int(START) + 10_000_000))
    return lambda: float(next(moments))


@pytest.mark.slow
@pytest.mark.parametrize("learned", [False, True])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_process_killed_anywhere_goes_on(
    data: st.DataObject, lines: list[str], learned: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Snapshots are made between the kills, not at them; transitions are the same, to the record and the onset."""
    whole = _decided(lines, tmp_path_factory.mktemp("whole"), learned=learned, cuts=[], saves=[])
    cuts = sorted(data.draw(st.lists(st.integers(1, len(lines)), min_size=1, max_size=5, unique=True), label="kills"))
    saves = sorted(data.draw(st.lists(st.integers(1, len(lines)), max_size=8, unique=True), label="snapshots"))
    assert _decided(lines, tmp_path_factory.mktemp("killed"), learned=learned, cuts=cuts, saves=saves) == whole
    assert len(whole) >= 3


def _decided(lines: list[str], folder: Path, *, learned: bool, cuts: list[int], saves: list[int]) -> list[Transition]:
    """Edges of a log that grows, by processes killed when it has ``cuts`` lines, saving at ``saves``."""
    if not learned:
        reference_file(folder / "reference.json")
    log = folder / "log.jsonl"
    log.touch()
    edges = Edges([])
    clock = _clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_drift_exporter.service.exporter.announce", edges)
        exporter = _started(folder, clock, learned=learned)
        written = 0
        for place in sorted({*cuts, *saves, len(lines)}):
            with log.open("a") as file:
                file.writelines(lines[written:place])
            written = place
            while exporter.step():
                pass
            if place in saves:
                exporter.save_state()
            if place in cuts:
                exporter = _started(folder, clock, learned=learned)
        while exporter.step():
            pass
        exporter.collect()  # who looks gets all that has come, and what came of it is told then
        exporter.step()
    # What happens at one moment may be told in any order.
    return sorted(edges.found, key=lambda edge: (edge.time, edge.alert))


def _started(folder: Path, clock: Callable[[], float], *, learned: bool) -> Exporter:
    # An interval that never comes: the test says when the state is saved.
    chosen = _settings(folder, learned=learned)
    return Exporter(attrs.evolve(chosen, state=attrs.evolve(chosen.state, interval=3_600)), clock=clock)


def test_another_reference_begins_anew(tmp_path: Path) -> None:
    """Evidence against one reference is none against another; the log is read on where it was."""
    predictions, _ = incident(2_000, missing=range(900, 2_000))
    reference_file(tmp_path / "reference.json")
    write_jsonl(tmp_path / "log.jsonl", predictions)
    first = Exporter(_settings(tmp_path, learned=False), clock=_clock())
    while first.step():
        pass
    assert first.pipeline.models.up_to_date()["default"].alarms["ModelInputBroken"].active
    first.save_state()
    reference_file(tmp_path / "reference.json", rows=2_500)
    second = Exporter(_settings(tmp_path, learned=False), clock=_clock())
    assert not second.step()
    assert not second.pipeline.models.up_to_date()["default"].alarms["ModelInputBroken"].active
