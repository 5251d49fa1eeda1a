"""What the real Alertmanager, with the shipped configuration, silences."""

from __future__ import annotations

import pytest

from model_drift_exporter.monitors import ALARMS
from tests.support.sidecar import eventually
from tests.system.alertmanager.examples import Alert, alert, exporter_down, input_broken, loss_increased
from tests.system.alertmanager.running import Alertmanager

INHIBITED: list[tuple[Alert, list[str], list[str]]] = [
    (
        input_broken("cause-input"),
        [
            *(alarm.alert for alarm in ALARMS if "ModelInputBroken" in alarm.silenced_by),
            "ModelRecordErrorsHigh",
        ],
        ["ModelReferenceMismatch", "ModelExporterLag", "ModelExporterConfigReloadFailed"],
    ),
    (
        exporter_down("cause-down"),
        ["ModelTrafficStopped", "ModelExporterLag", "ModelExporterSnapshotStale", "ModelExporterPartlyBlind"],
        ["ModelLossIncreased", "ModelFeatureDrift", "ModelReferenceMismatch"],
    ),
    (
        alert("ModelExporterAbsent", "page", model="cause-absent", annotations={}),
        ["ModelTrafficStopped"],
        ["ModelLossIncreased"],
    ),
    (
        alert("ModelExporterInputDown", "page", model="cause-unreadable", annotations={}),
        ["ModelTrafficStopped", "ModelExporterLag"],
        ["ModelLossIncreased", "ModelFeatureDrift"],
    ),
    (
        loss_increased("cause-loss"),
        [],
        ["ModelFeatureDrift", "ModelConceptDrift", "ModelPredictionDrift", "ModelFeatureMissingValues"],
    ),
]


@pytest.mark.parametrize(
    ("cause", "silenced", "told"), INHIBITED, ids=[one[0]["labels"]["alertname"] for one in INHIBITED]
)
def test_a_cause_silences_what_it_causes(
    cause: Alert, silenced: list[str], told: list[str], running: Alertmanager
) -> None:
    """For the same model only, and nothing but effects."""
    model = cause["labels"]["model"]
    effects = [
        alert(name, "ticket", model=one, annotations={}) for name in silenced for one in (model, f"{model}-other")
    ]
    others = [alert(name, "page", model=model, annotations={}) for name in told]
    running.post(cause, *effects, *others)
    expected = {(model, name) for name in silenced}

    def seen() -> bool:
        return {pair for pair in running.suppressed() if pair[0].startswith(model)} == expected

    if expected:
        eventually(seen)
    eventually(lambda: running.decided(model) >= {*silenced, *told})
    assert seen()


@pytest.mark.parametrize("cause", ["ModelTrafficStopped", "ModelExporterDown"])
def test_stopped_traffic_silences_missing_labels_only(cause: str, running: Alertmanager) -> None:
    """That labels have stopped follows from it; that the reference is too small does not."""
    model = f"reasons-{cause}"
    reasons = ["no_labels", "labels_stopped", "few_reference_labels"]
    running.post(
        alert(cause, "page", model=model, annotations={}),
        *(alert("ModelDriftNotEvaluable", "ticket", model=model, annotations={}, reason=reason) for reason in reasons),
    )
    eventually(lambda: running.inhibited_reasons(model) == {"no_labels", "labels_stopped"})


@pytest.mark.parametrize("model", ["", "__none__"])
def test_alerts_without_a_model_silence_nothing(model: str, running: Alertmanager) -> None:
    """A label missing on both sides would count as equal; so would the word for no model."""
    running.post(
        alert("ModelExporterDown", "page", model=model, annotations={}, instance=f"a{model}"),
        alert("ModelExporterLag", "ticket", model=model, annotations={}, instance=f"b{model}"),
    )
    eventually(lambda: running.decided(model) >= {"ModelExporterDown", "ModelExporterLag"})
    assert not [name for one, name in running.suppressed() if one == model]
