"""What a replay reports, as values."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from model_drift_exporter.commands.replay.replay import BackfillOptions, replay_logs
from model_drift_exporter.commands.replay.reports import JsonReport
from model_drift_exporter.configuration.settings import InputSettings, Settings
from tests.support.incident_log import incident, reference_file
from tests.support.prediction_log import write_jsonl

__all__ = ["incident_settings", "replayed"]


def incident_settings(folder: Path) -> Settings:
    """A log of 6,000 predictions with both kinds of incidents, and their labels, which come later, in a log of their own."""
    predictions, labels = incident(6_000, missing=range(1_500, 2_200), wrong=range(4_300, 6_000))
    return Settings(
        reference=(str(reference_file(folder / "reference.json")),),
        inputs=(
            InputSettings(str(write_jsonl(folder / "log.jsonl", predictions))),
            InputSettings(str(write_jsonl(folder / "labels.jsonl", labels)), "labels", contains="labels"),
        ),
    )


def replayed(settings: Settings, backfill: BackfillOptions | None = None) -> list[dict[str, Any]]:
    """The lines of ``replay --format=json``."""
    stream = io.StringIO()
    assert replay_logs(settings, JsonReport(stream), backfill) == 0
    return [json.loads(line) for line in stream.getvalue().splitlines()]
