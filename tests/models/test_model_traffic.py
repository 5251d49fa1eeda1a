from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.models.model_traffic import ModelTraffic
from model_drift_exporter.records.clock import EventTimes
from model_drift_exporter.records.columns import Numbers, Texts


def test_versions_begin_once() -> None:
    """Of two versions in turns, as in a canary, each begins with its first record; the first version of all does not."""
    traffic = ModelTraffic(EventTimes(None))
    assert traffic.new_versions(None) == []
    assert traffic.new_versions(["1", "1"]) == []
    assert traffic.new_versions(["1", None, "2", "1", "2", 3]) == [2, 5]
    assert traffic.new_versions(["3", "2", "1"]) == []
    assert traffic.new_versions(["4", "4"]) == [0]
    assert traffic.new_versions(["x" * 1_000, {"a": 1}]) == []


def test_a_field_with_ever_new_versions_is_none() -> None:
    """After a hundred of them no version is new any more."""
    traffic = ModelTraffic(EventTimes(None))
    assert len(traffic.new_versions([*range(1_000)])) == 99
    assert traffic.new_versions(["another"]) == []


def test_each_record_has_the_code_of_its_version() -> None:
    """In the order in which versions began, from 1; what names none has 0, as have versions beyond the hundredth."""
    traffic = ModelTraffic(EventTimes(None))
    assert traffic.version_codes(None, 2).tolist() == [0, 0]
    for versions in (["b", None, "a", "b"], Texts.of(["b", None, "a", "b"])):
        traffic.new_versions(versions)
        assert traffic.version_codes(versions, 4).tolist() == [1, 0, 2, 1]
    numbers = Numbers(np.array([1.0, 2.0, np.nan]))
    traffic.new_versions(numbers)
    assert traffic.version_codes(numbers, 3).tolist() == [3, 4, 0]
    restored = ModelTraffic(EventTimes(None))
    restored.restore(traffic.snapshot())
    assert restored.version_codes(["a", "c"], 2).tolist() == [2, 0]
    traffic.new_versions([*range(1_000)])
    assert traffic.version_codes([999], 1).tolist() == [0]


def test_changes_are_counted_beside() -> None:
    """Each difference from the record before is one, also to a version seen before."""
    traffic = ModelTraffic(EventTimes(None))
    traffic.follow_version(["1", "2", "1", None, ""])
    traffic.follow_version(["1", "1"])
    traffic.follow_version(None)
    assert (traffic.version, traffic.version_changes) == ("1", 2)


def test_state_goes_on_and_counters_start_again() -> None:
    """Version, versions seen, line and clock survive; what does not fit is refused."""
    old, new = ModelTraffic(EventTimes(3_600)), ModelTraffic(EventTimes(3_600))
    old.follow_version(["1", "2"])
    old.new_versions(["1", "2"])
    old.position, old.records = 41, 42
    new.restore(old.snapshot())
    assert (new.version, new.version_changes, new.position, new.records) == ("2", 0, 41, 0)
    assert new.new_versions(["1", "3"]) == [1]
    with pytest.raises(StateError, match="traffic"):
        new.restore({"version": "1"})
