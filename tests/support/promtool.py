"""Runs the rule files in the real promtool, on series that a test gives.

An evaluation of all rules costs milliseconds and there is one for each interval, so cases that do not touch each other share
a run: see :func:`wrong_values` and :func:`wrong_alerts`, which name those that failed.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import yaml

from tests.support.components import require

from .rule_series import RULES, rules

__all__ = ["Fired", "check_alerts", "check_values", "rounded", "wrong_alerts", "wrong_values"]

_STEP = 1e-6
_Inputs = Sequence[Mapping[str, str]]
_Values = Mapping[str, Mapping[str, float]]
"""What an expression must give: values by series."""


@attrs.frozen
class Fired:
    """An alert that must fire: its labels beside its name, and all its annotations."""

    labels: dict[str, str]
    annotations: dict[str, str]


_Alerts = Mapping[str, Mapping[str, Sequence[Fired]]]
"""Exactly what must fire, by name of the alert and by time."""


def rounded(value: float) -> float:
    """What PromQL's ``round(value, 1e-6)`` gives, to the last digit."""
    inverse = 1.0 / _STEP
    return math.floor(value * inverse + 0.5) / inverse


def check_values(
    folder: Path,
    inputs: _Inputs,
    expected: _Values,
    *,
    at: str,
    interval: str = "1m",
    evaluation: str = "",
    files: Sequence[str] = (),
) -> None:
    """Fails unless each expression has exactly these values at a time, up to 1e-6."""
    wrong = wrong_values(folder, inputs, {at: expected}, interval=interval, evaluation=evaluation, files=files)
    assert not wrong, "\n".join(f"{expression}\n{told}" for expression, told in wrong.items())


def wrong_values(
    folder: Path,
    inputs: _Inputs,
    expected: Mapping[str, _Values],
    *,
    interval: str = "1m",
    evaluation: str = "",
    files: Sequence[str] = (),
) -> dict[str, str]:
    """What was expected and what came, by expression, of those that differ; ``expected`` is by time.

    Samples come every ``interval``; rules are evaluated every ``evaluation``, where that is coarser.
    """
    tests = [
        {
            "expr": f"round({expression}, {_STEP})",
            "eval_time": at,
            "exp_samples": [{"labels": labels, "value": rounded(value)} for labels, value in samples.items()],
        }
        for at, values in expected.items()
        for expression, samples in values.items()
    ]
    output = _run(folder, files, interval, evaluation, {"input_series": list(inputs), "promql_expr_test": tests})
    found = re.findall(r'^    expr: ("round\(.*"), time: \S+,\n((?: {8}.*\n?)+)', output, re.MULTILINE)
    wrong = {json.loads(quoted).removeprefix("round(").removesuffix(f", {_STEP})"): told for quoted, told in found}
    assert bool(wrong) == bool(output), output
    return wrong


def check_alerts(
    folder: Path, inputs: _Inputs, expected: _Alerts, *, interval: str = "1m", files: Sequence[str] = ()
) -> None:
    """Fails unless exactly these alerts fire."""
    wrong = wrong_alerts(folder, inputs, expected, interval=interval, files=files)
    assert not wrong, "\n\n".join(wrong)


def wrong_alerts(
    folder: Path, inputs: _Inputs, expected: _Alerts, *, interval: str = "1m", files: Sequence[str] = ()
) -> list[str]:
    """The alerts, as promtool writes them, that fired and should not have, or the reverse."""
    tests = [
        {
            "eval_time": at,
            "alertname": alert,
            "exp_alerts": [{"exp_labels": fired.labels, "exp_annotations": fired.annotations} for fired in alerts],
        }
        for alert, times in expected.items()
        for at, alerts in times.items()
    ]
    output = _run(folder, files, interval, "", {"input_series": list(inputs), "alert_rule_test": tests})
    wrong = []
    for failure in re.split(r"^ {4}(?=(?:name: .*\n {4})?alertname: )", output, flags=re.MULTILINE)[1:]:
        head, wanted, came = re.split(r"^ {8}(?=exp:|got:)", failure, flags=re.MULTILINE)
        listed = [
            Counter(re.findall(r"Labels:(.*\n *Annotations:.*?),?$", text, re.MULTILINE)) for text in (wanted, came)
        ]
        for sign, alerts in (("missing", listed[0] - listed[1]), ("unexpected", listed[1] - listed[0])):
            wrong += [f"{head.strip()} {sign}: {alert}".replace("\\n", "\n") for alert in alerts]
    assert bool(wrong) == bool(output), output
    return wrong


def _run(folder: Path, files: Sequence[str], interval: str, evaluation: str, test: Mapping[str, Any]) -> str:
    """What promtool says is wrong, nothing if all is well."""
    chosen = [RULES / name for name in files or rules()]
    document = {
        "rule_files": [str(path) for path in chosen],
        "evaluation_interval": evaluation or interval,
        # Otherwise promtool takes them in any order.
        "group_eval_order": [group["name"] for path in chosen for group in yaml.safe_load(path.read_text())["groups"]],
        "tests": [{"interval": interval, **test}],
    }
    path = folder / "rules_test.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000))
    command = [require("promtool"), "test", "rules", str(path)]
    # Collecting garbage is a fifth of promtool's time; it lives for a second or two.
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "GOGC": "400"})
    output = ran.stdout + ran.stderr
    assert ran.returncode in {0, 1}, output
    return output if ran.returncode else ""
