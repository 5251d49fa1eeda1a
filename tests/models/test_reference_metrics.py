from __future__ import annotations

from collections.abc import Sequence

import msgspec

from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.models.reference_metrics import reference_samples
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile, Season
from tests.support.exposition import Exposition
from tests.support.monitor_context import reference
from tests.support.prediction_log import batch_of, make_rows, profile_of

_Found = dict[tuple[str, ...], float]


def _samples(profile: ReferenceProfile, exported: Sequence[int] | None = None) -> Exposition:
    positions = range(len(profile.columns)) if exported is None else exported
    return Exposition.of(reference_samples("m", profile, [profile.columns[position] for position in positions]))


def _collected(profile: ReferenceProfile, exported: Sequence[int] | None = None) -> dict[str, _Found]:
    positions = range(len(profile.columns)) if exported is None else exported
    found = {}
    for samples in reference_samples("m", profile, [profile.columns[position] for position in positions]):
        assert isinstance(samples.series, Series)
        values = [float(value) for value in samples.values]
        found[samples.series.metric.name] = dict(zip(samples.series.label_values, values, strict=True))
    return found


def test_counts_and_moments_are_those_of_the_profile() -> None:
    """Counts with their limits, what stands for each bin, and standard deviations."""
    profile = reference()
    found = _samples(profile)
    age = profile.columns[0]
    counts = {}
    for labels, value in found.select("model_feature_reference_observations", model="m", feature="age").items():
        named = dict(labels)
        counts[named["bin"], named["lower"], named["upper"]] = value
    assert counts == {
        (name, *limits): count for (name, count), limits in zip(age.counts.items(), age.bounds, strict=True)
    }
    means = found.by("bin", "model_feature_reference_bin_mean", model="m", feature="age")
    assert list(means.values()) == [age.edges[0], *age.means, age.edges[-1]]
    assert list(means) == ["__below__", *(f"b{number:02d}" for number in range(len(age.means))), "__above__"]
    deviation = found("model_feature_reference_standard_deviation", model="m", feature="age")
    assert deviation == age.standard_deviation
    prediction = found.by("bin", "model_prediction_reference_observations", model="m")
    assert prediction == profile.columns[2].counts


def test_bins_of_a_numeric_prediction_have_their_bounds_as_a_metric() -> None:
    """The prediction of a regression has numeric bins under the same metric, without limits."""
    rows = [{"features": {"x": index % 9}, "prediction": index / 7, "ts": index} for index in range(300)]
    profile = profile_of([batch_of(rows)])
    found = _samples(profile)
    assert found("model_prediction_reference_observations", model="m", bin="b00") >= 1
    assert found("model_prediction_reference_standard_deviation", model="m") > 0
    bounds = found.by("bin", "model_prediction_reference_bin_upper_bound", model="m")
    assert list(bounds.values()) == profile.columns[1].edges[1:]
    assert list(bounds) == [f"b{number:02d}" for number in range(len(bounds))]


def test_what_is_derived_from_the_score_has_counts_and_a_mean() -> None:
    """Confidence, margin and entropy."""
    profile = reference()
    found = _samples(profile)
    for column in profile.columns[4:]:
        assert found(f"model_{column.name}_reference_mean", model="m") == column.mean
        assert found.by("bin", f"model_{column.name}_reference_observations", model="m") == column.counts
    assert [column.name for column in profile.columns[4:]] == ["confidence", "margin", "entropy"]


def test_each_predicted_class_has_its_share() -> None:
    """Of all predictions, so that a missing one leaves less for the classes."""
    rows = [
        row | {"prediction": "yes" if index < 30 else "no" if index < 90 else None}
        for index, row in enumerate(make_rows(100))
    ]
    found = _samples(profile_of([batch_of(rows)]))
    assert found.by("class", "model_prediction_class_reference_ratio", model="m") == {"no": 0.6, "yes": 0.3}


def _with_effects() -> ReferenceProfile:
    profile = reference()
    effects = {"age": 34.5, "country": 2.0, "prediction": 3.0, "score": 4.0}
    columns = [
        msgspec.structs.replace(column, design_effect=effects.get(column.name, 1.0)) for column in profile.columns
    ]
    return msgspec.structs.replace(profile, columns=columns)


def test_design_effects_are_exported_by_column() -> None:
    """Features, prediction and score each have theirs; what is derived from the score has none."""
    found = _collected(_with_effects())
    assert found["model_feature_design_effect"] == {("m", "age"): 34.5, ("m", "country"): 2.0}
    assert found["model_prediction_design_effect"] == {("m",): 3.0}
    assert found["model_score_design_effect"] == {("m",): 4.0}
    assert "model_loss_design_effect" not in found


def test_columns_beyond_the_series_limit_are_left_out() -> None:
    """Only exported columns have series."""
    found = _collected(_with_effects(), exported=[1])
    assert found["model_feature_design_effect"] == {("m", "country"): 2.0}
    assert not {name for name in found if "_score_" in name or "_prediction_" in name or "_confidence_" in name}


def test_the_loss_that_pages_has_its_design_effect() -> None:
    """It is the one whose evidence is exported: the 0/1 error, or the bounded absolute error of a regression."""
    outcomes = OutcomeSummary(rows=900, loss=LossSummary(0.1, 0.3, 900, 12.5))
    profile = msgspec.structs.replace(reference(), outcomes=outcomes)
    assert _collected(profile)["model_loss_design_effect"] == {("m", "zero_one"): 12.5}
    regression = msgspec.structs.replace(profile, task="regression")
    assert _collected(regression)["model_loss_design_effect"] == {("m", "bounded_absolute_error"): 12.5}


def test_a_season_has_its_slots_and_no_reason() -> None:
    """All four reasons are exported, each 0."""
    profile = reference()
    season = Season(slots=168, rows=[0] * 168, counts=[[]] * 168)
    found = _collected(msgspec.structs.replace(profile, season=season, season_absent=""))
    assert found["model_reference_season_slots"] == {("m",): 168}
    assert found["model_reference_season_info"] == {("m", "UTC"): 1}
    season = msgspec.structs.replace(season, time_zone="Europe/Berlin")
    found = _collected(msgspec.structs.replace(profile, season=season, season_absent=""))
    assert found["model_reference_season_info"] == {("m", "Europe/Berlin"): 1}
    reasons = ("no_times", "too_short", "few_rows", "no_gain")
    assert found["model_reference_season_absent"] == {("m", reason): 0 for reason in reasons}


def test_no_season_has_one_reason() -> None:
    """The reason that holds is 1; a profile of an older version has none."""
    found = _collected(reference())
    assert found["model_reference_season_slots"] == {("m",): 0}
    assert found["model_reference_season_absent"] == {
        ("m", "no_times"): 0,
        ("m", "too_short"): 1,
        ("m", "few_rows"): 0,
        ("m", "no_gain"): 0,
    }
    unknown = _collected(msgspec.structs.replace(reference(), season_absent=""))
    assert set(unknown["model_reference_season_absent"].values()) == {0}
