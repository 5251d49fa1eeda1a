from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.continuation import why_new_bins
from model_drift_exporter.reference.building.builder import BuildOptions
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.tracking import ModelTrack, TrackOptions
from tests.prediction_log import START, batch_of, make_rows, profile_of

_OPTIONS = TrackOptions((parse_window("1h"),), learn_records=100)
_OTHER_BINS = attrs.evolve(_OPTIONS, build=BuildOptions(categories=3))


def _reference(rows: int = 200) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9))])


def _learned() -> ModelTrack:
    track = ModelTrack("m", None, _OPTIONS)
    track.process(batch_of(make_rows(120)), arrival=START)
    return track


@pytest.mark.parametrize(
    "options", [_OPTIONS, attrs.evolve(_OPTIONS, windows=(parse_window("90"),), series_per_model=300)]
)
def test_windows_and_limits_are_no_reason(options: TrackOptions) -> None:
    """Neither for a given reference nor for a learned one."""
    assert why_new_bins(ModelTrack("m", _reference(), _OPTIONS), _reference(), options, same_fields=True) == ""
    assert why_new_bins(_learned(), None, options, same_fields=True) == ""


def test_how_references_are_learned_concerns_learned_ones_only() -> None:
    """A given reference has its bins whatever the settings say."""
    assert why_new_bins(ModelTrack("m", _reference(), _OPTIONS), _reference(), _OTHER_BINS, same_fields=True) == ""
    for options in (_OTHER_BINS, attrs.evolve(_OPTIONS, learn_records=101)):
        reason = why_new_bins(_learned(), None, options, same_fields=True)
        assert reason == "settings changed that its reference was learned with: it learns another"


def test_other_references_are_a_reason() -> None:
    """One that comes, goes or changes."""
    given, other = _reference(), _reference(300)
    track = ModelTrack("m", given, _OPTIONS)
    changed = f"its reference changed from {given.fingerprint} to {other.fingerprint}"
    assert why_new_bins(track, other, _OPTIONS, same_fields=True) == changed
    assert "no reference is given" in why_new_bins(track, None, _OPTIONS, same_fields=True)
    assert given.fingerprint in why_new_bins(_learned(), given, _OPTIONS, same_fields=True)


def test_other_fields_are_a_reason() -> None:
    """Equal bins then count something else."""
    reference = _reference()
    reason = why_new_bins(ModelTrack("m", reference, _OPTIONS), reference, _OPTIONS, same_fields=False)
    assert reason == "fields, features.include or features.exclude changed"
