"""Sections of settings for tests, also with values that no user can set: a store of ten predictions fills quickly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import attrs

from model_drift_exporter.configuration.settings import FieldSettings
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.labels.settings import LabelSettings
from model_drift_exporter.models.settings import LearnSettings, MonitoringSettings
from model_drift_exporter.reference.building.settings import (
    BuildSettings,
    FeatureSettings,
    LimitSettings,
    ModelSettings,
)
from model_drift_exporter.settings.values import Window

__all__ = ["build_settings", "field_settings", "label_settings", "monitoring_settings", "unchecked"]

T = TypeVar("T")


def unchecked(section: type[T], **values: Any) -> T:
    """A section whose values may be out of range."""
    with attrs.validators.disabled():
        return section(**values)


def label_settings(**values: Any) -> LabelSettings:
    return unchecked(LabelSettings, **values)


def field_settings(**names: str) -> FieldSettings:
    """Names of fields. The fields of a record come from a table, so a type checker does not know them."""
    return FieldSettings(**names)


def build_settings(**values: Any) -> BuildSettings:
    """Each of the values in its section."""
    sections = [
        unchecked(cls, **{name: value for name, value in values.items() if name in attrs.fields_dict(cls)})
        for cls in (FeatureSettings, ModelSettings, LimitSettings)
    ]
    return BuildSettings(*sections)  # type: ignore[arg-type]  # they are of these types, in this order


def monitoring_settings(
    windows: Sequence[Window],
    *,
    learn_records: int = 5_000,
    series_per_model: int = 30_000,
    evidence: EvidenceSettings | None = None,
    labels: LabelSettings | None = None,
) -> MonitoringSettings:
    return MonitoringSettings(
        tuple(windows),
        build_settings(series_per_model=series_per_model),
        LearnSettings(learn_records),
        labels or LabelSettings(),
        evidence or EvidenceSettings(),
    )
