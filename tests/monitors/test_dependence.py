from __future__ import annotations

import msgspec

from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.monitors.dependence import DependenceMonitor
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile, Season
from tests.monitors.observing import coded, context_of, reference
from tests.prediction_log import make_rows

_Found = dict[tuple[str, ...], float]


def _collected(profile: ReferenceProfile, exported: list[int] | None = None) -> dict[str, _Found]:
    context = context_of(profile, exported=exported)
    monitor = DependenceMonitor(context)
    monitor.observe(coded(context, make_rows(10)))
    monitor.tick(1e9)
    monitor.restore(monitor.snapshot())
    successor = DependenceMonitor(context)
    successor.take_over(monitor)
    found = {}
    for samples in successor.collect():
        assert isinstance(samples.series, Series)
        values = [float(value) for value in samples.values]
        found[samples.series.metric.name] = dict(zip(samples.series.label_values, values, strict=True))
    return found


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
    assert "model_score_design_effect" not in found


def test_the_loss_that_pages_has_its_design_effect() -> None:
    """It is the one whose evidence is exported: the 0/1 error, or the bounded absolute error of a regression."""
    outcomes = OutcomeSummary(rows=900, harm=LossSummary(0.1, 0.3, 900, 12.5))
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
