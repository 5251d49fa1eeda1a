"""One chunk of labels, given out by event time."""

from __future__ import annotations

import msgspec
import pytest

from model_drift_exporter.held_labels import HeldLabels
from model_drift_exporter.records.batches import LabelBatch

START = 1_700_000_000.0


def _labels(*times: float | None) -> LabelBatch:
    size = len(times)
    return LabelBatch(size, time=list(times), identifier=[f"id {n}" for n in range(size)], label=list(range(size)))


def _taken(held: HeldLabels, until: float) -> list[object]:
    return [label for batch in held.take(until) for label in batch.label]


def test_labels_are_given_out_as_far_as_asked() -> None:
    """In their order, of all chunks; nothing is given twice."""
    held = HeldLabels()
    assert not held
    assert _taken(held, START) == []
    held.hold(_labels(START, START + 10, START + 20))
    assert held
    assert _taken(held, START - 1) == []
    assert _taken(held, START + 10) == [0, 1]
    held.hold(_labels(START + 21, START + 30))
    assert _taken(held, START + 19) == []
    assert _taken(held, START + 21) == [2, 0]
    assert _taken(held, START + 99) == [1]
    assert not held


def test_a_label_without_a_time_goes_with_those_before_it() -> None:
    """And at once where none was before it."""
    held = HeldLabels()
    held.hold(_labels(None, START, None, START + 60))
    assert _taken(held, START) == [0, 1, 2]
    held = HeldLabels()
    held.hold(_labels(None, None, START))
    assert _taken(held, START - 1) == [0, 1]


def test_wrong_clocks_hold_nobody_up() -> None:
    """One among good labels goes with them; twelve before them go once as many behind them are due."""
    held = HeldLabels()
    held.hold(_labels(*(START + n for n in range(20)), START + 1e9, START + 20))
    assert len(_taken(held, START + 20)) == 22
    held.hold(_labels(*(4e9 + n for n in range(12))))
    assert _taken(held, START + 99) == []
    assert not held.full
    held.hold(_labels(*(START + n for n in range(50))))
    assert _taken(held, START + 10) == []
    assert len(_taken(held, START + 11)) == 24
    assert len(_taken(held, START + 99)) == 38


def test_one_label_from_long_ago_lets_no_others_out() -> None:
    """At the end of labels that are not due it waits with them."""
    held = HeldLabels()
    held.hold(_labels(*(START + 1e6 + n for n in range(100)), START - 1e6))
    assert _taken(held, START) == []


def test_no_more_is_held_than_shows_what_is_due() -> None:
    """Ten thousand labels, and what the last chunk brings."""
    held = HeldLabels()
    held.hold(_labels(*(START + n for n in range(9_999))))
    assert not held.full
    held.hold(_labels(START + 1e5))
    assert held.full


def test_what_is_held_outlives_the_process() -> None:
    """It has been read, so the offset in the snapshot lies behind it."""
    first, second = HeldLabels(), HeldLabels()
    first.hold(_labels(START, START + 10, START + 20))
    first.hold(_labels(START + 30))
    first.take(START)
    state = first.snapshot()
    second.restore(msgspec.msgpack.decode(msgspec.msgpack.encode(state | {"times": state["times"].tolist()})))
    assert _taken(second, START + 99) == [1, 2, 0]
    empty = HeldLabels()
    empty.restore(HeldLabels().snapshot())
    assert not empty
    with pytest.raises(ValueError, match="other times"):
        empty.restore(state | {"times": [1.0]})
