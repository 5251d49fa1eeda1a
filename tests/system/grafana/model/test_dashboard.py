"""Dashboard Model: what its queries answer, by the real Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.labels.evaluability import NOT_EVALUABLE
from model_drift_exporter.monitors import ALARMS, REASONS
from tests.grafana.model_queries import PANELS, TARGETS, model_query
from tests.support.promtool import check_values, wrong_values
from tests.support.rule_labels import alert_labels
from tests.support.rule_series import labelled, series


def _texts(panel: int, field: str = "") -> dict[str, Any]:
    """Value mappings of a panel, or of one of its columns."""
    properties = [
        each
        for override in PANELS[panel].overrides
        if override["matcher"]["options"] == field
        for each in override["properties"]
    ]
    found = [each["value"] for each in properties if each["id"] == "mappings"]
    mappings = found[0] if field else PANELS[panel].defaults["mappings"]
    return dict(mappings[0]["options"])


_SEVERITIES = {spec.alert: spec.severity for spec in ALARMS}


def _evidence(model: str, alert: str, value: float) -> list[dict[str, str]]:
    labels = {"model": model, "alert": alert, "severity": _SEVERITIES[alert]}
    return [
        series("model:alert_evidence:log10", f"{value}x10", **labels),
        series("model:alert_evidence_threshold:log10", "4x10", **labels),
    ]


def test_the_worst_alerts_stand_first(tmp_path: Path) -> None:
    """The tile Firing lists every alert once, and names one to read about where nothing is known about the model."""
    inputs = [
        series(
            "model:alert_state:max",
            f"{state}x10",
            model="credit",
            alert=alert,
            severity=_SEVERITIES.get(alert, "ticket"),
        )
        for alert, state in (("ModelFeatureDrift", 2), ("ModelLossIncreased", 3), ("ModelTrafficStopped", 2))
    ]
    inputs += [series("model:state:max", f"{state}x10", model=model) for model, state in (("credit", 3), ("quiet", 0))]
    expected = {
        model_query(2): {
            '{alert="ModelLossIncreased"}': 3.0,
            '{alert="ModelFeatureDrift"}': 2.0,
            '{alert="ModelTrafficStopped"}': 2.0,
        },
        model_query(2, model="quiet"): {},
        model_query(2, model="nobody"): {'{alert="ModelExporterAbsent"}': 1.0},
        model_query(1, model="quiet"): {'{model="quiet"}': 0.0},
        model_query(1, model="nobody"): {'{model="nobody"}': 4.0},
    }
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_what_cannot_be_judged_is_not_quiet(tmp_path: Path) -> None:
    """Evidence of 1e-300 stands for none: a purple row, and no line that would lie at 0 %."""
    inputs = [*_evidence("credit", "ModelLossIncreased", -300.0), *_evidence("credit", "ModelInputBroken", 4.5)]

    def labels(alert: str) -> str:
        return labelled("", model="credit", alert=alert, severity="page")

    expected = {
        model_query(11): {labels("ModelLossIncreased"): 1.0, labels("ModelInputBroken"): 3.0},
        model_query(10): {labels("ModelInputBroken"): 112.5},
    }
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_what_is_held_although_it_is_usual_again_has_a_state_of_its_own(tmp_path: Path) -> None:
    """So a second rise is seen as one: the row is the alert's again."""
    labels = {"model": "credit", "alert": "ModelLossIncreased", "severity": "page"}
    usual = series("model:alert_usual_observations:sum", "_x4 1200x3 stale", **labels)
    codes = {shown["text"]: float(code) for code, shown in _texts(11).items()}
    for at, text in (("3m", "Page"), ("5m", "Held, usual again"), ("8m", "Page")):
        expected = {model_query(11): {labelled("", **labels): codes[text]}}
        inputs = [*_evidence("credit", "ModelLossIncreased", 4.5), usual]
        check_values(tmp_path, inputs, expected, at=at, files=["settings.yml"])


def test_monitors_that_are_off_are_listed_once(tmp_path: Path) -> None:
    """However many replicas say so, each with its reason."""
    inputs = [
        series("model_monitor_off", "1x10", model="credit", monitor="loss", reason="reference_without_labels", **target)
        for target in TARGETS.values()
    ]
    expected = {model_query(54): {'{monitor="loss",reason="reference_without_labels"}': 1.0}}
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_every_alert_has_words() -> None:
    """No alert that can fire is shown by the name that programs use, and its colour is that of its severity."""
    texts = _texts(2)
    assert set(texts) == {name for name, (severity, _) in alert_labels().items() if severity != "none"}
    assert texts["ModelFeatureOutOfRange"]["text"] == "Feature out of range"


_FITS = {"model_reference_version_matches": "1x10"}


@pytest.mark.parametrize(
    ("reference", "facts", "text"),
    [
        ("", {}, "No reference"),
        ("r1", {}, "No version to compare"),
        ("r1", _FITS, "Fits its reference"),
        ("r1", {"model_reference_version_matches": "0x10"}, "Of another version"),
        ("r1", {"model_reference_learned": "1x10"}, "Reference learned live"),
        ("r2", _FITS, "Several references"),
    ],
)
def test_version_says_whether_the_reference_is_its_own(
    tmp_path: Path, reference: str, facts: Mapping[str, str], text: str
) -> None:
    """One replica has reference r1, or none; the other has another one, or none."""
    first = "r1" if reference else ""
    inputs = [
        series("model_info", "1x10", model="credit", version="7", reference=first, **TARGETS["a"]),
        series("model_info", "1x10", model="credit", version="7", reference=reference, **TARGETS["b"]),
        *(series(name, values, model="credit", **TARGETS["a"]) for name, values in facts.items()),
    ]
    [code] = [int(code) for code, shown in _texts(7).items() if shown["text"] == text]
    shown = {'{version="7"}': float(code)}
    check_values(tmp_path, inputs, {model_query(7): shown}, at="5m", files=["settings.yml"])


def test_what_is_empty_says_why(tmp_path: Path) -> None:
    """Grafana 9.4 has no words of ours for an empty timeline or heatmap, so one row says it."""
    nothing = {'{model="credit", row="too few to compare yet"}': 0.0}
    told: dict[str, Any] = {
        model_query(30, "B"): {'{feature="No exporter watched this model", model="credit"}': -1.0},
        model_query(11, "E"): {'{alert="No exporter watched this model", model="credit"}': -1.0},
        **{model_query(panel): nothing for panel in (42, 43)},
    }
    inputs = [series("up", "1x120", **TARGETS["a"])]
    assert wrong_values(tmp_path, inputs, {"2h": told}, files=["settings.yml"]) == {}


def test_nothing_can_be_judged_without_an_exporter(tmp_path: Path) -> None:
    """No row would say that everything can be; features that no record has had are listed, too."""
    absent = "model_reference_features_absent"
    inputs = [
        *(series("model_not_evaluable", "0x10", model=name, reason="no_labels", **TARGETS["a"]) for name in "ab"),
        series(absent, "2x10", model="a", **TARGETS["a"]),
        series(absent, "0x10", model="b", **TARGETS["a"]),
    ]

    def row(reason: str, value: float, **others: str) -> dict[str, float]:
        return {labelled("", reason=reason, meaning=reason, first=reason, **others): value}

    expected = {
        model_query(52, model="a"): row("features_absent", 2.0),
        model_query(52, model="b"): {},
        model_query(52, model="nobody"): row("unwatched", 1.0, model="nobody"),
    }
    check_values(tmp_path, inputs, expected, at="5m", files=["settings.yml"])


def test_every_reason_is_explained() -> None:
    """What cannot be judged is said in words, with what to do first."""
    for column in ("What it means", "Do this first"):
        texts = _texts(52, column)
        assert set(texts) == {*NOT_EVALUABLE, *REASONS, "unwatched", "features_absent"}
        assert all(len(each["text"].split()) > 4 for each in texts.values())
