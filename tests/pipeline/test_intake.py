from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from model_drift_exporter.commands.profile import build_profiles
from model_drift_exporter.configuration.flags import settings_from
from model_drift_exporter.configuration.settings import InputSettings, Settings
from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.metrics.metric import Group, Metric, gauge
from model_drift_exporter.pipeline import intake as module
from model_drift_exporter.pipeline.assembly import make_intake, make_pipeline, open_sources
from model_drift_exporter.pipeline.input_decoder import InputDecoder
from model_drift_exporter.pipeline.intake import Intake
from model_drift_exporter.records.batches import Decoded
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.sources import Source, SourceStatus
from tests.support.check_logs import checked, text_of
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, make_rows


class _Lines(Source):
    """Chunks as given; its bytes are all there from the beginning."""

    def __init__(self, input: str, *chunks: Chunk, extra: Mapping[Metric, float] | None = None) -> None:
        self.input = input
        self.acknowledged: list[Any] = []
        self._chunks = deque(chunks)
        self._read = 0
        self._extra = dict(extra or {})

    @property
    def finished(self) -> bool:
        return not self._chunks

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        del now, draining
        chunk = self._chunks.popleft() if self._chunks else None
        self._read += len(chunk.data) if chunk else 0
        return chunk

    def status(self, now: float) -> SourceStatus:
        del now
        lag = sum(len(chunk.data) for chunk in self._chunks)
        return SourceStatus(self.input, bytes_read=self._read, lag_bytes=lag, extra=self._extra)

    def checkpoint(self) -> Any:
        return self._read

    def acknowledge(self, checkpoint: Any) -> None:
        self.acknowledged.append(checkpoint)


def _chunk(input: str, *times: float, stream: str = "log.jsonl") -> Chunk:
    lines = b"".join(json.dumps({"ts": time, "x": 1.0, "prediction": 1}).encode() + b"\n" for time in times)
    return Chunk(input, stream, lines)


def _times(intake: Intake) -> list[float]:
    found: list[float] = []
    for piece in intake.pieces(lambda: 0.0, lambda: None):
        if piece.decoded.records is not None:
            found += [float(str(time)) for time in piece.decoded.records.fields["time"]]
    return found


def test_several_inputs_come_by_event_time_and_one_as_it_is() -> None:
    """An order of its own is no business of the intake."""
    first, second = _Lines("a", _chunk("a", 10, 30, 50)), _Lines("b", _chunk("b", 20, 40))
    assert _times(Intake([first, second], InputDecoder())) == [10, 20, 30, 40, 50]
    assert _times(Intake([_Lines("a", _chunk("a", 30, 10), _chunk("a", 20))], InputDecoder())) == [30, 10, 20]
    assert _times(Intake([], InputDecoder())) == []


def test_errors_and_problems_are_counted_where_they_are_read() -> None:
    """By input and reason, those of the source with those of the decoder; and what was read is watched."""
    seen: list[tuple[str, str, int]] = []

    def watch(chunk: Chunk, name: str, decoded: Decoded) -> None:
        seen.append((chunk.stream, name, decoded.lines))

    chunks = (
        Chunk("a", "a.csv", b"x,x\n1,2\n", starts_stream=True, errors={"line_too_long": 2}),
        Chunk("a", "b.jsonl", b"x\n"),
        Chunk("a", "c.jsonl", b"", errors={"invalid_gzip": 1}),
    )
    intake = Intake([_Lines("a", *chunks)], InputDecoder(), watch)
    assert _times(intake) == []
    assert intake.errors == {
        ("a", "line_too_long"): 2,
        ("a", "not_csv"): 2,
        ("a", "not_json"): 1,
        ("a", "invalid_gzip"): 1,
    }
    assert [*intake.problems] == [("a", "a.csv")]
    assert seen == [("a.csv", "csv", 4), ("b.jsonl", "jsonl", 1), ("c.jsonl", "", 1)]
    assert intake.last_read == 0.0


def test_the_share_is_that_of_the_bytes() -> None:
    """Over all inputs; of nothing, nothing has been read."""
    first, second = _Lines("a", _chunk("a", 1), _chunk("a", 2)), _Lines("b", _chunk("b", 1), _chunk("b", 2))
    intake = Intake([first, second], InputDecoder())
    assert intake.share(0.0) == 0
    first.poll(0.0)
    assert intake.share(0.0) == 0.25
    assert _times(intake) == [1, 2, 2]
    assert intake.share(0.0) == 1
    assert Intake([], InputDecoder()).share(0.0) == 0


def test_a_source_may_have_metrics_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exported for the inputs that have them, and for no others."""
    depth = gauge("model_drift_exporter_input_depth", "input", "How deep.", Group.EXPORTER)
    monkeypatch.setattr(module, "_OF_KINDS", (depth,))
    found = Exposition.of(Intake([_Lines("a", extra={depth: 3.0}), _Lines("b")], InputDecoder()).collect(0.0))
    assert found("model_drift_exporter_input_depth", input="a") == 3
    assert found.get("model_drift_exporter_input_depth", input="b") is None


def test_only_sources_that_are_still_there_are_told_of_a_snapshot() -> None:
    """Another source may have the name of one that a reload has closed, and no checkpoint means nothing."""
    old, kept, new = _Lines("a"), _Lines("b"), _Lines("a")
    Intake([new, kept], InputDecoder()).acknowledge({"a": 1, "b": 2, "gone": 3}, [old, kept])
    assert (old.acknowledged, kept.acknowledged, new.acknowledged) == ([], [2], [])
    Intake([kept], InputDecoder()).acknowledge({"b": None}, [kept])
    assert kept.acknowledged == [2]


def _write(folder: Path, rows: list[dict[str, Any]]) -> dict[str, str]:
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    (folder / "rows.jsonl").write_bytes(lines)
    parquet.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet", row_group_size=400)
    head = b"2026-11-30T13:49:14.107403003Z "
    parts = (line for each in lines.splitlines() for line in (b"stdout P " + each[:40], b"stdout F " + each[40:]))
    (folder / "0.log").write_bytes(b"".join(head + part + b"\n" for part in (b"stderr F model on :8080", *parts)))
    return {"rows.jsonl": "auto", "rows.parquet": "auto", "0.log": "container"}


def test_every_format_and_framing_is_read_by_every_verb(tmp_path: Path) -> None:
    """The same rows as lines, as Parquet and as a container's log: the same series, profile and report."""
    rows = make_rows(1_000, seed=3, label="no")
    series, profiles, reports = [], [], []
    for name, framing in _write(tmp_path, rows).items():
        each = InputSettings(str(tmp_path / name), framing=framing)
        settings = Settings(inputs=(each,))
        pipeline = make_pipeline(settings, open_sources(settings.inputs, settings, once=True))
        pipeline.read_to_end(lambda: START, lambda: None)
        lines = series_lines(Exposition.of(pipeline.collect(START)).text)
        series.append([line for line in lines if not line.startswith("model_drift_exporter_input_bytes_total")])
        profiles.append(build_profiles(settings)[0][0].fingerprint)
        report = text_of(checked(settings))
        assert "1,000 = 1,000 records + 0 labels + 0 errors" in report
        reports.append(report.partition("model default")[2])
    assert series[0] == series[1] == series[2]
    assert len({*profiles}) == 1
    assert len({*reports}) == 1


def test_the_log_of_a_container_that_is_read_as_lines_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Once, by every verb, with what to give; not where its framing is given."""
    _write(tmp_path, make_rows(200, seed=3, label="no"))
    path = str(tmp_path / "0.log")
    said = f"input log: {path} looks like the log of a container; read it with --framing=container, or set framing: container"
    intake = make_intake(settings_from({}, [path]))
    assert [*intake.pieces(lambda: START, lambda: None)]
    assert [record.getMessage() for record in caplog.records if "looks like" in record.getMessage()] == [
        f"{said} for this input"
    ]
    caplog.clear()
    with pytest.raises(ReferenceProfileError):
        build_profiles(settings_from({}, [path]))
    assert said in caplog.text
    caplog.clear()
    assert build_profiles(settings_from({"framing": "container"}, [path]))[0][0].rows == 200
    assert "looks like" not in caplog.text


def test_reading_again_goes_on_with_what_was_learned(tmp_path: Path) -> None:
    """As a profile is built: all rows twice, with the fields of the first time."""
    path = tmp_path / "log.jsonl"
    path.write_bytes(_chunk("log", 1, 2).data)
    settings = Settings(inputs=(InputSettings(str(path)),))
    first = make_intake(settings)
    again = make_intake(settings, first.decoding)
    assert _times(first) == _times(again) == [1, 2]
    assert again.decoding is first.decoding
    for intake in (first, again):
        intake.close()
