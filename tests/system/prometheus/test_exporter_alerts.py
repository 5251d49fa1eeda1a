from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

from tests.support.promtool import Fired, check_alerts
from tests.support.rule_series import series

_FILES = ("settings.yml", "alerts-exporter.yml")
_RUNBOOKS = "https://github.com/model-drift-exporter/model-drift-exporter/blob/main/docs/runbooks"
_BLIND = (
    "While this lasts, no alert about drift, broken input or loss can come for this model, and those firing may stop."
)
_EXPECTED = series("model:records_expected:min1h", "50x400", model="churn")

# Half an hour is the longest that a condition must hold, and each case begins within a quarter of an hour.
_NEVER: dict[str, list[Fired]] = {"20m": [], "40m": [], "90m": []}

_Inputs = Sequence[dict[str, str]]

_PANELS = {
    "ModelExporterAbsent": 10,
    "ModelExporterConfigReloadFailed": 21,
    "ModelExporterDown": 10,
    "ModelExporterInputDown": 10,
    "ModelExporterLag": 11,
    "ModelExporterPartlyBlind": 10,
    "ModelExporterRestarting": 10,
    "ModelExporterSnapshotStale": 20,
    "ModelRecordErrorsHigh": 12,
    "ModelTrafficStopped": 51,
    "Watchdog": 10,
}


def _target(instance: str = "one:9877", **values: str) -> list[dict[str, str]]:
    """A scrape target that watches the model churn; ``values`` replace those of a series, by its name."""
    labels = {"job": "model", "instance": instance}
    usual = {"up": "1x400", "model_info": "1x400", "model_drift_exporter_input_up": "1x400"}
    own = {"model_info": {"model": "churn", "version": "8", "reference": "f00d"}}
    own["model_drift_exporter_input_up"] = {"input": "log"}
    return [series(name, text, **labels, **own.get(name, {})) for name, text in {**usual, **values}.items()]


def _gone(instance: str = "one:9877", up: str = "1x10 0x400") -> list[dict[str, str]]:
    """A target that cannot be scraped from minute 11 on."""
    return _target(instance, up=up, model_info="1x10 stale", model_drift_exporter_input_up="1x10 stale")


def _fired(alert: str, severity: str, summary: str, description: str, dashboard: str, *, model: str = "churn") -> Fired:
    # Grafana's word for all of them: a fleet filtered to no model would be empty.
    chosen = "%24__all" if (dashboard, model) == ("fleet", "__none__") else model
    address = f"http://localhost:3000/d/model-drift-{dashboard}/{dashboard}?var-model={chosen}"
    annotations = {
        "summary": summary,
        "description": description,
        "runbook_url": f"{_RUNBOOKS}/{alert}.md",
        "dashboard_url": address,
        "panel_url": f"{address}&viewPanel={_PANELS[alert]}",
    }
    return Fired({"model": model, "severity": severity}, annotations)


def _check(folder: Path, inputs: _Inputs, alert: str, minute: int, fired: Fired, *silent: str) -> None:
    """The alert is silent until a minute before, and fires then; the ``silent`` ones have not fired in an hour and a half."""
    expected = {alert: {f"{minute - 1}m": [], f"{minute}m": [fired]}}
    check_alerts(folder, inputs, expected | dict.fromkeys(silent, _NEVER), files=_FILES)


def _silent(folder: Path, inputs: _Inputs, *alerts: str) -> None:
    check_alerts(folder, inputs, dict.fromkeys(alerts, _NEVER), files=_FILES)


def _down(instances: str) -> Fired:
    return _fired(
        "ModelExporterDown",
        "page",
        "No exporter of the model answers: nobody watches the model.",
        f"Prometheus cannot scrape any exporter of model churn, or only now and then; down: {instances}. {_BLIND}\n"
        "First: see whether the exporter runs or starts again and again, and its last log lines (kubectl logs, docker logs, "
        "journalctl); restart it if it hangs. It does not touch the model's predictions.",
        "exporter",
    )


def test_a_model_whose_exporters_are_all_down_pages(tmp_path: Path) -> None:
    """After ten minutes without any exporter of the model, all of them are named."""
    _check(tmp_path, _gone() + _gone("two:9877"), "ModelExporterDown", 21, _down("one:9877, two:9877"))


def test_a_long_outage_is_not_forgotten(tmp_path: Path) -> None:
    """The page goes on as long as the target is down, hours after its last metrics."""
    check_alerts(tmp_path, _gone(), {"ModelExporterDown": {"399m": [_down("one:9877")]}}, files=_FILES)


def _scraped(pattern: str) -> list[dict[str, str]]:
    """A target of which a scrape a minute succeeds (1) or fails (0) after the first eleven, which succeed."""
    up = "1" * 11 + pattern
    known = " ".join("1" if one == "1" else "stale" for one in up)
    return _target(up=" ".join(up), model_info=known, model_drift_exporter_input_up=known)


def test_an_exporter_that_answers_now_and_then_is_down(tmp_path: Path) -> None:
    """A crash loop that answers one scrape in four pages as one that never answers does, and goes on to."""
    expected = {"ModelExporterDown": {"21m": [], "22m": [_down("one:9877")], "90m": [_down("one:9877")]}}
    check_alerts(tmp_path, _scraped("0001" * 20), expected, files=_FILES)


def test_a_short_absence_is_no_outage(tmp_path: Path) -> None:
    """Seven minutes without an answer wake nobody, nor does a machine that starts Prometheus two minutes before the exporter."""
    silent: dict[str, dict[str, list[Fired]]] = {"ModelExporterDown": {f"{minute}m": [] for minute in range(10, 60)}}
    check_alerts(tmp_path, _scraped("0" * 7 + "1" * 60), silent, files=_FILES)
    known = {"model_info": "1x10 stale _x21 1x60", "model_drift_exporter_input_up": "1x10 stale _x21 1x60"}
    check_alerts(tmp_path, _target(up="1x10 stale _x19 0 0 1x60", **known), silent, files=_FILES)


def test_an_exporter_that_starts_again_and_again_is_a_ticket(tmp_path: Path) -> None:
    """The fourth restart within an hour is told, even if most scrapes find it well; an hour later it is over."""
    fired = _fired(
        "ModelExporterRestarting",
        "ticket",
        "The exporter ends and starts again and again.",
        "The exporter of model churn has started again 4 times in the last hour: one:9877. Without a state file its evidence "
        "begins anew each time, so that no alert may ever come.\n"
        "First: read the last log lines before it ended (kubectl logs --previous, docker logs, journalctl), and its exit code: "
        "137 is a lack of memory.",
        "exporter",
    )
    starts = "5x8 stale 605x8 stale 1205x8 stale 1805x8 stale 2405x60"
    labels = {"job": "model", "instance": "one:9877"}
    inputs = [*_target(), series("process_start_time_seconds", starts, **labels)]
    # Other jobs restart as they like.
    inputs.append(series("process_start_time_seconds", "0+60x90", job="node", instance="one:9100"))
    expected = {"ModelExporterRestarting": {"39m": [], "40m": [fired], "99m": []}}
    check_alerts(tmp_path, inputs, expected, files=_FILES)


def test_a_target_that_was_never_ours_is_not_ours(tmp_path: Path) -> None:
    """Other jobs may be down without a word from us."""
    inputs = [*_target(), series("up", "0x400", job="node", instance="one:9100")]
    _silent(tmp_path, inputs, "ModelExporterDown", "ModelExporterPartlyBlind", "ModelExporterAbsent")


def test_one_replica_of_two_down_is_a_ticket(tmp_path: Path) -> None:
    """While another exporter watches the model it is no page; the ticket says what is not seen, inputs too."""
    fired = _fired(
        "ModelExporterPartlyBlind",
        "ticket",
        "A part of the model's predictions or labels is not watched.",
        "Other exporters or inputs of model churn still work, but not these: two:9877 is down; input labels of three:9877 "
        "cannot be read; what they would see is missing from every statistic.\n"
        "First: the exporter's log says why; see whether that replica of the model works.",
        "exporter",
    )
    inputs = _target() + _gone("two:9877") + _target("three:9877")
    inputs.append(
        series("model_drift_exporter_input_up", "1x10 0x400", job="model", instance="three:9877", input="labels")
    )
    _check(tmp_path, inputs, "ModelExporterPartlyBlind", 41, fired, "ModelExporterDown", "ModelExporterInputDown")


def test_a_model_without_any_target_is_missed(tmp_path: Path) -> None:
    """A model with usual traffic at this time, whose targets have all vanished, pages."""
    fired = _fired(
        "ModelExporterAbsent",
        "page",
        "Prometheus has no exporter of the model to scrape any more.",
        "Model churn was watched and had traffic at this time yesterday or last week; now Prometheus has no exporter of it "
        f"among its targets. {_BLIND}\n"
        "First: open Status, Targets in Prometheus. If the exporter runs but is not listed, service discovery lost it "
        "(labels, port name, PodMonitor); if the model was retired on purpose, silence this for a week.",
        "fleet",
    )
    others = [
        series(name, "1x400", job="model", instance="o", **labels)
        for name, labels in (("up", {}), ("model_info", {"model": "other", "reference": "f"}))
    ]
    _check(tmp_path, [_EXPECTED, *others, *_gone(up="1x10 stale")], "ModelExporterAbsent", 26, fired)
    _silent(tmp_path, [*others, *_gone(up="1x10 stale")], "ModelExporterAbsent")


def test_rules_without_any_exporter_page(tmp_path: Path) -> None:
    """Where nothing is scraped at all, that is said, with a placeholder for the model."""
    fired = _fired(
        "ModelExporterAbsent",
        "page",
        "Prometheus has no exporter of the model to scrape any more.",
        "Prometheus has these rules, but no model-drift-exporter among its scrape targets: no model is watched.\n"
        "First: open Status, Targets in Prometheus. If the exporter runs but is not listed, service discovery lost it "
        "(labels, port name, PodMonitor); if the model was retired on purpose, silence this for a week.",
        "fleet",
        model="__none__",
    )
    _check(tmp_path, [series("up", "1x400", job="node", instance="n")], "ModelExporterAbsent", 15, fired)


def test_an_exporter_that_can_read_nothing_pages_when_traffic_is_expected(tmp_path: Path) -> None:
    """An unreadable log is a page only where predictions should come; a quiet night with a rotated log is none."""
    fired = _fired(
        "ModelExporterInputDown",
        "page",
        "The exporter cannot read the model's log, at a time when predictions are expected: it is blind.",
        f"No exporter of model churn can read any of its inputs; unreadable: log of one:9877. {_BLIND}\n"
        "First: the exporter's log names the file and the error (missing, no permission, a volume that is not mounted). Does "
        "the model still run and write there?",
        "exporter",
    )
    unreadable = _target(model_drift_exporter_input_up="1x10 0x400")
    _check(tmp_path, [_EXPECTED, *unreadable], "ModelExporterInputDown", 26, fired)
    _silent(tmp_path, unreadable, "ModelExporterInputDown")
    _silent(tmp_path, [_EXPECTED, *unreadable, *_target("two:9877")], "ModelExporterInputDown")


_STOPPED_FIRST = (
    "First: does the service still call the model, and does the model still write its log? If it was retired or paused on "
    "purpose, silence this for a day."
)


def _stopped(said: str) -> Fired:
    return _fired(
        "ModelTrafficStopped",
        "ticket",
        "No more predictions come from the model, for longer than its habit explains.",
        f"The exporter works and reads, but model churn has logged no prediction {said} The last one is of "
        f"1970-01-01 00:02 UTC.\n{_STOPPED_FIRST}",
        "model",
    )


_LAST = series("model_last_record_timestamp_seconds", "120x400", job="model", instance="one:9877", model="churn")


def test_missing_traffic_is_a_ticket_while_the_exporter_reads(tmp_path: Path) -> None:
    """If the habit is not known, it is what came yesterday and a week ago; the alert says how much, and the last time."""
    fired = _stopped("for an hour or longer; at the same time yesterday and a week before there were at least 50.")
    missing = [series("model:records_missing:min", "_x11 50x400", model="churn"), _LAST]
    _check(tmp_path, [*missing, *_target()], "ModelTrafficStopped", 16, fired)
    _silent(tmp_path, [*missing, *_gone()], "ModelTrafficStopped")
    _silent(tmp_path, [*missing, *_target(model_drift_exporter_input_up="0x400")], "ModelTrafficStopped")


def test_a_silence_beyond_the_habit_is_a_ticket(tmp_path: Path) -> None:
    """It says how long it is and how long it may be. What is read from an old log is no silence."""
    fired = _stopped("for 44m 0s; by the habit of the past weeks it would have done so within 40m 0s.")
    old = [series("model:record_age_seconds:min", "0+60x400", model="churn"), _LAST]
    usual = series("model:usual_silence_seconds:min", "2400x400", model="churn")
    # A minute before, 41 minutes are beyond; they have to be so for five minutes.
    expected = {"ModelTrafficStopped": {"45m": [], "46m": [attrs.evolve(fired, annotations=_later(fired, "46m"))]}}
    check_alerts(tmp_path, [*old, usual, *_target()], expected, files=_FILES)
    reading = series("model:records:rate5m", "50x400", model="churn")
    _silent(tmp_path, [*old, usual, reading, *_target()], "ModelTrafficStopped")
    _silent(tmp_path, [*old, usual, *_gone()], "ModelTrafficStopped")


def _later(fired: Fired, minutes: str) -> dict[str, str]:
    return {name: text.replace("44m", minutes) for name, text in fired.annotations.items()}


def _errors(count: float) -> dict[str, str]:
    name = "model_drift_exporter_record_errors_total"
    values = f"0x9 0+{count}x400"
    return series(name, values, job="model", instance="one:9877", input="log", reason="not_json")


_RECORDS = [
    series("model_records_total", "0+70x400", job="model", instance="one:9877", model="churn"),
    series("model_labels_total", "0+20x400", job="model", instance="one:9877", model="churn"),
]


def test_many_rejected_lines_are_a_ticket(tmp_path: Path) -> None:
    """Above one line in a hundred, and thirty in the hour, the share and the reasons are told."""
    fired = _fired(
        "ModelRecordErrorsHigh",
        "ticket",
        "More than one line in a hundred of the model's log cannot be read.",
        "The exporter of model churn rejects 6.667% of the lines that it reads. In the last hour: not_json 180.\n"
        "First: the exporter's log shows what is wrong with such lines; see whether the log's format changed, or whether "
        "something else writes to that file.",
        "exporter",
    )
    # 10 a minute from minute 11 on: 30 at minute 13, and 15 minutes later 180 beside 28 * 90 good lines.
    _check(tmp_path, [*_target(), *_RECORDS, _errors(10)], "ModelRecordErrorsHigh", 28, fired)
    # Every line rejected, so that no record has ever told of a model: the exporter is still told about.
    labels = {"job": "model", "instance": "one:9877"}
    build = series("model_drift_exporter_build_info", "1x400", **labels, version="1", python="3")
    expected = {"27m": [], "28m": [_rejecting_everything()]}
    check_alerts(tmp_path, [build, _errors(10)], {"ModelRecordErrorsHigh": expected}, files=_FILES)
    # 36 of 5,436 lines are below the share, and 24 an hour, be they all, below the number that counts.
    _silent(tmp_path, [*_target(), *_RECORDS, _errors(0.6)], "ModelRecordErrorsHigh")
    _silent(tmp_path, [*_target(), _errors(0.4)], "ModelRecordErrorsHigh")


def _rejecting_everything() -> Fired:
    return _fired(
        "ModelRecordErrorsHigh",
        "ticket",
        "More than one line in a hundred of the model's log cannot be read.",
        "The exporter rejects 100% of the lines that it reads. In the last hour: not_json 180.\n"
        "First: the exporter's log shows what is wrong with such lines; see whether the log's format changed, or whether "
        "something else writes to that file.",
        "exporter",
        model="__none__",
    )


def test_an_exporter_behind_its_log_is_a_ticket(tmp_path: Path) -> None:
    """Ten minutes behind for a quarter of an hour, and it says how late alerts are."""
    fired = _fired(
        "ModelExporterLag",
        "ticket",
        "The exporter is behind the model's log.",
        "The exporter of model churn has not caught up with the log for 26m 0s: alerts come late by as much.\n"
        "First: see whether the exporter gets enough CPU, and whether it is reading a backlog, which passes.",
        "exporter",
    )
    lag = series("model_drift_exporter_input_lag_seconds", "0+60x400", job="model", instance="one:9877", input="log")
    _check(tmp_path, [*_target(), lag], "ModelExporterLag", 26, fired)


@pytest.mark.parametrize(("model", "whose"), [("churn", " of model churn"), ("__none__", "")])
def test_a_refused_configuration_is_a_ticket(model: str, whose: str, tmp_path: Path) -> None:
    """Also that of an exporter that has seen no model yet."""
    fired = _fired(
        "ModelExporterConfigReloadFailed",
        "ticket",
        "The exporter's new configuration was refused; it goes on with the old one.",
        f"The exporter{whose} could not load its configuration: one:9877. It would not start with it either.\n"
        "First: its log names the line and what to write instead; model-drift-exporter check shows every mistake.",
        "exporter",
        model=model,
    )
    labels = {"job": "model", "instance": "one:9877"}
    inputs = _target() if model == "churn" else [series("up", "1x400", **labels)]
    inputs += [
        series("model_drift_exporter_build_info", "1x400", **labels, version="1", python="3"),
        series("model_drift_exporter_config_last_reload_successful", "1x10 0x400", **labels),
    ]
    _check(tmp_path, inputs, "ModelExporterConfigReloadFailed", 16, fired)


def test_a_state_that_cannot_be_saved_is_a_ticket(tmp_path: Path) -> None:
    """Errors with no snapshot for 15 minutes, or none for an hour, for 15 minutes; occasional errors are none."""
    labels = {"job": "model", "instance": "one:9877"}
    fired = _fired(
        "ModelExporterSnapshotStale",
        "ticket",
        "The exporter cannot save its state: a restart would lose the evidence gathered so far.",
        "The exporter of model churn has not saved its state for at least 15 minutes (last time 30m 0s ago). After a restart, "
        "alerts that fire now would stop without a recovery, and waiting labels would be lost.\n"
        "First: is the disk at state.path full, read-only, or not mounted? The exporter's log names the error.",
        "exporter",
    )
    saved, errors = "model_drift_exporter_snapshot_timestamp_seconds", "model_drift_exporter_snapshot_errors_total"
    stale = [*_target(), series(saved, "60x400", **labels), series(errors, "0+2x400", **labels)]
    _check(tmp_path, stale, "ModelExporterSnapshotStale", 31, fired)
    flaky = [*_target(), series(saved, "0+60x400", **labels), series(errors, "0+1x400", **labels)]
    _silent(tmp_path, flaky, "ModelExporterSnapshotStale")
    silent = [*_target(), series(saved, "60x61", **labels)]
    check_alerts(tmp_path, silent, {"ModelExporterSnapshotStale": {"61m": []}}, files=_FILES)


def test_the_watchdog_always_fires(tmp_path: Path) -> None:
    """From the first evaluation on, and with nothing else there."""
    fired = _fired(
        "Watchdog",
        "none",
        "Always firing: proof that alerts get out.",
        "This alert always fires, to show that Prometheus evaluates rules and Alertmanager delivers. Connect it to a dead "
        "man's switch that calls somebody when it stops coming.",
        "fleet",
        model="__none__",
    )
    expected = {"Watchdog": {"0m": [fired], "9m": [fired]}}
    check_alerts(tmp_path, [series("up", "1x10", job="x")], expected, files=_FILES)
