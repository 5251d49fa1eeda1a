"""CPU and memory of this process, under the names that Prometheus' client libraries use."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from ..metrics.samples import Samples, Series

__all__ = ["process_samples", "resident_bytes"]

_STARTED = time.time()


def resident_bytes() -> int | None:
    """Resident memory in bytes; ``None`` where /proc does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def process_samples() -> Iterable[Samples]:
    """``process_*`` samples."""
    yield Series("process_start_time_seconds", [()]).samples([_STARTED])
    yield Series("process_cpu_seconds_total", [()]).samples([time.process_time()])
    if (resident := resident_bytes()) is not None:
        yield Series("process_resident_memory_bytes", [()]).samples([resident])
