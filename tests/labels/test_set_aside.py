from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.labels.set_aside import SetAside
from model_drift_exporter.reference.outcome_batch import OutcomeBatch
from tests.support.made_outcomes import cut, made_outcomes

_DAY = 86_400.0


def _outcomes(size: int, *, late: float = 0.0, superseded: float = 0.0, start: float = 0.0) -> OutcomeBatch:
    """The first ones are late, or of a superseded version; an outcome a minute."""
    place = np.arange(size) / size
    return made_outcomes(np.zeros(size), np.zeros(size), start=start, late=place < late, superseded=place < superseded)


def test_most_labels_that_come_too_late_are_a_reason() -> None:
    """Until a thousand others have come."""
    aside = SetAside()
    aside.observe(_outcomes(1_000, late=0.4))
    assert aside.reasons(0.0, _DAY) == set()
    aside.observe(_outcomes(1_000, late=1.0))
    assert aside.reasons(0.0, _DAY) == {"late_outcomes"}
    aside.observe(_outcomes(2_000))
    assert aside.reasons(0.0, _DAY) == set()


def test_versions_that_never_see_a_label_are_a_reason() -> None:
    """Not after a single release, when those of the new version come as soon as labels can."""
    aside = SetAside()
    aside.observe(_outcomes(1_000))
    live = 60.0 * 1_000
    aside.observe(_outcomes(2_000, superseded=1.0, start=live))
    assert aside.reasons(live + 4 * _DAY, 3 * _DAY) == set()
    assert aside.reasons(live + 5 * _DAY, 3 * _DAY) == {"superseded_outcomes"}
    aside.observe(_outcomes(10, start=10 * _DAY))
    assert aside.reasons(11 * _DAY, 3 * _DAY) == set()


def test_corrections_are_no_outcomes() -> None:
    """They come late by nature."""
    aside, size = SetAside(), 2_000
    late, revision = np.ones(size, dtype=np.bool_), np.ones(size, dtype=np.bool_)
    aside.observe(made_outcomes(np.zeros(size), np.zeros(size), late=late, revision=revision))
    assert aside.reasons(0.0, _DAY) == set()


@given(st.lists(st.integers(0, 3_000), max_size=6))
def test_batches_and_restarts_do_not_matter(places: list[int]) -> None:
    """Shares are of exact numbers of outcomes."""
    outcomes = _outcomes(3_000, late=0.5, superseded=0.7)
    whole, parts = SetAside(), SetAside()
    whole.observe(outcomes)
    for part in cut(outcomes, places):
        state, parts = parts.snapshot(), SetAside()
        parts.restore(state)
        parts.observe(part)
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())
