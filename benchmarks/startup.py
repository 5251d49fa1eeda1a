"""From the start of the process to the first scrape that is answered."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from .data import Stream, write_log
from .processes import ROOT, build_reference, sidecar
from .report import Figure, Report, Scale, Table

__all__ = ["run"]

METHOD = """\
`model-drift-exporter run` with a reference profile of 25 features and a log of 1,000 records, {starts} times: wall-clock
time from starting the process to the end of the first answered scrape, tried every 5 ms, and the CPU time spent by then."""


def run(scale: Scale) -> Report:
    starts = scale.pick(10, 1)
    walls, cpus, sizes = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        rows = write_log(Path(folder, "reference.jsonl"), scale.pick(10_000, 2_000), Stream(seed=2))
        reference = build_reference(rows, Path(folder, "reference.json"))
        log = write_log(Path(folder, "predictions.jsonl"), 1_000, Stream())
        for _ in range(starts):
            began = time.perf_counter()
            with sidecar([str(log), f"--reference={reference}"]) as running:
                running.wait(pause=0.005)
                walls.append(time.perf_counter() - began)
                cpus.append(running.cpu_seconds())
                running.wait_for_records(1_000)
                sizes.append(running.resident())
    slowest = _imports()
    return Report(
        title="Start",
        method=METHOD.format(starts=starts),
        figures=[
            Figure("start to first scrape, median", median(walls), "s", 0.7),
            Figure("resident memory after start and 1,000 records, median", median(sizes), "MiB", 64),
        ],
        tables=[
            Table(
                ("", "best", "median", "slowest"),
                [
                    ("wall-clock time, s", min(walls), median(walls), max(walls)),
                    ("CPU time, s", min(cpus), median(cpus), max(cpus)),
                ],
            ),
            Table(("slowest imports of the command, with what they import", "ms"), slowest),
        ],
    )


def _imports(count: int = 8) -> list[tuple[str, float]]:
    """The modules outside of the package that take longest to import, each with all that it imports."""
    modules = ("model_drift_exporter.commands.run", "model_drift_exporter.web.app", "model_drift_exporter.web.server")
    command = [sys.executable, "-X", "importtime", "-c", f"import {', '.join(modules)}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = []
    for line in done.stderr.splitlines():
        _, cumulative, name = line.removeprefix("import time:").split("|")
        if cumulative.strip().isdecimal() and "." not in name.strip():
            found.append((f"`{name.strip()}`", int(cumulative) / 1000))
    return sorted(found, key=lambda each: -each[1])[:count]
