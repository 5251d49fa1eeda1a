"""What one alarm said at past records."""

from __future__ import annotations

import math

import numpy as np

from model_drift_exporter.evidence.alarm_history import AlarmHistory


def _history() -> AlarmHistory:
    history = AlarmHistory()
    history.begin(100, 1_000.0)
    history.name(100, ("age",))
    history.name(150, ("age", "income"))
    history.end(300, 5_000.0)
    history.begin(400, 6_000.0)
    history.name(400, ("country",))
    return history


def test_names_are_those_of_the_records() -> None:
    """What was in force at the first record and what came up to the last one, in order; nothing between episodes."""
    history = _history()
    assert history.told_over(0, 99) == []
    assert history.told_over(100, 100) == [(100, ("age",))]
    assert history.told_over(120, 160) == [(120, ("age",)), (150, ("age", "income"))]
    assert history.told_over(200, 250) == [(200, ("age", "income"))]
    assert history.told_over(300, 399) == [(300, ())]
    assert [record for record, _ in history.told_over(0, 1_000)] == [100, 150, 300, 400]


def test_an_episode_covers_predictions_from_its_onset_to_its_end() -> None:
    """But only for one who knows of it: at a record before the alarm there was none, before its end it was not over."""
    history = _history()
    time = np.array([999.0, 1_000.0, 3_000.0, 5_000.0, 5_500.0, 6_000.0, 9_000.0])
    late = np.full(len(time), 500)
    assert history.covers(time, late).tolist() == [False, True, True, True, False, True, True]
    assert not history.covers(time, np.full(len(time), 99)).any()
    assert history.covers(time, np.full(len(time), 299)).tolist() == [False, True, True, True, True, True, True]
    assert history.covers(time, np.full(len(time), 399)).tolist() == [False, True, True, True, False, False, False]


def test_little_is_remembered() -> None:
    """Whatever happens for years, the oldest goes."""
    history = AlarmHistory()
    for episode in range(200):
        history.begin(episode, float(episode))
        history.name(episode, (f"feature {episode}",))
        history.end(episode, episode + 0.5)
    state = history.snapshot()
    assert (len(state["told"]), len(state["episodes"])) == (100, 20)
    assert history.covers(np.array([10.0, 190.0]), np.full(2, 500)).tolist() == [False, True]


def test_an_episode_of_an_older_snapshot_is_over() -> None:
    """Its last record was not written down: outcomes behind its end are evidence again, those within are not."""
    history = AlarmHistory()
    history.restore({"told": [], "episodes": [[100, 1_000.0, 2_000.0]]})
    assert history.covers(np.array([1_500.0, 3_000.0]), np.array([200, 200])).tolist() == [True, False]
    history.restore({"told": [], "episodes": [[100, 1_000.0, math.inf]]})
    assert history.covers(np.array([1_500.0, 3_000.0]), np.array([200, 200])).tolist() == [True, True]


def test_it_goes_on_from_a_snapshot() -> None:
    """An open episode is still open."""
    history = AlarmHistory()
    history.restore(_history().snapshot())
    assert history.snapshot() == _history().snapshot()
    assert history.told_over(400, 500) == [(400, ("country",))]
    assert history.covers(np.array([1e9]), np.array([500])).all()
