from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations import deliveries, labels
from benchmarks.alarm_quality.operations.kind import TRAINING, Kind, Reference, make_case
from benchmarks.alarm_quality.operations.world import World


def test_the_expected_loss_is_the_share_of_mistakes() -> None:
    """On the whole, and where it varies by day or by night."""
    for world in (World(), World(error_sd=0.08), World(night_errors=2.0), World(day_sd=0.3)):
        live = make_case(Kind("a", world), 1, 60.0).live
        wrong = live["label"] != live["predicted"]
        assert 0.14 < live["loss"].mean() < 0.27
        assert wrong.mean() == pytest.approx(live["loss"].mean(), abs=0.01)
        low, middle, high = (live["loss"] <= limit for limit in np.quantile(live["loss"], [0.5, 0.9, 1.0]))
        for part in (low, middle, high):
            assert wrong[part].mean() == pytest.approx(live["loss"][part].mean(), abs=0.01)


def test_a_reference_has_the_rows_and_the_order_that_are_asked() -> None:
    """Those of before the start; a training split has no times, a shuffled year has them in no order."""
    case = make_case(Kind("a", reference=Reference(10.0)), 1, 2.0)
    times = np.array([*case.reference.fields["time"]])
    assert case.reference.size == pytest.approx(10_000, rel=0.05)
    assert (np.diff(times) >= 0).all()
    assert times[-1] < START <= case.live["time"][0]
    split = make_case(Kind("a", reference=TRAINING), 1, 2.0).reference
    assert split.size == 10_000
    assert "time" not in split.fields
    shuffled = make_case(Kind("a", reference=Reference(20.0, 500, "shuffled")), 1, 2.0).reference
    assert shuffled.size == 500
    assert (np.diff(np.array([*shuffled.fields["time"]])) < 0).any()


def test_what_befalls_records_befalls_the_reference_but_for_what_is_live() -> None:
    """A storm of the live log is in no reference."""
    both = make_case(Kind("a", deliveries=(deliveries.copied(2),), labels=labels.in_record), 1, 2.0)
    alone = make_case(Kind("a", live=(deliveries.copied(2),), labels=labels.in_record), 1, 2.0)
    assert both.reference.size == pytest.approx(60_000, rel=0.05)
    assert alone.reference.size == pytest.approx(30_000, rel=0.05)
    assert both.live.size == pytest.approx(alone.live.size, rel=0.1)


def test_a_seed_makes_the_same_stream_again() -> None:
    """And another seed another one."""
    first, again, other = (make_case(Kind("a"), seed, 2.0).live["score"] for seed in (1, 1, 2))
    assert (first == again).all()
    assert len(first) != len(other) or (first != other).any()
