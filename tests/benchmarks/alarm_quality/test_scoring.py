from __future__ import annotations

import numpy as np

from benchmarks.alarm_quality.scoring import Arrivals, broken_share, inside, overlaps

SPANS = [(10, 20), (40, 50)]


def test_overlap_is_of_records_up_to_before_the_end() -> None:
    """A span holds its first record and not its last; what only touches it does not overlap."""
    assert overlaps(SPANS, 0, 10)
    assert not overlaps(SPANS, 0, 9)
    assert overlaps(SPANS, 19, 30)
    assert not overlaps(SPANS, 20, 39)
    assert [inside(SPANS, record) for record in (9, 10, 19, 20)] == [False, True, True, False]


def test_labels_are_joined_by_id_and_counted_when_they_had_arrived() -> None:
    """The last prediction whose label had arrived need not be the one labelled last; one without label never counts."""
    arrivals = Arrivals.of(["a", "b", "c", "d"], [0.0, 1.0, 2.0, 3.0], ["c", "a", "d", "a"], [5.0, 6.0, 9.0, 8.0])
    assert arrivals.labelled.tolist() == [6.0, np.inf, 5.0, 9.0]
    assert [arrivals.last_labelled(time) for time in (4.0, 5.0, 6.0, 9.0)] == [-1, 2, 2, 3]
    assert arrivals.labels_since(1, 8.0) == 1
    assert arrivals.in_order_of_labels().tolist() == [2, 0, 3]


def test_record_of_a_time_is_the_first_one_made_then() -> None:
    """Late records do not move it: times count as the largest so far."""
    arrivals = Arrivals(np.array([0.0, 5.0, 3.0, 6.0]), np.full(4, np.inf))
    assert [arrivals.record_at(time) for time in (-1.0, 4.0, 5.0, 5.5, 7.0)] == [0, 1, 1, 3, 4]


def test_share_of_missing_values_is_that_of_the_worst_window() -> None:
    """A short outage shows whole; windows begin at the onset or later, the first one may end behind the page."""
    missing = np.zeros(100, dtype=np.bool_)
    missing[40:50] = True
    assert broken_share(missing, 0, 99, window=10) == 1.0
    assert broken_share(missing, 35, 36, window=10) == 0.5
    assert broken_share(missing, 45, 99, window=10) == 0.5
    assert broken_share(missing, 50, 99, window=10) == 0.0
    assert broken_share(missing, 96, 99, window=10) == 0.0
