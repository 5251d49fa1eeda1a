from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.models.models import Models
from model_drift_exporter.pipeline.pipeline import Pipeline
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.service.snapshot_file import read_snapshot, write_snapshot
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.sources import Source, SourceStatus
from tests.sections import monitoring_settings
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, batch_of, make_rows, profile_of

_SETTINGS = monitoring_settings((parse_window("1h"), parse_window("100")), learn_records=100)


class _Chunks(Source):
    """A source of prepared chunks; with ``gaps`` nothing comes every other time."""

    def __init__(
        self, chunks: Iterable[Chunk], *, input: str = "log", format: str = "auto", gaps: bool = False
    ) -> None:
        self.input = input
        self.format = format
        self._chunks = deque(chunks)
        self._gaps = gaps
        self._silent = gaps
        self.drained = False

    @property
    def patient(self) -> bool:
        return True

    @property
    def finished(self) -> bool:
        return not self._chunks

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        del now
        self.drained = self.drained or draining
        self._silent = self._gaps and not self._silent
        return self._chunks.popleft() if self._chunks and not self._silent else None

    def status(self, now: float) -> SourceStatus:
        del now
        return SourceStatus(self.input, files=1)

    def close(self) -> None:
        """Nothing is open."""

    def checkpoint(self) -> Any:
        return len(self._chunks)

    def resume(self, state: Any) -> None:
        while len(self._chunks) > state:
            self._chunks.popleft()


def _jsonl(data: bytes, cuts: Iterable[int] = ()) -> list[Chunk]:
    lines = data.splitlines(keepends=True)
    ends = sorted({0, len(lines), *cuts})
    return [
        Chunk("log", "log.jsonl", b"".join(lines[low:high]), starts_stream=low == 0) for low, high in pairwise(ends)
    ]


def _reference(model: str = "m") -> ReferenceProfile:
    return profile_of([batch_of(make_rows(200, seed=9))], model=model)


def _pipeline(sources: Iterable[_Chunks], references: Iterable[ReferenceProfile] = (), **options: Any) -> Pipeline:
    return Pipeline([*sources], Models(_SETTINGS, [*references]), **options)


def _read(pipeline: Pipeline) -> Exposition:
    pipeline.read_to_end(lambda: START, lambda: None)
    return Exposition.of(pipeline.collect(START))


def _encoded(rows: Iterable[dict[str, Any]]) -> bytes:
    import json

    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def test_every_line_is_accounted_for() -> None:
    """Records, labels and errors are all non-empty lines, and each error has its reason."""
    data = _encoded(make_rows(5)) + b"\n  \n" + b'{"broken\n[1]\n{"id": "a"}\n{"id": "b", "label": 1}\n\xff\xfe\n'
    chunks = [*_jsonl(data), Chunk("log", "log.jsonl", b"", errors={"line_too_long": 2})]
    found = _read(_pipeline([_Chunks(chunks)]))
    errors = found.by("reason", "model_drift_exporter_record_errors_total", input="log")
    assert {reason: count for reason, count in errors.items() if count} == {
        "not_json": 1,
        "not_an_object": 1,
        "no_features": 1,
        "invalid_utf8": 1,
        "line_too_long": 2,
    }
    assert found.total("model_records_total") == 5
    assert found.total("model_labels_total") == 1


def test_a_header_that_cannot_be_read_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """All lines of its stream are errors, and nothing of them becomes a feature."""
    chunks = [
        Chunk("log", "a.csv", b"u77,secret,1\n", starts_stream=True, errors={"line_too_long": 1}, head=b""),
        Chunk("log", "a.csv", b"u78,secret,1\n"),
    ]
    found = _read(_pipeline([_Chunks(chunks)]))
    errors = found.by("reason", "model_drift_exporter_record_errors_total", input="log")
    assert {reason: count for reason, count in errors.items() if count} == {"line_too_long": 1, "not_csv": 2}
    logged = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(logged) == 1
    assert logged[0].startswith("input log: a.csv: the header could not be read (")


def test_csv_without_a_name_that_says_so() -> None:
    """Standard input is told by its first line."""
    found = _read(_pipeline([_Chunks([Chunk("log", "stdin", b"x,prediction\n1,0\n2,1\n", starts_stream=True)])]))
    assert found.total("model_records_total") == 2


def test_reasons_are_there_from_the_start() -> None:
    """Every input has every reason as 0 before anything went wrong."""
    pipeline = _pipeline([_Chunks([]), _Chunks([], input="other")])
    found = Exposition.of(pipeline.collect(START))
    for name in ("log", "other"):
        errors = found.by("reason", "model_drift_exporter_record_errors_total", input=name)
        assert set(errors.values()) == {0.0}
        assert {"not_json", "not_csv", "invalid_gzip"} <= set(errors)


def test_the_first_error_of_a_kind_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """One line of log says which input and file it was; the rest are counted only."""
    _read(_pipeline([_Chunks(_jsonl(b"x\ny\nz\n" + _encoded(make_rows(3)), cuts=[1, 2]))]))
    warnings = [record.getMessage() for record in caplog.records if "rejected" in record.getMessage()]
    assert warnings == ["input log: rejected a line of log.jsonl as not_json; further ones are counted only"]


def test_what_is_lost_of_a_stream_is_not_called_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """Damage and a body beyond its limit are said in their own words."""
    pipeline = _pipeline([])
    for reason in ("invalid_gzip", "body_too_large"):
        for _ in range(2):
            pipeline.process(Chunk("ingest", "ingest", b"", errors={reason: 1}), "auto", START)
    assert [message.partition("; ")[0] for message in caplog.messages] == [
        "input ingest: the compressed data of ingest is damaged or cut off, its rest is counted as one invalid_gzip",
        "input ingest: a body of ingest expands beyond ingest.max_body_bytes, its rest is counted as one body_too_large",
    ]


def test_chunks_make_no_difference() -> None:
    """The same lines in other chunks give the same metrics, learned reference included."""
    rows = make_rows(260, seed=2, label="no", latency=0.05)
    data = _encoded(rows[:150]) + b"bad\n" + _encoded(rows[150:])
    whole = _read(_pipeline([_Chunks(_jsonl(data))]))
    parts = _read(_pipeline([_Chunks(_jsonl(data, range(1, 260, 7)))]))
    assert series_lines(parts.text) == series_lines(whole.text)


def test_csv_headers_belong_to_their_stream() -> None:
    """Each CSV file has its own header; chunks of two files may alternate."""
    chunks = [
        Chunk("log", "a.csv", b"x,prediction\n1,0.5\n", starts_stream=True),
        Chunk("log", "b.csv", b"prediction,x\n0.5,2\n", starts_stream=True),
        Chunk("log", "a.csv", b"3,0.5\n"),
        Chunk("log", "b.csv", b"0.5,4\n"),
        Chunk("log", "a.csv", b"x,y,prediction\n5,6,0.5\n", starts_stream=True),
    ]
    found = _read(_pipeline([_Chunks(chunks)]))
    assert found.total("model_records_total") == 5
    assert found.total("model_drift_exporter_record_errors_total") == 0


def test_a_csv_whose_model_has_no_reference() -> None:
    """Where a reference is given and the log holds another model too, the header is still no record."""
    header = b"model,age,country,prediction\n"
    lines = b"".join(b"other,%d,de,%d\n" % (index % 7, index % 2) for index in range(50))
    found = _read(_pipeline([_Chunks([Chunk("log", "a.csv", header + lines, starts_stream=True)])], [_reference()]))
    assert found("model_records_total", model="other") == 50
    assert found.total("model_drift_exporter_record_errors_total") == 0
    assert found.total("model_feature_observations_total", model="other", feature="age") == 50


def test_a_chunk_may_say_its_format() -> None:
    """A request body knows its format better than its input."""
    chunk = Chunk("log", "ingest#1", b"age,prediction\n1,2\n", starts_stream=True, format="csv")
    assert _read(_pipeline([_Chunks([chunk], format="jsonl")])).total("model_records_total") == 1


def test_configured_format_wins_over_the_ending() -> None:
    """JSON lines in a file that ends in .csv are read where the input says so."""
    chunk = Chunk("log", "a.csv", _encoded(make_rows(2)), starts_stream=True)
    assert _read(_pipeline([_Chunks([chunk], format="jsonl")])).total("model_records_total") == 2


def test_unknown_features_are_noted() -> None:
    """Features that the reference lacks are counted and not followed; excluded ones are not even that."""
    rows = [row | {"features": {**row["features"], "new": 1, "left_out": 2}} for row in make_rows(20)]
    pipeline = _pipeline([_Chunks(_jsonl(_encoded(rows)))], [_reference()], exclude=["left_out"])
    found = _read(pipeline)
    assert pipeline.unknown_features() == ["new"]
    assert found("model_drift_exporter_unknown_features") == 1
    assert not found.select("model_feature_observations_total", model="m", feature="new")


def test_included_and_excluded_features() -> None:
    """A learned reference holds the features that the settings leave."""
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"include": ["age"]}, {"age"}),
        ({"exclude": ["age"]}, {"country"}),
    ]
    for options, expected in cases:
        found = _read(_pipeline([_Chunks(_jsonl(_encoded(make_rows(120))))], **options))
        columns = {
            dict(labels)["feature"] for labels in found.select("model_feature_observations_total", model="default")
        }
        assert columns == expected


def test_configured_fields() -> None:
    """Names of fields can be set where detection would not find them."""
    rows = [{"when": row["ts"], "klass": row["prediction"], "in": row["features"]} for row in make_rows(120)]
    fields = {"time": "when", "prediction": "klass", "features": "in"}
    found = _read(_pipeline([_Chunks(_jsonl(_encoded(rows)))], fields=fields))
    assert found("model_records_untimed_total", model="default") == 0
    assert found.total("model_prediction_observations_total", model="default", bin="__missing__") == 0


def test_reading_to_the_end_waits_for_what_is_slow() -> None:
    """Where nothing has come yet it waits, and never takes a half-written line for a whole one."""
    source = _Chunks(_jsonl(_encoded(make_rows(4)), cuts=[1, 2, 3]), gaps=True)
    waits = []
    pipeline = _pipeline([source])
    pipeline.read_to_end(lambda: START, lambda: waits.append(1))
    assert len(waits) == 3
    assert not source.drained
    assert pipeline.finished


def test_the_health_of_inputs_is_exported() -> None:
    """Each input says that it is up, what it has read, and how far behind it is."""
    found = _read(_pipeline([_Chunks(_jsonl(_encoded(make_rows(1))))]))
    assert found("model_drift_exporter_input_up", input="log") == 1
    assert found("model_drift_exporter_input_files", input="log") == 1
    assert found("model_drift_exporter_input_lag_seconds", input="log") == 0
    assert found("model_drift_exporter_last_read_timestamp_seconds") == START


def test_taking_over_goes_on_in_the_middle_of_a_csv() -> None:
    """After a reload a CSV file that is being read keeps its header, and counts go on."""
    old = _pipeline([_Chunks([Chunk("log", "a.csv", b"x,prediction\n1,0\n2,1\n", starts_stream=True)])])
    old.step(START)
    new = _pipeline([_Chunks([Chunk("log", "a.csv", b"3,1\nbad\n")])])
    new.take_over(old)
    found = _read(new)
    assert found("model_records_total", model="default") == 3
    assert found.total("model_drift_exporter_record_errors_total", input="log") == 1


def test_other_fields_begin_anew(caplog: pytest.LogCaptureFixture) -> None:
    """A changed field changes what was counted, so the bins start again; unchanged ones go on."""
    caplog.set_level(logging.ERROR)
    for fields, expected in (({}, 130.0), ({"score": "other"}, 10.0)):
        old = _pipeline([_Chunks(_jsonl(_encoded(make_rows(120))))], [_reference()])
        old.step(START)
        new = _pipeline([_Chunks(_jsonl(_encoded(make_rows(10))))], [_reference()], fields=fields)
        new.take_over(old)
        found = _read(new)
        assert found.total("model_feature_observations_total", model="m", feature="age") == expected
        assert found("model_records_total", model="m") == 130


def test_bad_lines_among_labels_are_no_broken_input() -> None:
    """They are counted for their input; the model's own input is another one."""
    labels = b"".join(b'{"id": "9-%d", "label": "yes"}\nbroken\n' % index for index in range(400))
    sources = (_Chunks(_jsonl(_encoded(make_rows(400)))), _Chunks([Chunk("truth", "t.jsonl", labels)], input="truth"))
    pipeline = _pipeline(sources, [_reference()], labels=["truth"])
    found = _read(pipeline)
    assert found("model_drift_exporter_record_errors_total", input="truth", reason="not_json") == 400
    assert found("model_labels_total", model="m") == 400
    assert not pipeline.models.up_to_date()["m"].alarms["ModelInputBroken"].active


def test_a_log_that_breaks_pages() -> None:
    """Lines that cannot be read are those of the model whose log it is, also if the source had to skip them."""
    for bad, errors in ((b"broken\n" * 50_000, {}), (b"", {"line_too_long": 50_000})):
        chunks = [*_jsonl(_encoded(make_rows(400))), Chunk("log", "log.jsonl", bad, errors=errors)]
        pipeline = _pipeline([_Chunks(chunks)], [_reference()])
        _read(pipeline)
        assert pipeline.models.up_to_date()["m"].alarms["ModelInputBroken"].active
        (edge,) = pipeline.models.drain_transitions()
        assert edge.record == 399


@pytest.mark.parametrize("stop", [1, 3, 6])
def test_a_restored_pipeline_goes_on_where_it_was(stop: int, tmp_path: Path) -> None:
    """Line numbers, fields, evidence and the reference: edges are those of a pipeline that was never stopped."""
    rows = [*make_rows(400, seed=2), *make_rows(400, seed=3, start=START + 4_000, shift=30.0)]
    chunks = _jsonl(_encoded(rows).replace(b"}}\n", b"}}\nbroken\n", 20), cuts=range(100, 900, 100))
    whole, first, second = (_pipeline([_Chunks(chunks)]) for _ in range(3))
    while whole.step(START):
        pass
    for _ in range(stop):
        first.step(START)
    write_snapshot(tmp_path / "state", first.snapshot())
    second.restore(read_snapshot(tmp_path / "state"))
    while second.step(START):
        pass
    edges = [*first.models.drain_transitions(), *second.models.drain_transitions()]
    expected = whole.models.drain_transitions()
    assert [(each.alert, each.firing, each.record) for each in edges] == [
        (each.alert, each.firing, each.record) for each in expected
    ]
    assert expected


def test_state_of_something_else_is_refused() -> None:
    """It raises the error of a state that does not fit, whatever it is."""
    nothing: dict[str, Any] = {"sources": {}, "decoding": {}, "models": {}}
    states: list[dict[str, Any]] = [{}, nothing, nothing | {"decoding": {"lines": [], "schemas": {}}}]
    for state in states:
        with pytest.raises(StateError, match="does not fit"):
            _pipeline([]).restore(state)
