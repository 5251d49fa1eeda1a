from __future__ import annotations

import csv
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.formats import Schema
from model_drift_exporter.formats.csv import CsvDecoder, Header, cells, read_header, seems_header
from model_drift_exporter.records.identifiers import hash_identifiers
from tests.support.collected_records import CUTS, Collected, collect, cut, non_empty

HEADER = b"id,age,plan,prediction,score,label"


def decode(*lines: bytes, schema: Schema | None = None) -> Collected:
    return collect(CsvDecoder(schema or Schema()), [b"\n".join(lines) + b"\n"])


CELLS = st.sampled_from(
    [b"", b"", b"1", b"gold", b" ", b'"a,b"', b'"a""b"', b'"', b'x"y', b"\xff", b"\x00", b"\r", b"\x1c", b"NaN"]
)
LINES = st.lists(
    st.one_of(
        st.lists(CELLS, min_size=6, max_size=6).map(b",".join),
        st.lists(CELLS, max_size=8).map(b",".join),
        st.sampled_from([b"", b" ", b"\r", b"\x0c", b"\x1c", "\N{NO-BREAK SPACE}".encode(), HEADER, HEADER + b"\r"]),
        st.binary(max_size=10).map(lambda data: data.replace(b"\n", b"")),
    ),
    max_size=12,
)


def _cells(line: bytes) -> list[str]:
    """The cells of one line alone; raises ``ValueError`` or ``csv.Error``."""
    text = line.decode().rstrip("\r")
    return text.split(",") if '"' not in text else next(csv.reader([text], strict=True))


def _reason(line: bytes) -> str:
    try:
        cells = _cells(line)
    except UnicodeDecodeError:
        return "invalid_utf8"
    except csv.Error:
        return "not_csv"
    if cells == HEADER.decode().split(","):
        return "header"
    if len(cells) != 6:
        return "not_csv"
    _, age, plan, prediction, score, label = cells
    if age or plan or prediction or score:
        return "record"
    return "label" if label else "no_features"


def _is_header(line: bytes, header: Header) -> bool:
    try:
        return tuple(cells(line.decode().rstrip("\r"), header.separator)) == header.names
    except (ValueError, csv.Error):
        return False


@given(LINES, CUTS)
@example([b'7,"1,5",gold,1,0.5,'], [])
@example([b"7,1\r1,gold,1,0.5,", b'7,"1",gold,1,0.5,'], [])
def test_every_line_is_what_it_is_alone(lines: list[bytes], cuts: list[int]) -> None:
    """However a file is cut into chunks, each line counts, and each value is read, as if the line stood alone."""
    decoder = CsvDecoder(Schema())
    decoder.decode(HEADER + b"\n")
    found = collect(decoder, cut(lines, cuts))
    given = [line for line in lines if line.strip()]
    reasons = [_reason(line) for line in given]
    expected = Counter(reasons)
    assert found.lines == non_empty(lines) - expected.pop("header", 0)
    assert (found.records, found.labels) == (expected.pop("record", 0), expected.pop("label", 0))
    assert found.errors == expected
    numbered = [reason for reason in reasons if reason != "header"]
    assert found.record_lines == [line for line, reason in enumerate(numbered) if reason == "record"]
    assert found.label_lines == [line for line, reason in enumerate(numbered) if reason == "label"]
    rows = [_cells(line) for line, reason in zip(given, reasons, strict=True) if reason == "record"]
    for position, name in enumerate(("age", "plan"), start=1):
        assert found.features.get(name, []) == [row[position] for row in rows]


@given(st.binary(max_size=120))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    """Any bytes are accounted for: all lines but the header, if the first is one, and its repetitions."""
    lines = data.split(b"\n")
    found = collect(CsvDecoder(Schema()), [data])
    given = [line for line in lines if line.strip()]
    try:
        header = read_header(given[0]) if given else None
    except ValueError:
        header = None
    headers = sum(_is_header(line, header) for line in given) if header else 0
    assert found.lines == len(given) - headers


def test_values_are_text() -> None:
    """A batch says that its values are strings; fields have their own columns, each typed by what the field holds."""
    decoded = CsvDecoder(Schema()).decode(HEADER + b"\r\n7,41,gold,1,0.9,\r\n")
    assert decoded.records is not None
    assert decoded.records.text
    assert {name: [*column] for name, column in decoded.records.features.items()} == {"age": ["41"], "plan": ["gold"]}
    fields = decoded.records.fields
    assert [*fields["id"]] == hash_identifiers(["7"])[0].tolist()
    assert ([*fields["prediction"]], [*fields["score"]]) == (["1"], [0.9])


def test_a_header_may_come_alone_and_again() -> None:
    """The header may be a chunk of its own; a program that starts anew may write it again into the same file."""
    found = collect(
        CsvDecoder(Schema()), [b"\n", HEADER + b"\n", b"7,41,gold,1,0.9,\n" + HEADER + b"\n8,42,gold,0,0.1,1\n"]
    )
    assert (found.records, found.lines, found.features["age"]) == (2, 2, ["41", "42"])


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"id,age,\xff", "invalid_utf8"),
        (b'id,"age,prediction', "not_csv"),
        (b"id,age\0,prediction", "not_csv"),
        (b"id,age,age", "not_csv"),
        (b",,", "not_csv"),
        (b'{"id": 1, "age": 2, "x": 3}', "not_csv"),
        ("id,age,prediction\n".encode("utf-16-le")[:-1], "not_csv"),
        ("id,age,prediction".encode("utf-16"), "invalid_utf8"),
    ],
)
def test_no_later_line_takes_the_place_of_a_header_that_cannot_be_read(header: bytes, reason: str) -> None:
    """Ids would become names of features: such a stream has errors only, and says once why."""
    schema = Schema()
    decoder = CsvDecoder(schema)
    first = decoder.decode(b"\n" + header + b"\nu77,secret,1\n\nu78,secret,0\n")
    second = decoder.decode(b"u79,secret,1\n")
    assert (first.records, second.records, schema.features, schema.unknown) == (None, None, {}, {})
    assert (first.errors, second.errors) == (Counter({"not_csv": 2}) + Counter([reason]), {"not_csv": 1})
    assert first.problem.startswith("the header could not be read (")
    assert not second.problem


def test_a_header_that_no_chunk_holds() -> None:
    """It comes from the source, or, too long for it, is known to be lost; a header that is known stays."""
    decoder = CsvDecoder(Schema())
    decoder.begin(HEADER)
    decoder.begin(b"a,b")
    assert collect(decoder, [b"7,41,gold,1,0.9,\n"]).features == {"age": ["41"], "plan": ["gold"]}
    decoder = CsvDecoder(Schema())
    decoder.begin(b"")
    decoded = decoder.decode(b"7,41\n")
    assert (decoded.records, decoded.errors) == (None, {"not_csv": 1})
    assert "limits.line_bytes" in decoded.problem


def test_columns_without_a_name_are_passed_over() -> None:
    """Such as the index that pandas writes."""
    found = decode(b",age,,prediction", b"0,41,x,1", b"1,42,y,0")
    assert (found.records, found.features, found.errors) == (2, {"age": ["41", "42"]}, {})


@pytest.mark.parametrize("separator", [b";", b"\t"])
def test_other_separators_are_told_by_the_header(separator: bytes) -> None:
    """Commas count only where they are more, and not in quotes."""
    header = separator.join([b"id", b'"age, in years"', b"plan", b"prediction"])
    row = separator.join([b"7", b"1,5", b'"a' + separator + b'b"', b"1"])
    found = decode(header, row, header)
    assert found.features == {"age, in years": ["1,5"], "plan": ["a" + separator.decode() + "b"]}
    assert found.errors == {}
    found = decode(b"a,b,c;d,prediction", b"1,2,3;4,5")
    assert found.features == {"a": ["1"], "b": ["2"], "c;d": ["3;4"]}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"7,41,gold,1,0.9", "not_csv"),
        (b"7,41,gold,1,0.9,,", "not_csv"),
        (b'7,41,"gold,1,0.9,', "not_csv"),
        (b'7,41,"go"ld,1,0.9,', "not_csv"),
        (b"7,41,\xff,1,0.9,", "invalid_utf8"),
        (b"7,,,,,", "no_features"),
    ],
)
def test_a_bad_line_is_counted_with_its_reason_and_the_others_go_on(line: bytes, reason: str) -> None:
    """An unbalanced quote or a wrong number of cells spoils its own line only."""
    found = decode(HEADER, b"6,40,gold,0,0.1,", line, b'8,"42",gold,1,0.9,')
    assert (found.records, found.errors, found.features["age"]) == (2, {reason: 1}, ["40", "42"])


def test_a_row_of_empty_features_is_what_else_it_holds() -> None:
    """With a prediction or score it is a record with everything missing, with a label alone a label."""
    found = decode(HEADER, b"7,,,1,,", b"8,,,,0.5,", b"9,,,,,yes", b"9,,,1,,yes")
    assert (found.records, found.labels, found.label_values) == (3, 1, ["yes"])
    assert found.fields["label"] == [None, None, "yes"]


def test_a_file_of_labels_holds_labels() -> None:
    """Other columns beside id and label are no features of the model."""
    found = decode(b"id,label,labelled_by", b"7,1,ann", b"8,0,bob", b"9,,bob")
    assert (found.records, found.label_values, found.errors) == (0, ["1", "0"], {"no_features": 1})


def test_training_rows_with_a_label_are_records() -> None:
    """A column of labels without ids is the label of each row."""
    found = decode(b"age,plan,label", b"41,gold,1")
    assert (found.records, found.fields["label"], found.features) == (1, ["1"], {"age": ["41"], "plan": ["gold"]})


def test_a_closed_schema_can_be_opened_for_another_model() -> None:
    """A file whose columns no reference has holds records all the same, and can be decoded again with its columns."""
    schema = Schema(closed=True)
    schema.add_features(["age"])
    decoder = CsvDecoder(schema)
    data = b"model,weight,prediction\nother,7,1\nother,,\n"
    closed = collect(decoder, [data])
    schema.open()
    opened = collect(decoder, [data])
    assert (closed.features, opened.features) == ({}, {"weight": ["7"]})
    for found in (closed, opened):
        assert (found.records, found.fields["model"], found.errors) == (1, ["other"], {"no_features": 1})


def test_each_stream_has_a_header_of_its_own() -> None:
    """Two files with columns in another order share the schema and are told apart."""
    schema = Schema()
    first, second = CsvDecoder(schema), CsvDecoder(schema)
    collect(first, [b"age,plan,prediction\n41,gold,1\n"])
    assert collect(second, [b"plan,prediction,city,age\nfree,0,Rome,30\n"]).features == {
        "age": ["30"],
        "plan": ["free"],
        "city": ["Rome"],
    }
    assert collect(first, [b"42,gold,0\n"]).features == {"age": ["42"], "plan": ["gold"]}


def test_an_input_of_labels_holds_no_records() -> None:
    """A row with a label is one, also where its columns would be features of a model."""
    schema = Schema(labels=True)
    decoder = CsvDecoder(schema)
    found = collect(decoder, [b"age,prediction,label\n41,1,yes\n42,0,\n43,1,no\n"])
    assert (found.records, found.label_values, found.label_lines) == (0, ["yes", "no"], [0, 2])
    assert (found.errors, schema.features) == ({"no_label": 1}, {})
    labels = decoder.decode(b"44,1,maybe\n").labels
    assert labels is not None
    assert labels.text


@pytest.mark.parametrize(
    ("line", "names", "separator"),
    [
        (b"a,b,c\r", ("a", "b", "c"), ","),
        (b"a;b;c", ("a", "b", "c"), ";"),
        (b"\ta\tb", ("", "a", "b"), "\t"),
        (b"a,b;c", ("a", "b;c"), ","),
        (b'"a,b,c";d', ("a,b,c", "d"), ";"),
        (b"alone", ("alone",), ","),
    ],
)
def test_names_and_separator(line: bytes, names: tuple[str, ...], separator: str) -> None:
    """The separator is what stands most often outside of quotes, a comma where two are as many."""
    assert read_header(line) == Header(names, separator)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "longer than limits.line_bytes"),
        (b"\xff\xfea\0", "no valid UTF-8"),
        (b"a\0,b", "NUL"),
        (b' {"a": 1}', "JSON"),
        (b'a,"b', "quotes"),
        (b",", "no name"),
        (b"a,b,a", "column 1 has the name of another"),
    ],
)
def test_why_a_line_is_no_header(line: bytes, why: str) -> None:
    """The reason names no value of the line."""
    with pytest.raises(ValueError, match=why):
        read_header(line)


@given(st.lists(st.text(st.sampled_from('a"; ,')), min_size=1, max_size=4), st.sampled_from(",;\t"))
def test_cells_are_those_of_the_csv_module(values: list[str], separator: str) -> None:
    """A line is read as it was written."""
    text = separator.join('"' + value.replace('"', '""') + '"' for value in values)
    assert cells(text, separator) == values
    with pytest.raises(csv.Error):
        cells(text + '"', separator)


@pytest.mark.parametrize(
    ("line", "seems"),
    [
        (b"ts,age,prediction", True),
        (b"ts;user.age;model_version\r", True),
        (b'"fixed acidity"\t"pH (mean)"', True),
        (b",age,plan", True),
        (b"@timestamp,\xc3\xa5lder", True),
        (b"age", False),
        (b"", False),
        (b"1,2,3", False),
        (b"u77,0.5,1", False),
        (b"2026-01-01 12:00:00,123 INFO start", False),
        (b"Started, waiting for requests", False),
        (b'{"a": 1, "b": 2}', False),
        (b"[1, 2]", False),
        (b"<a=1,b=2>", False),
    ],
)
def test_a_line_that_seems_to_be_a_header(line: bytes, seems: bool) -> None:
    """Two columns at least, and each with a name that looks like one; values, messages and JSON do not."""
    assert seems_header(line) is seems
