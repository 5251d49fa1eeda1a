from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.promtool import Fired, check_alerts, check_values, wrong_alerts, wrong_values
from tests.support.rule_series import series

_FILES = ("alerts-exporter.yml",)
_UP = [series("up", "1x9", job=job) for job in ("a", 'b "c"')]


def test_wrong_values_are_named(tmp_path: Path) -> None:
    """Expressions that differ are named with what came, others are not; an error of promtool is no success."""
    quoted = 'up{job="b \\"c\\""}'
    expected = {"1m": {'up{job="a"} * 1': {'{job="a"}': 1.0}, quoted: {quoted: 1.5}}, "2m": {"vector(7)": {"{}": 8.0}}}
    wrong = wrong_values(tmp_path, _UP, expected, files=_FILES)
    assert wrong.keys() == {quoted, "vector(7)"}
    assert "7E+00" in wrong["vector(7)"]
    with pytest.raises(AssertionError, match="vector"):
        check_values(tmp_path, _UP, expected["2m"], at="2m", files=_FILES)
    with pytest.raises(AssertionError, match="parse error"):
        wrong_values(tmp_path, _UP, {"1m": {"up{": {}}}, files=_FILES)


def test_wrong_alerts_are_named(tmp_path: Path) -> None:
    """An alert that is missing and one that is not expected are told, and one that is as expected is not."""
    absent = Fired({"model": "b"}, {"summary": "x"})
    wrong = wrong_alerts(tmp_path, _UP, {"Watchdog": {"1m": [absent]}, "ModelExporterLag": {"1m": []}}, files=_FILES)
    assert len(wrong) == 2
    assert 'missing: {alertname="Watchdog", model="b"}' in wrong[0]
    assert 'unexpected: {alertname="Watchdog", model="__none__", severity="none"}' in wrong[1]
    with pytest.raises(AssertionError, match="Watchdog"):
        check_alerts(tmp_path, _UP, {"Watchdog": {"1m": []}}, files=_FILES)
