"""What a scrape costs: rendering and compressing many samples, collecting them, and how long reading waits meanwhile."""

from __future__ import annotations

import tempfile
import time
import zlib
from pathlib import Path
from statistics import median
from typing import Any

from .data import Stream, record_block, write_log
from .processes import build_reference, measure, sidecar
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_HOUR = 72_000  # records; the windows and their predecessors are to hold some

METHOD = """\
*Synthetic*: {samples:,} samples of three metrics with four labels and random values, rendered and compressed (gzip, level
1). *An exporter* with {features} features that exports about as many: after each batch of records one scrape is collected,
rendered and compressed in the same process. While it is collected, the reading thread has to wait. *Over HTTP*: the real
sidecar with the same reference, its CPU time per scrape with everything that belongs to it, a batch of records appended to
the log before each. CPU time, {scrapes} scrapes each."""


def run(scale: Scale) -> Report:
    samples = scale.pick(26_000, 1_000)
    scrapes = scale.pick(50, 2)
    stream = Stream(numeric=scale.pick(184, 8), categorical=scale.pick(46, 2))
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(
            Path(folder, "reference.jsonl"),
            scale.pick(10_000, 2_000),
            Stream(stream.numeric, stream.categorical, seed=2),
        )
        reference = build_reference(rows, Path(folder, "reference.json"))
        synthetic = measure(__name__, "synthetic", samples=samples, scrapes=scrapes)
        real = measure(
            __name__,
            "exporter",
            reference=str(reference),
            numeric=stream.numeric,
            categorical=stream.categorical,
            scrapes=scrapes,
        )
        over_http = _over_http(Path(folder), reference, stream, scrapes)
    whole = [sum(each) for each in zip(real["collect"], real["render"], real["gzip"], strict=True)]
    count = f"{real['samples']:,}"
    parts = [(f"{count} real samples: {name}", *_spread(real[name])) for name in ("collect", "render", "gzip")]
    http_note = (
        f"Over HTTP: {over_http['milliseconds']:.1f} ms of CPU time per scrape on average, reading the appended "
        f"records included; {over_http['samples']:,} samples, {over_http['bytes']:,} bytes compressed."
    )
    return Report(
        title="Scrape",
        method=METHOD.format(samples=samples, features=stream.features, scrapes=scrapes),
        figures=[
            Figure(f"{samples:,} synthetic samples, render and gzip, median", median(synthetic) * 1e3, "ms", 20),
            Figure(
                f"{count} real samples, render and gzip, median",
                (median(whole) - median(real["collect"])) * 1e3,
                "ms",
                20,
            ),
            Figure(f"{count} real samples, statistics computed anew too, median", median(whole) * 1e3, "ms", 20),
            Figure("reading waits for a scrape, median", median(real["held"]) * 1e3, "ms"),
        ],
        tables=[
            Table(
                ("CPU time, ms", "best", "median", "slowest"),
                [
                    (f"{samples:,} synthetic samples: render and gzip", *_spread(synthetic)),
                    *parts,
                    (f"{count} real samples: all three", *_spread(whole)),
                    ("reading waits (wall-clock)", *_spread(real["held"])),
                ],
            )
        ],
        notes=[
            http_note,
            f"The first scrape after start also builds the model of the noise floors: {real['first'] * 1e3:.0f} ms.",
        ],
    )


def _spread(seconds: list[float]) -> tuple[float, float, float]:
    return min(seconds) * 1e3, median(seconds) * 1e3, max(seconds) * 1e3


def _over_http(folder: Path, reference: Path, stream: Stream, scrapes: int) -> dict[str, Any]:
    log = folder / "predictions.jsonl"
    log.write_bytes(b"".join(record_block(stream, _HOUR * hour, 500) for hour in range(4)))
    with sidecar([str(log), f"--reference={reference}"]) as running:
        running.wait()
        running.wait_for_records(2_000)
        began = running.cpu_seconds()
        body = b""
        for index in range(scrapes):
            with log.open("ab") as file:
                file.write(record_block(stream, _HOUR * 4 + 20 * index, 20))
            body = running.scrape()
        spent = running.cpu_seconds() - began
    text = zlib.decompress(body, 16 + zlib.MAX_WBITS)
    samples = sum(not line.startswith(b"#") for line in text.splitlines())
    return {"milliseconds": spent / scrapes * 1e3, "samples": samples, "bytes": len(body)}


# What follows runs in processes of its own.


def _compress(text: bytes) -> bytes:
    compressor = zlib.compressobj(level=1, wbits=16 + zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush()


def synthetic(samples: int, scrapes: int) -> list[float]:
    """CPU seconds of each scrape."""
    import numpy as np

    from model_drift_exporter.metrics.renderer import render
    from model_drift_exporter.metrics.samples import Series
    from model_drift_exporter.service.catalogue import CATALOGUE

    names = ("model_feature_psi", "model_feature_psi_noise_floor", "model_feature_ks_statistic")
    windows = ("1h", "24h", "1000")
    baselines = ("reference", "previous")
    random = np.random.default_rng(1)
    per_metric = -(-samples // len(names))
    series = []
    for name in names:
        labels = [
            ("churn", f"num_{index:04d}", window, baseline)
            for index in range(per_metric // 6 + 1)
            for window in windows
            for baseline in baselines
        ]
        series.append(Series(CATALOGUE[name], labels[:per_metric]))
    seconds = []
    for _ in range(scrapes):
        values = [random.gamma(0.5, 0.1, len(each)) for each in series]
        began = time.process_time()
        _compress(render([each.samples(value) for each, value in zip(series, values, strict=True)], openmetrics=False))
        seconds.append(time.process_time() - began)
    return seconds


def exporter(reference: str, numeric: int, categorical: int, scrapes: int) -> dict[str, Any]:
    """CPU seconds of the parts of each scrape, and the wall-clock seconds that the reading thread waits."""
    from model_drift_exporter.commands.run import tune_garbage_collection
    from model_drift_exporter.configuration.settings import Settings
    from model_drift_exporter.metrics.renderer import render
    from model_drift_exporter.records.chunk import Chunk
    from model_drift_exporter.service.exporter import Exporter

    exporter = Exporter(Settings(reference=(reference,)))
    stream = Stream(numeric=numeric, categorical=categorical, seed=3)
    tune_garbage_collection()

    def feed(first: int, size: int) -> None:
        exporter.pipeline.process(Chunk("log", "log.jsonl", record_block(stream, first, size)), "jsonl", time.time())

    for hour in range(4):
        feed(_HOUR * hour, 1_000)
    began = time.process_time()
    text = render(exporter.collect(), openmetrics=False)
    first = time.process_time() - began
    parts: dict[str, list[float]] = {"collect": [], "render": [], "gzip": [], "held": []}
    for index in range(scrapes):
        feed(_HOUR * 4 + 20 * index, 20)
        marks = [time.process_time()]
        samples = exporter.collect()
        marks.append(time.process_time())
        text = render(samples, openmetrics=False)
        marks.append(time.process_time())
        _compress(text)
        marks.append(time.process_time())
        for name, start, end in zip(parts, marks, marks[1:], strict=False):
            parts[name].append(end - start)
        feed(_HOUR * 4 + 20 * index + 10, 10)
        start = time.perf_counter()
        list(exporter.pipeline.collect(time.time()))  # what an exporter does while it holds the lock
        parts["held"].append(time.perf_counter() - start)
    count = sum(not line.startswith(b"#") for line in text.splitlines())
    return {"samples": count, "first": first, **parts}
