"""What evidence on 200 features costs: CPU time of an update, bytes of its state."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from model_drift_exporter.monitors.drift import DriftMonitor
from model_drift_exporter.service.snapshot_file import write_snapshot

from .laws import MadeUpModel, context_of, mixed_laws

__all__ = ["cost_of_updates"]

_UPDATE = 50
_SECONDS = 1.2


def cost_of_updates(features: int, updates: int) -> dict[str, Any]:
    """CPU seconds of each update by itself, in the steady state, and the size of the state behind them."""
    model = MadeUpModel(mixed_laws(features), 10_000, 7)
    monitor = DriftMonitor(context_of(model.reference))
    table = model.table()
    warm = 100
    monitor.observe(model.binned(model.cells(table, model.levels(warm * _UPDATE)), 0, _SECONDS))
    seconds = []
    for update in range(warm, warm + updates):
        batch = model.binned(model.cells(table, model.levels(_UPDATE)), update * _UPDATE, _SECONDS)
        began = time.process_time()
        monitor.observe(batch)
        seconds.append(time.process_time() - began)
    with tempfile.TemporaryDirectory() as folder:
        size = write_snapshot(Path(folder, "state"), monitor.snapshot())
    return {"seconds": seconds, "bytes": size, "columns": len(model.reference.columns)}
