"""CPU and memory of this process, under the names that Prometheus' client libraries use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series

__all__ = ["METRICS", "process_samples", "resident_bytes"]

_START_TIME = gauge("process_start_time_seconds", "", "Start of the process.", Group.EXPORTER)
_CPU = counter("process_cpu_seconds_total", "", "User and system CPU time of the process.", Group.EXPORTER)
_MEMORY = gauge("process_resident_memory_bytes", "", "Resident memory of the process.", Group.EXPORTER)
METRICS: tuple[Metric, ...] = (_START_TIME, _CPU, _MEMORY)

_STARTED = time.time()


def resident_bytes() -> int | None:
    """Resident memory in bytes; ``None`` where /proc does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def process_samples() -> Iterable[Samples]:
    """``process_*`` samples."""
    yield Series(_START_TIME, [()]).samples([_STARTED])
    yield Series(_CPU, [()]).samples([time.process_time()])
    if (resident := resident_bytes()) is not None:
        yield Series(_MEMORY, [()]).samples([resident])
