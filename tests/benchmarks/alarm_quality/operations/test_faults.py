from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations import faults
from benchmarks.alarm_quality.operations.deliveries import Change
from benchmarks.alarm_quality.operations.faults import after
from benchmarks.alarm_quality.operations.kind import Kind, make_case
from benchmarks.alarm_quality.operations.stream import DAY, HOUR, Stream
from benchmarks.alarm_quality.operations.world import PLANS, Classifier, World

_ONSET = 2.0


def _stream(days: float = 6.0) -> Stream:
    stream = World().draw(np.random.default_rng(1), 0.0, days, START)
    random = np.random.default_rng(2)
    return stream.having(
        flips=np.full(stream.size, 0.03),
        label=(random.random(stream.size) < 0.2).astype(np.float64),
    )


def _changed(change: Change) -> tuple[Stream, Stream, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    stream = _stream()
    return stream, change(stream, np.random.default_rng(3)), stream["time"] >= START + _ONSET * DAY


def test_a_change_begins_at_its_day_and_ends_after_its_hours() -> None:
    """Before and after it everything is what it was; its records have a state of their own."""
    stream, found, _ = _changed(after(_ONSET, faults.mapped("dist", lambda value: 1_000 * value), hours=3.0))
    since = stream["time"] - START - _ONSET * DAY
    during = (since >= 0) & (since < 3 * HOUR)
    assert (found.seen["dist"][during] == 1_000 * stream.seen["dist"][during]).all()
    assert (found.seen["dist"][~during] == stream.seen["dist"][~during]).all()
    assert {*found["state"][during]}.isdisjoint(found["state"][~during])


def test_values_repeat_swap_go_missing_and_change_their_type() -> None:
    """From the onset on."""
    stream, found, begun = _changed(after(_ONSET, faults.held("dist", 20)))
    assert np.mean(np.diff(found.seen["dist"][begun]) == 0) == pytest.approx(0.95, abs=0.01)
    _, found, begun = _changed(after(_ONSET, faults.swapped("x1", "temp", (0.0, 1.0, 15.0, 6.0))))
    assert found.seen["temp"][begun].mean() == pytest.approx(15.0, abs=0.5)
    assert found.seen["temp"][begun] == pytest.approx(15.0 + 6.0 * stream.seen["x1"][begun])
    _, found, begun = _changed(after(_ONSET, faults.missing(0.5, "x1", "cnt")))
    assert np.isnan(found.seen["x1"][begun]).mean() == pytest.approx(0.5, abs=0.03)
    assert (np.isnan(found.seen["x1"]) == np.isnan(found.seen["cnt"])).all()
    _, found, begun = _changed(after(_ONSET, faults.wrong_type("dist")))
    assert (found.invalid["dist"] == begun).all()


def test_new_categories_are_none_that_the_reference_has() -> None:
    """Only ``free`` is renamed; a new plan takes from all."""
    stream, found, begun = _changed(after(_ONSET, faults.renamed(1.0, to="Free")))
    assert ((found.seen["plan"] == len(PLANS)) == (begun & (stream.seen["plan"] == 0))).all()
    _, found, begun = _changed(after(_ONSET, faults.renamed(0.3, to="student")))
    assert (found.seen["plan"][begun] == len(PLANS) + 1).mean() == pytest.approx(0.3, abs=0.03)


def test_some_hours_come_again_and_again() -> None:
    """An hour in six, for as often as said."""
    stream, found, begun = _changed(
        faults.some_hours(_ONSET, faults.missing(1.0, "x1"), each=6.0, lasting=1.0, times=16)
    )
    gone = np.isnan(found.seen["x1"])
    assert gone[begun].mean() == pytest.approx(1 / 6, abs=0.02)
    assert not gone[~begun].any()
    assert {*np.floor((stream["time"][gone] - START) / HOUR % 6).tolist()} == {0.0}


def test_records_go_are_one_or_are_positive_more_often() -> None:
    """From the onset on, at their own times."""
    _, found, _ = _changed(faults.gone("region", 4, day=_ONSET))
    begun = found["time"] >= START + _ONSET * DAY
    assert not (found.seen["region"][begun] == 4).any()
    assert (found.seen["region"][~begun] == 4).any()
    _, found, begun = _changed(faults.one_record(0.2, day=_ONSET))
    same = found.seen["x1"] == found.seen["x1"][begun][0]
    assert same[begun].mean() == pytest.approx(0.2, abs=0.02)
    assert len(np.unique(found["source"])) == found.size
    _, found, begun = _changed(faults.more_positives(2.0, day=_ONSET))
    assert found["label"][begun].mean() == pytest.approx(0.4 / 1.2, abs=0.03)
    assert (np.diff(found["time"]) >= 0).all()


def test_errors_rise_to_what_is_said() -> None:
    """At once, by a relation that turns round, or slowly."""
    sudden = make_case(Kind("a", truths=(after(3.0, faults.flipped(0.40)),)), 1, 9.0).live
    begun = sudden["time"] >= START + 3.0 * DAY
    assert sudden["loss"][~begun].mean() == pytest.approx(0.15, abs=0.01)
    assert sudden["loss"][begun].mean() == pytest.approx(0.45, abs=0.01)
    turned = make_case(Kind("a", truths=(after(3.0, faults.turned_round(Classifier())),)), 1, 9.0).live
    wrong = turned["label"] != turned["predicted"]
    assert wrong[begun[: len(wrong)]].mean() > 0.35
    slow = make_case(Kind("a", truths=(faults.turned_round(Classifier(), day=3.0, days=20.0),)), 1, 23.0).live
    thirds = [part.mean() for part in np.array_split(slow["loss"], 3)]
    assert thirds == sorted(thirds)


def test_a_version_is_deployed_each_day() -> None:
    """By its name."""
    _, found, _ = _changed(faults.daily_versions)
    assert found.versions == ("v0", "v1", "v2", "v3", "v4", "v5")
    assert (found["version"] == np.floor((found["time"] - START) / DAY)).all()
