"""How long one look at every window takes: all statistics, noise floors and shares of a model with many features."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from .data import Stream, record_block, write_log
from .processes import build_reference, measure
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

METHOD = """\
A model with {features} features ({numeric} numeric, {categorical} categorical), three windows, two baselines. After each
batch of records everything is computed anew: PSI, KS, Jensen-Shannon, Wasserstein-1, total variation, χ² with its z, their
noise floors, and the shares of the special bins, for every feature, the prediction and the score. CPU time of
`DriftMonitor.look`, {looks} times."""


def run(scale: Scale) -> Report:
    stream = Stream(numeric=scale.pick(160, 16), categorical=scale.pick(40, 4))
    looks = scale.pick(50, 3)
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(
            Path(folder, "reference.jsonl"),
            scale.pick(10_000, 2_000),
            Stream(stream.numeric, stream.categorical, seed=2),
        )
        reference = str(build_reference(rows, Path(folder, "reference.json")))
        outcome = measure(
            __name__, "look", reference=reference, numeric=stream.numeric, categorical=stream.categorical, looks=looks
        )
    times = [seconds * 1e3 for seconds in outcome["seconds"]]
    return Report(
        title="Statistics",
        method=METHOD.format(
            features=stream.features, numeric=stream.numeric, categorical=stream.categorical, looks=looks
        ),
        figures=[Figure(f"all statistics of {stream.features} features × 3 windows, median", median(times), "ms", 20)],
        tables=[
            Table(
                ("", "ms"),
                [
                    ("best", min(times)),
                    ("slowest", max(times)),
                    ("first look after start (builds the noise-floor model)", outcome["first"] * 1e3),
                    ("one batch of 1,000 records into the windows and counters, median", outcome["observe"] * 1e3),
                ],
            )
        ],
        notes=[f"{outcome['columns']} columns with {outcome['cells']:,} bins in all."],
    )


def look(reference: str, numeric: int, categorical: int, looks: int) -> dict[str, Any]:
    """CPU seconds of each look; runs in a process of its own."""
    from model_drift_exporter.configuration.settings import Settings
    from model_drift_exporter.formats import FORMATS, Schema
    from model_drift_exporter.models.model import Model
    from model_drift_exporter.monitors.distances import DistancesMonitor
    from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch
    from model_drift_exporter.reference.profile_file import load_references

    settings = Settings(reference=(reference,))
    (profile,) = load_references(settings.reference)
    model = Model(profile.model, profile, settings.monitoring)
    decoder = FORMATS["jsonl"].make(Schema())
    assert model.parts is not None
    drift = model.parts.monitor(DistancesMonitor)
    assert drift is not None
    size = 1_000
    stream = Stream(numeric=numeric, categorical=categorical, seed=3)
    # Apart by an hour, so that the windows and their predecessors hold records.
    batches = [decoder.decode(record_block(stream, 72_000 * index, size)).records for index in range(5)]
    for batch in batches:
        assert batch is not None
        model.process(ModelBatch(batch, None, NO_POSITIONS, 0.0))
    began = time.process_time()
    drift.look()
    first = time.process_time() - began
    seconds, observing = [], []
    for _ in range(looks):
        began = time.process_time()
        assert batches[-1] is not None
        model.process(ModelBatch(batches[-1], None, NO_POSITIONS, 0.0))
        observing.append(time.process_time() - began)
        began = time.process_time()
        drift.look()
        seconds.append(time.process_time() - began)
    return {
        "first": first,
        "seconds": seconds,
        "observe": median(observing),
        "columns": len(profile.columns),
        "cells": sum(len(column.counts) for column in profile.columns),
    }
