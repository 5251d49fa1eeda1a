"""Memory while many models learn their references at once."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from .data import Stream, write_log
from .processes import measure, status_mebibytes
from .report import Figure, Report, Scale

__all__ = ["run"]

_MODELS = 20

METHOD = """\
A log of {records:,} records of 25 features, each of one of {models} models at random and none with a reference, read
as `run --once` does it: each model keeps its first 5,000 records, learns from them and counts them. Peak memory of
the process (`VmHWM`)."""


def run(scale: Scale) -> Report:
    records = scale.pick(150_000, 2_000)
    with tempfile.TemporaryDirectory() as folder:
        log = write_log(Path(folder, "log.jsonl"), records, Stream(models=_MODELS))
        found = measure(__name__, "learned", path=str(log))
    if found["records"] != records or (not scale.quick and found["learned"] != _MODELS):
        raise RuntimeError(
            f"{found['records']:,} of {records:,} records were read, {found['learned']} models have learned"
        )
    return Report(
        title="Learning models",
        method=METHOD.format(records=records, models=_MODELS),
        figures=[Figure(f"{_MODELS} models that learn at once, peak", found["peak"], "MiB", 180)],
    )


# What follows runs in a process of its own.


def learned(path: str) -> dict[str, float]:
    from model_drift_exporter.commands.run import tune_garbage_collection
    from model_drift_exporter.configuration.settings import InputSettings, Settings
    from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources

    tune_garbage_collection()
    settings = Settings(inputs=(InputSettings(path),))
    pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
    pipeline.read_to_end(time.time, lambda: None)
    models = pipeline.models.up_to_date().values()
    return {
        "records": sum(model.traffic.records for model in models),
        "learned": sum(model.reference is not None for model in models),
        "peak": status_mebibytes("self", "VmHWM"),
    }
