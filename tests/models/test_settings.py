"""What changes of the settings mean to a model: which evidence restarts, and when another reference is learned."""

from __future__ import annotations

import functools
import random
from typing import Any, cast

import attrs
import pytest

from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.labels.settings import LabelSettings
from model_drift_exporter.models.model import Model
from model_drift_exporter.models.settings import LearnSettings, MonitoringSettings
from model_drift_exporter.monitors.loss import LossSettings
from model_drift_exporter.records.batches import NO_POSITIONS, ModelBatch
from model_drift_exporter.reference.building.settings import (
    BuildSettings,
    FeatureSettings,
    LimitSettings,
    ModelSettings,
)
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.declarations import all_settings
from model_drift_exporter.settings.values import parse_window
from tests.support.exposition import Exposition
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of

_SETTINGS = MonitoringSettings((parse_window("1h"),), labels=LabelSettings(delay_independent=True))

_COLUMNS, _LOSS, _NONE = (0.0, 40.0), (8.0, 0.0), (8.0, 40.0)
"""Updates that are left of 8 of the evidence on columns and 40 of that on the loss."""

_CHANGES: list[tuple[str, str, Any, tuple[float, float]]] = [
    ("evidence", "false_page", 525_600.0, _NONE),
    ("evidence", "false_ticket", 1_440.0, _NONE),
    ("evidence", "update_records", 20, _NONE),
    ("evidence", "update_interval", 60.0, _NONE),
    ("evidence", "update_labels", 20, _LOSS),
    ("evidence", "location_tolerance", 0.03, _COLUMNS),
    ("evidence", "missing_tolerance", 0.002, _COLUMNS),
    ("evidence", "broken_tolerance", 0.06, _COLUMNS),
    ("evidence", "psi_tolerance", 0.021, _COLUMNS),
    ("loss", "tolerance", 0.2, _LOSS),
    ("loss", "relative_tolerance", 1.0, _LOSS),
]


def _rows(count: int, seed: int) -> list[Row]:
    """A tenth of the labels differs from the prediction."""
    chance = random.Random(seed)
    rows = make_rows(count, seed=seed, step=60.0)
    for row in rows:
        wrong = chance.random() < 0.1
        row["label"] = {"yes": "no", "no": "yes"}[row["prediction"]] if wrong else row["prediction"]
    return rows


@functools.cache
def _reference() -> ReferenceProfile:
    return profile_of([batch_of(_rows(2_000, 9))])


@functools.cache
def _watched() -> Model:
    model = Model("m", _reference(), _SETTINGS)
    model.process(ModelBatch(batch_of(_rows(1_000, 1)[:400]), None, NO_POSITIONS, 0.0))
    return model


def _updates(model: Model) -> tuple[float, float]:
    found = Exposition.of(model.collect())
    return found("model_evidence_updates_total", model="m"), found("model_loss_evidence_updates_total", model="m")


def _changed(section: str, name: str, value: object) -> MonitoringSettings:
    if section == "loss":
        return attrs.evolve(_SETTINGS, monitors={"loss": attrs.evolve(LossSettings(), **{name: cast("float", value)})})
    return attrs.evolve(_SETTINGS, **{section: attrs.evolve(getattr(_SETTINGS, section), **{name: value})})


def test_the_table_has_all_settings_of_evidence() -> None:
    """Whoever adds one says what its change means."""
    sections = {"evidence": EvidenceSettings, "loss": LossSettings}
    declared = [(section, each.path[0]) for section, cls in sections.items() for each in all_settings(cls)]
    assert [(section, name) for section, name, _, _ in _CHANGES] == declared


@pytest.mark.parametrize(("section", "name", "value", "left"), _CHANGES)
def test_evidence_restarts_where_its_tolerances_change(
    section: str, name: str, value: object, left: tuple[float, float]
) -> None:
    """After a restart of the exporter, and of the evidence that the setting is about only."""
    assert value != getattr(LossSettings() if section == "loss" else getattr(_SETTINGS, section), name)
    old = _watched()
    model = Model("m", _reference(), _changed(section, name, value))
    model.restore(old.snapshot())
    assert _updates(old) == _NONE
    assert _updates(model) == left


def test_a_reload_is_as_a_restart() -> None:
    """The same evidence begins anew."""
    for section, name, value, left in _CHANGES:
        old = Model("m", _reference(), _SETTINGS)
        old.restore(_watched().snapshot())
        model = Model("m", _reference(), _changed(section, name, value))
        model.take_over(old, same_bins=True)
        assert _updates(model) == left, name


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(_SETTINGS, windows=(parse_window("2h"), parse_window("50"))),
        attrs.evolve(_SETTINGS, labels=LabelSettings(delay_independent=True, horizon=3_600.0, capacity=2_000)),
        attrs.evolve(_SETTINGS, learn=LearnSettings(200)),
        attrs.evolve(_SETTINGS, build=BuildSettings(limits=LimitSettings(categories=3, series_per_model=1_000))),
    ],
)
def test_no_other_setting_restarts_evidence(other: MonitoringSettings) -> None:
    """Windows, labels, learning and limits are about other things."""
    model = Model("m", _reference(), other)
    model.restore(_watched().snapshot())
    assert _updates(model) == _NONE


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (attrs.evolve(_SETTINGS, learn=LearnSettings(200)), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(FeatureSettings(kinds={"age": "categorical"}))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(model=ModelSettings(threshold=0.3))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(model=ModelSettings(positive_class="no"))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(model=ModelSettings(classes=("no", "yes")))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(model=ModelSettings(task="regression"))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(limits=LimitSettings(categories=3))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(limits=LimitSettings(minimum_count=3))), False),
        (attrs.evolve(_SETTINGS, build=BuildSettings(limits=LimitSettings(models=3, line_bytes=2_048))), True),
        (attrs.evolve(_SETTINGS, build=BuildSettings(FeatureSettings(include=("age",)))), True),
        (attrs.evolve(_SETTINGS, build=BuildSettings(model=ModelSettings(name="churn"))), True),
        (
            attrs.evolve(_SETTINGS, evidence=EvidenceSettings(psi_tolerance=0.1), monitors={"loss": LossSettings(0.1)}),
            True,
        ),
    ],
)
def test_a_learned_reference_stays_where_it_would_be_learned_again(other: MonitoringSettings, same: bool) -> None:
    """The settings that it was learned with count, not others of their sections; which features are left is told apart."""
    assert _SETTINGS.learns_as(other) is same
    assert (_SETTINGS.learning_text == other.learning_text) is same


def test_a_reference_that_an_earlier_version_learned_is_known() -> None:
    """Its snapshot says how it was learned, in these words."""
    settings = attrs.evolve(
        _SETTINGS,
        learn=LearnSettings(200),
        build=BuildSettings(
            FeatureSettings(kinds={"age": "categorical"}), ModelSettings(classes=("a", "b"), threshold=0.5)
        ),
    )
    assert settings.learning_text == (
        "(200, BuildOptions(kinds={'age': 'categorical'}, categories=20, minimum_count=10, task='auto', "
        "classes=('a', 'b'), positive_class=None, threshold=0.5))"
    )


def test_the_longest_window_is_one_of_time() -> None:
    """Numbers of records have no length."""
    assert MonitoringSettings((parse_window("1h"), parse_window("100"), parse_window("2h"))).longest_window == 7_200
    assert MonitoringSettings((parse_window("100"),)).longest_window is None
