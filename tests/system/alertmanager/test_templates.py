from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.components import require
from tests.system.alertmanager.examples import (
    Alert,
    alert,
    drift,
    exporter_down,
    feature_drift,
    input_broken,
    loss_increased,
    template_data,
)
from tests.system.alertmanager.running import FOLDER, TEMPLATES

_GOLDEN = Path(__file__).parent / "golden"

EXAMPLES: dict[str, list[Alert]] = {
    "page": [input_broken()],
    "loss": [loss_increased()],
    "resolved": [input_broken(resolved=True)],
    "partly_resolved": [loss_increased(), input_broken(resolved=True)],
    "forty_names": [input_broken(features=", ".join(f"feature_{number:02}" for number in range(40)))],
    "forty_alerts": [feature_drift(f"feature_{number:02}") for number in range(40)],
    "tickets": [drift("ModelFeatureDrift"), drift("ModelPredictionDrift")],
    "many_models": [exporter_down(f"model-{number}") for number in range(6)],
    "no_model": [exporter_down("__none__")],
    "bare": [{**alert("Surprise", "", annotations={}), "labels": {"alertname": "Surprise"}, "annotations": {}}],
    "odd_names": [
        feature_drift("what?", model='a "quoted" <b>model</b> & more'),
        feature_drift(".*", model='a "quoted" <b>model</b> & more'),
    ],
}
_SHOWN = {
    "title": ("text", '{{ template "model_drift.title" . }}'),
    "text": ("text", '{{ template "model_drift.text" . }}'),
    "slack": ("text", '{{ template "model_drift.slack.text" . }}'),
    "slack color and link": (
        "text",
        '{{ template "model_drift.slack.color" . }} {{ template "model_drift.slack.title_link" . }}',
    ),
    "pagerduty resolved": ("text", '{{ template "model_drift.text.resolved" . }}'),
    "html": ("html", '{{ template "model_drift.html" . }}'),
}


def render(text: str, alerts: list[Alert], folder: Path, *, kind: str = "text") -> str:
    data = folder / "data.json"
    data.write_text(json.dumps(template_data(*alerts)))
    command = [require("amtool"), "template", "render", f"--template.glob={TEMPLATES}", f"--template.type={kind}"]
    rendered = subprocess.run(
        [*command, f"--template.text={text}", f"--template.data={data}"], capture_output=True, text=True, check=False
    )
    assert rendered.returncode == 0, rendered.stderr
    return rendered.stdout.removesuffix("\n")


@pytest.mark.parametrize("name", EXAMPLES)
def test_templates_say_what_is_on_record(name: str, rewrite_golden: bool, tmp_path: Path) -> None:
    """Each define, for each kind of notification, reads as the golden text."""
    told = "".join(
        f"──── {what} ────\n{render(text, EXAMPLES[name], tmp_path, kind=kind)}\n"
        for what, (kind, text) in _SHOWN.items()
    )
    file = _GOLDEN / f"{name}.txt"
    if rewrite_golden:
        file.parent.mkdir(exist_ok=True)
        file.write_text(told)
    assert told == file.read_text()


def test_titles_say_what_broke_on_which_model(tmp_path: Path) -> None:
    """A title is short enough for a phone's lock screen, and says severity, model, what, and features."""
    titles = {name: render(_SHOWN["title"][1], alerts, tmp_path) for name, alerts in EXAMPLES.items()}
    assert titles == {
        "page": "PAGE loan-model: input broken: income",
        "loss": "PAGE loan-model: loss increased",
        "resolved": "RESOLVED loan-model: input broken: income",
        "partly_resolved": "PAGE loan-model: loss increased",
        "forty_names": "PAGE loan-model: input broken: feature_00, feature_01, feature_02 …",
        "forty_alerts": "TICKET loan-model: feature moved: feature_00, feature_01, feature_02 …",
        "tickets": "TICKET loan-model: feature drift, prediction drift",
        "many_models": "PAGE model-0, model-1, model-2 and 3 others: exporter down",
        "no_model": "PAGE exporter down",
        "bare": "NOTICE surprise",
        "odd_names": 'TICKET a "quoted" <b>model</b> & more: feature moved: what?, .*',
    }


@pytest.mark.parametrize(
    ("listed", "shown"),
    [
        ("income (30% now)", "income"),
        ("income", "income"),
        ("a (evidence 1e4.0), b (evidence 1e3.0)", "a, b"),
        ("a (1), b (2), c (3)", "a, b, c"),
        ("a (1), b (2), c (3), d (4)", "a, b, c …"),
        ("a (1), b (2), c (3), d (4), e (5) and 35 more", "a, b, c …"),
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_titles_take_features_from_the_description(listed: str, shown: str, last: bool, tmp_path: Path) -> None:
    """The line of the description that names features gives the first three of them."""
    example = loss_increased()
    example["annotations"]["description"] = f"Worse.\nFeatures: {listed}.{'' if last else chr(10) + 'First: act.'}"
    assert render(_SHOWN["title"][1], [example], tmp_path) == f"PAGE loan-model: loss increased: {shown}"


def test_rules_write_the_line_that_titles_read() -> None:
    """The page about broken input names its features in a line of its own, the first thing a title needs."""
    groups = yaml.safe_load((FOLDER.parent / "prometheus" / "rules" / "alerts-model.yml").read_text())["groups"]
    [rule] = [rule for group in groups for rule in group["rules"] if rule.get("alert") == "ModelInputBroken"]
    assert "\nFeatures: {{" in rule["annotations"]["description"]
    assert "\nFirst: " in rule["annotations"]["description"]


@pytest.mark.parametrize(
    ("missing", "word"),
    [
        ("runbook_url", "What to do"),
        ("dashboard_url", "Dashboard"),
        ("panel_url", "Panel"),
        ("description", "30.12%"),
        ("summary", "is broken:"),
    ],
)
def test_what_an_alert_lacks_leaves_no_trace(missing: str, word: str, tmp_path: Path) -> None:
    """No empty link, and no heading with nothing under it."""
    example = input_broken()
    for kind, text in (_SHOWN["text"], _SHOWN["slack"], _SHOWN["html"]):
        assert word in render(text, [example], tmp_path, kind=kind)
    del example["annotations"][missing]
    for kind, text in (_SHOWN["text"], _SHOWN["slack"], _SHOWN["html"]):
        shown = render(text, [example], tmp_path, kind=kind)
        assert word not in shown
        assert "\n\n" not in shown.strip()
        assert 'href=""' not in shown
        assert "<|" not in shown


def test_a_link_without_a_host_is_no_link(tmp_path: Path) -> None:
    """The rules make "/d/…" of a dashboard if nobody told them where Grafana is; that leads nowhere, so it is left out."""
    example = input_broken()
    for kind in ("dashboard_url", "panel_url"):
        example["annotations"][kind] = "/d/model-drift-model/model?var-model=loan-model"
    for kind, text in (_SHOWN["text"], _SHOWN["slack"], _SHOWN["html"]):
        shown = render(text, [example], tmp_path, kind=kind)
        assert "Dashboard" not in shown
        assert "Panel" not in shown
        assert "/d/" not in shown


def test_values_are_no_markup(tmp_path: Path) -> None:
    """A model's name is text in HTML and in Slack, whatever it holds."""
    html, slack = (
        render(_SHOWN[what][1], EXAMPLES["odd_names"], tmp_path, kind=_SHOWN[what][0]) for what in ("html", "slack")
    )
    assert "<b>" not in html.replace("<body", "")
    assert "<b>" not in slack
    assert "%22a%20%5C%22quoted%5C%22%20%3Cb%3Emodel%3C%2Fb%3E%20%26%20more%22".lower() in html.lower()
