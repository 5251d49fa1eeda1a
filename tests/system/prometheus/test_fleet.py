from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from prometheus.src.exporter_alerts import groups as exporter_groups
from prometheus.src.fleet import ALERT_STATES, BLIND, FIRING
from prometheus.src.rule_files import Alert
from prometheus.src.targets import TARGETS
from tests.support.promtool import wrong_values
from tests.support.rule_series import labelled, series

_Series = list[dict[str, str]]
_Values = dict[str, Mapping[str, float]]
_Case = tuple[_Series, _Values]

_STATE, _SINCE = "model:state:max", "model:state_since_timestamp_seconds:min"
_AGE = "label_last_timestamp_seconds"
_RECENT, _WORST = "model_loss:loss_mean:recent", "model_loss:loss_of_tolerated:top"
_LOSS_STATE = "model:loss_state:max"
_HALF_WIDTH = 0.21


def _features(model: str, evidence: Mapping[str, float], worst: str, excess: float) -> _Case:
    """The age has the smaller excess; evidence is by feature."""
    inputs = [
        series("model_feature:drift_evidence:log10", f"{value}x9", model=model, feature=feature)
        for feature, value in evidence.items()
    ]
    for feature, psi, floor in (("age", "0.5", "0.45"), ("plan", "0.3", "0.05")):
        labels = {"model": model, "reference": "f00d", "feature": feature}
        inputs += [
            series("model_reference_feature:feature_psi:reference1h", f"{psi}x9", **labels),
            series("model_reference_feature:feature_psi_noise_floor:reference1h", f"{floor}x9", **labels),
        ]
    own = {"model": model}
    return inputs, {
        labelled("model:feature_psi_excess:max1h", **own): {labelled("", **own): 0.25},
        labelled("model_feature:feature_psi_excess:top1h", **own): {labelled("", **own, feature=worst): excess},
    }


def _alert(model: str, name: str, severity: str, since: int | None = None) -> _Series:
    labels = {"alertname": name, "severity": severity, "model": model}
    found = [series("ALERTS", "1x9", **labels, alertstate="firing")]
    return found if since is None else [*found, series("ALERTS_FOR_STATE", f"{since}x9", **labels)]


def _evidence(model: str, alert: str, severity: str, evidence: float, onset: int) -> _Series:
    labels = {"model": model, "alert": alert, "severity": severity}
    return [
        series("model:alert_evidence:log10", f"{evidence}x9", **labels),
        series("model:alert_evidence_threshold:log10", "5x9", **labels),
        series("model:alert_onset_timestamp_seconds:min", f"{onset}x9", **labels),
    ]


def _state(model: str, inputs: _Series, state: int | None, since: int | None, worst: str = "") -> _Case:
    """The state, the worst alert with the same state and its severity, and when it began."""
    own, severity = labelled("", model=model), "page" if state in {3, 4} else "ticket"
    found = {} if state is None else {own: float(state)}
    begun = {} if since is None else {own: float(since)}
    firing = {labelled("", model=model, alert=worst, severity=severity): float(state)} if worst and state else {}
    names = {_STATE: found, _SINCE: begun, FIRING: firing}
    return inputs, {f'{name}{{model="{model}"}}': samples for name, samples in names.items()}


def _verdict(model: str, verdict: int) -> _Series:
    return [series("model:verdict:max", f"{verdict}x9", model=model)]


_NOT_EVALUABLE, _DRIFT, _BROKEN = "ModelDriftNotEvaluable", "ModelFeatureDrift", "ModelInputBroken"
_STATES = {
    "quiet": _state("quiet", _verdict("quiet", 0), 0, None),
    "not judged": _state("not judged", _verdict("not judged", 1), 1, None),
    "not judged for hours": _state(
        "not judged for hours",
        [*_verdict("not judged for hours", 1), *_alert("not judged for hours", _NOT_EVALUABLE, "ticket", 70)],
        1,
        70,
        _NOT_EVALUABLE,
    ),
    "no traffic": _state(
        "no traffic",
        [*_verdict("no traffic", 0), *_alert("no traffic", "ModelTrafficStopped", "ticket", 60)],
        2,
        60,
        "ModelTrafficStopped",
    ),
    # What cannot be judged for a month is not the beginning of today's ticket.
    "no traffic, and not judged": _state(
        "no traffic, and not judged",
        [
            *_verdict("no traffic, and not judged", 1),
            *_alert("no traffic, and not judged", _NOT_EVALUABLE, "ticket", 10),
            *_alert("no traffic, and not judged", "ModelTrafficStopped", "ticket", 170),
        ],
        2,
        170,
        "ModelTrafficStopped",
    ),
    "the first of two tickets": _state(
        "the first of two tickets",
        [
            *_verdict("the first of two tickets", 2),
            *_alert("the first of two tickets", "ModelTrafficStopped", "ticket", 90),
            *_evidence("the first of two tickets", _DRIFT, "ticket", 9, 80),
        ],
        2,
        80,
        _DRIFT,
    ),
    "a page after a ticket": _state(
        "a page after a ticket",
        [
            *_verdict("a page after a ticket", 3),
            *_evidence("a page after a ticket", _DRIFT, "ticket", 9, 10),
            *_evidence("a page after a ticket", _BROKEN, "page", 9, 200),
        ],
        3,
        200,
        _BROKEN,
    ),
    # Its alert fires since the evidence was enough, and it began before that.
    "an onset before its alert": _state(
        "an onset before its alert",
        [
            *_verdict("an onset before its alert", 2),
            *_evidence("an onset before its alert", _DRIFT, "ticket", 9, 20),
            *_alert("an onset before its alert", _DRIFT, "ticket", 150),
        ],
        2,
        20,
        _DRIFT,
    ),
    # One replica is sure, and all together are not.
    "below its threshold": _state(
        "below its threshold",
        [*_verdict("below its threshold", 0), *_evidence("below its threshold", _DRIFT, "ticket", 4.9, 10)],
        0,
        None,
    ),
    "its exporter was seen a minute ago": _state(
        "its exporter was seen a minute ago",
        [series(TARGETS, "1x9", job="model", instance="a", model="its exporter was seen a minute ago")],
        1,
        None,
    ),
    "nobody watches": _state(
        "nobody watches", _alert("nobody watches", "ModelExporterDown", "page", 90), 4, 90, "ModelExporterDown"
    ),
    "nobody watches a page": _state(
        "nobody watches a page",
        [
            *_verdict("nobody watches a page", 3),
            *_evidence("nobody watches a page", _BROKEN, "page", 9, 200),
            *_alert("nobody watches a page", "ModelExporterInputDown", "page", 250),
        ],
        4,
        250,
        "ModelExporterInputDown",
    ),
    # It stands for no model.
    "__none__": _state("__none__", _alert("__none__", "ModelExporterAbsent", "page", 1), None, None),
}


def _all_alerts() -> _Case:
    """Each alert of a model once, whatever says that it fires and however often."""
    inputs = [
        *_evidence("all alerts", _DRIFT, "ticket", 400, 20),
        *_alert("all alerts", _DRIFT, "ticket", 30),
        *_alert("all alerts", "ModelExporterLag", "page", 40),
        *_alert("all alerts", "ModelExporterDown", "page", 50),
    ]
    for reason, since in (("no_labels", 60), ("few_class_rows", 70)):
        labels = {"alertname": _NOT_EVALUABLE, "severity": "ticket", "model": "all alerts", "reason": reason}
        inputs += [
            series("ALERTS", "1x9", **labels, alertstate="firing"),
            series("ALERTS_FOR_STATE", f"{since}x9", **labels),
        ]
    found = {
        (_DRIFT, "ticket"): (2.0, 20.0),
        ("ModelExporterLag", "page"): (3.0, 40.0),
        ("ModelExporterDown", "page"): (4.0, 50.0),
        (_NOT_EVALUABLE, "ticket"): (1.0, 60.0),
    }
    return inputs, {
        f'{name}{{model="all alerts"}}': {
            labelled("", model="all alerts", alert=alert, severity=severity): values[index]
            for (alert, severity), values in found.items()
        }
        for index, name in enumerate((ALERT_STATES, "model:alert_since_timestamp_seconds:min"))
    }


def _losses(
    model: str, windows: Mapping[str, tuple[int, float]], tolerated: Mapping[str, float], others: float
) -> _Series:
    """Two losses over windows of so many outcomes: an error rate, and the absolute error of a score."""
    inputs = []
    for window, (outcomes, loss) in windows.items():
        target = {"job": "model", "instance": model, "model": model, "window": window}
        inputs.append(series("model_performance_labels", f"{outcomes}x9", **target))
        for name, value in (("zero_one", loss), ("absolute_error", others)):
            labels = {"model": model, "loss": name, "window": window}
            inputs += [
                series("model_loss_window:loss_mean:mean", f"{value}x9", **labels),
                series("model_loss_window:loss_mean_lower_bound:mean", f"{value - _HALF_WIDTH:.3f}x9", **labels),
            ]
    return inputs + [
        series("model_loss:loss_tolerated_mean:max", f"{value}x9", model=model, loss=name)
        for name, value in tolerated.items()
    ]


def _loss(
    model: str,
    windows: Mapping[str, tuple[int, float]],
    tolerated: Mapping[str, float],
    worst: tuple[str, float] | None,
    state: int | None,
) -> _Case:
    own = labelled("", model=model)
    [recent] = [loss for _, loss in windows.values() if loss < 0.9]
    found: _Values = {
        f'{_RECENT}{{model="{model}",loss="zero_one"}}': {labelled("", model=model, loss="zero_one"): recent},
        f'{_WORST}{{model="{model}"}}': {labelled("", model=model, loss=worst[0]): worst[1]} if worst else {},
        f'{_LOSS_STATE}{{model="{model}"}}': {} if state is None else {own: float(state)},
    }
    return _losses(model, windows, tolerated, 0.3), found


# The window to be chosen is the only one with a loss below 0.9; the other loss is 0.3 in all of them.
_LOSSES = {
    "the shortest window with enough outcomes": _loss(
        "enough", {"1h": (20, 0.95), "24h": (100, 0.2), "1000": (1000, 0.9)}, {"zero_one": 0.16}, ("zero_one", 1.25), 1
    ),
    "the longest while none has enough": _loss(
        "few",
        {"1h": (0, 0.95), "24h": (20, 0.9), "1000": (30, 0.1)},
        {"zero_one": 0.2, "absolute_error": 0.1},
        ("absolute_error", 3.0),
        1,
    ),
    "no chance": _loss("beyond", {"1h": (121, 0.5)}, {"zero_one": 0.25}, ("zero_one", 2.0), 2),
    "below": _loss("below", {"1h": (121, 0.1)}, {"zero_one": 0.125}, ("zero_one", 0.8), 0),
    "nothing is tolerated": _loss("unlabelled", {"1h": (700, 0.25)}, {}, None, None),
}


def _labels() -> _Case:
    inputs = [
        series(f"model_{_AGE}", f"{time}x9", job="model", instance=f"{time}", model="labels") for time in (100, 160)
    ]
    return inputs, {f"model:{_AGE}:max": {labelled("", model="labels"): 160.0}}


_FEATURES = {
    "without evidence": _features("features", {}, "plan", 0.25),
    "with evidence": _features("evident features", {"age": 5.0, "plan": 2.0}, "age", 0.05),
}
_CASES = {**_FEATURES, "labels": _labels(), "all alerts": _all_alerts(), **_STATES, **_LOSSES}


@pytest.fixture(scope="module", name="wrong")
def _wrong(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All cases in one run: each is a model of its own."""
    inputs = [one for series_of_case, _ in _CASES.values() for one in series_of_case]
    expected = {expression: found for _, values in _CASES.values() for expression, found in values.items()}
    return wrong_values(tmp_path_factory.mktemp("fleet"), inputs, {"5m": expected}, files=("models.yml",))


def _differing(case: str, wrong: dict[str, str]) -> dict[str, str]:
    return {expression: wrong[expression] for expression in _CASES[case][1] if expression in wrong}


@pytest.mark.parametrize("case", _FEATURES)
def test_the_worst_feature_has_the_largest_evidence(case: str, wrong: dict[str, str]) -> None:
    """Without any evidence it is the furthest above its noise floor, not that of the largest PSI: many bins have a larger one."""
    assert _differing(case, wrong) == {}


@pytest.mark.parametrize("case", _STATES)
def test_the_state_of_a_model_is_the_worst_of_evidence_and_alerts(case: str, wrong: dict[str, str]) -> None:
    """With the worst alert and its beginning; a model that nobody watches is worse than any."""
    assert _differing(case, wrong) == {}


def test_every_alert_that_fires_is_told_once(wrong: dict[str, str]) -> None:
    """With how bad it is and since when, by its onset if evidence knows one; evidence may be beyond any number."""
    assert _differing("all alerts", wrong) == {}


@pytest.mark.parametrize("case", _LOSSES)
def test_the_loss_is_that_of_one_window(case: str, wrong: dict[str, str]) -> None:
    """Recent, but of enough outcomes to tell chance from more; of the losses that are judged, the one nearest to its limit."""
    assert _differing(case, wrong) == {}


def test_the_newest_label_is_that_of_any_replica(wrong: dict[str, str]) -> None:
    """Replicas of a model share its labels."""
    assert _differing("labels", wrong) == {}


def test_the_alerts_that_tell_of_a_blind_model_exist() -> None:
    """Each is a page: else the state of a model that nobody watches would not be the worst."""
    pages = {
        rule.name
        for group in exporter_groups()
        for rule in group.rules
        if isinstance(rule, Alert) and rule.severity == "page"
    }
    assert set(BLIND.split("|")) == pages


def test_a_model_whose_exporter_ends_is_never_missing(tmp_path: Path) -> None:
    """Its evidence is told for five minutes more, and its page comes later than that; meanwhile it cannot be judged."""
    target = {"job": "model", "instance": "one:9877"}
    inputs = [
        series("up", "1x60 0x60", **target),
        series("model_info", "1x60 stale", **target, model="churn", version="8", reference="f00d"),
        series("model_alert_evidence_log10", "-3x60 stale", **target, model="churn", alert="A", severity="page"),
        series(
            "model_alert_evidence_threshold_log10", "5x60 stale", **target, model="churn", alert="A", severity="page"
        ),
        series("model_not_evaluable", "0x60 stale", **target, model="churn", reason="no_labels"),
    ]
    own = labelled("", model="churn")
    states = {60: 0, 65: 0, 66: 1, 70: 1, 72: 4, 100: 4}
    expected: dict[str, _Values] = {
        f"{minute}m": {f'{_STATE}{{model="churn"}}': {own: float(state)}} for minute, state in states.items()
    }
    for minute in range(58, 75):
        expected.setdefault(f"{minute}m", {})[f'count({_STATE}{{model="churn"}})'] = {"{}": 1.0}
    files = ("alerts-exporter.yml", "alerts-model.yml", "models.yml")
    assert wrong_values(tmp_path, inputs, expected, files=files) == {}
