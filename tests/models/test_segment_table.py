"""Segments by place: bounded, the same however records come in batches, and after a restart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.models.segment_table import MOST_SEGMENTS, SegmentTable
from model_drift_exporter.records.batches import MAXIMUM_NAME
from model_drift_exporter.records.columns import Numbers, Texts
from model_drift_exporter.records.fields import typed_field

NAMES = st.lists(st.one_of(st.none(), st.sampled_from(["", "fr", "de", "7", "true"])), min_size=1, max_size=12)


def test_records_without_the_field_have_no_segment() -> None:
    """Then counts have one axis less."""
    assert SegmentTable().places(None) is None


@given(NAMES, st.integers(0, 12))
def test_a_segment_keeps_its_place(names: list[str | None], cut: int) -> None:
    """Places are given in the order in which segments come, 0 to what is missing, whatever the batches and a restart between."""
    expected: dict[str, int] = {}
    wanted = [expected.setdefault(name, len(expected) + 1) if name else 0 for name in names]
    table, found = SegmentTable(), []
    for part in (names[:cut], names[cut:]):
        if part:
            places = table.places(Texts.of(part))
            assert places is not None
            found += places.tolist()
        again = SegmentTable()
        again.restore(table.snapshot())
        table = again
    assert found == wanted
    assert table.names == [*expected]


def test_a_number_is_the_segment_of_its_text() -> None:
    """As a category is: 7 and 7.0 are one segment, and so is the text."""
    table = SegmentTable()
    column = typed_field("segment", [7, 7.0, None], text=False)
    assert isinstance(column, Numbers)
    places = table.places(column)
    assert places is not None
    assert places.tolist() == [1, 1, 0]
    assert table.names == ["7"]


def test_segments_beyond_the_limit_share_the_last_place() -> None:
    """A field with an identifier in it must not fill the memory."""
    table = SegmentTable()
    places = table.places(Texts.of([f"s{number}" for number in range(MOST_SEGMENTS + 50)]))
    assert places is not None
    assert places.tolist() == [*range(1, MOST_SEGMENTS + 1), *[MOST_SEGMENTS + 1] * 50]
    assert len(table.names) == MOST_SEGMENTS


def test_a_name_that_is_too_long_is_one_of_the_others() -> None:
    """As everywhere: such a text names nothing, and a table of them would have no bound."""
    table = SegmentTable()
    longest = "x" * MAXIMUM_NAME
    places = table.places(Texts.of([longest + "x", longest, "fr", longest + "x"]))
    assert places is not None
    assert places.tolist() == [MOST_SEGMENTS + 1, 1, 2, MOST_SEGMENTS + 1]
    assert table.snapshot() == [longest, "fr"]
