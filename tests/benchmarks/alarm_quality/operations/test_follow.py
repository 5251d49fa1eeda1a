from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START, profile_of
from benchmarks.alarm_quality.operations import deliveries, faults, labels
from benchmarks.alarm_quality.operations.faults import after
from benchmarks.alarm_quality.operations.follow import Limits, follow_harm, followed, judged
from benchmarks.alarm_quality.operations.harms import Harm
from benchmarks.alarm_quality.operations.kind import Kind, Reference, make_case
from benchmarks.alarm_quality.operations.stream import DAY
from model_drift_exporter.evidence.alarms import Transition

_SHORT = Reference(10.0)


def _page(alert: str, *, day: float, onset: float, features: tuple[str, ...] = ()) -> Transition:
    return Transition(
        record=1, alert=alert, severity="page", firing=True, model="m", features=features,
        certainty="named", evidence=8.0, threshold=7.0, time=START + day * DAY, onset=START + onset * DAY,
    )  # fmt: skip


def _judged(kind: Kind, page: Transition) -> dict[str, Any]:
    case = make_case(kind, 1, 10.0)
    return judged(page, case.live, Limits(profile_of(case.reference), case.usual_missing))


def test_a_loss_page_is_judged_by_the_expected_loss_since_its_onset() -> None:
    """True where that is above what the reference tolerates, false before the error rose, whatever labels said."""
    kind = Kind("a", reference=_SHORT, truths=(after(5.0, faults.flipped(0.2)),))
    assert not _judged(kind, _page("ModelLossIncreased", day=4.9, onset=1.0))["true"]
    found = _judged(kind, _page("ModelLossIncreased", day=8.0, onset=5.1))
    assert found["true"]
    assert "mean loss 0.2996 of 0.1789" in found["why"]


def test_copies_count_once_in_the_judgement() -> None:
    """A storm of one record raises no expected loss; a page on inputs says what the hour held without copies."""
    kind = Kind(
        "a", reference=_SHORT, live=(deliveries.storms(3_000, every=4 * DAY, wrong=True),), labels=labels.in_record
    )
    assert not _judged(kind, _page("ModelLossIncreased", day=9.0, onset=0.1))["true"]
    found = _judged(kind, _page("ModelInputBroken", day=9.0, onset=8.9, features=("xm",)))
    assert not found["true"]
    assert found["why"].startswith("xm ")
    assert "rejected lines" in _judged(kind, _page("ModelInputBroken", day=9.0, onset=8.9))["why"]


def test_a_quiet_stream_is_followed_to_its_end() -> None:
    """With its span, its records and why it could not be judged."""
    case = make_case(Kind("a", reference=_SHORT, labels=labels.none), 1, 10.0)
    found = followed(case)
    assert found["alarms"] == []
    assert found["records"] == case.live.size
    assert found["years"] == pytest.approx(10 / 365.25, rel=0.01)
    # Without any label, labels are not missed.
    assert found["reasons"] == {}


def test_a_harm_is_timed_from_its_onset_in_hours_and_records() -> None:
    """By the first alarm that names it, and the first page; never is nothing."""
    broken = Kind("a", reference=_SHORT, inputs=(after(2.0, faults.missing(1.0, "x1")),))
    found = follow_harm(Harm(broken, ("x1",), 2.0, onset=2.0), seed=1)
    assert found["before"] == []
    assert found["ticket"]["hours"] <= found["page"]["hours"] < 12.0
    assert found["page"]["features"] == ["x1"]
    assert found["page"]["records"] == pytest.approx(found["page"]["hours"] * 1_000 / 24, rel=0.3)
    calm = attrs.evolve(broken, inputs=())
    assert follow_harm(Harm(calm, (), 2.0, onset=2.0), seed=1) == {"ticket": None, "page": None, "before": []}
    assert np.isfinite(found["ticket"]["records"])
