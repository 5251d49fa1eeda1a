"""What an alert is called on a dashboard, and what decides it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from grafana_foundation_sdk.models import dashboard as models

from prometheus.src import exporter_alerts, model_alerts
from prometheus.src.evidence import EVIDENCE, THRESHOLD
from prometheus.src.rule_files import Alert
from prometheus.src.texts import RUNBOOKS

from .colours import ORANGE, VERDICTS, VERMILION
from .variables import MODEL

__all__ = [
    "COLOURS",
    "DECIDED",
    "NAMES",
    "WITHOUT_EXPORTER",
    "evidence",
    "facts",
    "judged",
    "mappings",
    "runbook",
    "threshold",
]

COLOURS = {"page": VERMILION, "ticket": ORANGE}
"""Colour of each severity that reaches a person."""

WITHOUT_EXPORTER = "ModelExporterAbsent"
"""The alert to read about where nothing is known about the model."""

_NOTHING_TO_JUDGE = -299
"""Evidence, as log10, below which there is none: the exporter's is never below -300, which stands for that."""


def _alerts() -> Iterator[Alert]:
    for group in (*model_alerts.groups(), *exporter_alerts.groups()):
        yield from (rule for rule in group.rules if isinstance(rule, Alert) and rule.severity in COLOURS)


def _words(name: str) -> str:
    """``Loss increased`` for ``ModelLossIncreased``."""
    return " ".join(re.findall("[A-Z][a-z]*", name.removeprefix("Model"))).capitalize()


_NOT_EVALUABLE = "ModelDriftNotEvaluable"
NAMES = {
    **{alert.name: (_words(alert.name), COLOURS[alert.severity]) for alert in _alerts()},
    _NOT_EVALUABLE: VERDICTS[1],
}
"""Words and colour of every alert; that of the verdict where nothing can be judged, which is the least of tickets."""

DECIDED = tuple(alert.name for alert in _alerts() if EVIDENCE in alert.expression)
"""Alerts that evidence decides; the others are plain facts."""


def evidence(severity: str) -> str:
    """PromQL of the evidence of the alerts of a severity, as log10."""
    return f'{EVIDENCE}{{{MODEL}, severity="{severity}"}}'


def judged(severity: str, *, yes: bool = True) -> str:
    """As :func:`evidence`, of the alerts that can be judged, such as none about features without a reference; or the rest."""
    return f"{evidence(severity)} {'>=' if yes else '<'} {_NOTHING_TO_JUDGE}"


def threshold(alert: str = "") -> str:
    """PromQL of the evidence from which alerts fire, as log10; of one alert, if it is named."""
    named = f', alert="{alert}"' if alert else ""
    return f"{THRESHOLD}{{{MODEL}{named}}}"


def facts() -> str:
    """PromQL of the alerts that fire and are no matter of evidence, with the label ``alert``; the value is their state.

    That something cannot be judged is not among them: a panel of its own says what.
    """
    decided = "|".join((*DECIDED, _NOT_EVALUABLE))
    return f'max by (alert) (model:alert_state:max{{{MODEL}, alert!~"{decided}"}})'


def mappings() -> list[models.ValueMapping]:
    """Value mappings that show an alert's words in its colour instead of its name."""
    options = {
        name: models.ValueMappingResult(text=text, color=colour, index=index)
        for index, (name, (text, colour)) in enumerate(NAMES.items())
    }
    return [models.ValueMap(options=options)]


def runbook(name: str) -> dict[str, object]:
    """A link to an alert's page; ``name`` is what stands for its name, such as ``${__value.raw}``."""
    return {"title": "What to do", "url": f"{RUNBOOKS}/{name}.md", "targetBlank": True}
