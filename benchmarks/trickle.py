"""What a sidecar costs that has little to do, or nothing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from .data import Stream, record_block, write_log
from .processes import Sidecar, build_reference, sidecar
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

_RATE = 10
_BEFORE = 500

METHOD = """\
`model-drift-exporter run` follows a log with a reference profile of 25 features, and is scraped (gzip) every
{interval} s. After {before} records nothing is written for {seconds} s; then {rate} records a second, one at a time,
for {seconds} s. CPU time of the process (all threads) as a share of one core, scrapes included."""


def run(scale: Scale) -> Report:
    seconds, interval = scale.pick(120, 2), scale.pick(15, 1)
    lines = record_block(Stream(), 0, _BEFORE + seconds * _RATE).splitlines(keepends=True)
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(Path(folder, "reference.jsonl"), scale.pick(10_000, 2_000), Stream(seed=2))
        reference = build_reference(rows, Path(folder, "reference.json"))
        log = Path(folder, "log.jsonl")
        log.write_bytes(b"".join(lines[:_BEFORE]))
        with sidecar([str(log), f"--reference={reference}"]) as running:
            running.wait()
            running.wait_for_records(_BEFORE)
            time.sleep(scale.pick(5, 0))
            idle = _share(running, log, [], seconds, interval)
            busy = _share(running, log, lines[_BEFORE:], seconds, interval)
            running.wait_for_records(len(lines))
    return Report(
        title="Trickle",
        method=METHOD.format(interval=interval, before=_BEFORE, seconds=seconds, rate=_RATE),
        figures=[
            Figure(f"{_RATE} records a second", busy * 100, "% of a core", 0.8),
            Figure("nothing to read", idle * 100, "% of a core", 0.15),
        ],
        tables=[
            Table(
                ("", "CPU time, ms a second", "µs a record beyond idle"),
                [
                    (f"{_RATE} records a second", busy * 1e3, (busy - idle) / _RATE * 1e6),
                    ("nothing to read", idle * 1e3, ""),
                ],
            )
        ],
    )


def _share(running: Sidecar, log: Path, lines: list[bytes], seconds: int, interval: int) -> float:
    """CPU time a second while the lines are written one by one, or none."""
    began, spent = time.perf_counter(), running.cpu_seconds()
    with log.open("ab", buffering=0) as file:
        for turn in range(seconds * _RATE):
            time.sleep(max(0.0, began + (turn + 1) / _RATE - time.perf_counter()))
            if lines:
                file.write(lines[turn])
            if (turn + 1) % (interval * _RATE) == 0:
                running.scrape()
    # In steps of 10 ms: what is too little to be measured is half a step.
    return max(running.cpu_seconds() - spent, 0.005) / (time.perf_counter() - began)
