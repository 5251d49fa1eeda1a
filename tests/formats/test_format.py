from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.formats import FORMATS, REASONS, FormatSpec, HeadedDecoder, Schema, format_of, format_of_body
from model_drift_exporter.formats.csv import CSV
from model_drift_exporter.formats.format import catalogue_of
from model_drift_exporter.formats.json_lines.decoder import JSON_LINES
from model_drift_exporter.records.reasons import COMMON_REASONS


@pytest.mark.parametrize("spec", FORMATS.values(), ids=lambda spec: spec.name)
def test_what_a_spec_promises_holds(spec: FormatSpec) -> None:
    """Its endings and media types lead to it, its reasons have advice, and its decoders have a header if it says so."""
    for ending in spec.endings:
        assert format_of(f"LOG{ending.upper()}", b"") == format_of(f"log{ending}.gz", b"") == spec.name
        assert ending.startswith(".")
    assert all(format_of_body(media_type) is spec for media_type in spec.media_types)
    assert all(advice and not advice.endswith(".") for advice in spec.errors.values())
    assert isinstance(spec.make(Schema()), HeadedDecoder) is spec.per_stream
    assert spec.name in spec.advice
    assert not spec.errors.keys() & COMMON_REASONS.keys()


def test_reasons_are_those_of_all_formats_and_of_all_streams() -> None:
    """Each has advice."""
    assert REASONS.keys() == {reason for spec in FORMATS.values() for reason in spec.errors} | COMMON_REASONS.keys()
    assert all(REASONS.values())


def test_the_first_format_is_assumed() -> None:
    """Where neither name, first line nor media type tells."""
    assert format_of("log", b"?") == format_of_body("text/plain").name == next(iter(FORMATS)) == "jsonl"


def test_two_formats_share_nothing() -> None:
    """Neither a name nor an ending nor a media type: one of them would never be found."""
    for same in ({"endings": (".csv",)}, {"media_types": ("text/csv",)}, {"name": "csv"}):
        with pytest.raises(ValueError, match="the formats csv and "):
            catalogue_of([CSV, attrs.evolve(JSON_LINES, **same)])


@pytest.mark.parametrize(
    ("name", "data", "head", "rows"),
    [
        (
            "jsonl",
            b'{"a": 1}\n\nx\n[1]\n{"a": NaN}\n',
            b"",
            [{"a": 1}, None, None, {"a": pytest.approx(float("nan"), nan_ok=True)}],
        ),
        (
            "csv",
            b'a,,b\n1,2,"x,y"\n \n3\n"\na,,b\n\xff,1,2\n',
            b"a,,b",
            [{"a": "1", "b": "x,y"}, None, None, None],
        ),
        ("csv", b"1,2\n", b"", []),
    ],
)
def test_rows_are_those_that_a_decoder_counts(
    name: str, data: bytes, head: bytes, rows: list[dict[str, object] | None]
) -> None:
    """One for each record, label or error, as it is written; headers are none."""
    spec = FORMATS[name]
    assert [*spec.rows(data, head)] == rows
    decoder = spec.make(Schema())
    if isinstance(decoder, HeadedDecoder):
        decoder.begin(head)
    if head or name == "jsonl":
        assert decoder.decode(data).lines == len(rows)


def test_a_body_that_is_cut_off_gives_its_whole_lines() -> None:
    """Of a format of lines."""
    assert CSV.body(b"a,b\n1,2\n3,", False) == b"a,b\n1,2\n"
    assert CSV.body(b"a,b\n1,2", True) == b"a,b\n1,2\n"
    assert CSV.body(b"", True) == b""
    assert JSON_LINES.body(b'{"a": 1}\n{"a"', False) == b'{"a": 1}\n'
    assert JSON_LINES.body(b'[{"a": 1},\n{"a"', False) == b""


@pytest.mark.parametrize("name", ["authorization", "cookie", "proxy-authorization", "Ce-Id"])
def test_a_format_reads_no_credentials(name: str) -> None:
    """Names of headers are in lower case, so that none slips through or is never found."""
    assert catalogue_of([attrs.evolve(JSON_LINES, attributes=("ce-id",))])
    with pytest.raises(ValueError, match=f"the format jsonl cannot read attributes of these names: {name}"):
        catalogue_of([attrs.evolve(JSON_LINES, attributes=("ce-id", name))])
