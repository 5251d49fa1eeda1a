from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_drift_exporter.errors import ReferenceProfileError, StateError
from model_drift_exporter.models.model import Model
from model_drift_exporter.models.settings import LearnSettings, MonitoringSettings
from model_drift_exporter.monitors.distances import DistancesMonitor
from model_drift_exporter.records.batches import NO_POSITIONS, LabelBatch, RecordBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.service.snapshot_file import read_snapshot, write_snapshot
from model_drift_exporter.settings.values import parse_window
from tests.sections import label_settings, monitoring_settings
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, Row, arrived, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("1h", "100")))
_SETTINGS = monitoring_settings(_WINDOWS, learn_records=200)
_ARRIVAL = float(START)


def _reference(rows: int = 500) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9, model_version="1"))])


def _model(
    rows: Sequence[Row] = (),
    reference: ReferenceProfile | None = None,
    settings: MonitoringSettings = _SETTINGS,
    cuts: Sequence[int] = (),
) -> Model:
    model = Model("m", reference, settings)
    for start, stop in pairwise(sorted({min(cut, len(rows)) for cut in cuts} | {0, len(rows)})):
        model.process(arrived(batch_of(rows[start:stop]), arrival=_ARRIVAL))
    return model


def _text(model: Model) -> list[str]:
    return series_lines(Exposition.of(model.collect()).text)


_LEARNING = make_rows(350, seed=1, label="yes", latency=0.02, model_version="1")


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 349), max_size=8))
def test_learning_takes_exactly_the_first_records(cuts: list[int]) -> None:
    """However records come in batches, the reference is that of the first 200, and all are counted."""
    model = _model(_LEARNING, cuts=cuts)
    assert model.reference is not None
    assert model.reference.rows == 200
    expected = profile_of([batch_of(_LEARNING[:200])])
    assert model.reference.fingerprint == expected.fingerprint
    assert model.reference.learned
    assert model.traffic.records == 350
    assert _text(model) == _text(_model(_LEARNING))


def test_learning_is_seen_and_then_over() -> None:
    """While it learns a model says how far it is; nothing is judged, and nothing lost."""
    model = _model(make_rows(150, seed=1))
    found = Exposition.of(model.collect())
    assert (model.learning, model.settings.learn.records) == (150, 200)
    assert found("model_reference_learning_records", model="m") == 150
    assert found("model_reference_learning_records_needed", model="m") == 200
    assert found("model_records_total", model="m") == 150
    assert not found.select("model_feature_observations_total")
    model.process(arrived(batch_of(make_rows(50, seed=2, start=START + 1_500)), arrival=_ARRIVAL))
    found = Exposition.of(model.collect())
    assert model.learning is None
    assert found.get("model_reference_learning_records", model="m") is None
    assert found("model_reference_learned", model="m") == 1
    assert found.total("model_feature_observations_total", model="m", feature="age") == 200


def test_learning_without_anything_to_learn() -> None:
    """Records without a usable feature raise; given up, they are counted only, and it is no longer learning."""
    rows = [{"features": {"x": None}, "ts": START} for _ in range(200)]
    model = Model("m", None, _SETTINGS)
    with pytest.raises(ReferenceProfileError, match="no usable feature among x"):
        model.process(arrived(batch_of(rows), arrival=_ARRIVAL))
    model.give_up_learning()
    model.process(arrived(batch_of(rows), arrival=_ARRIVAL))
    assert (model.traffic.records, model.learning) == (400, None)
    assert Exposition.of(model.collect())("model_records_total", model="m") == 400


def test_times_are_judged() -> None:
    """Late, future and untimed records are counted, and are in the bins; late and future ones are in no window."""
    rows = make_rows(100, seed=3)
    rows.append(rows[0] | {"ts": START - 90_000})
    rows.append(rows[0] | {"ts": START + 10 * 86_400})
    rows.append(rows[0] | {"ts": "no time"})
    model = _model(rows, _reference())
    assert (model.times.late, model.times.future, model.times.untimed) == (1, 1, 1)
    found = Exposition.of(model.collect())
    assert found.total("model_feature_observations_total", model="m", feature="age") == 103
    assert found("model_window_records", model="m", window="1h") == 101
    assert found("model_last_record_timestamp_seconds", model="m") == START + 990


def test_records_without_times_come_now() -> None:
    """Where no record has a time, the arrival stands for it."""
    rows = [{name: value for name, value in row.items() if name != "ts"} for row in make_rows(10)]
    model = _model(rows, _reference())
    assert (model.times.untimed, model.times.now) == (10, _ARRIVAL)


def test_windows_of_records_have_no_late_ones() -> None:
    """Without a window of time nothing is late."""
    rows = [*make_rows(10), {**make_rows(1)[0], "ts": START - 80_000}]
    model = _model(rows, _reference(), monitoring_settings((parse_window("100"),)))
    assert model.times.late == 0
    assert _SETTINGS.longest_window == 3_600
    assert monitoring_settings((parse_window("100"),)).longest_window is None


def test_version_changes_are_counted() -> None:
    """Each change counts; the first version, and records without one, do not."""
    versions: list[object] = ["1", "1", None, "", 2, 2, "3", None]
    rows = [row | {"model_version": version} for row, version in zip(make_rows(8), versions, strict=True)]
    model = _model(rows, _reference(), cuts=[2, 5])
    assert (model.traffic.version, model.traffic.version_changes) == ("3", 2)
    found = Exposition.of(model.collect())
    assert found("model_version_changes_total", model="m") == 2
    reference = model.reference
    assert reference is not None
    assert found("model_info", model="m", version="3", reference=reference.fingerprint) == 1


def test_reference_of_another_version() -> None:
    """A reference made of another version than the records' does not match; without versions nothing is said."""
    for version, matches in (("1", 1.0), ("2", 0.0), (None, None)):
        model = _model(make_rows(5, model_version=version), _reference())
        assert Exposition.of(model.collect()).get("model_reference_version_matches", model="m") == matches


def test_reference_that_does_not_fit() -> None:
    """Features of the reference that no record has are counted."""
    rows = [row | {"features": {"country": "de", "height": 1.8}} for row in make_rows(5)]
    model = _model(rows, _reference())
    assert model.absent_features == ["age"]
    assert Exposition.of(model.collect())("model_reference_features_absent", model="m") == 1


def test_another_reference_goes_on_counting() -> None:
    """Counters, version and clock outlive a change of the reference; records still to be learned from are not lost."""
    old = _model(make_rows(120, seed=1, model_version="4"))
    new = Model("m", _reference(), _SETTINGS)
    new.take_over(old, same_bins=False)
    assert (new.traffic.records, new.traffic.version) == (120, "4")
    found = Exposition.of(new.collect())
    assert found.total("model_feature_observations_total", model="m", feature="age") == 120
    learning = Model("m", None, monitoring_settings(_WINDOWS, learn_records=300))
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
        model = Model("churn", profile, monitoring_settings(_WINDOWS))
        for first in range(0, 60, size):
            model.process(arrived(batch_of(rows[first : first + size]), arrival=4e9))
        assert (model.times.untimed, model.times.future, model.times.late) == (3, 0, 0)
        assert model.parts is not None
        distances = model.parts.monitor(DistancesMonitor)
        assert distances is not None
        counts.append([window.counts()[0].tolist() for window in distances.windows])
    assert counts[0] == counts[1] == counts[2]


def _lines(batch: RecordBatch, first: int) -> RecordBatch:
    return attrs.evolve(batch, position=np.arange(first, first + batch.size))


def _evidence(model: Model) -> dict[str, float]:
    return {alert: alarm.evidence for alert, alarm in model.alarms.by_alert.items()}


def test_rejected_lines_are_evidence_of_broken_input() -> None:
    """As many as half of all lines fire the page; those that came while the reference was learned belong to it."""
    model = Model("m", None, _SETTINGS)
    rows = make_rows(4_800, seed=2)
    for first in range(0, 4_800, 60):
        lines = np.arange(120 * first // 60, 120 * first // 60 + 120, dtype=np.int64)
        batch = attrs.evolve(batch_of(rows[first : first + 60]), position=lines[::2])
        model.process(arrived(batch, None, lines[1::2] if first >= 1_200 else NO_POSITIONS))
    alarm = model.alarms["ModelInputBroken"]
    assert alarm.active
    assert Exposition.of(model.collect())("model_alert_active", model="m", alert=alarm.alert, severity="page") == 1
    (edge,) = [each for each in model.alarms.transitions if each.alert == alarm.alert]
    assert edge.firing
    assert edge.record % 2 == 0
    assert model.rearm() == [alarm.alert]
    assert (alarm.active, model.traffic.position) == (False, 9_598)


def _drifted(version: str, seed: int, size: int = 900, shift: float = 0.0) -> list[Row]:
    return make_rows(size, seed=seed, shift=shift, model_version=version, start=START + seed * 10_000)


def test_a_new_version_starts_evidence_again() -> None:
    """At its first record, however records came in batches; the versions of a canary in turns do so once each."""
    profile = profile_of([batch_of(make_rows(5_000, seed=9))])
    old = _drifted("1", 1, 220, 3.0)
    new = make_rows(100, seed=2, shift=3.0, start=START + 12_200)
    evidence = {}
    for version, cuts in (("1", ()), ("2", ()), ("2", (220,)), ("2", (100, 250))):
        rows = [*old, *(row | {"model_version": version} for row in new)]
        model = Model("m", profile, _SETTINGS)
        for first, last in pairwise([0, *cuts, len(rows)]):
            model.process(arrived(_lines(batch_of(rows[first:last]), first)))
        assert model.traffic.version == version
        evidence[version, cuts] = _evidence(model)
    same, *restarted = evidence.values()
    assert restarted[1] == pytest.approx(restarted[0])
    assert restarted[2] == pytest.approx(restarted[0])
    assert restarted[0]["ModelFeatureDrift"] < same["ModelFeatureDrift"] - 0.5


def test_a_latch_outlives_a_new_version() -> None:
    """What fires goes on until recovery: a roll-out is no recovery, and no person's word."""
    profile = profile_of([batch_of(make_rows(5_000, seed=9))])
    model = Model("m", profile, _SETTINGS)
    model.process(arrived(_lines(batch_of(_drifted("1", 1, shift=20.0)), 0)))
    alarm = model.alarms["ModelFeatureDrift"]
    assert (alarm.active, alarm.features) == (True, ("age",))
    model.process(arrived(_lines(batch_of(_drifted("2", 2, 20, shift=20.0)), 900)))
    assert alarm.active


def _labels(rows: Sequence[Row], first: int, wrong: bool = False) -> LabelBatch:
    size = len(rows)
    labels = [("no" if row["prediction"] == "yes" else "yes") if wrong else row["prediction"] for row in rows]
    times = [row["ts"] + 60 for row in rows]
    position = range(first, first + size)
    return LabelBatch.of(size, time=times, id=[row["id"] for row in rows], label=labels, position=position)


def _labelled_profile() -> ReferenceProfile:
    rows = make_rows(2_000, seed=9)
    for index, row in enumerate(rows):
        row["label"] = row["prediction"] if index % 10 else ("no" if row["prediction"] == "yes" else "yes")
    return profile_of([batch_of(rows)])


def test_labels_find_their_predictions_and_harm_pages() -> None:
    """Labels that come with and behind their records are joined; if they say that the model fails, the page fires."""
    model = Model("m", _labelled_profile(), attrs.evolve(_SETTINGS, labels=label_settings(delay_independent=True)))
    rows = make_rows(600, seed=3)
    model.process(arrived(_lines(batch_of(rows), 0), _labels(rows[:100], 600, wrong=True)))
    assert model.knows(_labels(rows[:2], 0)).tolist() == [True, True]
    assert not model.knows(LabelBatch.of(1, id=["never"], label=["yes"])).any()
    model.process(arrived(None, _labels(rows[100:], 700, wrong=True)))
    model.finish()
    found = Exposition.of(model.collect())
    assert found("model_labels_joined_total", model="m") == 600
    assert model.alarms["ModelLossIncreased"].active
    assert model.not_evaluable == set()


def test_a_model_that_learns_is_not_evaluable_and_keeps_its_labels() -> None:
    """They are joined once the reference is there, with the predictions that it was learned from."""
    model = Model("m", None, attrs.evolve(_SETTINGS, learn=LearnSettings(300)))
    rows = make_rows(300, seed=3)
    model.process(arrived(_lines(batch_of(rows[:200]), 0), _labels(rows[:50], 200)))
    assert model.not_evaluable == {"no_reference"}
    found = Exposition.of(model.collect()).by("reason", "model_not_evaluable", model="m")
    assert [reason for reason, holds in found.items() if holds] == ["no_reference"]
    assert model.knows(_labels(rows[:1], 0)).all()
    model.process(arrived(_lines(batch_of(rows[200:]), 250)))
    assert Exposition.of(model.collect())("model_labels_joined_total", model="m") == 50


@pytest.mark.parametrize("given", [True, False], ids=["given", "learned"])
@pytest.mark.parametrize("stop", [1, 4, 7])
def test_a_restored_track_decides_as_if_nothing_had_happened(stop: int, given: bool, tmp_path: Path) -> None:
    """The same edges of the same alarms, with a reference given or learned, wherever it was stopped."""
    settings = attrs.evolve(_SETTINGS, learn=LearnSettings(300), labels=label_settings(delay_independent=True))
    profile = _labelled_profile() if given else None
    rows = [*make_rows(500, seed=3), *make_rows(500, seed=4, start=START + 5_000, shift=15.0)]
    whole, first = Model("m", profile, settings), Model("m", profile, settings)
    models = [first]
    for index in range(10):
        part = rows[index * 100 : index * 100 + 100]
        if index == stop:
            write_snapshot(tmp_path / "state", first.snapshot())
            second = Model("m", profile, settings)
            second.restore(read_snapshot(tmp_path / "state"))
            second.alarms.transitions = first.alarms.drain()
            models.append(second)
        for model in (whole, models[-1]):
            own = _labels(part, index * 200 + 100, wrong=index > 6)
            model.process(arrived(_lines(batch_of(part), index * 200), own, np.array([index * 200 + 50])))
    expected, found = whole.alarms.transitions, models[-1].alarms.transitions
    assert [(each.alert, each.firing, each.record, each.features) for each in found] == [
        (each.alert, each.firing, each.record, each.features) for each in expected
    ]
    assert any(each.alert == "ModelFeatureDrift" for each in found)


def test_state_of_another_reference_is_refused() -> None:
    """Evidence against one reference says nothing of another; clock and version go on."""
    old = _model(make_rows(150, model_version="4"), _reference())
    other = Model("m", profile_of([batch_of(make_rows(400, seed=77))]), _SETTINGS)
    with pytest.raises(StateError, match="its reference changed from"):
        other.restore(old.snapshot())
    assert (other.traffic.version, other.times.now) == ("4", old.times.now)
    learned = _model(make_rows(250))
    otherwise = Model("m", None, attrs.evolve(_SETTINGS, learn=LearnSettings(201)))
    with pytest.raises(StateError, match="settings changed"):
        otherwise.restore(learned.snapshot())


def test_a_new_reference_releases_latches() -> None:
    """What fired was about another reference; the same reference goes on where it was."""
    profile = profile_of([batch_of(make_rows(5_000, seed=9))])
    old = Model("m", profile, _SETTINGS)
    old.process(arrived(_lines(batch_of(_drifted("1", 1, shift=20.0)), 0)))
    assert old.alarms["ModelFeatureDrift"].active
    same = Model("m", profile, _SETTINGS)
    same.take_over(old, same_bins=True)
    assert same.alarms["ModelFeatureDrift"].active
    other = Model("m", _reference(), _SETTINGS)
    other.take_over(same, same_bins=False)
    assert not other.alarms["ModelFeatureDrift"].active
    edges = [each.firing for each in other.alarms.transitions if each.alert == "ModelFeatureDrift"]
    assert edges == [True, False]


_HOUR_SETTINGS = monitoring_settings((parse_window("1h"),), learn_records=100)


def test_counters_are_there_from_the_start() -> None:
    """A model that has no record yet exports its counters as 0, and no time."""
    found = Exposition.of(Model("m", None, _HOUR_SETTINGS).collect())
    for name in ("records", "records_late", "records_future", "records_untimed", "version_changes"):
        assert found(f"model_{name}_total", model="m") == 0
    assert found("model_info", model="m", version="", reference="") == 1
    assert found.get("model_last_record_timestamp_seconds", model="m") is None
    assert found("model_reference_learning_records", model="m") == 0


def test_a_reference_is_described() -> None:
    """Rows, whether it was learned, its losses and its fingerprint are exported."""
    profile = profile_of([batch_of(make_rows(200, label="yes"))])
    found = Exposition.of(Model("m", profile, _HOUR_SETTINGS).collect())
    assert found("model_reference_rows", model="m") == 200
    assert found("model_reference_learned", model="m") == 0
    assert found.by("loss", "model_loss_reference_mean", model="m") == {
        name: summary.mean for name, summary in profile.loss.items()
    }
    assert set(profile.loss) == {"zero_one", "log_loss", "brier"}
    assert found("model_info", model="m", version="", reference=profile.fingerprint) == 1


def test_names_are_escaped() -> None:
    """A model or version with quotes, backslashes and line breaks is one valid label."""
    name = 'a"b\\c\nd'
    model = Model(name, profile_of([batch_of(make_rows(200))]), _HOUR_SETTINGS)
    model.process(arrived(batch_of(make_rows(3, model_version=name))))
    found = Exposition.of(model.collect())
    assert found("model_records_total", model=name) == 3
    assert [dict(labels)["version"] for labels in found.select("model_info", model=name)] == [name]
