from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.nulls import null_stream, outcomes_of


@pytest.mark.slow
def test_a_clean_stream_is_silent_and_reproducible() -> None:
    """A short clean stream raises nothing, counts its updates, and gives the same figures again."""
    found = null_stream(1, records=5_000, features=20, windows=2)
    assert (found["pages"], found["tickets"], found["updates"]) == (0, 0, 100)
    assert all(family["crossings"][1] <= family["crossings"][0] <= 5 for family in found["families"].values())
    assert found["peers"]["psi"]["records"] == 2_000
    assert found == null_stream(1, records=5_000, features=20, windows=2)


def test_outcomes_are_wrong_where_they_should_be() -> None:
    """Prediction and label differ exactly there, and lines go on from the first."""
    wrong = np.array([True, False, False, True])
    outcomes = outcomes_of(wrong, 7, 6.0)
    assert (outcomes.predicted != outcomes.label).tolist() == wrong.tolist()
    assert outcomes.position.tolist() == [7, 8, 9, 10]
    assert np.diff(outcomes.matured).tolist() == [6.0] * 3
