from __future__ import annotations

import gzip
import io
import json
import os
import random
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from model_drift_exporter.commands.check.input_reading import Bounds
from model_drift_exporter.configuration.settings import FeatureSettings, FieldSettings, InputSettings, Settings
from tests.sections import field_settings
from tests.support.check_logs import START, checked, record, text_of, write_log


def test_bad_lines_are_shown_with_place_reason_and_excerpt(tmp_path: Path) -> None:
    """Each reason has a count, its first three lines by number, what they say, and what would mend them."""
    path = tmp_path / "log.jsonl"
    lines = [json.dumps(record(index, random.Random(index))).encode() for index in range(2_100)]
    lines[3:3] = [b"", b"no \x1b[31mjson", b"[1]"]
    lines[100:100] = [b"x" * 2_000_000, b'{"ts":"\xff"}', b'{"features":3}'] + [b"{"] * 5
    path.write_bytes(b"\n".join(lines) + b"\n")
    report = checked(Settings(inputs=(InputSettings(str(path)),)))
    text = text_of(report)
    assert "lines       2,110 = 2,100 records + 0 labels + 10 errors" in text
    assert "not_json: 6 lines; each line must be one whole JSON object" in text
    for number, excerpt in (
        (5, "no \\x1b[31mjson"),
        (6, "[1]"),
        (102, '{"ts":"\\xff"}'),
        (103, '{"features":3}'),
        (104, "{"),
    ):
        assert re.search(rf"log\.jsonl:{number}:\n +{re.escape(excerpt)}\n", text), number
    assert re.search(r"log\.jsonl:101:\n +x{79}…\n", text)
    assert "log.jsonl:106:" not in text
    assert [str(problem).split(": ", 1)[1] for problem in report.warnings] == [
        "10 lines rejected (0.5 %): invalid_utf8, line_too_long, no_features, not_an_object, not_json"
    ]


def test_reading_stops_at_the_bound_and_says_so(tmp_path: Path) -> None:
    """Only so many lines are read, exactly, and the report says what share that is."""
    settings = Settings(inputs=(write_log(tmp_path / "log.jsonl", 3_000),))
    report = checked(settings, Bounds(lines=2_000))
    assert re.search(r"lines +2,000 = 2,000 records .*; only the first \d\d(\.\d)? % was read", text_of(report))
    assert "only the first" not in text_of(checked(settings, Bounds(lines=3_000)))


def test_unreadable_inputs_are_told_and_the_others_checked(tmp_path: Path) -> None:
    """A missing file and a directory end with exit code 1; what can be read is reported all the same."""
    inputs = (
        InputSettings(str(tmp_path / "none.jsonl"), name="none"),
        InputSettings(str(tmp_path), name="folder"),
        write_log(tmp_path / "log.jsonl"),
    )
    report = checked(Settings(inputs=inputs))
    assert report.verdict == "2 inputs cannot be read"
    assert report.exit_code == 1
    assert "no such file" in report.unreadable[0]
    assert "it is a directory" in report.unreadable[1]
    assert "model risk: 3,000 records" in text_of(report)


def test_a_file_without_permission_is_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be opened is told with the reason (root may open all, so the refusal is made here)."""
    log = write_log(tmp_path / "log.jsonl")
    open_file = os.open

    def refuse(path: str, *arguments: int) -> int:
        if path == log.path:
            raise PermissionError(13, "Permission denied", path)
        return open_file(path, *arguments)

    monkeypatch.setattr(os, "open", refuse)
    report = checked(Settings(inputs=(log,)))
    assert "permission denied" in report.unreadable[0]
    assert report.exit_code == 1


def test_a_glob_and_a_damaged_archive(tmp_path: Path) -> None:
    """All files of a pattern are listed with their sizes; an archive that is cut is read as far as it goes."""
    write_log(tmp_path / "a.jsonl", 1_200)
    write_log(tmp_path / "b.jsonl", 1_300)
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / "*.jsonl")),)))
    assert re.search(r"files +2 match, ", text_of(report))
    assert "2,500 = 2,500 records" in text_of(report)
    whole = gzip.compress((tmp_path / "a.jsonl").read_bytes())
    (tmp_path / "c.jsonl.gz").write_bytes(whole[: len(whole) * 3 // 4])
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / "c.jsonl.gz")),)))
    assert re.search(r"c\.jsonl\.gz\s+\([\d.]+\s+KiB,\s+gzip\)", text_of(report))
    assert "invalid_gzip: 1 line" in text_of(report)
    assert report.exit_code == 1


def test_csv_fields_that_are_not_found(tmp_path: Path) -> None:
    """In CSV the fields stand beside the features; a column of dates is offered as the time, codes are not numbers."""
    path = tmp_path / "log.csv"
    dice = random.Random(3)
    rows = [
        f"{(START + timedelta(seconds=index)).isoformat()},{dice.random():.3f},0{dice.randint(1000, 1009)},{dice.gauss(0, 1):.3f}"
        for index in range(2_500)
    ]
    path.write_text("\n".join(["when,x,zip,prediction", *rows, "1,2", '"3,4,5,6']) + "\n")
    report = checked(Settings(inputs=(InputSettings(str(path)),)))
    text = text_of(report)
    assert "2,502 = 2,500 records + 0 labels + 2 errors" in text
    assert re.search(r"log\.csv:2502:\n +1,2\n", text)
    assert re.search(r"task +regression", text)
    assert "left out, it looks like an identifier" in text
    warnings = "\n".join(map(str, report.warnings))
    assert "no time found" in warnings
    assert "event_time, datetime, @timestamp" in warnings
    assert "when looks like one: set fields.time: when" in warnings
    assert "look like codes; set features.kinds: {zip: categorical}" in warnings


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (field_settings(time="when"), "fields.time: no record has a value for the field when; correct the name"),
        (field_settings(prediction="answer"), "fields.prediction: no record has a value for the field answer"),
        (field_settings(time="user"), "fields.time: user holds no times, such as ann"),
    ],
)
def test_configured_fields_that_no_record_has_are_mistakes(tmp_path: Path, fields: FieldSettings, message: str) -> None:
    """A field named in the configuration that the log lacks, or that holds something else, is a mistake."""
    report = checked(Settings(inputs=(write_log(tmp_path / "log.jsonl"),), fields=fields))
    assert message in "\n".join(map(str, report.mistakes))


def test_an_included_feature_that_no_record_has_is_a_mistake(tmp_path: Path) -> None:
    """features.include must name features of the log."""
    features = FeatureSettings(include=("amount", "amuont"))
    report = checked(Settings(inputs=(write_log(tmp_path / "log.jsonl"),), features=features))
    assert [str(problem).split(":")[0] for problem in report.mistakes] == ["features.include"]
    assert "has the feature amuont" in str(report.mistakes[0])


def test_times_without_zone_in_the_future_or_unreadable(tmp_path: Path) -> None:
    """Each weakness of the times is a warning with its share."""

    def change(index: int, row: dict[str, Any]) -> dict[str, Any]:
        if index % 10 == 1:
            row["ts"] = "soon"
        elif index % 10 == 2:
            row["ts"] = row["ts"].removesuffix("+00:00")
        elif index == 2_995:
            row["ts"] = "2031-01-01T00:00:00Z"
        return row

    report = checked(Settings(inputs=(write_log(tmp_path / "log.jsonl", change=change),)))
    warnings = "\n".join(map(str, report.warnings))
    assert "10.0 % of the records have no readable time, such as soon" in warnings
    assert "10.0 % of the times have no time zone and are read as UTC" in warnings
    assert "1 time more than a day in the future, up to 2031-01-01 00:00:00 UTC" in warnings
    assert re.search(r"times .*, out of order 1 time, 90\.0 % can be\s+read, without a time zone", text_of(report))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("log.json", "[{},\n{}]\n", "it looks like one JSON array; write one object a line"),
        ("log.json", '{\n "features": 1\n}\n', "it looks like JSON over several lines"),
        ("log.txt", "1,2,3\n4,5,6\n", "it looks like CSV; set format: csv"),
        ("log.txt", "PAR1....\n", "it looks like a Parquet file; set format: parquet"),
    ],
)
def test_a_file_in_another_format_is_named(tmp_path: Path, name: str, content: str, expected: str) -> None:
    """A file of which no line can be read is a mistake that says what it seems to be and what to do."""
    (tmp_path / name).write_text(content)
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / name), format="jsonl"),)))
    assert len(report.mistakes) == 1
    assert f"no line could be read as jsonl; {expected}" in str(report.mistakes[0])


@pytest.mark.parametrize("path", ["log.parquet.gz", "log.gz", "-"])
def test_parquet_in_gzip_or_through_a_pipe_is_refused(
    tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong and what to do about it are said, and nothing of it is shown as lines."""
    file = io.BytesIO()
    parquet.write_table(pa.table({"x": [1.0] * 1_000, "prediction": [0] * 1_000}), file)
    data = file.getvalue()
    (tmp_path / "log").write_bytes(data if path == "-" else gzip.compress(data))
    with (tmp_path / "log").open("rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        (tmp_path / path).write_bytes((tmp_path / "log").read_bytes())
        report = checked(Settings(inputs=(InputSettings(path if path == "-" else str(tmp_path / path)),)))
    text = re.sub(r"\s+", " ", text_of(report))
    assert "Parquet cannot be read from gzip or through a pipe; decompress it, and give the file" in text
    assert "1 = 0 records + 0 labels + 1 error" in text
    assert "PAR1" not in text


def test_a_parquet_file_is_read_as_others_are(tmp_path: Path) -> None:
    """Its rows have numbers like lines; one that is damaged is unreadable and says so."""
    rows = [record(index, random.Random(index)) for index in range(2_500)]
    rows[7] |= {"features": None}
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "log.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "log.parquet").read_bytes()[:-50])
    text = text_of(checked(Settings(inputs=(InputSettings(str(tmp_path / "log.parquet")),))))
    assert "2,500 = 2,499 records + 0 labels + 1 error" in text
    assert re.search(r"log\.parquet:8:\n", text)
    assert 'parquet, features in the object "features"' in text
    assert re.search(r"id +id +r0\n", text)
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / "cut.parquet")),)))
    assert "not_parquet: 1 line; the file is damaged" in text_of(report)
    assert "cut.parquet: cannot read it as Parquet" in report.unreadable[0]


def test_an_empty_log_is_only_a_warning(tmp_path: Path) -> None:
    """A log that has not begun yet may be meant so."""
    (tmp_path / "log.jsonl").touch()
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / "log.jsonl")),)))
    assert report.verdict == "ok with 1 warning"
    assert "no line to check yet" in str(report.warnings[0])


def test_label_lines_are_counted_apart(tmp_path: Path) -> None:
    """Lines with a label only are labels, neither records nor errors."""
    log = write_log(
        tmp_path / "log.jsonl",
        change=lambda index, row: row if index % 3 else {"ts": row["ts"], "id": row["id"], "label": 1},
    )
    report = checked(Settings(inputs=(log,)))
    assert "3,000 = 2,000 records + 1,000 labels + 0 errors" in text_of(report)
    assert re.search(r"label +label +1\n", text_of(report))


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    """Whose request it was is nobody's business: the field is named, its values are not."""
    log = tmp_path / "log.jsonl"
    log.write_text('{"features":{"age":41},"prediction":1,"api_key":"sk-live-123"}\n' * 3)
    text = text_of(checked(Settings(inputs=(InputSettings(str(log)),))))
    assert "sk-live-123" not in text
    assert re.search(r"caller +api_key +not shown: only a hash of it is kept", text)


def test_an_input_of_labels_shows_only_what_labels_have(tmp_path: Path) -> None:
    """A file of labels is no mistake, and is not asked for scores or predictions."""
    log = write_log(tmp_path / "labels.jsonl", change=lambda _, row: {"ts": row["ts"], "id": row["id"], "label": 1})
    report = checked(Settings(inputs=(log,)))
    text = text_of(report)
    assert "3,000 = 0 records + 3,000 labels + 0 errors" in text
    assert "jsonl, labels only" in text
    assert re.search(r"id +id +r0\n", text)
    assert "score" not in text
    assert report.verdict == "ok"


def test_an_object_of_features_that_no_record_has_is_a_mistake(tmp_path: Path) -> None:
    """fields.features must name the object that holds them; the names there are given."""
    log = write_log(tmp_path / "log.jsonl")
    report = checked(Settings(inputs=(log,), fields=FieldSettings(features="inputs")))
    assert len(report.mistakes) == 1
    assert "fields.features: no record has an object inputs; correct the name; fields are " in str(report.mistakes[0])
    assert "features" in str(report.mistakes[0]).split("fields are ")[1]


def test_json_lines_in_a_file_called_csv_are_a_mistake(tmp_path: Path) -> None:
    """No line of them becomes a header."""
    write_log(tmp_path / "log.csv")
    report = checked(Settings(inputs=(InputSettings(str(tmp_path / "log.csv")),)))
    assert "no line could be read as csv; it looks like JSON lines" in str(report.mistakes[-1])


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (b"id,age,\xff", "it is no valid UTF-8"),
        (b'id,"age,prediction', "its quotes do not match"),
        (b"id,age,age", "column 2 has the name of another"),
    ],
)
def test_a_csv_header_that_cannot_be_read_is_a_mistake(tmp_path: Path, header: bytes, why: str) -> None:
    """Its file is named, all of its lines are errors, and none of their values is shown as a name."""
    path = tmp_path / "log.csv"
    path.write_bytes(header + b"\n" + b"u77,secret,1\n" * 5)
    report = checked(Settings(inputs=(InputSettings(str(path)),)))
    mistake = f"{path}: the header could not be read ({why}); the lines are rejected as not_csv"
    assert mistake in str(report.mistakes[0])
    assert "6 = 0 records + 0 labels + 6 errors" in text_of(report)
