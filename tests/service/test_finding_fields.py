from __future__ import annotations

import json

import msgspec
import pytest

from model_drift_exporter.monitors.findings import Finding
from model_drift_exporter.service.finding_fields import finding_fields
from model_drift_exporter.service.status import FindingStatus


def test_a_finding_has_one_shape_wherever_it_is_told() -> None:
    """All keys, in this order, also of what has no features and no onset."""
    found = Finding("inputs_moved", "note", "The inputs moved.", figures={"loss_change_from_inputs": 0.25})
    status = FindingStatus(found.kind, found.severity, found.text, found.features, found.since, found.figures)
    assert finding_fields(found) == finding_fields(status)
    assert [*json.loads(msgspec.json.encode(finding_fields(found))).items()] == [
        ("kind", "inputs_moved"),
        ("severity", "note"),
        ("features", []),
        ("since", None),
        ("figures", {"loss_change_from_inputs": 0.25}),
        ("text", "The inputs moved."),
    ]


@pytest.mark.parametrize(
    ("since", "text"),
    [
        (0.0, "1970-01-01T00:00:00Z"),
        (1_388_400_000.0, "2013-12-30T10:40:00Z"),
        (1_388_400_000.2504, "2013-12-30T10:40:00.250000Z"),
        (1e15, None),
        (float("inf"), None),
    ],
)
def test_since_is_rfc_3339_or_nothing(since: float, text: str | None) -> None:
    """Nothing for a time that RFC 3339 cannot say."""
    fields = finding_fields(Finding("inputs_moved", "note", "The inputs moved.", since=since))
    assert json.loads(msgspec.json.encode(fields))["since"] == text
