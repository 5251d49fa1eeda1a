from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.monitors.evidence_minutes import EvidenceMinutes

START = 1_760_000_000.0


def minutes_of(*times: float) -> list[float]:
    minutes = EvidenceMinutes()
    minutes.begin(START)
    return np.exp(minutes.log(START + np.array(times))).tolist()  # type: ignore[no-any-return]


def test_an_update_counts_the_minutes_since_the_one_before() -> None:
    """All but a thousandth of them, and a day at most."""
    assert minutes_of(60.0, 180.0, 180.0 + 86_400.0, 1e8) == pytest.approx([1.0, 2.0, 1_440.0, 1_440.0], rel=0.0011)


def test_updates_of_one_moment_share_what_was_kept() -> None:
    """A thousandth of an hour is enough for three seconds; the updates behind cannot begin anew."""
    _, *rest = minutes_of(*[3_600.0] * 6)
    assert rest == pytest.approx([1 / 60, 1 / 60, 1 / 60, 0.01, 0.0])


def test_without_time_nothing_begins() -> None:
    """The very first update of a stream of one moment has no minute of its own."""
    assert minutes_of(0.0, 0.0) == [0.0, 0.0]


def test_a_clock_that_is_put_back_goes_on() -> None:
    """Years ahead and back again cost one update its minutes, not those of years."""
    assert minutes_of(60.0, 3e9, 120.0, 180.0) == pytest.approx([1.0, 1_440.0, 1 / 60, 1.0], rel=0.002)


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.0, 0.01, 0.5, 3.0, 400.0, 1e6]), min_size=1, max_size=300),
    cut=st.integers(0, 300),
)
def test_no_more_time_is_counted_than_has_passed(gaps: list[float], cut: int) -> None:
    """Whatever the gaps, and the same however the updates come and wherever the process starts again."""
    times = START + np.cumsum(gaps)
    whole = EvidenceMinutes()
    whole.begin(START)
    found = whole.log(times)
    assert np.exp(found).sum() * 60 <= (times[-1] - START) * (1 + 1e-9)
    first, second = EvidenceMinutes(), EvidenceMinutes()
    first.begin(START)
    early = first.log(times[:cut])
    second.restore(first.snapshot())
    assert np.array_equal(np.concatenate([early, second.log(times[cut:])]), found)
