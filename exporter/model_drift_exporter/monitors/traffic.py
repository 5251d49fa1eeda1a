"""How many records come, and when: silences and their habit for Prometheus, and evidence that traffic has changed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..errors import StateError
from ..evidence.alarm_spec import AlarmSpec
from ..evidence.count_evidence import BLOCK_SECONDS, CountEvidence
from ..evidence.settings import TICKET
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..reference.coded_batch import CodedBatch
from ..windows.silences import Silences
from ..words import count_of
from .findings import NOTE, Finding, FindingKind
from .monitor import Monitor, MonitorContext, MonitorSpec

__all__ = ["TRAFFIC", "TrafficMonitor"]

_HOUR = 3_600.0
_STRAY = 2.0
"""Standard deviations on either side of the usual traffic on a chart."""

_SILENCE = gauge(
    "model_traffic_usual_silence_seconds",
    "model",
    "How long no record may come after the last one, by the habit of the past weeks; absent while that is not known.",
    Group.MODELS,
)
_USUAL, _LOWER, _UPPER = (
    gauge(
        f"model_traffic_usual_records{suffix}",
        "model",
        f"{what} an hour {by} the same time of the past four weeks; absent for the first two.",
        Group.MODELS,
    )
    for suffix, what, by in (
        ("", "Records", "that are usual now: the mean of"),
        ("_lower_bound", "Fewest records", "that are usual now, two standard deviations below the mean of"),
        ("_upper_bound", "Most records", "that are usual now, two standard deviations above the mean of"),
    )
)
_RECENT, _RECENT_USUAL, _RECENT_DEVIATION, _RECENT_SECONDS = (
    gauge(
        f"model_traffic_recent_{name}",
        "model",
        f"{what} since the onset of ModelTrafficChanged (a week at most), or of the last day where it is not latched.",
        Group.MODELS,
    )
    for name, what in (
        ("records", "Records"),
        ("usual_records", "Records that are usual at this time,"),
        ("usual_records_deviation", "One standard deviation of the records that are usual"),
        ("seconds", "Event time, in blocks of two hours,"),
    )
)
_METRICS: tuple[Metric, ...] = (
    *(_SILENCE, _USUAL, _LOWER, _UPPER),
    *(_RECENT, _RECENT_USUAL, _RECENT_DEVIATION, _RECENT_SECONDS),
)


class TrafficMonitor(Monitor):
    """``model_traffic_*``; decides ModelTrafficChanged.

    Records count at the event clock as they come, all of them, copies too; those whose time is not believed, or that are
    late, do not count. So nothing depends on batches, and nothing comes behind what has been judged.
    """

    def __init__(self, context: MonitorContext) -> None:
        self._alarm = context.alarms["ModelTrafficChanged"]
        self._silences = Silences()
        self._counts = CountEvidence(self._alarm)
        self._series = [Series(metric, [(context.model,)]) for metric in _METRICS]

    def observe(self, batch: CodedBatch) -> None:
        if not batch.size:
            return
        self._silences.observe(batch.now)
        blocks = batch.now // BLOCK_SECONDS
        begins = np.flatnonzero(np.diff(blocks, prepend=-1.0))
        counts = np.add.reduceat(batch.timely, begins, dtype=np.int64)
        for place, block, count in zip(begins.tolist(), blocks[begins].tolist(), counts.tolist(), strict=True):
            self._counts.add(int(block), count, float(batch.now[place]), int(batch.position[place]))

    def collect(self) -> Iterable[Samples]:
        block, recent = self._counts.of_block(), self._counts.since()
        hours = BLOCK_SECONDS / _HOUR
        stray = _STRAY * block.deviation
        values = (
            self._silences.usual,
            block.usual / hours,
            max(block.usual - stray, 0.0) / hours if math.isfinite(stray) else math.nan,
            (block.usual + stray) / hours,
            recent.records,
            recent.usual,
            recent.deviation,
            recent.seconds,
        )
        for series, value in zip(self._series, values, strict=True):
            yield series.samples([value])

    def findings(self) -> Iterable[Finding]:
        recent = self._counts.since()
        if not self._alarm.active or math.isnan(recent.usual):
            return
        hours = round(recent.seconds / _HOUR)
        text = (
            f"{count_of(round(recent.records), 'record')} came in {count_of(hours, 'hour')}; {recent.usual:,.0f} are usual at "
            f"this time, give or take {recent.deviation:,.0f}."
        )
        figures = {
            "traffic_recent_records": recent.records,
            "traffic_recent_usual_records": recent.usual,
            "traffic_recent_usual_records_deviation": recent.deviation,
            "traffic_recent_seconds": recent.seconds,
        }
        kind = "traffic_fallen" if recent.records < recent.usual else "traffic_risen"
        yield Finding(kind, NOTE, text, since=self._alarm.onset, figures=figures)

    def snapshot(self) -> dict[str, Any]:
        return {"silences": self._silences.snapshot(), "counts": self._counts.snapshot()}

    def restore(self, state: Any) -> None:
        try:
            silences, counts = state["silences"], state["counts"]
        except (KeyError, TypeError) as error:
            raise StateError(f"the traffic in the snapshot does not fit: {error!r}") from error
        self._counts.restore(counts)
        self._silences.restore(silences)


TRAFFIC = MonitorSpec(
    name="traffic",
    title="Traffic",
    make=TrafficMonitor,
    metrics=_METRICS,
    alarms=(
        AlarmSpec(
            "ModelTrafficChanged",
            TICKET,
            summary="Far fewer or far more predictions come from the model than its habit explains.",
            says="The traffic of model {model} is no longer what it was at the same times of the past weeks.",
            first="Ask who calls the model: a client, a route or an experiment that was added or taken away at that time, or one "
            "that asks again and again.",
            shows=("traffic",),
            share=0.1,
            silenced_by=("ModelTrafficStopped",),
            panel="model:51",
        ),
    ),
    findings=(
        FindingKind(
            "traffic_fallen",
            "Part of the traffic is gone: no other alert may tell what the missing callers would have shown.",
            ("ModelTrafficChanged",),
        ),
        FindingKind(
            "traffic_risen",
            "There is more traffic: see whether it is the same cases more often, or other ones.",
            ("ModelTrafficChanged",),
        ),
    ),
)
