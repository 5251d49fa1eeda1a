"""A Prometheus full of history: what exporters exported, what the rules recorded of it, and which alerts fired."""

from __future__ import annotations

import logging
import math
import multiprocessing
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import attrs

from tests.support.components import require
from tests.system.history.evaluating import import_samples, record_history
from tests.system.history.health import health_history
from tests.system.history.lending import fraud, lending, ranking
from tests.system.history.rules import demanded, levels, shipped_rules
from tests.system.history.sampling import Density, sample_history, with_last_week
from tests.system.history.scenes import HOUR, MakeTarget, Scene, Target
from tests.system.history.times import Interval
from tests.system.history.travel import travel

__all__ = ["HOURS", "STEP", "History", "build"]

log = logging.getLogger(__name__)

STEP = 300.0
"""Seconds between two evaluations of the rules."""

HOURS = 31.0
"""How much history there is to look at; of a week earlier there is what is compared with."""

_TARGETS: Mapping[str, MakeTarget] = {"lending": lending, "travel": travel, "fraud": fraud, "ranking": ranking}
_AT_ONCE = 2


@attrs.frozen
class History:
    """The folder of a Prometheus that does not run, and what its history is about."""

    folder: Path
    scene: Scene


def build(
    folder: Path,
    *,
    incident: bool = True,
    hours: float = HOURS,
    end: float | None = None,
    step: int = 150,
    told: Callable[[str], None] = log.info,
) -> History:
    """Make the history in a new folder; it ends now, or at ``end`` in seconds since the epoch. Takes half a minute.

    Ten hours or more show everything that happens in it; a day or more is what people look at.
    """
    began = time.perf_counter()

    def tell(phase: str) -> None:
        told(f"{time.perf_counter() - began:6.1f} s  {phase}")

    for program in ("prometheus", "promtool"):
        require(program)
    data = folder / "prometheus"
    data.mkdir(parents=True)
    moment = math.floor((time.time() if end is None else end) / STEP) * STEP
    asked = Interval(moment - hours * HOUR, moment)
    rules = shipped_rules()
    density = Density(asked, with_last_week(demanded(levels(rules), asked, STEP), asked), step)
    with ProcessPoolExecutor(_AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        running = [pool.submit(_sampled, folder, name, density, incident=incident) for name in _TARGETS]
        targets = []
        for each in running:
            targets.append(each.result())
            tell(f"{targets[-1].instance} is replayed and imported")
    scene = Scene(asked, tuple(targets))
    count = record_history(data, rules, asked, STEP)
    tell(f"{count:,} samples are recorded")
    (folder / "README").write_text(scene.described())
    return History(data, scene)


def _sampled(folder: Path, name: str, density: Density, *, incident: bool) -> Target:
    """One exporter's samples, in a process of its own."""
    target = _TARGETS[name](folder / "logs" / name, density.times, incident)
    samples = folder / "samples" / name
    files = sample_history(samples, target, density)
    for file in [*files, health_history(samples, target, density.asked)]:
        import_samples(folder / "prometheus", file)
        file.unlink()
    return target
