"""What a replay reports, as values."""

from __future__ import annotations

import io
import json
from typing import Any

from model_drift_exporter.commands.replay.replay import BackfillOptions, replay_logs
from model_drift_exporter.commands.replay.reports import JsonReport
from model_drift_exporter.configuration.settings import Settings


def replayed(settings: Settings, backfill: BackfillOptions | None = None) -> list[dict[str, Any]]:
    stream = io.StringIO()
    assert replay_logs(settings, JsonReport(stream), backfill) == 0
    return [json.loads(line) for line in stream.getvalue().splitlines()]
