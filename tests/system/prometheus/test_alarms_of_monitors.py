"""The alert of a monitor that there is not, from its spec alone, by the real promtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from prometheus.src.addresses import places
from prometheus.src.model_alerts import documentation
from scripts.panel_numbers import numbers_of
from tests.support.components import require
from tests.support.made_up_monitor import ALARM, ALL, MADE_UP
from tests.support.promtool import Fired, check_alerts
from tests.support.rule_series import series

_OWN = {"job": "model", "instance": "one:9877", "model": "churn"}
_GRAFANA = "http://localhost:3000/d/model-drift-model/model?var-model=churn"


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    path = tmp_path / "made-up.yml"
    path.write_text(documentation(ALL))
    return path


def test_promtool_accepts_the_rules(rule_file: Path) -> None:
    """`promtool check rules` finds nothing to complain about; there is one more alert, before the facts."""
    checked = subprocess.run(
        [require("promtool"), "check", "rules", rule_file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    [group] = yaml.safe_load(rule_file.read_text())["groups"]
    assert [rule["alert"] for rule in group["rules"] if "alert" in rule][-3] == ALARM.alert


@pytest.mark.parametrize("stands", [True, False])
def test_it_says_what_the_spec_says(rule_file: Path, tmp_path: Path, stands: bool) -> None:
    """Summary, sentence, the finding that explains it while it stands, onset, first step, how sure; and its first panel."""
    labels = {**_OWN, "alert": ALARM.alert, "severity": "ticket"}
    inputs = [
        series("model_alert_evidence_log10", "9.1x9", **labels),
        series("model_alert_evidence_threshold_log10", "5x9", **labels),
        series("model_finding", f"{int(stands)}x9", **_OWN, kind="sensor_stuck"),
        series("model_finding", "1x9", **_OWN, kind="retry_storm"),
        series("model_finding", "1x9", **{**_OWN, "model": "another"}, kind="sensor_stuck"),
    ]
    lines = [
        "Model churn gets the same record again and again.",
        *(["One sensor gives one value: it is stuck."] if stands else []),
        "First: look for a sensor that is stuck.",
        "Evidence 1e9.1, ticket from 1e5.0.",
    ]
    number = numbers_of(ALL)[MADE_UP.panels[0].name]
    annotations = {
        "summary": ALARM.summary,
        "description": "\n".join(lines),
        "runbook_url": f"https://github.com/model-drift-exporter/model-drift-exporter/blob/main/docs/runbooks/{ALARM.alert}.md",
        "dashboard_url": _GRAFANA,
        "panel_url": f"{_GRAFANA}&viewPanel={number}",
    }
    fired = Fired({"model": "churn", "severity": "ticket"}, annotations)
    check_alerts(tmp_path, inputs, {ALARM.alert: {"5m": [fired]}}, files=("settings.yml", str(rule_file)))
    assert places(ALL)[ALARM.alert].onset
