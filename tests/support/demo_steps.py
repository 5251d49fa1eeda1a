"""A replay and its exporter, moved on by hand: no thread, no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from model_drift_exporter.commands.demo.demo_replay import DemoReplay, follow_settings, write_reference
from model_drift_exporter.commands.demo.scenario import Scenario
from model_drift_exporter.service.exporter import Exporter
from model_drift_exporter.service.status import ExporterStatus


class SteppedDemo:
    """Each step is a second of the replay; the exporter then reads all there is."""

    def __init__(self, scenario: Scenario, folder: Path, seconds: int) -> None:
        self.now = 1_800_000_000.0
        self.profile = write_reference(scenario, folder)
        self.replay = DemoReplay(scenario, folder, seconds)
        self.exporter = Exporter(follow_settings(scenario, folder), clock=lambda: self.now)

    def statuses(self) -> Iterator[tuple[int, ExporterStatus]]:
        """The second and the status after it, to the end of the replay."""
        for second in range(1, int(self.replay.seconds) + 1):
            self.now += 1
            self.replay.step(second)
            while self.exporter.step():
                pass
            yield second, self.exporter.status()
