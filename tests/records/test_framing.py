from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from model_drift_exporter.records.cutters import ContainerCutter
from model_drift_exporter.records.framing import FRAMINGS, NEWLINE, Framing
from model_drift_exporter.sources.assembler import Assembler

_TIME = b"2026-11-30T13:49:14.107403003Z"
_TEXTS = st.binary(max_size=20).map(lambda text: text.replace(b"\n", b"."))
_CUTS = st.lists(st.integers(0, 2_000), max_size=20)


def entry(text: bytes, stream: bytes = b"stdout", tag: bytes = b"F") -> bytes:
    """One line of a container's log, as containerd writes it."""
    return b" ".join((_TIME, stream, tag, text)) + b"\n"


def entries(lines: list[tuple[bytes, bytes, int]]) -> bytes:
    """The lines of a container, each with its stream and the size of the parts in which it is written, one after the other."""
    found = []
    for text, stream, size in lines:
        parts = [text[start : start + size] for start in range(0, len(text), size)] or [b""]
        found += [entry(part, stream, b"P") for part in parts[:-1]] + [entry(parts[-1], stream)]
    return b"".join(found)


def prefixed(texts: list[bytes]) -> bytes:
    return b"".join(struct.pack(">I", len(text)) + text for text in texts)


def assembled(
    framing: Framing, data: bytes, cuts: list[int], line_bytes: int = 1_000
) -> tuple[list[bytes], dict[str, int]]:
    """The lines of a stream that comes in pieces, and what was skipped."""
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    assembler = Assembler(line_bytes, framing)
    found = b"".join(assembler.feed(data[start:end]) for start, end in pairwise(places)) + assembler.finish()
    assert not found or found.endswith(b"\n")
    return found.split(b"\n")[:-1], assembler.take_errors()


@given(
    st.lists(st.tuples(_TEXTS, st.sampled_from([b"stdout", b"stderr"]), st.integers(1, 20)), max_size=10),
    _CUTS,
    st.sampled_from(["container", "container-both"]),
)
def test_the_lines_of_a_container_come_whole(lines: list[tuple[bytes, bytes, int]], cuts: list[int], name: str) -> None:
    """However its log is cut into pieces and its lines into parts; standard error is left out unless it is asked for."""
    found, errors = assembled(FRAMINGS[name], entries(lines), cuts)
    assert found == [text for text, stream, _ in lines if name == "container-both" or stream == b"stdout"]
    assert errors == {}


@given(st.permutations([(b"stdout", 0), (b"stdout", 1), (b"stdout", 2), (b"stderr", 0), (b"stderr", 1)]), _CUTS)
def test_parts_of_two_streams_may_alternate(order: list[tuple[bytes, int]], cuts: list[int]) -> None:
    """Each stream has its own line; where no line is open, all that came before can be given."""
    last = {b"stdout": 2, b"stderr": 1}
    turns = {stream: iter(range(last[stream] + 1)) for stream in last}
    data, whole = b"", dict.fromkeys(last, b"")
    for stream, _ in order:
        number = next(turns[stream])
        text = b"%s-%d;" % (stream, number)
        data += entry(text, stream, b"F" if number == last[stream] else b"P")
        whole[stream] += text
    found, _ = assembled(FRAMINGS["container-both"], data + entry(b"end"), cuts)
    assert sorted(found) == sorted([*whole.values(), b"end"])
    cutter = ContainerCutter(1_000, frozenset(last))
    assert cutter.end_of_last(data, 0, 0) == len(data)
    assert cutter.end_of_last(data[: data.rindex(_TIME)], 0, 0) < len(data[: data.rindex(_TIME)])


def test_what_is_no_line_of_a_container_is_given_as_it_is() -> None:
    """So that its format counts it, or reads it; more tags, as CRI allows, change nothing, and a line may be empty."""
    data = b"not one\n" + entry(b"a", tag=b"F:x") + entry(b"b", tag=b"P:y") + entry(b"c") + b"T stdout F\n" + b"{}\n"
    assert assembled(FRAMINGS["container"], data, []) == ([b"not one", b"a", b"bc", b"", b"{}"], {})


def test_a_container_that_is_cut_off_gives_what_there_is() -> None:
    """The parts of a line whose end will not come are a line."""
    assert assembled(FRAMINGS["container"], entry(b"a", tag=b"P") + entry(b"b")[:-1], []) == ([b"ab"], {})
    assert assembled(FRAMINGS["container"], entry(b"a", tag=b"P"), []) == ([b"a"], {})


@pytest.mark.parametrize("parts", [1, 2, 40])
@pytest.mark.parametrize("piece", [1_000, 7_000, 1 << 20])
def test_long_lines_of_a_container_are_skipped_and_counted(parts: int, piece: int) -> None:
    """Whole ones and those in parts, as one each; their neighbours come, and no more is held than the limit allows."""
    part = b"x" * 5_000
    long = b"".join(entry(part, tag=b"P") for _ in range(parts - 1)) + entry(part)
    data = entry(b"before") + long + entry(b"after") + long + long + entry(b"end")
    assembler = Assembler(2_000, FRAMINGS["container"])
    found, most = b"", 0
    for start in range(0, len(data), piece):
        found += assembler.feed(data[start : start + piece])
        most = max(most, assembler.held)
    assert found == b"before\nafter\nend\n"
    assert assembler.take_errors() == {"line_too_long": 3}
    assert most <= (64 << 10) + 5_100


def test_a_file_without_line_breaks_fills_no_memory() -> None:
    """Nor does it stop the reading: what comes behind is read."""
    assembler = Assembler(2_000, FRAMINGS["container"])
    for _ in range(100):
        assert assembler.feed(b"x" * 10_000) == b""
        assert assembler.held <= (64 << 10) + 10_000
    assert assembler.feed(b"\n" + entry(b"next")) == b"next\n"
    assert assembler.take_errors() == {"line_too_long": 1}


def test_what_other_streams_write_into_a_long_line_is_accounted_for() -> None:
    """It is skipped with the line, and counted as it is."""
    parts = b"".join(entry(b"x" * 5_000, tag=b"P") + entry(b"message", b"stderr") for _ in range(40))
    data = entry(b"before") + parts + entry(b"x") + entry(b"after")
    found, errors = assembled(FRAMINGS["container-both"], data, [*range(0, len(data), 7_000)], line_bytes=2_000)
    assert found == [b"before", b"after"]
    assert errors == {"line_too_long": 41}


@given(st.lists(st.binary(max_size=30), max_size=12), _CUTS, st.integers(1, 40))
@example([b"\0\0", b"a\nb"], [1], 40)
def test_records_with_their_length_before_them(texts: list[bytes], cuts: list[int], limit: int) -> None:
    """However they are cut: each becomes one line, and one that is too long is skipped and counted."""
    found, errors = assembled(FRAMINGS["length"], prefixed(texts), cuts, limit)
    assert found == [text.replace(b"\r", b" ").replace(b"\n", b" ") for text in texts if len(text) <= limit]
    assert errors.get("line_too_long", 0) == sum(len(text) > limit for text in texts)
    assert "cut_off" not in errors


@given(st.binary(min_size=1, max_size=30), st.data())
def test_a_record_that_is_cut_off_is_counted(text: bytes, data: st.DataObject) -> None:
    """Nothing of it is given."""
    whole = prefixed([b"first", text])
    cut = data.draw(st.integers(len(prefixed([b"first"])) + 1, len(whole) - 1))
    assert assembled(FRAMINGS["length"], whole[:cut], []) == ([b"first"], {"cut_off": 1})


def test_a_log_of_a_container_is_recognised() -> None:
    """For advice to people; nothing else is taken for one."""
    looks_like = FRAMINGS["container"].looks_like
    assert looks_like(entry(b"{}", b"stderr", b"P:x"))
    for beginning in (b"", b"{}\n", b"2026-11-30T13:49:14Z started stdout F\n", b"a stdout F {}\n"):
        assert not looks_like(beginning)
    assert not NEWLINE.looks_like(entry(b"{}"))
