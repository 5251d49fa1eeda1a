from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.operations import deliveries, outputs
from benchmarks.alarm_quality.operations.kind import Kind, make_case
from benchmarks.alarm_quality.operations.stream import Stream


def _live(*changes: deliveries.Change) -> Stream:
    return make_case(Kind("a", outputs=changes), 1, 5.0).live


def test_a_regression_has_numbers_and_no_score() -> None:
    """What it gets wrong has the spread of its noise; the reference is built as one of numbers."""
    live = _live(outputs.as_regression(30.0))
    assert live.regression
    assert "score" not in live.columns
    assert np.std(live["label"] - live["predicted"]) == pytest.approx(5.2, abs=0.3)


def test_scores_and_decisions_change_apart() -> None:
    """Scores that are too low may decide or not; squeezed ones never do."""
    plain = _live()
    low = _live(outputs.scores_times(0.8, decisions=False))
    assert (low["score"] == 0.8 * plain["score"]).all()
    assert (low["predicted"] == plain["predicted"]).all()
    assert _live(outputs.scores_times(0.8, decisions=True))["predicted"].mean() < plain["predicted"].mean()
    squeezed = _live(outputs.squeezed_scores)
    assert (squeezed["predicted"] == plain["predicted"]).all()
    assert np.ptp(squeezed["score"]) <= 0.02
    assert not _live(outputs.constant_prediction)["predicted"].any()


def test_the_second_version_alone_is_wrong() -> None:
    """More often by what is said."""
    live = _live(deliveries.versions_in_turns(0.5), outputs.second_version_wrong(0.4))
    wrong, second = live["predicted"] != live["label"], live["version"] > 0
    assert wrong[second].mean() - wrong[~second].mean() == pytest.approx(0.4 * (1 - 2 * 0.15), abs=0.03)
