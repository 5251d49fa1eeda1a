"""What a user may set about the models that are watched."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from ..evidence.settings import EvidenceSettings
from ..labels.settings import LabelSettings
from ..reference.building.settings import BuildSettings, LimitSettings
from ..settings.declarations import setting
from ..settings.kinds import Integer
from ..settings.values import Window

__all__ = ["LearnSettings", "MonitoringSettings"]


@attrs.frozen
class LearnSettings:
    """Learning a reference, for a model that comes without one."""

    records: int = setting(5_000, Integer(100, 1_000_000), "Records from which a model without a reference learns one.")


@attrs.frozen
class MonitoringSettings:
    """What all models have in common: the windows, and the sections by which a model is monitored.

    ``monitors`` are the sections of monitors by name; one that is not there has its defaults.

    A model needs settings of several rooms, and all of them stand below the configuration, which composes these.
    """

    windows: tuple[Window, ...]
    build: BuildSettings = attrs.field(factory=BuildSettings)
    learn: LearnSettings = attrs.field(factory=LearnSettings)
    labels: LabelSettings = attrs.field(factory=LabelSettings)
    evidence: EvidenceSettings = attrs.field(factory=EvidenceSettings)
    monitors: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def limits(self) -> LimitSettings:
        """Ceilings on memory and series."""
        return self.build.limits

    @property
    def longest_window(self) -> float | None:
        """Seconds of the longest window of event time."""
        return max((window.seconds for window in self.windows if window.seconds is not None), default=None)

    def learns_as(self, other: MonitoringSettings) -> bool:
        """Whether a reference would be learned from the same records in the same way."""
        return (self.learn, self.build.chosen) == (other.learn, other.build.chosen)

    @property
    def learning_text(self) -> str:
        """What a learned reference depends on, as a snapshot keeps it.

        The text is that of all versions so far, so that a reference learned before an upgrade goes on.
        """
        chosen = ", ".join(f"{name}={value!r}" for name, value in self.build.chosen.items())
        return f"({self.learn.records}, BuildOptions({chosen}))"
