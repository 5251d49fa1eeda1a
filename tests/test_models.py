from __future__ import annotations

import logging

import pytest

from model_drift_exporter.config import parse_window
from model_drift_exporter.models import Models
from model_drift_exporter.records import Decoded, LabelBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.tracking import TrackOptions
from tests.exposition import Exposition, series_lines
from tests.prediction_log import START, Row, batch_of, make_rows, profile_of

_OPTIONS = TrackOptions((parse_window("1h"),), learn_records=100)


def _reference(model: str, rows: int = 200) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9))], model=model)


def _give(models: Models, rows: list[Row]) -> None:
    models.process(Decoded(batch_of(rows)), START)


def _give_labels(models: Models, names: list[object] | None, size: int = 1) -> None:
    size = len(names) if names is not None else size
    models.process(Decoded(None, LabelBatch(size, model=names, label=["yes"] * size)), START)


def _records(models: Models) -> dict[str, float]:
    return Exposition.of(models.collect()).by("model", "model_records_total")


def test_models_are_kept_apart() -> None:
    """Each record counts for the model it names; one without a name for the default."""
    models = Models(_OPTIONS)
    _give(models, [row | {"model": ("a", "b", None, "", 7)[index % 5]} for index, row in enumerate(make_rows(50))])
    assert _records(models) == {"a": 10, "b": 10, "default": 20, "7": 10}


def test_unnamed_records_belong_to_the_only_reference() -> None:
    """With one reference its model is the default; with several there is none; a configured name wins."""
    for references, name, expected in (
        ([_reference("churn")], None, "churn"),
        ([_reference("churn"), _reference("fraud")], None, "default"),
        ([_reference("churn")], "mine", "mine"),
    ):
        models = Models(_OPTIONS, references, default_name=name)
        _give(models, make_rows(3))
        assert _records(models) == {expected: 3}


def test_a_reference_for_another_model() -> None:
    """A model that no reference names learns its own; the reference of the default serves all."""
    models = Models(_OPTIONS, [_reference("churn")])
    _give(models, make_rows(3, model="fraud"))
    assert models.tracks["fraud"].learning == 3
    models = Models(_OPTIONS, [_reference("default")])
    _give(models, make_rows(3, model="fraud"))
    assert models.tracks["fraud"].learning is None


def test_models_beyond_the_limit_are_counted_together() -> None:
    """At most so many models have series; the records of the rest are under __other__, and so are their labels."""
    models = Models(_OPTIONS, limit=3)
    _give(models, [row | {"model": f"m{index % 5}"} for index, row in enumerate(make_rows(50))])
    _give(models, make_rows(4, model="__other__"))
    _give_labels(models, ["m0", "m4", "m4", "new"])
    assert _records(models) == {"m0": 10, "m1": 10, "m2": 10, "__other__": 24}
    labels = Exposition.of(models.collect()).by("model", "model_labels_total")
    assert labels == {"m0": 1, "m1": 0, "m2": 0, "__other__": 3}


def test_names_in_labels_are_bounded() -> None:
    """Labels with ever new model names take no more memory than the limit allows, and none is lost."""
    models = Models(_OPTIONS, limit=3)
    for start in range(0, 1_000, 50):
        _give_labels(models, [f"m{index}" for index in range(start, start + 50)])
    assert len(models._labels) < 60
    assert sum(models.labels().values()) == 1_000


def test_labels_find_their_model() -> None:
    """A label names its model, or belongs to the only one; one that comes before its model's records keeps the name."""
    models = Models(_OPTIONS)
    _give_labels(models, ["churn", None])
    assert models.labels() == {"churn": 1, "default": 1}
    _give(models, make_rows(3, model="churn"))
    _give_labels(models, None, size=2)
    assert models.labels() == {"churn": 4}
    _give(models, make_rows(3, model=7))
    _give_labels(models, [7, "7"])
    assert models.labels() == {"churn": 1, "default": 3, "7": 2}


def test_series_are_counted_exactly() -> None:
    """The number of series exported for a model is that of the lines with its name."""
    models = Models(_OPTIONS, [_reference("churn")])
    _give(models, make_rows(30, model="churn", latency=0.1))
    _give(models, make_rows(30, model="fraud"))
    found = Exposition.of(models.collect())
    for name in ("churn", "fraud"):
        lines = [line for line in series_lines(found.text) if f'model="{name}"' in line]
        assert found("model_drift_exporter_series", model=name) == len(lines)


def test_learning_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that a model is learned, that it was, and what to be careful about."""
    caplog.set_level(logging.INFO)
    models = Models(_OPTIONS)
    _give(models, make_rows(150))
    assert caplog.messages[0] == "model default has no reference: learning one from its first 100 records"
    assert caplog.messages[1] == "model default: learned a reference from 100 records"
    assert "only 100 rows" in caplog.messages[2]


def test_learning_ends_with_the_input(caplog: pytest.LogCaptureFixture) -> None:
    """At the end of the input a model that still learns takes what it has."""
    caplog.set_level(logging.INFO)
    models = Models(_OPTIONS)
    _give(models, make_rows(60))
    models.finish()
    models.finish()
    assert models.tracks["default"].reference is not None
    assert sum("learned a reference" in message for message in caplog.messages) == 1


def test_learning_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Records that no reference can be built from are counted, with one error in the log; other models go on."""
    models = Models(_OPTIONS)
    for _ in range(3):
        _give(models, [{"features": {"x": None}, "ts": START, "model": "empty"} for _ in range(60)])
    _give(models, make_rows(100, model="sound"))
    models.finish()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "model empty: no usable feature" in errors[0]
    assert "its records are counted only" in errors[0]
    assert _records(models) == {"empty": 180, "sound": 100}


def test_taking_over_keeps_what_did_not_change() -> None:
    """With the same options and reference a model goes on as it was; a learned reference is kept, too."""
    old = Models(_OPTIONS, [_reference("churn")])
    for name in ("churn", "fraud"):
        _give(old, make_rows(120, model=name))
    _give_labels(old, ["churn"])
    same = Models(_OPTIONS, [_reference("churn")])
    same.take_over(old, keep=True)
    assert same.tracks == old.tracks
    assert same.labels() == old.labels()


def test_taking_over_starts_anew_where_something_changed() -> None:
    """Another reference, other windows or other fields begin new bins, and totals go on."""
    old = Models(_OPTIONS, [_reference("churn")])
    _give(old, make_rows(120, model="churn"))
    for models, keep in (
        (Models(_OPTIONS, [_reference("churn", rows=300)]), True),
        (Models(TrackOptions((parse_window("2h"),)), [_reference("churn")]), True),
        (Models(_OPTIONS, [_reference("churn")]), False),
    ):
        models.take_over(old, keep=keep)
        found = Exposition.of(models.collect())
        assert found("model_records_total", model="churn") == 120
        assert found.total("model_feature_observations_total", model="churn", feature="age") == 0
