from __future__ import annotations

from collections.abc import Sequence

import pytest

from model_drift_exporter.evidence.alarms import MOST_LEFT_OUT
from model_drift_exporter.models.model import Model
from model_drift_exporter.models.series_limit import ModelSeries, SeriesCount, fitting
from model_drift_exporter.models.settings import MonitoringSettings
from model_drift_exporter.monitors import ALARMS
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import label_settings, monitoring_settings
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, Row, arrived, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("1h", "100")))
_AT_ONCE = label_settings(delay_independent=True)
_SETTINGS = monitoring_settings(_WINDOWS, learn_records=200)


def _reference(rows: int = 500) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9, model_version="1"))])


def _model(rows: Sequence[Row], reference: ReferenceProfile, settings: MonitoringSettings = _SETTINGS) -> Model:
    model = Model("m", reference, settings)
    model.process(arrived(batch_of(rows)))
    return model


def _outcomes(regression: bool = False) -> list[Row]:
    rows = make_rows(2_000, seed=5, latency=0.01, model_version="1")
    for index, row in enumerate(rows):
        row["label"] = row["score"] if regression else "yes" if index % 3 else "no"
        row["prediction"] = row["score"] * 7 if regression else row["prediction"]
        row["score"] = None if regression else row["score"]
    return rows


def _fire_all(model: Model, features: Sequence[str] = ()) -> None:
    for alarm in model.alarms.by_alert.values():
        about = features if next(spec for spec in ALARMS if spec.alert == alarm.alert).names_features else ()
        alarm.fire(START, 0, onset=START, features=list(about), certainty="named" if about else "")


def _text(model: Model) -> list[str]:
    lines = series_lines(Exposition.of(model.collect()).text)
    return [line for line in lines if not line.startswith("model_feature_drift_onset_timestamp_seconds")]


def test_a_column_costs_what_is_exported_of_it() -> None:
    """In full windows, for every role; alerts that name a feature are one more series each."""
    numbers = [row | {"prediction": row["score"] * 7, "score": None} for row in make_rows(800, seed=5)]
    for rows in (make_rows(800, seed=5), numbers):
        profile = profile_of([batch_of(rows)])
        model = _model(rows, profile)
        counted = SeriesCount.of(model.collect())
        nothing = _model(rows, profile, monitoring_settings(_WINDOWS, series_per_model=1))
        assert SeriesCount.of(nothing.collect()).by_column.total() == 0
        assert len(_text(model)) - len(_text(nothing)) == counted.by_column.total() - len(profile.features)  # onsets
        naming = sum(spec.names_features for spec in ALARMS)
        assert nothing.suppressed_series == counted.by_column.total() + naming * len(profile.features)


@pytest.mark.parametrize("limit", [400, 500, 600, 700, 5_000])
def test_series_limit_is_hard(limit: int) -> None:
    """No model exports more than its limit; what is left out is named, and its observations are counted."""
    rows = make_rows(800, seed=5, latency=0.01, label="yes", model_version="1")
    reference = profile_of([batch_of(rows)])
    model = _model(rows, reference, monitoring_settings(_WINDOWS, series_per_model=limit, labels=_AT_ONCE))
    model.finish()
    found = Exposition.of(model.collect())
    assert len(_text(model)) <= limit
    assert found("model_drift_exporter_series_suppressed", model="m") == model.suppressed_series
    assert model.traffic.suppressed_observations == 800 * len(model.suppressed)
    assert bool(model.suppressed) == (limit < 5_000)
    exported = {dict(labels)["feature"] for labels in found.select("model_feature_psi", model="m")}
    assert exported == {"age", "country"} - set(model.suppressed)


def test_outputs_go_before_features() -> None:
    """Where not all fits, prediction and score stay, then the features in their order."""
    columns = _reference().columns
    counted = SeriesCount.of(Model("m", _reference(), _SETTINGS).collect())
    outputs = [2, 3, 4, 5, 6]
    named = 2 * 3  # features that are left out, in alerts that may name them
    room = counted.others + 2 + sum(counted.of_column(columns[position]) for position in outputs) + named
    age, country = (counted.of_column(columns[position]) + 3 for position in (0, 1))
    assert fitting(columns, counted, 3, room) == (outputs, age + country)
    assert fitting(columns, counted, 3, room + country) == ([1, *outputs], age)
    assert fitting(columns, counted, 3, room - named + age + country) == (list(range(7)), 0)


def test_many_columns_are_counted_by_their_shapes() -> None:
    """So that a model with thousands of features makes the series that fit, and no others before."""
    rows = make_rows(300, seed=5)
    for row in rows:
        row["features"] |= {f"f{number}": row["features"]["age"] + number for number in range(400)}
    wide = Model("m", profile_of([batch_of(rows)]), monitoring_settings(_WINDOWS, series_per_model=3_000))
    assert wide.parts is not None
    counted = SeriesCount.of(wide.collect())
    cost = counted.by_column["feature", "age"]
    naming = sum(spec.names_features for spec in ALARMS)
    most = counted.others + counted.by_column.total() + naming * (MOST_LEFT_OUT + len(wide.parts.exported))
    assert wide.series().most <= 3_000 < most + 2 * cost
    for alarm in wide.alarms.by_alert.values():
        alarm.fire(START, 0, onset=START, features=[f"f{number}" for number in range(400)], certainty="named")
    assert wide.series().now <= wide.series().most
    assert counted.by_column["feature", "f0"] == cost
    assert len(wide.suppressed) > 350


@pytest.mark.parametrize("regression", [False, True])
def test_a_metric_says_whether_its_series_are_of_columns(regression: bool) -> None:
    """Series of no column are the same whichever columns are exported; those of columns go with their column."""
    rows = _outcomes(regression)
    profile = profile_of([batch_of(rows)])
    found = []
    for limit in (1, 30_000):
        model = _model(rows, profile, monitoring_settings(_WINDOWS, series_per_model=limit, labels=_AT_ONCE))
        model.finish()
        roles = [(block.series.metric.role, block.series.metric.name, len(block.series)) for block in model.collect()]
        found.append(sorted((name, size) for role, name, size in roles if not role))
        exported = {role for role, _, size in roles if size}
        assert exported - {""} == ({column.role for column in profile.columns} if limit > 1 else set())
    assert found[0] == found[1]


@pytest.mark.parametrize("regression", [False, True])
def test_the_most_series_are_those_with_full_windows_and_every_alert(regression: bool) -> None:
    """They are said before the first record, and never more are there, but for metrics without a value."""
    rows = _outcomes(regression)
    profile = profile_of([batch_of(rows)])
    empty = Model("m", profile, monitoring_settings(_WINDOWS, labels=_AT_ONCE))
    model = _model(rows, profile, monitoring_settings(_WINDOWS, labels=_AT_ONCE))
    model.finish()
    quiet = model.series()
    assert not quiet.suppressed
    _fire_all(model, ["age", "country"])
    firing = model.series()
    assert quiet.now < firing.now <= quiet.most == firing.most == empty.series().most
    without_value = sum(len(block.series) - block.exported for block in model.collect())
    named = sum(len(alarm.features) for alarm in model.alarms.by_alert.values())
    naming = sum(spec.names_features for spec in ALARMS) * len(profile.features)
    assert quiet.most - firing.now == without_value + naming - named


def test_a_model_without_a_reference_has_the_series_of_its_traffic() -> None:
    """No more than there are, but for those without a value yet; one that exports less names the columns left out."""
    learning = Model("m", None, _SETTINGS).series()
    assert learning.now < learning.most < 200
    limited = _model(make_rows(10), _reference(), monitoring_settings(_WINDOWS, series_per_model=1)).series()
    assert isinstance(limited, ModelSeries)
    assert {"age", "country"} <= set(limited.suppressed)
