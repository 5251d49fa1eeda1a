from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from model_drift_exporter.evidence.alarm_spec import AlarmSpec, Shown
from model_drift_exporter.monitors import ALARMS
from prometheus.src.addresses import PANELS
from prometheus.src.model_alerts import REASONS
from tests.support.promtool import Fired, check_alerts, check_values, wrong_alerts
from tests.support.rule_series import labelled, rules, series

_FILES = ("settings.yml", "alerts-model.yml")
_RUNBOOKS = "https://github.com/model-drift-exporter/model-drift-exporter/blob/main/docs/runbooks"
_ONE = {"job": "model", "instance": "one:9877", "model": "churn"}
_CROSSING = 20
_LENGTH = 40
_PAGE_SURE = "Evidence 1e9.1, page from 1e7.0 (at most one false page of this model in 10 years)."
_TICKET_SURE = "Evidence 1e9.1, ticket from 1e4.7 (at most one false ticket of this model in 7 days)."


def _evidence(alert: str, severity: str, **labels: str) -> list[dict[str, str]]:
    """Evidence that crosses its threshold at minute 20, of something that began at minute 5."""
    own = {**_ONE, **labels, "alert": alert, "severity": severity}
    threshold, budget = ("7.0218", "6.72074") if severity == "page" else ("4.7024", "4.00346")
    return [
        series("model_alert_evidence_log10", f"0.5x{_CROSSING - 1} 9.1x{_LENGTH}", **own),
        series("model_alert_evidence_threshold_log10", f"{threshold}x{_LENGTH}", **own),
        series("model_alert_onset_timestamp_seconds", f"_x{_CROSSING} 300x{_LENGTH}", **own),
        series("model_drift_evidence_threshold_log10", f"{budget}x{_LENGTH}", **{**_ONE, **labels}, severity=severity),
    ]


def _features(alert: str, severity: str, certainty: str, *names: str) -> list[dict[str, str]]:
    """Features of the alert, each with less evidence than the one before."""
    found = []
    for rank, name in enumerate(names):
        labels = {"alert": alert, "severity": severity, "certainty": certainty}
        found.append(series("model_alert_feature", f"1x{_LENGTH}", **_ONE, feature=name, **labels))
        evidence = f"{9 - rank}x{_LENGTH}"
        found.append(series("model_feature_drift_evidence_log10", evidence, **_ONE, feature=name))
    return found


def _values() -> list[dict[str, str]]:
    """A feature ``age`` of which three in ten are missing, invalid and out of range in the last hour, fewer in the last day."""
    own = {**_ONE, "feature": "age"}
    bins = {"missing": "__missing__", "invalid": "__invalid__", "out_of_range": "__above__"}
    found = [
        series("model_feature_window_observations", f"{observed}x{_LENGTH}", **own, window=window)
        for window, observed in (("1h", 60), ("24h", 1_440), ("1000", 0))
    ]
    for kind in bins:
        for window, share in (("1h", 0.3), ("24h", 0.1), ("1000", 0.9)):  # the last of them is of nothing
            found.append(series(f"model_feature_{kind}_ratio", f"{share}x{_LENGTH}", **own, window=window))
    rows = {"b00": 97, **dict.fromkeys(bins.values(), 1)}
    reference = "model_feature_reference_observations"
    for name, count in rows.items():
        found.append(series(reference, f"{count}x{_LENGTH}", **own, bin=name, lower="", upper=""))
    return found


def _loss(relation: float) -> list[dict[str, str]]:
    """An error rate that rose in three windows, with the part of the rise that comes with the relation."""
    own = {**_ONE, "loss": "zero_one"}
    found = [
        series("model_loss_tolerated_mean", f"0.1134x{_LENGTH}", **own),
        series("model_loss_reference_mean", f"0.1x{_LENGTH}", **own),
        # Another loss, which decides nothing and therefore is not told.
        series("model_loss_reference_mean", f"0.3x{_LENGTH}", **_ONE, loss="log_loss"),
        series("model_loss_mean", f"0.9x{_LENGTH}", **_ONE, loss="log_loss", window="1h"),
    ]
    for window, mean in (("1h", 0.25), ("24h", 0.15), ("1000", 0.21)):
        rise = mean - 0.1
        found += [
            series("model_loss_mean", f"{mean}x{_LENGTH}", **own, window=window),
            series("model_performance_labels", f"100x{_LENGTH}", **_ONE, window=window),
            series("model_loss_change_from_inputs", f"{rise * (1 - relation)}x{_LENGTH}", **own, window=window),
            series("model_loss_change_from_relation", f"{rise * relation}x{_LENGTH}", **own, window=window),
        ]
    return found


_LOSS_NOW = (
    "Error rate now: 25% over the last 1h, 21% over the last 1000 outcomes, 15% over the last 24h; "
    "in the reference 10%, tolerated up to 11.34%."
)
_LOSS_FIRST = (
    "First: did anything change at that time (a release of the model, a data feed, the labels)? If so, roll it back; if "
    "not, use what the service does without the model while its owner decides about retraining."
)
_BEGAN = "Began at about 1970-01-01 00:05 UTC, 15m 0s ago."

_NAMED = "named", "age", "a", "b", "c", "d", "e", "f"
_REFERENCE = {"model": "churn", "reference": "f00d"}


def _shown(name: Shown, alarm: AlarmSpec) -> tuple[Sequence[dict[str, str]], Sequence[str]]:
    """Series, and the lines of an alert's text that show them."""

    def features(certainty: str, *names: str) -> list[dict[str, str]]:
        return _features(alarm.alert, alarm.severity, certainty, *names)

    pieces: Mapping[Shown, tuple[Sequence[dict[str, str]], Sequence[str]]] = {
        "loss": (_loss(0.9), [_LOSS_NOW]),
        "relation": (
            _loss(0.9),
            [
                (
                    "The relation moved: with the same score, outcomes are no longer what they were in the reference "
                    "(90% of the rise is there at equal scores)."
                )
            ],
        ),
        "features": (features("named", "age", "plan"), ["Features: age (evidence 1e9.0), plan (evidence 1e8.0)."]),
        "suspected_features": (
            features("suspected", "age", "plan"),
            ["This alert names no feature; suspected: age (evidence 1e9.0), plan (evidence 1e8.0)."],
        ),
        "broken_features": (
            [*_values(), *features(*_NAMED)],
            ["Features: age (60% missing or invalid over the last 1h, 2% in the reference), a, b, c, d and 2 more."],
        ),
        "unknown_features": (
            [*_values(), *features(*_NAMED)],
            [
                "Features: age (30% out of range or unseen over the last 1h, 1% in the reference), a, b, c, d and 2 more."
            ],
        ),
        "rejected_lines": (
            [
                series("model_info", f"1x{_LENGTH}", **_ONE, version="8", reference="f00d"),
                series(
                    "model_drift_exporter_record_errors_total",
                    f"0+8x{_LENGTH}",
                    job="model",
                    instance="one:9877",
                    input="log",
                    reason="not_json",
                ),
            ],
            ["Lines rejected in the last 15 minutes: not_json 120."],
        ),
        "outputs": (
            [
                series("model_prediction_drift_evidence_log10", f"3.1x{_LENGTH}", **_ONE),
                series("model_score_drift_evidence_log10", f"9.3x{_LENGTH}", **_ONE),
                # Below its floor: the hour holds too little of what happened, and nothing is said of it.
                *(
                    series(f"model_reference:{name}:reference1h", f"{value}x{_LENGTH}", **_REFERENCE)
                    for name, value in (
                        ("prediction_psi", "0.004"),
                        ("prediction_psi_noise_floor", "0.01"),
                        ("score_psi", "0.314"),
                        ("score_psi_noise_floor", "0.01"),
                    )
                ),
            ],
            [
                "The predictions: evidence 1e3.1.",
                "The score: evidence 1e9.3, PSI over the last hour 0.31 (about 0.01 without drift).",
            ],
        ),
        "traffic": (
            [
                series(f"model_traffic_recent_{figure}", f"{value}x{_LENGTH}", **_ONE | {"instance": replica})
                for figure, value in (
                    ("records", 205),
                    ("usual_records", 655),
                    ("usual_records_deviation", 20),
                    ("seconds", 28_800),
                )
                for replica in ("one:9877", "two:9877")
            ],
            ["Predictions in 8h 0m 0s: 410; usual at this time: 1310, give or take 40."],
        ),
    }
    return pieces[name]


# The onset is minute 5, a quarter of an hour ago: an hour before it is in view.
_SINCE = "&from=-3300000&to=now"
_SUMMARIES = {alarm.alert: alarm.summary for alarm in ALARMS}


def _panel(alert: str) -> str:
    """Where an alert about ``churn`` leads, with its feature ``age``."""
    place = PANELS[alert]
    feature = "&var-feature=age" if place.dashboard == "feature" else ""
    since = _SINCE if place.onset else ""
    return f"{place.dashboard}/{place.dashboard}?var-model=churn{feature}{since}&viewPanel={place.panel}"


def _annotations(alert: str, summary: str, description: str, *, panel: str = "") -> dict[str, str]:
    address = f"http://localhost:3000/d/model-drift-{panel or _panel(alert)}"
    model = re.search(r"var-model=([^&]*)", address)
    assert model
    return {
        "summary": summary,
        "description": description,
        "runbook_url": f"{_RUNBOOKS}/{alert}.md",
        "dashboard_url": (
            f"http://localhost:3000/d/model-drift-model/model?var-model={model[1]}{_SINCE if _SINCE in address else ''}"
        ),
        "panel_url": address,
    }


@pytest.mark.parametrize("alarm", ALARMS, ids=lambda alarm: alarm.alert)
def test_evidence_at_its_threshold_fires_at_once(alarm: AlarmSpec, tmp_path: Path) -> None:
    """A minute before the crossing nothing fires; at the crossing the alert says what, since when and how sure."""
    shown = [_shown(name, alarm) for name in alarm.shows]
    inputs = {one["series"]: one for several, _ in shown for one in several}
    lines = [
        alarm.says.format(model="churn"),
        *(line for _, several in shown for line in several),
        _BEGAN,
        f"First: {alarm.first[0].lower()}{alarm.first[1:]}",
        _PAGE_SURE if alarm.severity == "page" else _TICKET_SURE,
    ]
    annotations = _annotations(alarm.alert, alarm.summary, "\n".join(lines))
    fired = Fired({"model": "churn", "severity": alarm.severity}, annotations)
    expected = {f"{_CROSSING - 1}m": [], f"{_CROSSING}m": [fired]}
    series_of_all = [*_evidence(alarm.alert, alarm.severity), *inputs.values()]
    check_alerts(tmp_path, series_of_all, {alarm.alert: expected}, files=_FILES)


@pytest.mark.parametrize(
    ("relation", "sentence"),
    [
        (0.5, "Both moved: the inputs, and what follows from them (50%"),
        (0.1, "The inputs moved: more of those cases come in which the model was always worse (10%"),
        (1.2, "The relation moved: with the same score, outcomes are no longer what they were in the reference (120%"),
    ],
)
def test_a_loss_page_says_what_moved(relation: float, sentence: str, tmp_path: Path) -> None:
    """The part of the rise at equal scores becomes words."""
    alert = "ModelLossIncreased"
    lines = [
        "Model churn is worse than it was when it was accepted: the labels that have come say so.",
        _LOSS_NOW,
        f"{sentence} of the rise is there at equal scores).",
        "No feature is suspected.",
        _BEGAN,
        _LOSS_FIRST,
        _PAGE_SURE,
    ]
    fired = Fired({"model": "churn", "severity": "page"}, _annotations(alert, _SUMMARIES[alert], "\n".join(lines)))
    inputs = [*_evidence(alert, "page"), *_loss(relation)]
    check_alerts(tmp_path, inputs, {alert: {"20m": [fired]}}, files=_FILES)


def test_the_loss_of_a_regression_is_no_percentage(tmp_path: Path) -> None:
    """A mean of squared errors is told as the number that it is."""
    alert = "ModelLossIncreased"
    own = {**_ONE, "loss": "squared_error"}
    inputs = [
        *_evidence(alert, "page"),
        series("model_loss_tolerated_mean", f"0.25x{_LENGTH}", **own),
        series("model_loss_reference_mean", f"0.2x{_LENGTH}", **own),
        series("model_loss_mean", f"12345.6x{_LENGTH}", **own, window="1h"),
        series("model_performance_labels", f"100x{_LENGTH}", **_ONE, window="1h"),
    ]
    lines = [
        "Model churn is worse than it was when it was accepted: the labels that have come say so.",
        "Mean squared error now: 1.235e+04 over the last 1h; in the reference 0.2, tolerated up to 0.25.",
        "No feature is suspected.",
        _BEGAN,
        _LOSS_FIRST,
        _PAGE_SURE,
    ]
    fired = Fired({"model": "churn", "severity": "page"}, _annotations(alert, _SUMMARIES[alert], "\n".join(lines)))
    check_alerts(tmp_path, inputs, {alert: {"20m": [fired]}}, files=_FILES)


def test_an_alert_without_any_detail_still_says_the_essential(tmp_path: Path) -> None:
    """Where details are absent, their sentences are; odd model names survive in queries and links."""
    alert, model = "ModelLossIncreased", 'a "b" & c'
    lines = [
        f"Model {model} is worse than it was when it was accepted: the labels that have come say so.",
        "No feature is suspected.",
        _BEGAN,
        _LOSS_FIRST,
        _PAGE_SURE,
    ]
    panel = f"model/model?var-model=a+%22b%22+%26+c{_SINCE}&viewPanel=21"
    annotations = _annotations(alert, _SUMMARIES[alert], "\n".join(lines), panel=panel)
    fired = Fired({"model": model, "severity": "page"}, annotations)
    check_alerts(tmp_path, _evidence(alert, "page", model=model), {alert: {"20m": [fired]}}, files=_FILES)


def _lines(*besides: str) -> str:
    """The text of a loss page without details, with more lines behind the onset."""
    return "\n".join(
        [
            "Model churn is worse than it was when it was accepted: the labels that have come say so.",
            "No feature is suspected.",
            *besides,
            _LOSS_FIRST,
            _PAGE_SURE,
        ]
    )


def test_a_second_rise_is_another_alert(tmp_path: Path) -> None:
    """The alert of the first rise has no label for it; at the second one it is resolved, and one with the label fires."""
    alert, labels = "ModelLossIncreased", {"alert": "ModelLossIncreased", "severity": "page"}
    rise = series("model_alert_rise", f"0x{_CROSSING - 1} 1x9 2x{_LENGTH}", **_ONE, **labels)
    own = {"model": "churn", "severity": "page"}
    first = Fired(own, _annotations(alert, _SUMMARIES[alert], _lines(_BEGAN.replace("15m", "24m"))))
    again = "This is rise 2: it had been back to usual while the alert was held for the one before."
    second = Fired(
        {**own, "rise": "2"}, _annotations(alert, _SUMMARIES[alert], _lines(_BEGAN.replace("15m", "25m"), again))
    )
    expected = {alert: {"29m": [first], "30m": [second]}}
    check_alerts(tmp_path, [*_evidence(alert, "page"), rise], expected, files=_FILES)


@pytest.mark.parametrize(
    ("more", "until", "held"),
    [
        ("760", "_", "; the alert is held until 760 more are"),
        ("1", "_", "; the alert is held until 1 more is"),
        ("0", "6000", "; it is not over before 1970-01-01 01:40 UTC"),
        ("760", "6000", "; the alert is held until 760 more are; it is not over before 1970-01-01 01:40 UTC"),
        ("760", "900", "; the alert is held until 760 more are"),
    ],
)
def test_an_alert_says_that_the_latest_are_usual_again(more: str, until: str, held: str, tmp_path: Path) -> None:
    """How many of the latest outcomes are, how many more it needs, and before what time it is not over."""
    alert, labels = "ModelLossIncreased", {"alert": "ModelLossIncreased", "severity": "page"}
    inputs = [
        series("model_alert_active", f"1x{_LENGTH}", **_ONE, **labels),
        series("model_alert_usual_observations", f"1240x{_LENGTH}", **_ONE, **labels),
        series("model_alert_held_observations", f"{more}x{_LENGTH}", **_ONE, **labels),
        series("model_alert_held_until_timestamp_seconds", f"{until}x{_LENGTH}", **_ONE, **labels),
    ]
    text = _lines(_BEGAN, f"The last 1240 outcomes are usual again{held}.")
    fired = Fired({"model": "churn", "severity": "page"}, _annotations(alert, _SUMMARIES[alert], text))
    check_alerts(tmp_path, [*_evidence(alert, "page"), *inputs], {alert: {"20m": [fired]}}, files=_FILES)


def test_replicas_are_usual_together_and_the_one_with_most_rises_counts(tmp_path: Path) -> None:
    """While one that holds the alert is not back to usual, nothing is said; one that does not hold it has no say."""
    labels = {"model": "churn", "alert": "ModelFeatureDrift", "severity": "ticket"}
    inputs = []
    for number, (active, rise, usual) in enumerate(
        [("1x9", "1x9", "500x9"), ("1x9", "3x9", "_x5 700x9"), ("0x9", "0x9", "_x9")]
    ):
        own = {"job": "model", "instance": str(number), **labels}
        inputs += [
            series("model_alert_evidence_threshold_log10", "5x9", **own),
            series("model_alert_active", active, **own),
            series("model_alert_rise", rise, **own),
            series("model_alert_usual_observations", usual, **own),
        ]
    risen = {"model_rise:alert_rise:count": {labelled("", **labels, rise="3"): 1.0}}
    check_values(
        tmp_path, inputs, {**risen, "model:alert_usual_observations:sum": {}}, at="4m", files=("alerts-model.yml",)
    )
    together = {"model:alert_usual_observations:sum": {labelled("", **labels): 1_200.0}}
    check_values(tmp_path, inputs, together, at="8m", files=("alerts-model.yml",))


def _opened(alert: str, inputs: Sequence[dict[str, str]], panel: str, folder: Path) -> None:
    """Fails unless the alert, whose description is not looked at, opens this panel."""
    found = rules()["alerts-model.yml"]["groups"][0]["rules"]
    [rule] = [rule for rule in found if rule.get("alert") == alert]
    rule["annotations"] = {"panel_url": rule["annotations"]["panel_url"]}
    (folder / "link.yml").write_text(yaml.safe_dump({"groups": [{"name": "model-drift-alerts", "rules": found}]}))
    files = ["settings.yml", str(folder / "link.yml")]
    severity = rule["labels"]["severity"]
    fired = Fired(
        {"model": "churn", "severity": severity}, {"panel_url": f"http://localhost:3000/d/model-drift-{panel}"}
    )
    check_alerts(folder, [*_evidence(alert, severity), *inputs], {alert: {"20m": [fired]}}, files=files)


@pytest.mark.parametrize(
    ("alert", "features", "panel"),
    [
        (
            "ModelFeatureOutOfRange",
            [("suspected", "age")],
            "feature/feature?var-model=churn&var-feature=age{}&viewPanel=20",
        ),
        (
            "ModelFeatureMissingValues",
            [("suspected", "age"), ("named", "a b&c")],
            "feature/feature?var-model=churn&var-feature=a+b%26c{}&viewPanel=20",
        ),
        ("ModelFeatureMissingValues", [], "model/model?var-model=churn{}&viewPanel=30"),
        ("ModelInputBroken", [], "exporter/exporter?var-model=churn{}&viewPanel=12"),
    ],
)
def test_the_panel_is_that_of_the_feature_that_stands_out(
    alert: str, features: list[tuple[str, str]], panel: str, tmp_path: Path
) -> None:
    """A named one before suspected ones; without any, the panel that shows where else to look."""
    severity = "page" if alert == "ModelInputBroken" else "ticket"
    inputs = [one for certainty, name in features for one in _features(alert, severity, certainty, name)]
    _opened(alert, inputs, panel.format(_SINCE), tmp_path)


def _replicas(*evidence: str) -> list[dict[str, str]]:
    found = []
    for number, values in enumerate(evidence):
        labels = {"job": "model", "instance": str(number), "model": "churn", "alert": "ModelFeatureDrift"}
        found += [
            series("model_alert_evidence_log10", values, **labels, severity="ticket"),
            series("model_alert_evidence_threshold_log10", "5x60", **labels, severity="ticket"),
        ]
    return found


def test_the_evidence_of_replicas_is_averaged_as_itself(tmp_path: Path) -> None:
    """The mean of 1e10, 1e300 and next to nothing is what it is, and no overflow; the logarithms are not averaged."""
    labels = labelled("", model="churn", alert="ModelFeatureDrift", severity="ticket")
    expected = {"model:alert_evidence:log10": {labels: 299.5228787}}
    inputs = _replicas("10x10", "300x10", "-300x10")
    check_values(tmp_path, inputs, expected, at="5m", files=("alerts-model.yml",))


@pytest.mark.parametrize(("others", "state"), [("4.9x60", 0), ("5.4x60", 2)])
def test_one_replica_alone_does_not_fire_where_the_mean_is_below(others: str, state: int, tmp_path: Path) -> None:
    """A latched replica among three counts with its share of the average."""
    inputs = _replicas("5x60", others, "-300x60")
    expected = {"model:verdict:max": {labelled("", model="churn"): float(state)}}
    check_values(tmp_path, inputs, expected, at="5m", files=("alerts-model.yml",))


def test_a_loss_and_its_interval_are_weighted_by_outcomes(tmp_path: Path) -> None:
    """A replica of few outcomes counts little in the mean and in both ends of the interval, and one of none not at all."""
    inputs = []
    for instance, outcomes, middle in (("one", 300, 0.2), ("two", 100, 0.4), ("three", 0, 0.9)):
        own = {"job": "model", "instance": instance, "model": "churn", "window": "24h"}
        inputs.append(series("model_performance_labels", f"{outcomes}x10", **own))
        for end, value in (("", middle), ("_lower_bound", middle - 0.1), ("_upper_bound", middle + 0.2)):
            inputs.append(series(f"model_loss_mean{end}", f"{value:.1f}x10", **own, loss="zero_one"))
    own_labels = labelled("", model="churn", loss="zero_one", window="24h")
    expected = {
        f"model_loss_window:loss_mean{end}:mean": {own_labels: value}
        for end, value in (("", 0.25), ("_lower_bound", 0.15), ("_upper_bound", 0.45))
    }
    check_values(tmp_path, inputs, expected, at="5m", files=("alerts-model.yml",))


def test_a_gap_in_scraping_is_no_recovery(tmp_path: Path) -> None:
    """An alert goes on over four minutes without its series, and stops when the exporter says so."""
    inputs = _replicas("9x10 stale _x2 9x10 1x20")
    expected = {
        f'count(ALERTS{{alertname="ModelFeatureDrift"}} offset {minutes}m) or vector(0)': {"{}": float(firing)}
        for minutes, firing in ((30, 1), (19, 1), (18, 1), (17, 1), (16, 1), (6, 1), (5, 0), (1, 0))
    }
    check_values(tmp_path, inputs, expected, at="30m", files=("alerts-model.yml",))


_REASONS = [*REASONS, "another_one"]


def _not_evaluable(reason: str) -> Fired:
    alert = "ModelDriftNotEvaluable"
    text = REASONS.get(reason, "The reason is another_one. First: look it up in the runbook.")
    summary = "Something about the model cannot be judged, so no alert would tell."
    description = f"Model churn is not watched in full, for six hours already. {text}"
    return Fired({"model": "churn", "severity": "ticket", "reason": reason}, _annotations(alert, summary, description))


@pytest.fixture(scope="module", name="wrong_reasons")
def _wrong_reasons(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """All reasons in one run of six hours."""
    two = {**_ONE, "instance": "two:9877"}
    inputs = [
        series("model_not_evaluable", values, **target, reason=reason)
        for reason in _REASONS
        for target, values in ((_ONE, "0x9 1x390"), (two, "1x400"))
    ]
    fired = [_not_evaluable(reason) for reason in _REASONS]
    expected = {"ModelDriftNotEvaluable": {"369m": [], "370m": fired}}
    return wrong_alerts(tmp_path_factory.mktemp("reasons"), inputs, expected, files=_FILES)


@pytest.mark.parametrize("reason", _REASONS)
def test_what_cannot_be_judged_is_told_in_words(reason: str, wrong_reasons: list[str]) -> None:
    """Each reason has its own sentences, after six hours; one replica that can judge is enough to stay silent."""
    assert [wrong for wrong in wrong_reasons if f'reason="{reason}"' in wrong] == []


def _mismatch(reason: str, description: str) -> Fired:
    alert = "ModelReferenceMismatch"
    summary = "The model is compared with a reference that is not its own, or its replicas with different ones."
    labels = {"model": "churn", "severity": "ticket", "reason": reason}
    return Fired(labels, _annotations(alert, summary, description))


def test_a_reference_of_another_version_is_a_mismatch(tmp_path: Path) -> None:
    """The alert names the version that runs, after an hour."""
    fired = _mismatch(
        "version",
        "The reference of model churn was made for another version of it, so drift may only be the difference of two "
        "versions. First: build a reference for the running version and give it to the exporter.\n"
        "Running: version 8 with reference f00d (replicas: 1).",
    )
    inputs = [
        series("model_reference_version_matches", "1x9 0x90", **_ONE),
        series("model_info", "1x99", **_ONE, version="8", reference="f00d"),
    ]
    expected = {"69m": [], "70m": [fired]}
    check_alerts(tmp_path, inputs, {"ModelReferenceMismatch": expected}, files=_FILES)


def test_replicas_with_different_references_are_a_mismatch(tmp_path: Path) -> None:
    """Longer than a roll-out takes, replicas must agree; if they learned their references, the alert says why not."""
    fired = _mismatch(
        "replicas",
        "The replicas of model churn use 2 different references, so their counts are not added up. Some have learned theirs "
        "from live records, and those always differ: give all of them one file. First: see which replica has which "
        "reference, and finish or undo the roll-out.\n"
        "Running: version 8 with reference beef (replicas: 1); version unknown with reference f00d (replicas: 2).",
    )
    inputs = [
        series("model_info", "1x99", **_ONE, version="", reference="f00d"),
        series("model_info", "1x99", **{**_ONE, "instance": "two:9877"}, version="", reference="f00d"),
        series("model_info", "_x10 1x89", **{**_ONE, "instance": "three:9877"}, version="8", reference="beef"),
        series("model_reference_learned", "1x99", **_ONE),
    ]
    expected = {"69m": [], "70m": [fired]}
    check_alerts(tmp_path, inputs, {"ModelReferenceMismatch": expected}, files=_FILES)
