"""What the dashboard about a feature says of its state, and what it keeps to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from grafana.src.feature.dashboard import FEATURE
from grafana.src.feature.status import STATES
from model_drift_exporter.statistics import STATISTICS
from prometheus.src.distances import FORMS
from tests.grafana.dashboard_file import Panel, parsed
from tests.grafana.substitution import ALL, substituted, with_intervals
from tests.support.promtool import check_values
from tests.support.rule_series import labelled, series

_DASHBOARD = parsed("feature", json.loads(FEATURE.documentation()))
_CHOSEN = {"datasource": "x", "job": ALL, "model": "m", "feature": "f", "window": "1h"}
_FILES = ["settings.yml"]
"""Nothing of what is asked for is recorded: the tests give it."""


def _alert(severity: str, certainty: str) -> dict[str, str]:
    own = {"job": "j", "instance": "a", "model": "m", "feature": "f"}
    return series("model_alert_feature", "1x10", alert="A", severity=severity, certainty=certainty, **own)


def _evidence(values: str, feature: str = "f") -> dict[str, str]:
    return series("model_feature:drift_evidence:log10", values, model="m", feature=feature)


_THRESHOLD = series(
    "model:alert_evidence_threshold:log10", "3x10", model="m", alert="ModelFeatureDrift", severity="ticket"
)
_TEN_FEATURES = [_evidence("2.9x10", f"other{number}") for number in range(9)]
"""Of ten features, one alone needs a log10 of 4 for the average to reach 3; three quarters of it are 3."""


_STATES: dict[str, tuple[list[dict[str, str]], str]] = {
    "named in a page": ([_alert("page", "named"), _alert("ticket", "named")], "Page"),
    "named in a ticket": ([_alert("ticket", "named"), _alert("page", "suspected")], "Drifts"),
    "suspected": ([_alert("page", "suspected"), _evidence("0+1x10")], "Suspected"),
    "almost a ticket": ([_evidence("3.1x10"), *_TEN_FEATURES, _THRESHOLD], "Rising"),
    "as others": ([_evidence("2.9x10"), *_TEN_FEATURES, _THRESHOLD], "Quiet"),
    "without a threshold": ([_evidence("9x10")], "Quiet"),
    "nobody judges": ([series("model_info", "1x10", job="j", instance="a", model="m", reference="r")], ""),
}


@pytest.mark.parametrize("case", _STATES)
def test_the_state_is_the_worst_that_is_known(case: str, tmp_path: Path) -> None:
    """A feature that is only suspected is never said to drift; one that nobody judges is not called quiet."""
    inputs, text = _STATES[case]
    [state] = [target.expression for target in _panel(1).targets]
    codes = {name: code for code, (name, _) in STATES.items()}
    expected: Mapping[str, float] = {"{}": codes[text]} if text else {}
    check_values(tmp_path, inputs, {_asked(state): expected}, at="5m", files=_FILES)


def test_each_difference_has_one_colour() -> None:
    """From all of it less to all of it more, without a gap."""
    mappings = _panel(11).defaults["mappings"]
    ranges = [(each["options"]["from"], each["options"]["to"]) for each in mappings if each["type"] == "range"]
    assert (ranges[0][0], ranges[-1][1]) == (-1, 1)
    assert all(one[1] == other[0] for one, other in pairwise(ranges))
    assert len({each["options"]["result"]["color"] for each in mappings if each["type"] == "range"}) == len(ranges)


def test_panels_that_runbooks_name_keep_their_numbers() -> None:
    """Links of alerts hold them."""
    named = {10: "Now against reference", 11: "Over time", 20: "Missing and out of range"}
    assert {identifier: _panel(identifier).title for identifier in named} == named


def test_a_table_of_statistics_has_all_its_columns(tmp_path: Path) -> None:
    """Also those of windows without any value."""
    columns = [target.expression for target in _panel(22).targets]
    lines = [each.name for each in STATISTICS if each.reading and each.name in FORMS]
    lines += [name for name in lines if FORMS[name].noise_floor is not None]
    expected: dict[str, Mapping[str, float]] = {
        f"count({_asked(column)})": {"{}": float(len(lines)) if number == 0 else 1.0}
        for number, column in enumerate(columns)
    }
    assert len(expected) == 7
    check_values(tmp_path, [_evidence("0x10")], expected, at="5m", files=_FILES)


def test_the_way_to_the_model_keeps_the_window() -> None:
    """And the name of the model, whatever is in it."""
    [(link, _)] = _panel(1).data_links()
    assert "var-model=${model:percentencode}" in link["url"]
    assert "var-window=${window:percentencode}" in link["url"]


@pytest.mark.parametrize(("panel", "ref_id"), [(10, "B"), (11, "A"), (12, "A"), (30, "C")])
def test_an_empty_panel_has_a_row_that_says_why(panel: int, ref_id: str, tmp_path: Path) -> None:
    """Grafana 9.4 has other words than ours where bars, timelines and heatmaps are empty."""
    [query] = [target.expression for target in _panel(panel).targets if target.ref_id == ref_id]
    text = "no reference in this time" if ref_id != "A" else "no values in this time"
    expected = {f"count by (order, text) ({_asked(query)})": {labelled("", order="0", text=text): 1.0}}
    check_values(tmp_path, [_evidence("0x10")], expected, at="5m", files=_FILES)


def _asked(expression: str) -> str:
    """With the variables that a person has chosen, for promtool, which asks at one moment."""
    text = substituted(expression, _DASHBOARD.variables, _CHOSEN)
    return with_intervals(text, {"__range": "5m"}).replace(" @ end()", "")


def _panel(identifier: int) -> Panel:
    [found] = [each for each in _DASHBOARD.panels if each.id == identifier]
    return found
