from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.broken_input import World, allowed_records, broken_input


def test_the_world_has_its_gaps_and_its_season() -> None:
    """5 % missing, 35 % of the night's, none of the others; the level and the traffic follow the hour of the day."""
    batch = World(3_000).draw(np.random.default_rng(1), 0, 14)
    assert batch.size == pytest.approx(42_000, rel=0.05)
    hour = np.array(batch.fields["time"], dtype=np.float64) % 86_400 / 3_600
    gaps = {name: np.array([value is None for value in values]) for name, values in batch.features.items()}
    night = (hour >= 22) | (hour < 6)
    assert gaps["seldom"].mean() == pytest.approx(0.05, abs=0.01)
    assert gaps["nightly"][night].mean() == pytest.approx(0.35, abs=0.03)
    assert not gaps["nightly"][~night].any()
    assert not gaps["level"].any()
    level = np.array(batch.features["level"], dtype=np.float64)
    assert level[(hour > 5) & (hour < 7)].mean() - level[(hour > 17) & (hour < 19)].mean() == pytest.approx(
        2.0, abs=0.2
    )
    assert (abs(hour - 12) < 1).sum() > 2 * ((hour < 1) | (hour > 23)).sum()


def test_what_is_asked_is_a_number_of_records_or_four_hours() -> None:
    """Whichever is more."""
    assert [round(allowed_records(rate)) for rate in (300, 1_000, 5_000)] == [300, 300, 833]


@pytest.mark.parametrize(("days", "rate"), [(10, 300), (21, 1_000)])
def test_a_feature_that_was_never_missing_is_named_in_time(days: int, rate: int) -> None:
    """Missing or of another type throughout, though its values have a week's season that the reference cannot hold."""
    found = broken_input(days, rate, 1, clean_days=3.0)
    assert found["design_effect"] > 100
    assert all(told["records"] <= allowed_records(rate) for told in found["told"].values())
    assert (found["pages"], found["reasons"]) == (0, [])
