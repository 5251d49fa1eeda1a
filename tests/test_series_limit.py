from __future__ import annotations

from collections.abc import Sequence

import pytest

from model_drift_exporter.config import parse_window
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.series_limit import _OTHER_SERIES, _SERIES_PER_WINDOW, exported_columns, series_of
from model_drift_exporter.tracking import ModelTrack, TrackOptions
from tests.exposition import Exposition, series_lines
from tests.prediction_log import START, Row, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("1h", "100")))
_OPTIONS = TrackOptions(_WINDOWS, learn_records=200)


def _reference(rows: int = 500) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9, model_version="1"))])


def _track(rows: Sequence[Row], reference: ReferenceProfile, options: TrackOptions = _OPTIONS) -> ModelTrack:
    track = ModelTrack("m", reference, options)
    track.process(batch_of(rows), float(START))
    return track


def _text(track: ModelTrack) -> list[str]:
    return series_lines(Exposition.of(track.collect()).text)


def test_series_of_columns_are_those_exported() -> None:
    """The series that a column is said to cost are those that a full window has, for every role."""
    numbers = [row | {"prediction": row["score"] * 7, "score": None} for row in make_rows(800, seed=5)]
    for rows in (make_rows(800, seed=5), numbers):
        profile = profile_of([batch_of(rows)])
        everything = len(_text(_track(rows, profile)))
        none = len(_text(_track(rows, profile, TrackOptions(_WINDOWS, series_per_model=1))))
        assert everything - none == sum(series_of(column, 2) for column in profile.columns)


@pytest.mark.parametrize("limit", [100, 300, 400, 450, 5_000])
def test_series_limit_is_hard(limit: int) -> None:
    """No model exports more than its limit; what is left out is named, and its observations are counted."""
    rows = make_rows(800, seed=5, latency=0.01, label="yes", model_version="1")
    reference = profile_of([batch_of(rows)])
    track = _track(rows, reference, TrackOptions(_WINDOWS, series_per_model=limit))
    found = Exposition.of(track.collect())
    assert len(_text(track)) <= limit
    assert found("model_drift_exporter_series_suppressed", model="m") == track.suppressed_series
    assert track.suppressed_observations == 800 * len(track.suppressed)
    assert bool(track.suppressed) == (limit < 5_000)
    exported = {dict(labels)["feature"] for labels in found.select("model_feature_psi", model="m")}
    assert exported == {"age", "country"} - set(track.suppressed)


def test_outputs_go_before_features() -> None:
    """Where not all fits, prediction and score stay, then the features in their order."""
    columns = _reference().columns
    outputs = [2, 3, 4, 5, 6]
    room = _OTHER_SERIES + 2 * _SERIES_PER_WINDOW + sum(series_of(columns[position], 2) for position in outputs)
    assert exported_columns(columns, 2, room) == outputs
    assert exported_columns(columns, 2, room + series_of(columns[1], 2)) == [1, *outputs]
    assert exported_columns(columns, 2, room + series_of(columns[0], 2) + series_of(columns[1], 2)) == list(range(7))
