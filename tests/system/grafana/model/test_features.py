"""Panels about features: which are shown, in which order, and what is known of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.grafana.model_queries import CHOSEN, MODEL, PANELS, model_query
from tests.grafana.queries import Scene, ask, panel_requests
from tests.support.promtool import check_values, wrong_values
from tests.support.rule_series import series
from tests.system.e2e.prometheus_server import prometheus
from tests.system.history.evaluating import OPTIONS, import_samples

_DAY = 86_400


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Rows of panel Features, from the top, of a day on which twenty features gathered evidence 0, 0.1, … 1.9."""
    folder = tmp_path_factory.mktemp("features")
    end = 1_800_000_000
    lines = ["# TYPE model_feature:drift_evidence:log10 gauge"]
    for number in range(20):
        for minutes in range(0, _DAY // 60 + 1, 5):
            once = 5.0 if number == 3 and 60 <= minutes <= 120 else number / 10
            labels = f'model="credit",feature="f{number:02}"'
            lines.append(f"model_feature:drift_evidence:log10{{{labels}}} {once} {end - _DAY + minutes * 60}")
    lines.append("# TYPE model:alert_evidence_threshold:log10 gauge")
    threshold = 'model:alert_evidence_threshold:log10{model="credit",alert="ModelFeatureDrift",severity="ticket"} 2'
    lines += [f"{threshold} {end - _DAY + second}" for second in range(0, _DAY + 1, 300)]
    lines.append("# TYPE model_alert_feature gauge")
    for feature, severity in (("f05", "page"), ("f06", "ticket")):
        labels = f'job="e",instance="i",model="credit",alert="x",severity="{severity}",feature="{feature}"'
        lines += [f"model_alert_feature{{{labels}}} 1 {end - _DAY + second}" for second in range(0, 3_601, 300)]
    (folder / "samples").write_text("\n".join([*lines, "# EOF\n"]))
    import_samples(folder, folder / "samples")
    [request, _] = panel_requests(MODEL, PANELS[30], Scene(end - _DAY, end, CHOSEN))
    with prometheus(folder, "global: {}\n", *OPTIONS) as server:
        answer = ask(server.url, request)
    return [each["metric"]["feature"] for each in answer["data"]["result"]]


def test_the_worst_features_are_on_top(features: list[str]) -> None:
    """First those of a page, then of a ticket, then by the largest evidence of the whole time, whatever it is now."""
    assert features[:5] == ["f05", "f06", "f03", "f19", "f18"]


def test_the_worst_fifteen_features_are_shown(features: list[str]) -> None:
    """The quietest are left out, so that names can be read."""
    assert set(features) == {f"f{number:02}" for number in (3, 5, 6, *range(8, 20))}


def test_a_model_without_features_is_told_from_one_that_nobody_watched(tmp_path: Path) -> None:
    """At the steps at which it was watched, and at no others."""
    row = '{feature="No reference, no features", model="credit"}'
    told: dict[str, Any] = {"5m": {model_query(30, "B"): {row: 4.0}}, "30m": {model_query(30, "B"): {}}}
    inputs = [series("model:state:max", "1x10", model="credit")]
    assert wrong_values(tmp_path, inputs, told, files=["settings.yml"]) == {}


def test_without_traffic_there_is_still_evidence() -> None:
    """Where only one query of the table finds something, Grafana calls its column by no query's name."""
    [organize] = [each["options"] for each in PANELS[31].transformations if each["id"] == "organize"]
    [chosen] = [each["options"] for each in PANELS[31].transformations if each["id"] == "filterFieldsByName"]
    assert organize["renameByName"]["Value"] == organize["renameByName"]["Value #A"] == "Evidence"
    assert "Value" in chosen["include"]["names"]


def test_unseen_categories_are_outside(tmp_path: Path) -> None:
    """As values beyond the range are; of categories without a bin, only those beyond the share that is usual."""
    own = {"model": "credit", "reference": "r"}
    recorded = "model_reference_feature:feature_"
    inputs = [
        series(f"{recorded}out_of_range:ratio1h", "0.25x10", feature="age", **own),
        series(f"{recorded}unseen:ratio1h", "0.3x10", feature="channel", **own),
        series(f"{recorded}unseen:ratio1h", "0.1x10", feature="town", **own),
    ]
    for feature in ("channel", "town"):
        rare = {"bin": "__other__", "feature": feature, **own}
        inputs.append(series("model_reference_feature_bin:feature_reference_observations:max", "200x10", **rare))
        inputs.append(series(f"{recorded}reference_observations:sum", "1000x10", feature=feature, **own))
    shown = {'{feature="age"}': 0.25, '{feature="channel"}': 0.1, '{feature="town"}': 0.0}
    check_values(tmp_path, inputs, {model_query(31, "G"): shown}, at="5m", files=["settings.yml"])
