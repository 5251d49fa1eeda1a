from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from model_drift_exporter.models.model import Model
from model_drift_exporter.models.models import Models, default_model, why_new_bins
from model_drift_exporter.models.settings import LearnSettings, MonitoringSettings
from model_drift_exporter.records.batches import Decoded, LabelBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.service.snapshot_file import read_snapshot, write_snapshot
from model_drift_exporter.settings.values import parse_window
from tests.sections import build_settings, monitoring_settings
from tests.support.exposition import Exposition, series_lines
from tests.support.prediction_log import START, Row, arrived, batch_of, make_rows, profile_of

_SETTINGS = monitoring_settings((parse_window("1h"),), learn_records=100)


def _reference(model: str, rows: int = 200) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9))], model=model)


def _give(models: Models, rows: list[Row]) -> None:
    models.process(Decoded(batch_of(rows)), START)
    models.give_gathered()


def _give_labels(models: Models, names: list[object] | None, size: int = 1) -> None:
    size = len(names) if names is not None else size
    models.process(Decoded(None, LabelBatch.of(size, model=names, label=["yes"] * size)), START)


def _records(models: Models) -> dict[str, float]:
    return Exposition.of(models.collect()).by("model", "model_records_total")


def test_models_are_kept_apart() -> None:
    """Each record counts for the model it names; one without a name for the default."""
    models = Models(_SETTINGS)
    _give(models, [row | {"model": ("a", "b", None, "", 7)[index % 5]} for index, row in enumerate(make_rows(50))])
    assert _records(models) == {"a": 10, "b": 10, "default": 20, "7": 10}


def _taken_over(models: Models) -> float:
    renewed = Models(_SETTINGS, [_reference("churn")])
    renewed.take_over(models, same_fields=True)
    return _records(renewed)["churn"]


_LOOKS: dict[str, Callable[[Models], float]] = {
    "collect": lambda models: _records(models)["churn"],
    "up to date": lambda models: models.up_to_date()["churn"].traffic.records,
    "snapshot": lambda models: models.snapshot()["tracks"]["churn"]["traffic"]["line"] + 1,
    "take over": _taken_over,
}


@pytest.mark.parametrize("look", _LOOKS)
def test_whoever_looks_finds_all_that_has_come(look: str) -> None:
    """Also what is gathered still, and nothing twice."""
    models = Models(_SETTINGS, [_reference("churn")])
    for first in range(0, 30, 10):
        rows = batch_of(make_rows(10, seed=first, start=START + 100 * first, model="churn"))
        models.process(Decoded(attrs.evolve(rows, position=np.arange(first, first + 10))), START)
    assert models.by_name["churn"].traffic.records == 0
    assert _LOOKS[look](models) == 30
    assert _records(models) == {"churn": 30}


def test_what_is_decided_is_told_when_no_earlier_line_is_gathered() -> None:
    """Edges of several models are in the order of their records, whichever model is given more first."""
    models = Models(_SETTINGS, [_reference("churn"), _reference("fraud")])
    early = attrs.evolve(batch_of(make_rows(1, model="fraud")), position=np.array([0]))
    models.process(Decoded(early), START, "log")
    for first in range(1, 1_601, 400):
        _broken(models, "churn", first)
    assert models.drain_settled_transitions() == []
    assert [each.model for each in models.drain_transitions()] == ["churn"]
    assert models.drain_settled_transitions() == []


def test_unnamed_records_belong_to_the_only_reference() -> None:
    """With one reference its model is the default; with several there is none; a configured name wins."""
    for references, name, expected in (
        ([_reference("churn")], None, "churn"),
        ([_reference("churn"), _reference("fraud")], None, "default"),
        ([_reference("churn")], "mine", "mine"),
    ):
        models = Models(_SETTINGS, references, default_name=name)
        _give(models, make_rows(3))
        assert _records(models) == {expected: 3}
        assert default_model(name, references) == expected


def test_a_reference_for_another_model() -> None:
    """A model that no reference names learns its own; the reference of the default serves all."""
    models = Models(_SETTINGS, [_reference("churn")])
    _give(models, make_rows(3, model="fraud"))
    assert models.up_to_date()["fraud"].learning == 3
    models = Models(_SETTINGS, [_reference("default")])
    _give(models, make_rows(3, model="fraud"))
    assert models.up_to_date()["fraud"].learning is None


def test_models_beyond_the_limit_are_counted_together() -> None:
    """At most so many models have series; the records of the rest are under __other__, and so are their labels."""
    models = Models(_SETTINGS, limit=3)
    _give(models, [row | {"model": f"m{index % 5}"} for index, row in enumerate(make_rows(50))])
    _give(models, make_rows(4, model="__other__"))
    _give_labels(models, ["m0", "m4", "m4", "new"])
    assert _records(models) == {"m0": 10, "m1": 10, "m2": 10, "__other__": 24}
    labels = Exposition.of(models.collect()).by("model", "model_labels_total")
    assert labels == {"m0": 1, "m1": 0, "m2": 0, "__other__": 3}


def test_labels_find_their_model() -> None:
    """A label names its model, or belongs to the only one; one that comes before its model's records keeps the name."""
    models = Models(_SETTINGS)
    _give_labels(models, ["churn", None])
    assert models.labels() == {"churn": 1, "default": 1}
    _give(models, make_rows(3, model="churn"))
    _give_labels(models, None, size=2)
    assert models.labels() == {"churn": 4}
    _give(models, make_rows(3, model=7))
    _give_labels(models, [7, "7"])
    assert models.labels() == {"churn": 4, "7": 2}


def test_series_are_counted_exactly() -> None:
    """The number of series exported for a model is that of the lines with its name."""
    models = Models(_SETTINGS, [_reference("churn")])
    _give(models, make_rows(30, model="churn", latency=0.1))
    _give(models, make_rows(30, model="fraud"))
    found = Exposition.of(models.collect())
    for name in ("churn", "fraud"):
        lines = [line for line in series_lines(found.text) if f'model="{name}"' in line]
        assert found("model_drift_exporter_series", model=name) == len(lines)


def test_learning_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    """The log says that a model is learned, that it was, and what to be careful about."""
    caplog.set_level(logging.INFO)
    models = Models(_SETTINGS)
    _give(models, make_rows(150))
    assert caplog.messages[0] == "model default has no reference: learning one from its first 100 records"
    assert caplog.messages[1] == "model default: learned a reference from 100 records"
    assert "only 100 rows" in caplog.messages[2]


def test_learning_ends_with_the_input(caplog: pytest.LogCaptureFixture) -> None:
    """At the end of the input a model that still learns takes what it has."""
    caplog.set_level(logging.INFO)
    models = Models(_SETTINGS)
    _give(models, make_rows(60))
    models.finish()
    models.finish()
    assert models.up_to_date()["default"].reference is not None
    assert sum("learned a reference" in message for message in caplog.messages) == 1


def test_learning_that_fails_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """Records that no reference can be built from are counted, with one error in the log; other models go on."""
    models = Models(_SETTINGS)
    for _ in range(3):
        _give(models, [{"features": {"x": None}, "ts": START, "model": "empty"} for _ in range(60)])
    _give(models, make_rows(100, model="sound"))
    models.finish()
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "model empty: no usable feature" in errors[0]
    assert "its records are counted only" in errors[0]
    assert _records(models) == {"empty": 180, "sound": 100}


def _text(models: Models) -> list[str]:
    return series_lines(Exposition.of(models.collect()).text)


def test_taking_over_keeps_what_did_not_change() -> None:
    """With the same settings and reference a model goes on as it was, one that learned its reference, too."""
    old = Models(_SETTINGS, [_reference("churn")])
    for name in ("churn", "fraud"):
        _give(old, make_rows(120, model=name, latency=0.2))
    _give_labels(old, ["churn"])
    before = _text(old)
    same = Models(_SETTINGS, [_reference("churn")])
    same.take_over(old, same_fields=True)
    assert _text(same) == before


@pytest.mark.parametrize("model", ["churn", "fraud"])
@pytest.mark.parametrize(
    "changes",
    [{"windows": (parse_window("1h"), parse_window("2h"))}, {"build": build_settings(series_per_model=360)}],
    ids=["windows", "limit"],
)
def test_other_windows_or_limits_keep_the_bins(
    model: str, changes: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Bins, given or learned, do not depend on them: every record stays in its counters, and in the windows that stay."""
    old = Models(_SETTINGS, [_reference("churn")])
    _give(old, make_rows(150, model=model, latency=0.2))
    renewed = Models(attrs.evolve(_SETTINGS, **changes), [_reference("churn")])
    caplog.set_level(logging.INFO)
    caplog.clear()
    renewed.take_over(old, same_fields=True)
    _give(renewed, make_rows(10, seed=4, start=START + 1_500, model=model, latency=0.2))
    found = Exposition.of(renewed.collect())
    records = found("model_records_total", model=model)
    assert records == 160
    for name in found.by("feature", "model_feature_observations_total", model=model, bin="__missing__"):
        assert found.total("model_feature_observations_total", model=model, feature=name) == records
    assert found.total("model_prediction_observations_total", model=model) == records
    assert found("model_latency_seconds_count", model=model) == records
    if "windows" in changes:
        assert found("model_confidence_count", model=model) == records
        assert found.by("window", "model_window_records", model=model) == {"1h": 160, "2h": 10}
    else:
        assert found("model_drift_exporter_series_suppressed", model=model) > 0
    assert caplog.messages == []


def test_a_lifted_limit_shows_what_was_counted_below_it() -> None:
    """Columns that a limit left out were counted all the same."""
    old = Models(attrs.evolve(_SETTINGS, build=build_settings(series_per_model=100)), [_reference("churn")])
    _give(old, make_rows(150, model="churn"))
    assert not Exposition.of(old.collect()).select("model_confidence_count")
    lifted = Models(_SETTINGS, [_reference("churn")])
    lifted.take_over(old, same_fields=True)
    found = Exposition.of(lifted.collect())
    assert found("model_confidence_count", model="churn") == 150
    assert found.total("model_feature_observations_total", model="churn", feature="age") == 150
    suppressed = found("model_drift_exporter_suppressed_observations_total", model="churn")
    assert suppressed == Exposition.of(old.collect())(
        "model_drift_exporter_suppressed_observations_total", model="churn"
    )
    assert suppressed > 0


def test_taking_over_starts_anew_where_bins_changed(caplog: pytest.LogCaptureFixture) -> None:
    """Another reference or other fields begin new bins, totals go on, and one line for each model says so and why."""
    caplog.set_level(logging.INFO)
    old = Models(_SETTINGS, [_reference("churn")])
    _give(old, make_rows(120, model="churn"))
    for models, same_fields, why in (
        (Models(_SETTINGS, [_reference("churn", rows=300)]), True, "its reference changed from "),
        (Models(_SETTINGS, [_reference("churn")]), False, "fields, features.include or features.exclude changed"),
        (Models(_SETTINGS), True, "no reference is given for it any more"),
    ):
        caplog.clear()
        models.take_over(old, same_fields=same_fields)
        (message,) = caplog.messages
        assert message.startswith(f"model churn: its bin counters and windows start again from 0, because {why}")
        found = Exposition.of(models.collect())
        assert found("model_records_total", model="churn") == 120
        assert found.total("model_feature_observations_total", model="churn", feature="age") == 0


def test_a_model_without_hope_stays_so() -> None:
    """Records that no reference could be learned from are not tried again because a window changed."""
    old = Models(_SETTINGS)
    _give(old, [{"features": {"x": None}, "ts": START} for _ in range(100)])
    renewed = Models(attrs.evolve(_SETTINGS, windows=(parse_window("2h"),)))
    renewed.take_over(old, same_fields=True)
    _give(renewed, [{"features": {"x": None}, "ts": START} for _ in range(5)])
    assert renewed.up_to_date()["default"].learning is None
    assert _records(renewed) == {"default": 105}


def test_only_names_of_models_become_labels() -> None:
    """An object, a float or an endless text in a model field would carry data into a label."""
    models = Models(_SETTINGS, [_reference("churn")])
    _give(models, make_rows(3, model="churn"))
    _give_labels(models, ["churn", {"secret": "alice"}, 3.25, "x" * 1_000])
    assert models.labels() == {"churn": 4}
    _give(models, make_rows(2, model="x" * 1_000))
    assert list(models.by_name) == ["churn"]


def test_records_that_name_the_default_and_none_are_one_batch() -> None:
    """Of one model, in their order."""
    models = Models(_SETTINGS, [_reference("churn")])
    _give(models, [row | {"model": "churn" if index % 2 else None} for index, row in enumerate(make_rows(20))])
    assert _records(models) == {"churn": 20}


def _broken(models: Models, model: str, first: int = 0, start: float = START) -> None:
    """Records of a model over some hours, each followed by two lines that cannot be read."""
    rows = make_rows(400, seed=2, start=start + first, step=40.0, model=model)
    lines = np.arange(3 * len(rows)) + 3 * first
    records = attrs.evolve(batch_of(rows), position=lines[::3].tolist())
    rejected = np.setdiff1d(lines, lines[::3])
    models.process(Decoded(records, rejected=rejected), START, "log")


def test_alerts_are_released_and_drained_by_model() -> None:
    """One model or all; each edge comes once, in the order of the lines."""
    models = Models(_SETTINGS, [_reference("churn"), _reference("fraud")])
    _broken(models, "churn", 10_000)
    _broken(models, "fraud")
    edges = models.drain_transitions()
    assert [(each.model, each.alert) for each in edges] == [
        ("fraud", "ModelInputBroken"),
        ("churn", "ModelInputBroken"),
    ]
    assert models.drain_transitions() == []
    assert models.rearm("fraud") == {"fraud": ["ModelInputBroken"]}
    assert [(each.model, each.firing) for each in models.drain_transitions()] == [("fraud", False)]
    assert models.rearm() == {"churn": ["ModelInputBroken"]}
    assert models.rearm() == {}
    with pytest.raises(KeyError):
        models.rearm("nobody")


def test_edges_of_models_are_in_the_order_of_their_records() -> None:
    """Whatever the clock of each model says: in the same order as if they were drained one after the other."""
    drained: list[list[tuple[str, int]]] = []
    for between in (False, True):
        models, edges = Models(_SETTINGS, [_reference("churn"), _reference("fraud")]), []
        for model, first, start in (("fraud", 0, START + 1e6), ("churn", 1_000, START)):
            _broken(models, model, first, start)
            edges += models.drain_transitions() if between else []
        drained.append([(each.model, each.record) for each in [*edges, *models.drain_transitions()]])
    assert [model for model, _ in drained[0]] == ["fraud", "churn"]
    assert drained[0] == drained[1]


def test_rejected_lines_find_their_model() -> None:
    """Of two models in one log only the one whose records the bad lines follow is broken."""
    models = Models(_SETTINGS, [_reference("churn"), _reference("fraud")])
    _broken(models, "churn")
    models.process(
        Decoded(attrs.evolve(batch_of(make_rows(400, model="fraud")), position=np.arange(1_200, 1_600))), START, "log"
    )
    active = [name for name, model in models.up_to_date().items() if model.alarms["ModelInputBroken"].active]
    assert active == ["churn"]
    models.process(Decoded(rejected=np.arange(1_600, 60_000)), START, "log")
    models.process(
        Decoded(attrs.evolve(batch_of(make_rows(1, model="fraud")), position=np.array([60_000]))), START, "log"
    )
    assert models.up_to_date()["fraud"].alarms["ModelInputBroken"].active


def test_models_go_on_from_a_snapshot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Alarms, records to learn from and labels that wait for their model; a model whose reference changed begins anew."""
    old = Models(_SETTINGS, [_reference("churn"), _reference("fraud")])
    _broken(old, "churn")
    _broken(old, "fraud")
    _give(old, make_rows(60, model="new"))
    _give_labels(old, ["later"], 1)
    write_snapshot(tmp_path / "state", old.snapshot())
    restored = Models(_SETTINGS, [_reference("churn"), _reference("fraud", rows=400)])
    restored.restore(read_snapshot(tmp_path / "state"))
    assert restored.up_to_date()["churn"].alarms["ModelInputBroken"].active
    assert not restored.up_to_date()["fraud"].alarms["ModelInputBroken"].active
    assert restored.up_to_date()["new"].learning == 60
    assert [message for message in caplog.messages if "model fraud begins anew: " in message]
    assert not [message for message in caplog.messages if "model churn" in message]
    claimed = [batch.labels for batch in restored.routing.claim("later", only=False, arrival=START)]
    assert [labels.size for labels in claimed if labels is not None] == [1]


_OTHER_BINS = attrs.evolve(_SETTINGS, build=build_settings(categories=3))


def _default_reference(rows: int = 200) -> ReferenceProfile:
    return profile_of([batch_of(make_rows(rows, seed=9))])


def _learned() -> Model:
    model = Model("m", None, _SETTINGS)
    model.process(arrived(batch_of(make_rows(120))))
    return model


@pytest.mark.parametrize(
    "settings",
    [_SETTINGS, attrs.evolve(_SETTINGS, windows=(parse_window("90"),), build=build_settings(series_per_model=300))],
)
def test_windows_and_limits_are_no_reason(settings: MonitoringSettings) -> None:
    """Neither for a given reference nor for a learned one."""
    assert (
        why_new_bins(Model("m", _default_reference(), _SETTINGS), _default_reference(), settings, same_fields=True)
        == ""
    )
    assert why_new_bins(_learned(), None, settings, same_fields=True) == ""


def test_how_references_are_learned_concerns_learned_ones_only() -> None:
    """A given reference has its bins whatever the settings say."""
    assert (
        why_new_bins(Model("m", _default_reference(), _SETTINGS), _default_reference(), _OTHER_BINS, same_fields=True)
        == ""
    )
    for settings in (_OTHER_BINS, attrs.evolve(_SETTINGS, learn=LearnSettings(101))):
        reason = why_new_bins(_learned(), None, settings, same_fields=True)
        assert reason == "settings changed that its reference was learned with: it learns another"


def test_other_references_are_a_reason() -> None:
    """One that comes, goes or changes."""
    given, other = _default_reference(), _default_reference(300)
    model = Model("m", given, _SETTINGS)
    changed = f"its reference changed from {given.fingerprint} to {other.fingerprint}"
    assert why_new_bins(model, other, _SETTINGS, same_fields=True) == changed
    assert "no reference is given" in why_new_bins(model, None, _SETTINGS, same_fields=True)
    assert given.fingerprint in why_new_bins(_learned(), given, _SETTINGS, same_fields=True)


def test_other_fields_are_a_reason() -> None:
    """Equal bins then count something else."""
    reference = _default_reference()
    reason = why_new_bins(Model("m", reference, _SETTINGS), reference, _SETTINGS, same_fields=False)
    assert reason == "fields, features.include or features.exclude changed"
