from __future__ import annotations

import gzip
import json
import threading

import attrs
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.formats import FORMATS, format_of_body
from model_drift_exporter.sources import IngestSource
from tests.support.source_reader import Reading

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=10,
)
RECORDS = st.lists(st.dictionaries(st.text(max_size=3), JSON, max_size=4), min_size=1, max_size=5)
NAN = float("nan")


def ingest(
    body: bytes, content_type: str = "application/json", encoding: str = "", line_bytes: int = 1 << 20
) -> Reading:
    source = IngestSource(format_of_body, line_bytes=line_bytes)
    assert source.offer(body, content_type, encoding)
    return Reading(source)


def lines_of(body: bytes, content_type: str = "application/json") -> list[bytes]:
    return ingest(body, content_type).step()


@given(records=RECORDS, indent=st.sampled_from([None, 0, 2]), newline=st.sampled_from(["\n", "\r\n"]))
def test_an_array_is_one_line_for_each_element(records: list[object], indent: int | None, newline: str) -> None:
    """However it is laid out, and whatever its elements are."""
    body = json.dumps(records, indent=indent).replace("\n", newline).encode()
    assert [json.loads(line) for line in lines_of(body)] == records


@given(record=st.dictionaries(st.text(max_size=3), JSON, min_size=1, max_size=4), indent=st.sampled_from([None, 0, 2]))
def test_an_object_is_one_line(record: dict[str, object], indent: int | None) -> None:
    """Also if it is printed over several."""
    lines = lines_of(b"\n " + json.dumps(record, indent=indent).encode() + b"\n")
    assert [json.loads(line) for line in lines] == [record]


@pytest.mark.slow
@pytest.mark.parametrize("content_type", ["application/json", "application/x-ndjson", ""])
@given(records=RECORDS)
def test_lines_stay_as_they_are(content_type: str, records: list[object]) -> None:
    """Whatever the content type calls them."""
    written = [json.dumps(record).encode() for record in records]
    assert lines_of(b"\n".join(written), content_type) == written
    assert lines_of(b"\xef\xbb\xbf" + b"\n".join(written) + b"\n", content_type) == written


def test_elements_keep_their_text() -> None:
    """Numbers are not rounded and keys not reordered on the way."""
    body = b'[{"b": 1.00, "a": 12345678901234567890123}, 7, "x", null]'
    assert lines_of(body) == [b'{"b": 1.00, "a": 12345678901234567890123}', b"7", b'"x"', b"null"]


def test_nan_as_python_writes_it_does_not_spoil_an_array() -> None:
    """Nor an object over several lines; a decoder may accept it in a line, so each element becomes one."""
    values = [{"a": 1.5}, {"a": NAN}, {"a": float("inf")}]
    assert lines_of(json.dumps(values).encode()) == [b'{"a": 1.5}', b'{"a": NaN}', b'{"a": Infinity}']
    assert lines_of(b'{\n"a": NaN\n}') == [b'{ "a": NaN }']
    assert lines_of(b'{"a": NaN}\n{"a": 1}') == [b'{"a": NaN}', b'{"a": 1}']


@pytest.mark.parametrize(
    "body",
    [
        b"hello\nworld",
        b'[{"a": 1},\n{"a":',
        b'{"a": 1}\n{"a"\n{"b": 2}',
        b'[{"a": "line\nbreak"}]',
        b"[NaN\n,",
        b"[" * 10_000 + b"NaN\n",
        b'{"a":' * 10_000 + b"\n",
        b"\xff[NaN]\n\xfe",
    ],
)
def test_what_is_no_json_comes_line_by_line(body: bytes) -> None:
    """So that the decoder counts every line of it."""
    assert lines_of(body) == body.strip().split(b"\n")


@pytest.mark.parametrize("body", [b"", b" \r\n\n", b"[]", b"[ ]\n", gzip.compress(b"", mtime=0)])
def test_an_empty_body_is_nothing(body: bytes) -> None:
    """It gives no chunk, and the next request comes in the same poll."""
    source = IngestSource(format_of_body)
    source.offer(body)
    source.offer(b"{}")
    reading = Reading(source)
    assert reading.step() == [b"{}"]
    assert len(reading.chunks) == 1


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP", ""])
def test_gzip_is_told_by_its_header_or_by_itself(encoding: str) -> None:
    """Members one after the other are one body."""
    body = gzip.compress(b'{"a":1}\n{"a":') + gzip.compress(b"2}\n")
    assert ingest(body, encoding=encoding).step() == [b'{"a":1}', b'{"a":2}']


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(gzip.compress(b"{}" * 100, mtime=0)[:-9], ""), (b"\x1f\x8bnonsense", ""), (b"{}", "gzip"), (b"", "gzip")],
)
def test_damaged_gzip_is_one_error_and_nothing_else(body: bytes, encoding: str) -> None:
    """Not even what could be decompressed: the sender may send all of it again."""
    reading = ingest(body, encoding=encoding)
    assert reading.step() == []
    assert reading.errors == {"invalid_gzip": 1}
    assert [chunk.data for chunk in reading.chunks] == [b""]


@pytest.mark.parametrize(("size", "errors"), [(1000, {}), (1001, {"body_too_large": 1})])
def test_a_compressed_body_may_expand_to_the_limit(size: int, errors: dict[str, int]) -> None:
    """Counted from the largest body allowed, not from its own size."""
    source = IngestSource(format_of_body, max_body_bytes=1000)
    source.offer(gzip.compress(b"x" * size))
    reading = Reading(source)
    reading.step()
    assert reading.errors == errors


def test_a_bomb_is_not_unpacked() -> None:
    """A gigabyte in a megabyte is refused after the allowed part of it."""
    bomb = gzip.compress(bytes(64 << 20), 9) * 16
    source = IngestSource(format_of_body, max_body_bytes=1 << 20)
    source.offer(bomb)
    reading = Reading(source)
    assert reading.step() == []
    assert reading.errors == {"body_too_large": 1}


@pytest.mark.parametrize(
    ("body", "content_type", "lines"),
    [
        (b'{"a": 1}\n' * 200, "application/x-ndjson", [b'{"a": 1}'] * 111),
        (b'\xef\xbb\xbf{"a": NaN}\r\n' + b'{"a": 1}\n' * 200, "", [b'{"a": NaN}\r', *[b'{"a": 1}'] * 109]),
        (b"a,b\n" + b"1,2\n" * 300, "text/csv", [b"a,b", *[b"1,2"] * 249]),
        (b"[1]\n" * 300, "", [b"[1]"] * 250),
        (b"[\n" + b'{"a": 1},\n' * 200 + b"1]", "", []),
        (b'{"a": [\n' + b"1,\n" * 500 + b"1]}", "", []),
        (b'{"a": "' + b"x" * 2_000 + b'"}', "", []),
    ],
    ids=["ndjson", "ndjson with NaN", "csv", "lines of arrays", "array", "object", "one line"],
)
def test_of_a_body_beyond_the_limit_the_whole_lines_are_taken(
    body: bytes, content_type: str, lines: list[bytes]
) -> None:
    """They are whole records; the rest is one error. One array or object is not torn into lines that are none."""
    source = IngestSource(format_of_body, max_body_bytes=1000)
    source.offer(gzip.compress(body), content_type)
    source.offer(b'{"b": 2}')
    reading = Reading(source)
    assert reading.step() == [*lines, b'{"b": 2}']
    assert reading.errors == {"body_too_large": 1}


_BODIES = st.sampled_from(
    [
        (b'{"a": 1}', "application/json", ""),
        (b'{"a": 2}\n{"a": 3}\n', "application/x-ndjson", ""),
        (b'[{"a": 4}, "' + b"x" * 100 + b'"]', "application/json", ""),
        (gzip.compress(b'{"a": 5}'), "application/json", "gzip"),
        (gzip.compress(b'{"a": 5}')[:-1], "application/json", "gzip"),
        (b"a\n6\n7", "text/csv", ""),
        (b"no json", "application/json", ""),
        (b"  ", "application/json", ""),
        (b'{"a": 8, "b": "' + b"y" * 40 + b'"}\n' * 8_000, "application/x-ndjson", ""),
    ]
)


@given(st.lists(_BODIES, max_size=12))
def test_what_waits_together_is_what_came_one_by_one(bodies: list[tuple[bytes, str, str]]) -> None:
    """The same lines in the same order, and each error once."""
    together, one_by_one = IngestSource(format_of_body, line_bytes=60), IngestSource(format_of_body, line_bytes=60)
    lines: list[bytes] = []
    alone = Reading(one_by_one)
    for body in bodies:
        assert together.offer(*body)
        assert one_by_one.offer(*body)
        lines += alone.step()
    reading = Reading(together)
    assert reading.step() == lines
    assert reading.errors == alone.errors
    assert [chunk.head for chunk in reading.chunks if chunk.head is not None] == [
        chunk.head for chunk in alone.chunks if chunk.head is not None
    ]


def test_small_requests_are_decoded_together() -> None:
    """Up to a piece; one that cannot stand in it comes next, and closing does not lose it."""
    source = IngestSource(format_of_body)
    for number in range(600):
        assert source.offer(b'{"a": %d}' % number)
    assert source.offer(b"a\n1", "text/csv")
    assert source.offer(b'{"a": 0}')
    source.close()
    found = []
    while not source.finished:
        chunk = source.poll(0.0)
        assert chunk is not None
        found.append((chunk.format, chunk.data.count(b"\n")))
    assert found == [("jsonl", 600), ("csv", 2), ("jsonl", 1)]


def test_csv_bodies_are_streams_of_their_own() -> None:
    """Each has its header, so no two that wait together share a name; names do not grow without end."""
    source = IngestSource(format_of_body, queue_requests=3)
    streams = []
    for _ in range(4):
        reading = Reading(source)
        for _ in range(3):
            assert source.offer(b"a,b\r\n1,2", "text/csv; charset=utf-8")
        assert reading.step() == [b"a,b\r", b"1,2"] * 3
        assert all(chunk.starts_stream and chunk.format == "csv" for chunk in reading.chunks)
        streams.append({chunk.stream for chunk in reading.chunks})
    assert all(len(names) == 3 for names in streams)
    assert len(set.union(*streams)) == 3


def test_other_bodies_share_a_stream() -> None:
    """Their format has no header; it is that of the media type, or the first of all."""
    reading = ingest(b"{}")
    reading.step()
    assert [(chunk.input, chunk.stream, chunk.format) for chunk in reading.chunks] == [("ingest", "ingest", "jsonl")]


@pytest.mark.parametrize("body", [b'{"a":1}\n"%s"\n{"a":2}', b'[{"a":1},"%s",{"a":2}]'])
def test_long_lines_are_left_out_and_counted(body: bytes) -> None:
    """As in a file."""
    reading = ingest(body.replace(b"%s", b"x" * 100), line_bytes=50)
    assert reading.step() == [b'{"a":1}', b'{"a":2}']
    assert reading.errors == {"line_too_long": 1}


def test_only_a_long_line() -> None:
    """The error comes even without a line beside it."""
    reading = ingest(b"x" * 100, line_bytes=50)
    assert reading.step() == []
    assert reading.errors == {"line_too_long": 1}


def test_the_queue_is_bounded_by_requests() -> None:
    """What is refused is counted, and room is made by polling."""
    source = IngestSource(format_of_body, queue_requests=2)
    assert [source.offer(b"{}") for _ in range(4)] == [True, True, False, False]
    assert source.status(0.0).dropped == 2
    source.poll(0.0)
    assert source.offer(b"{}")


def test_the_queue_is_bounded_by_bytes() -> None:
    """Exactly; a body larger than the whole queue never fits."""
    source = IngestSource(format_of_body, queue_bytes=10)
    assert [source.offer(b"x" * size) for size in (11, 6, 5, 4, 1)] == [False, True, False, True, False]
    status = source.status(0.0)
    assert (status.dropped, status.queue_bytes, status.lag_bytes) == (3, 10, 10)


def test_counters_and_lag() -> None:
    """The lag is the time since the queue was empty."""
    source = IngestSource(format_of_body)
    source.poll(100.0)
    source.offer(b"{}\n{}")
    assert (source.status(107.0).lag_bytes, source.status(107.0).lag_seconds) == (5, 7.0)
    source.poll(107.0)
    source.poll(107.0)
    status = source.status(110.0)
    assert (status.up, status.bytes_read, status.lag_bytes, status.lag_seconds) == (True, 5, 0, 0.0)


def test_a_closed_source_drains() -> None:
    """It takes nothing more, gives what it has, and is finished then."""
    source = IngestSource(format_of_body)
    source.offer(b'{"a":1}')
    finished = [source.finished]
    source.close()
    assert not source.offer(b"{}")
    finished.append(source.finished)
    reading = Reading(source)
    assert reading.step(draining=True) == [b'{"a":1}']
    finished.append(source.finished)
    assert finished == [False, False, True]
    assert reading.status.dropped == 1


def test_senders_on_many_threads_lose_nothing() -> None:
    """Every body taken comes out once while the queue is polled."""
    source = IngestSource(format_of_body, queue_requests=50)
    taken: list[list[int]] = [[] for _ in range(4)]

    def send(sender: int) -> None:
        for number in range(sender, 2000, 4):
            if source.offer(b"%d" % number):
                taken[sender].append(number)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for thread in threads:
        thread.start()
    reading = Reading(source)
    lines: list[bytes] = []
    while any(thread.is_alive() for thread in threads):
        lines += reading.step()
    for thread in threads:
        thread.join()
    lines += reading.step()
    assert sorted(int(line) for line in lines) == sorted(number for numbers in taken for number in numbers)
    status = reading.status
    assert (status.dropped, status.queue_bytes) == (2000 - len(lines), 0)


def test_lines_decode_as_they_were_sent() -> None:
    """A large array goes through without a loss."""
    records = [{"id": str(number), "x": number / 7} for number in range(20_000)]
    lines = lines_of(msgspec.json.encode(records))
    assert [msgspec.json.decode(line) for line in lines] == records


def test_a_large_body_comes_in_several_chunks_of_whole_lines() -> None:
    """One request of many lines is no large batch; nothing is lost between its pieces, and it ends before closing does."""
    source = IngestSource(format_of_body)
    body = b"".join(b'{"a": %d}\n' % number for number in range(200_000))
    assert source.offer(body, "application/x-ndjson")
    source.close()
    pieces = []
    while (chunk := source.poll(0.0)) is not None:
        pieces.append(chunk.data)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 1 << 20
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert b"".join(pieces) == body
    assert source.finished


def test_a_large_csv_body_starts_its_stream_once() -> None:
    """The header is in the first piece only, so only that one starts the stream."""
    source = IngestSource(format_of_body)
    source.offer(b"a,b\n" + b"1,2\n" * 400_000, "text/csv")
    starts = []
    while (chunk := source.poll(0.0)) is not None:
        starts.append((chunk.starts_stream, chunk.format))
    assert starts == [(True, "csv"), *[(False, "csv")] * (len(starts) - 1)]
    assert len(starts) > 1


def test_a_csv_header_that_is_too_long_is_not_replaced_by_a_row() -> None:
    """The decoder is told, so that no value becomes a column's name."""
    source = IngestSource(format_of_body, line_bytes=20)
    source.offer(b"a_column_with_a_very_long_name,b\n1,2\n", "text/csv")
    chunk = source.poll(0.0)
    assert chunk is not None
    assert (chunk.data, dict(chunk.errors), chunk.head) == (b"1,2\n", {"line_too_long": 1}, b"")
    source.offer(b"a,b\n1,2\n", "text/csv")
    chunk = source.poll(0.0)
    assert chunk is not None
    assert chunk.head is None


def test_a_chunk_has_the_attributes_that_its_format_reads() -> None:
    """In each of its pieces, the media type among them; they count as what waits in the queue."""
    reads = attrs.evolve(FORMATS["jsonl"], attributes=("ce-id",))
    source = IngestSource(lambda _: reads, queue_bytes=2 << 20)
    body = b'{"a": "%s"}\n' % (b"x" * 1_000)
    assert source.offer(body * 600, "Application/JSON; charset=utf-8", headers={"ce-id": "7", "ce-type": "request"})
    assert source.offer(b"{}", headers={"ce-id": "x" * 2_000, "authorization": "secret"})
    assert source.status(0.0).queue_bytes == 600 * len(body) + len("ce-id7") + 2
    reading = Reading(source)
    reading.step()
    assert [dict(chunk.attributes) for chunk in reading.chunks] == [
        *[{"ce-id": "7", "media_type": "application/json"}] * 3,
        {"media_type": ""},
    ]
    assert not IngestSource(lambda _: reads, queue_bytes=10).offer(b"{}", headers={"ce-id": "12345"})


@pytest.mark.parametrize(("attributes", "chunks"), [((), 1), (("x-request-id",), 100), (("ce-source",), 2)])
def test_requests_come_together_where_nothing_differs_that_is_read(attributes: tuple[str, ...], chunks: int) -> None:
    """A proxy gives each request an identifier of its own, which no decoder reads."""
    reads = attrs.evolve(FORMATS["jsonl"], attributes=attributes)
    source = IngestSource(lambda _: reads)
    for number in range(100):
        headers = {"x-request-id": f"r{number}", "ce-id": f"{number}", "ce-source": f"s{number // 50}"}
        assert source.offer(b'{"a": 1}', "application/json", headers=headers)
    reading = Reading(source)
    assert reading.step() == [b'{"a": 1}'] * 100
    assert len(reading.chunks) == chunks
    assert {*reading.chunks[0].attributes} == {*attributes, "media_type"}
