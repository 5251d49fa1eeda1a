"""Every metric that the exporter can export, from the modules that declare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from .. import monitors
from ..evidence import alarms
from ..formats import REASONS
from ..labels import delays, evaluability
from ..labels import metrics as labels
from ..metrics import metric_documentation
from ..metrics.metric import Group, Metric
from ..models import model_findings, model_metrics, model_monitors, models, reference_metrics
from ..pipeline import pipeline
from . import exporter, process, state

__all__ = ["CATALOGUE", "catalogue_of", "documentation"]

_OWNERS = (
    *(pipeline, model_metrics, models, alarms, monitors, model_monitors, model_findings, reference_metrics),
    *(labels, delays, evaluability, exporter, state, process),
)
_HEADINGS = [*Group]
_REASONS = """
## Reasons

What rejected lines are counted as in `model_drift_exporter_record_errors_total`. A bad *value* never rejects a line.

| Reason | What to do |
| --- | --- |
"""


def catalogue_of(metrics: Iterable[Metric]) -> Mapping[str, Metric]:
    """Metrics by name, group by group, within a group as given. Raises ``ValueError`` where two have one name."""
    found: dict[str, Metric] = {}
    for metric in sorted(metrics, key=_place):
        if metric.name in found:
            raise ValueError(f"two metrics are called {metric.name}")
        found[metric.name] = metric
    return MappingProxyType(found)


def _place(metric: Metric) -> int:
    return _HEADINGS.index(metric.group) if metric.group in _HEADINGS else len(_HEADINGS)


CATALOGUE = catalogue_of(chain.from_iterable(owner.METRICS for owner in _OWNERS))
"""By name, in the order of docs/metrics.md."""


def documentation() -> str:
    """docs/metrics.md."""
    rows = "".join(f"| `{reason}` | {advice[0].upper()}{advice[1:]}. |\n" for reason, advice in REASONS.items())
    return f"{metric_documentation.documentation(CATALOGUE.values())}{_REASONS}{rows}"
