from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from model_drift_exporter.configuration.settings import (
    IngestSettings,
    InputSettings,
    LimitSettings,
    LogSettings,
    PollSettings,
    Settings,
    WebSettings,
)
from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.formats import format_of_body
from model_drift_exporter.pipeline.assembly import make_pipeline, open_sources
from model_drift_exporter.service.reload import needing_restart, reloaded
from model_drift_exporter.settings.values import parse_listen_address, parse_window
from model_drift_exporter.sources import IngestSource
from tests.support.prediction_log import START, make_rows, write_jsonl


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({}, []),
        ({"windows": (parse_window("2h"),), "poll": PollSettings(interval=1), "log": LogSettings(level="debug")}, []),
        ({"limits": LimitSettings(models=3, series_per_model=500)}, []),
        ({"limits": LimitSettings(line_bytes=2_048)}, ["limits.line_bytes"]),
        (
            {"web": WebSettings(telemetry_path="/m", enable_lifecycle=True, max_requests=3)},
            ["web.telemetry_path", "web.enable_lifecycle", "web.max_requests"],
        ),
        (
            {"ingest": IngestSettings(enabled=False, listen_address=parse_listen_address(":1"), max_body_bytes=2_048)},
            ["ingest.enabled", "ingest.listen_address", "ingest.max_body_bytes"],
        ),
    ],
)
def test_keys_that_need_a_restart(changes: dict[str, Any], keys: list[str]) -> None:
    """Each that differs and cannot be applied is named as it is written in the file; others are not."""
    assert needing_restart(Settings(), attrs.evolve(Settings(), **changes)) == keys


def _settings(*paths: Path) -> Settings:
    return Settings(inputs=tuple(InputSettings(str(path), name=path.stem) for path in paths))


def test_sources_stay_come_and_go(tmp_path: Path) -> None:
    """An input that stays keeps its source, a new one is added in its place, one that is gone is closed."""
    first, second, third = (write_jsonl(tmp_path / f"{name}.jsonl", make_rows(5)) for name in ("a", "b", "c"))
    old, ingest = _settings(first, second), IngestSource(format_of_body)
    pipeline = make_pipeline(old, [*open_sources(old.inputs, old), ingest])
    while pipeline.step(START):
        pass
    successor = reloaded(pipeline, old, _settings(third, second), always=ingest)
    assert [source.input for source in successor.sources] == ["c", "b", "ingest"]
    assert successor.sources[1:] == pipeline.sources[1:]
    while successor.step(START):
        pass
    assert successor.models.up_to_date()["default"].traffic.records == 15
    assert pipeline.sources[0].status(START).files == 0


def test_a_bad_reference_leaves_the_old_pipeline_as_it_was(tmp_path: Path) -> None:
    """Nothing is closed and nothing taken before the new references are read."""
    old = _settings(write_jsonl(tmp_path / "a.jsonl", make_rows(5)))
    pipeline = make_pipeline(old, open_sources(old.inputs, old))
    with pytest.raises(ReferenceProfileError, match="cannot read"):
        reloaded(pipeline, old, Settings(reference=(str(tmp_path / "no.json"),)), always=IngestSource(format_of_body))
    assert pipeline.step(START)
    assert pipeline.models.up_to_date()["default"].traffic.records == 5
