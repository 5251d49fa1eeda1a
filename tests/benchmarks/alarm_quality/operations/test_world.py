from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations.stream import DAY
from benchmarks.alarm_quality.operations.world import Classifier, World, wandering


def test_records_come_at_their_rate_in_order() -> None:
    """Also where traffic has a season, grows, or comes once a night."""
    for world in (World(), World(busy=0.7), World(nightly_batch=True), World(together=5), World(session=20)):
        stream = world.draw(np.random.default_rng(1), 0.0, 28.0, START)
        assert stream.size == pytest.approx(28_000, rel=0.02)
        assert (np.diff(stream["time"]) >= 0).all()
    growing = World(growth=0.7).draw(np.random.default_rng(1), 0.0, 60.0, START)["time"]
    assert (growing > START + 30 * DAY).sum() == pytest.approx(2.0 * (growing <= START + 30 * DAY).sum(), rel=0.05)


def test_records_in_a_row_are_the_same() -> None:
    """Those that belong together share all features, those of a session are alike."""
    stream = World(together=5).draw(np.random.default_rng(2), 0.0, 2.0, START)
    assert (np.diff(stream.seen["x1"].reshape(-1, 5), axis=1) == 0).all()
    session = World(session=20).draw(np.random.default_rng(2), 0.0, 20.0, START).seen["x1"].reshape(-1, 20)
    assert session.mean(axis=1).var() == pytest.approx(0.5 + 0.5 / 20, abs=0.08)


def test_a_mood_is_remembered_for_its_days() -> None:
    """Its standard deviation and its autocorrelation are those asked for."""
    mood = wandering(np.random.default_rng(3), 20_000, 20.0, 0.03)
    assert mood.std() == pytest.approx(0.03, rel=0.15)
    assert np.corrcoef(mood[:-1], mood[1:])[0, 1] == pytest.approx(np.exp(-1 / 20), abs=0.01)


def test_days_differ_in_errors_by_what_is_asked() -> None:
    """A flip counts where the model would have been right, and spares it where it was wrong: that is allowed for."""
    world = World(error_sd=0.04)
    flips = world.flips(world.draw(np.random.default_rng(4), 0.0, 400.0, START))
    assert (flips.std() * (1 - 2 * 0.15)) == pytest.approx(0.04, rel=0.15)


def test_a_missing_or_unknown_value_is_an_average_one() -> None:
    """The model answers in any case."""
    stream = World().draw(np.random.default_rng(5), 0.0, 1.0, START)
    broken = stream.seeing(**{name: np.full(stream.size, np.nan) for name in stream.seen})
    assert (Classifier().score(broken) == 0.5).all()
    assert np.isfinite(Classifier().score(stream.seeing(plan=np.full(stream.size, 17.0)))).all()
