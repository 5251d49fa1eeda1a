"""The exporter's own samples of the past, only as many as are needed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from model_drift_exporter.commands.replay.backfill import UP, Backfill
from model_drift_exporter.commands.replay.replay import Replay
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.metrics.metric import Metric
from model_drift_exporter.metrics.samples import Samples
from model_drift_exporter.models.finding_edges import FindingEdge
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.pipeline.pipeline import Pipeline
from model_drift_exporter.service.catalogue import CATALOGUE
from tests.system.history.scenes import WEEK, Target
from tests.system.history.times import Interval

__all__ = ["Density", "sample_history", "with_last_week"]

log = logging.getLogger(__name__)


_COUNTED = "model_feature_observations_total"
_OF_LABELS = tuple(name for name in CATALOGUE if name.startswith("model_label_"))
_CHEAP = {
    *("model_info", "model_records_total", _COUNTED),
    *("model_prediction_observations_total", "model_score_observations_total"),
    *_OF_LABELS,
}
"""What costs little to collect, and is looked back on for longest."""
_NOT_REPLAYED = ("model_drift_exporter_", "process_")


@attrs.frozen
class Density:
    """Which samples are written: all metrics within ``asked``, before it what the rules look back on.

    Counters and histograms come every ``counters`` seconds, the others every ``gauges``. All metrics at all times would be
    ten million samples, most of which nothing ever reads.
    """

    asked: Interval
    demanded: Mapping[str, Sequence[Interval]]
    counters: int = 150
    gauges: int = 300

    @property
    def times(self) -> Sequence[Interval]:
        """When records are counted, for which there must be some."""
        return self.demanded[_COUNTED]

    def due(self, time: float) -> bool:
        """Whether anything is written at a time."""
        return any(time in interval for interval in self.times)

    def wanted(self, metric: Metric, time: float) -> bool:
        """Whether a metric is written at a time."""
        if time % (self.gauges if metric.type == "gauge" else self.counters):
            return False
        return time in self.asked or self._demanded(metric.name, time)

    def cheap(self, time: float) -> bool:
        """Whether nothing is written at a time but what costs little."""
        others = (name for name in CATALOGUE if name not in _CHEAP and not name.startswith(_NOT_REPLAYED))
        return time not in self.asked and not any(self._demanded(name, time) for name in others)

    def _demanded(self, name: str, time: float) -> bool:
        return any(time in interval for interval in self.demanded.get(name, ()))


@attrs.define(eq=False)
class _Thinned(Backfill):
    """Leaves out steps and metrics, and everything but ``up`` while the target does not answer."""

    density: Density = attrs.field(kw_only=True)
    answers: Callable[[float], bool] = attrs.field(kw_only=True)
    cheap: Callable[[], Iterable[Samples]] = attrs.field(kw_only=True)

    def due(self, now: float) -> list[float]:
        return [time for time in super().due(now) if self.density.due(time + self.shift)]

    def write(self, time: float, blocks: Iterable[Samples]) -> None:
        moment = time + self.shift
        if not self.answers(moment):
            super().write(time, ())
            scraped = self._groups[UP][""]
            scraped[-1] = scraped[-1].replace("} 1 ", "} 0 ")
            return
        # What is never asked for is never computed.
        found = self.cheap() if self.density.cheap(moment) else blocks
        super().write(time, [block for block in found if self.density.wanted(block.series.metric, moment)])


def _cheap(pipeline: Pipeline) -> Iterator[Samples]:
    for model in pipeline.models.up_to_date().values():
        yield from model.own_samples()
        if model.parts is not None:
            yield from model.parts.by_name["bin_counts"].collect()
            yield from model.parts.labels.collect()


def with_last_week(demanded: Mapping[str, Sequence[Interval]], asked: Interval) -> dict[str, Sequence[Interval]]:
    """What rules look back on, and the labels of a week before, which only dashboards look back on."""
    before = Interval(asked.start - WEEK, asked.end - WEEK)
    return {**demanded, **{name: [before, *demanded.get(name, ())] for name in _OF_LABELS}}


class _Logged:
    """Transitions go to the log."""

    def transition(self, transition: Transition) -> None:
        log.info("%s", transition)

    def finding(self, edge: FindingEdge) -> None:
        """Nothing: that of an alarm is its transition, and others change no sample but their own."""

    def summary(self, summary: Mapping[str, Any]) -> None:
        log.info("%s", summary)


def sample_history(folder: Path, target: Target, density: Density) -> list[Path]:
    """Replay the log of an exporter; the files with its samples, which go into ``folder``.

    It is what ``replay --backfill`` writes, from the same code, at fewer steps.
    """
    settings = target.settings
    pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
    backfill = _Thinned(
        *(folder, density.counters),
        instance=target.instance,
        density=density,
        answers=target.answers,
        cheap=partial(_cheap, pipeline),
    )
    Replay(pipeline, _Logged(), lambda: density.asked.end, lambda: None, backfill).run()
    for time in backfill.due(density.asked.end):  # what scrapes after the last record would have found
        backfill.write(time, pipeline.models.collect())
    backfill.flush()
    log.info("%s: %d samples in %d files", target.instance, backfill.samples, backfill.files)
    return sorted(folder.glob("*.openmetrics"))
