"""Streams of predictions and labels, cut into chunks, and what a label flow makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pytest

from model_drift_exporter.labels import delays, flow
from model_drift_exporter.labels.flow import LabelFlow
from model_drift_exporter.labels.settings import LabelSettings
from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.outcome_batch import OutcomeBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from tests.sections import label_settings
from tests.support.monitor_context import coded, context_of
from tests.support.prediction_log import START, batch_of, make_rows, profile_of

__all__ = [
    "Collected",
    "Event",
    "flow_of",
    "label",
    "labelled_reference",
    "prediction",
    "run",
    "small_blocks",
    "values",
]

Event = dict[str, Any]
"""A prediction (with ``prediction``) or a label: ``id``, ``ts``, ``label``."""


def prediction(identifier: object, time: float, predicted: object = "yes", **fields: Any) -> Event:
    return {"id": identifier, "ts": START + time, "prediction": predicted, "features": {"age": 40.0}, **fields}


def label(identifier: object, time: float | None, value: object = "yes") -> Event:
    return {"id": identifier, "ts": None if time is None else START + time, "label": value}


def labelled_reference(rows: int = 400) -> ReferenceProfile:
    """A binary classifier's, with scores."""
    return profile_of([batch_of(make_rows(rows, seed=9, label="yes"))])


class Collected:
    """The outcomes that a flow has handed on."""

    def __init__(self) -> None:
        self.batches: list[OutcomeBatch] = []

    def observe(self, outcomes: OutcomeBatch) -> None:
        self.batches.append(outcomes)

    def rows(self, *names: str) -> list[tuple[Any, ...]]:
        """All outcomes so far, one tuple each, NaN as None."""
        columns = names or ("time", "matured", "position", "predicted", "label", "sign", "revision")
        found: list[tuple[Any, ...]] = []
        for batch in self.batches:
            found += zip(*(getattr(batch, name).tolist() for name in columns), strict=True)
        return [tuple(None if value != value else value for value in row) for row in found]  # noqa: PLR0124

    def field(self, name: str) -> list[Any]:
        return [row[0] for row in self.rows(name)]


def flow_of(reference: ReferenceProfile, options: LabelSettings | None = None) -> tuple[LabelFlow, Collected]:
    monitor = Collected()
    binner = context_of(reference).binner
    return LabelFlow("m", reference, binner, options or label_settings(), monitor.observe), monitor


def _coded(
    context: MonitorContext, rows: Sequence[Event], lines: Sequence[int], now: np.ndarray[Any, Any]
) -> CodedBatch:
    return attrs.evolve(coded(context, rows), position=np.array(lines), now=now)


def run(
    target: LabelFlow,
    reference: ReferenceProfile,
    events: Sequence[Event],
    cuts: Iterable[int] = (),
    *,
    first: int = 0,
    part: slice = slice(None),
    arrival: float = START,
) -> None:
    """Give the events (or only ``part``) to the flow, in chunks that end at ``cuts``; their lines count from ``first``."""
    context = context_of(reference)
    times = [event["ts"] if "prediction" in event else -np.inf for event in events]
    clock = np.maximum.accumulate(np.array(times, dtype=np.float64))
    begin, stop, _ = part.indices(len(events))
    limits = sorted({begin, *(cut for cut in cuts if begin < cut < stop), stop})
    for start, end in pairwise(limits):
        predicted = [place for place in range(start, end) if "prediction" in events[place]]
        others = [place for place in range(start, end) if "prediction" not in events[place]]
        batch = None
        if predicted:
            lines = [first + place for place in predicted]
            batch = _coded(context, [events[place] for place in predicted], lines, clock[predicted])
        labels = None
        if others:
            labels = LabelBatch.of(
                size=len(others),
                time=[events[place]["ts"] for place in others],
                id=[events[place]["id"] for place in others],
                label=[events[place]["label"] for place in others],
                position=[first + place for place in others],
            )
        target.observe(batch, labels, arrival=arrival)


def values(target: LabelFlow) -> dict[tuple[str, tuple[str, ...]], float]:
    """The flow's samples without histograms, by metric and labels after the model; NaN left out."""
    found = {}
    for block in target.collect():
        if isinstance(block.series, Series):
            for labels, value in zip(
                block.series.label_values, np.asarray(block.values, dtype=np.float64), strict=True
            ):
                if not np.isnan(value):
                    found[block.series.metric.name, labels[1:]] = float(value)
    return found


@contextmanager
def small_blocks(looks: int = 8, block: int = 32, enough: int = 5) -> Iterator[None]:
    """What happens every 256 and 4,096 events, and from 100 labels on, happens earlier."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "_LOOKS", looks)
        patch.setattr(flow, "_BLOCK", block)
        patch.setattr(delays, "_ENOUGH_LABELS", enough)
        yield
