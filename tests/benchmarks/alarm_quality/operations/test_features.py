from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations import features
from benchmarks.alarm_quality.operations.world import World


def test_features_are_added_or_left_alone() -> None:
    """Each with as many values as there are records, and texts for those that are categories."""
    stream = World().draw(np.random.default_rng(1), 0.0, 3.0, START)
    random = np.random.default_rng(2)
    alone = features.only("plan", "region")(stream, random)
    assert [*alone.seen] == [*alone.texts] == ["plan", "region"]
    assert [*features.devices(alone, random).seen] == ["plan", "region", "device"]
    zips = features.zips(3_000)(stream, random)
    assert len({*zips.texts["zip"]}) == 3_000
    assert np.bincount(zips.seen["zip"].astype(int)).argmax() == 0
    assert len(features.many_columns(20)(stream, random).seen) == len(stream.seen) + 20
    fixed = features.constants(stream, random)
    assert np.ptp(fixed.seen["always"]) == 0
    assert (fixed.seen["imputed"] == 0).mean() == pytest.approx(0.35, abs=0.03)
    counted = features.counters(stream, random)
    assert len({*counted.texts["order"]}) == len({*counted.texts["at"]}) == stream.size


def test_the_same_customers_come_each_night() -> None:
    """Their categories are what they were, their numbers nearly."""
    stream = World(nightly_batch=True, rate=300).draw(np.random.default_rng(1), 0.0, 4.0, START)
    found = features.same_customers(300)(stream, np.random.default_rng(2))
    nights = found.seen["plan"].reshape(-1, 300)
    assert (nights == nights[0]).all()
    assert np.corrcoef(found.seen["x1"][:300], found.seen["x1"][300:600])[0, 1] > 0.97
