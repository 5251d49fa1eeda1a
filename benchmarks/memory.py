"""Resident memory of the real sidecar: after start, in steady state, and over millions of records."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .data import Stream, endless, label_block, write_log
from .processes import Sidecar, build_reference, sidecar
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

METHOD = """\
`model-drift-exporter run` follows a log that is rotated by renaming while it is written as fast as the sidecar reads;
event time goes on by 50 ms a record, so that the windows roll. `VmRSS` of the process at the points given, `VmHWM` as its
peak; nothing is tuned for the measurement, and `/metrics` is scraped many times on the way. For the labels that are waited
for, labels of the first records come and then no more, so that the predictions behind them fill the store of a million."""
_PER_FILE = 50_000
_STOPS = (0, 100_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
_SHORT_STOPS = (0, 50_000, 200_000, 500_000)
_WAITING_STOPS = (0, 500_000, 990_000, 1_300_000)


def run(scale: Scale) -> Report:
    few = Stream()
    many = Stream(numeric=160, categorical=40)
    per_file = scale.pick(_PER_FILE, 1_000)
    samples = _follow(few, [stop for stop in _STOPS if not scale.quick or stop == 0] + scale.quick * [2_000], per_file)
    many_samples = _follow(many, [0, 2_000] if scale.quick else _SHORT_STOPS, per_file // 5)
    waiting = _follow(few, [0, 2_000] if scale.quick else _WAITING_STOPS, per_file, labels=min(per_file, 10_000))
    full = waiting[-1 if scale.quick else -2]
    early = next(each for each in samples if each[0] > 0)
    last = samples[-1]
    return Report(
        title="Memory",
        method=METHOD,
        figures=[
            Figure("after start, 25 features", samples[0][1], "MiB", 64),
            Figure(f"25 features, after {last[0]:,} records", last[1], "MiB", 75),
            Figure(f"25 features, growth from {early[0]:,} to {last[0]:,} records", last[1] - early[1], "MiB"),
            Figure(f"25 features, {full[0]:,} predictions waiting for labels", full[1], "MiB", 120),
            Figure("25 features, the same beyond a million, peak", waiting[-1][2], "MiB", 120),
            Figure(f"200 features, after {many_samples[-1][0]:,} records", many_samples[-1][1], "MiB", 110),
        ],
        tables=[
            _table("25 features: records", samples),
            _table("25 features, waiting for labels: records", waiting),
            _table("200 features: records", many_samples),
        ],
    )


def _table(heading: str, samples: Sequence[tuple[int, float, float, float]]) -> Table:
    rows = [
        (f"{records:,}", resident, peak, f"{rate:,.0f}" if rate else "") for records, resident, peak, rate in samples
    ]
    return Table((heading, "resident, MiB", "peak, MiB", "records per CPU second since start"), rows)


def _follow(
    stream: Stream, stops: Sequence[int], per_file: int, labels: int = 0
) -> list[tuple[int, float, float, float]]:
    """Records, resident and peak memory, and records a CPU second, at each of the numbers of records in ``stops``.

    The first ``labels`` records get labels, behind the first file's records.
    """
    samples = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = write_log(
            folder / "rows.jsonl", 2_000, Stream(stream.numeric, stream.categorical, seed=2, labelled=labels > 0)
        )
        reference = build_reference(rows, folder / "reference.json")
        log = folder / "predictions.jsonl"
        log.touch()
        with sidecar([str(log), f"--reference={reference}"]) as running:
            running.wait()
            written = _write(endless(stream, min(per_file, 10_000)), log, per_file, running, labels)
            for stop in stops:
                while stop and next(written) < stop:
                    pass
                if stop:
                    running.wait_for_records(stop)
                running.scrape()
                time.sleep(0.2)  # what a scrape needs for a moment is not steady state
                rate = stop / running.cpu_seconds() if stop else 0.0
                samples.append((stop, running.resident(), running.peak(), rate))
    return samples


def _write(blocks: Iterator[bytes], log: Path, per_file: int, running: Sidecar, labels: int) -> Iterator[int]:
    """Write file after file, rotating each once the sidecar has begun to read it; yields the records written so far."""
    written = 0
    while True:
        with log.open("ab") as file:
            size = 0
            while size < per_file:
                block = next(blocks)
                file.write(block)
                size += block.count(b"\n")
            if labels and not written:
                file.write(label_block(0, labels, size))
        written += size
        yield written
        running.wait_for_records(written - size + 1)
        log.replace(log.with_suffix(".1"))
