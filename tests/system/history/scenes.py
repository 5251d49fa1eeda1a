"""What happened: the logs of a few exporters over the last days, with incidents in some models and none in others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs

from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.settings.values import parse_window
from tests.system.history.times import Interval

__all__ = ["DAY", "HOUR", "REJECTED", "WEEK", "Episode", "MakeTarget", "Scene", "Target", "settings_of"]

HOUR = 3_600.0
DAY = 24 * HOUR
WEEK = 7 * DAY
REJECTED = b'{"ts": oops\n'
"""A line that no exporter can read."""


@attrs.frozen
class Episode:
    """What went wrong in a model, and when."""

    model: str
    what: str
    during: Interval


@attrs.frozen
class Target:
    """One exporter: what it reads, what goes wrong in it, when it rejects lines, and when it does not answer."""

    instance: str
    settings: Settings
    models: tuple[str, ...]
    episodes: tuple[Episode, ...] = ()
    rejected: Interval | None = None
    down: Interval | None = None

    def answers(self, time: float) -> bool:
        """Whether a scrape at this time finds anything."""
        return self.down is None or time not in self.down

    @property
    def log(self) -> Path:
        """The log that it follows."""
        return Path(self.settings.inputs[0].path)


MakeTarget = Callable[[Path, Sequence[Interval], bool], Target]
"""Writes a log and a reference into a new folder: traffic at these times, the last of which ends now, and incidents or not."""


@attrs.frozen
class Scene:
    """What the history is about: ``asked`` is the part to look at, the rest lies before it."""

    asked: Interval
    targets: tuple[Target, ...]

    def described(self) -> str:
        """For people: when what happened."""
        lines = [f"{'history':20}{_stretch(self.asked)}"]
        for target in self.targets:
            lines.append(f"{target.instance:20}exports {', '.join(target.models)}")
            lines += [f"{each.model:20}{_stretch(each.during)}: {each.what}" for each in target.episodes]
            if target.rejected:
                lines.append(f"{'':20}{_stretch(target.rejected)}: some of its lines are rejected")
            if target.down:
                lines.append(f"{'':20}{_stretch(target.down)}: it does not answer")
        return "\n".join(lines) + "\n"


def settings_of(reference: Path | None, log: Path, *windows: str) -> Settings:
    """Settings of an exporter that follows one log."""
    references = () if reference is None else (str(reference),)
    return Settings(
        reference=references, inputs=(InputSettings(path=str(log)),), windows=tuple(map(parse_window, windows))
    )


def _stretch(interval: Interval) -> str:
    texts = (f"{datetime.fromtimestamp(time, UTC):%Y-%m-%dT%H:%M:%SZ}" for time in (interval.start, interval.end))
    return f"{' .. '.join(texts)} ({interval.start:.0f} .. {interval.end:.0f})"
