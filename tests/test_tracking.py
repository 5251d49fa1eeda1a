from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.config import parse_window
from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.reference.builder import BuildOptions
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.tracking import ModelTrack, TrackOptions
from tests.exposition import Exposition, series_lines
from tests.prediction_log import START, Row, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("1h", "100")))
_OPTIONS = TrackOptions(_WINDOWS, learn_records=200)
_ARRIVAL = float(START)


def _reference(rows: int = 500) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9, model_version="1"))])


def _track(
    rows: Sequence[Row] = (),
    reference: ReferenceProfile | None = None,
    options: TrackOptions = _OPTIONS,
    cuts: Sequence[int] = (),
) -> ModelTrack:
    track = ModelTrack("m", reference, options)
    for start, stop in pairwise(sorted({min(cut, len(rows)) for cut in cuts} | {0, len(rows)})):
        track.process(batch_of(rows[start:stop]), _ARRIVAL)
    return track


def _text(track: ModelTrack) -> list[str]:
    return series_lines(Exposition.of(track.collect()).text)


_LEARNING = make_rows(350, seed=1, label="yes", latency=0.02, model_version="1")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 349), max_size=8))
def test_learning_takes_exactly_the_first_records(cuts: list[int]) -> None:
    """However records come in batches, the reference is that of the first 200, and all are counted."""
    track = _track(_LEARNING, cuts=cuts)
    assert track.reference is not None
    assert track.reference.rows == 200
    expected = profile_of([batch_of(_LEARNING[:200])])
    assert track.reference.fingerprint == expected.fingerprint
    assert track.reference.learned
    assert track.records == 350
    assert _text(track) == _text(_track(_LEARNING))


def test_learning_is_seen_and_then_over() -> None:
    """While it learns a model says how far it is; nothing is judged, and nothing lost."""
    track = _track(make_rows(150, seed=1))
    found = Exposition.of(track.collect())
    assert (track.learning, track.learn_records) == (150, 200)
    assert found("model_reference_learning_records", model="m") == 150
    assert found("model_reference_learning_records_needed", model="m") == 200
    assert found("model_records_total", model="m") == 150
    assert not found.select("model_feature_observations_total")
    track.process(batch_of(make_rows(50, seed=2, start=START + 1_500)), _ARRIVAL)
    found = Exposition.of(track.collect())
    assert track.learning is None
    assert found.get("model_reference_learning_records", model="m") is None
    assert found("model_reference_learned", model="m") == 1
    assert found.total("model_feature_observations_total", model="m", feature="age") == 200


def test_learning_without_anything_to_learn() -> None:
    """Records without a usable feature raise; given up, they are counted only, and it is no longer learning."""
    rows = [{"features": {"x": None}, "ts": START} for _ in range(200)]
    track = ModelTrack("m", None, _OPTIONS)
    with pytest.raises(ReferenceProfileError, match="no usable feature among x"):
        track.process(batch_of(rows), _ARRIVAL)
    track.give_up_learning()
    track.process(batch_of(rows), _ARRIVAL)
    assert (track.records, track.learning) == (400, None)
    assert Exposition.of(track.collect())("model_records_total", model="m") == 400


def test_times_are_judged() -> None:
    """Late, future and untimed records are counted, and are in the bins; late and future ones are in no window."""
    rows = make_rows(100, seed=3)
    rows.append(rows[0] | {"ts": START - 90_000})
    rows.append(rows[0] | {"ts": START + 10 * 86_400})
    rows.append(rows[0] | {"ts": "no time"})
    track = _track(rows, _reference())
    assert (track.times.late, track.times.future, track.times.untimed) == (1, 1, 1)
    found = Exposition.of(track.collect())
    assert found.total("model_feature_observations_total", model="m", feature="age") == 103
    assert found("model_window_records", model="m", window="1h") == 101
    assert found("model_last_record_timestamp_seconds", model="m") == START + 990


def test_records_without_times_come_now() -> None:
    """Where no record has a time, the arrival stands for it."""
    rows = [{name: value for name, value in row.items() if name != "ts"} for row in make_rows(10)]
    track = _track(rows, _reference())
    assert (track.times.untimed, track.times.now) == (10, _ARRIVAL)


def test_windows_of_records_have_no_late_ones() -> None:
    """Without a window of time nothing is late."""
    rows = [*make_rows(10), {**make_rows(1)[0], "ts": START - 80_000}]
    track = _track(rows, _reference(), TrackOptions((parse_window("100"),)))
    assert track.times.late == 0
    assert _OPTIONS.longest_window == 3_600
    assert TrackOptions((parse_window("100"),)).longest_window is None


def test_version_changes_are_counted() -> None:
    """Each change counts; the first version, and records without one, do not."""
    versions: list[object] = ["1", "1", None, "", 2, 2, "3", None]
    rows = [row | {"model_version": version} for row, version in zip(make_rows(8), versions, strict=True)]
    track = _track(rows, _reference(), cuts=[2, 5])
    assert (track.version, track.version_changes) == ("3", 2)
    found = Exposition.of(track.collect())
    assert found("model_version_changes_total", model="m") == 2
    reference = track.reference
    assert reference is not None
    assert found("model_info", model="m", version="3", reference=reference.fingerprint) == 1


def test_reference_of_another_version() -> None:
    """A reference made of another version than the records' does not match; without versions nothing is said."""
    for version, matches in (("1", 1.0), ("2", 0.0), (None, None)):
        track = _track(make_rows(5, model_version=version), _reference())
        assert Exposition.of(track.collect()).get("model_reference_version_matches", model="m") == matches


def test_reference_that_does_not_fit() -> None:
    """Features of the reference that no record has are counted."""
    rows = [row | {"features": {"country": "de", "height": 1.8}} for row in make_rows(5)]
    track = _track(rows, _reference())
    assert track.absent_features == ["age"]
    assert Exposition.of(track.collect())("model_reference_features_absent", model="m") == 1


def test_another_reference_goes_on_counting() -> None:
    """Counters, version and clock outlive a change of the reference; records still to be learned from are not lost."""
    old = _track(make_rows(120, seed=1, model_version="4"))
    new = ModelTrack("m", _reference(), _OPTIONS)
    new.take_over(old, same_bins=False)
    assert (new.records, new.version) == (120, "4")
    found = Exposition.of(new.collect())
    assert found.total("model_feature_observations_total", model="m", feature="age") == 120
    learning = ModelTrack("m", None, TrackOptions(_WINDOWS, learn_records=300, build=BuildOptions()))
    learning.take_over(old, same_bins=True)
    assert learning.learning == 120


def test_a_record_without_a_time_has_that_of_the_record_before() -> None:
    """However the records come in batches; only before the first time does the arrival stand in for it."""
    rows = make_rows(60, seed=3)
    for index in (10, 11, 40):
        rows[index] = rows[index] | {"ts": None}
    profile = profile_of([batch_of(make_rows(800, seed=5))])
    counts = []
    for size in (1, 7, 60):
        track = ModelTrack("churn", profile, TrackOptions(_WINDOWS))
        for first in range(0, 60, size):
            track.process(batch_of(rows[first : first + size]), 4e9)
        assert (track.times.untimed, track.times.future, track.times.late) == (3, 0, 0)
        counts.append([window.counts()[0].tolist() for window in track.drift.windows] if track.drift else [])
    assert counts[0] == counts[1] == counts[2]
