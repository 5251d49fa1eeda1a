"""docs/metrics.md, written from the metrics themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .metric import Metric

__all__ = ["documentation"]

_MARKUP = re.compile(r"[\\|*`\[\]]")
# Names such as __other__ would be set in bold type.
_SPECIAL_NAME = re.compile(r"\b(?:_\w*|\w+_)\b")

_INTRODUCTION = """\
# Metrics

Every metric that `model-drift-exporter` can export. Names and labels are public API: a rename is announced in the
changelog. Ratios lie between 0 and 1, times and durations are in seconds. A histogram `name` is exported as
`name_bucket` (with the label `le`), `name_sum` and `name_count`. A series whose value is unknown at the moment, such as
a statistic of an empty window, is absent.

This page is generated from the catalogue in the source code; do not edit it by hand.
"""


def documentation(metrics: Iterable[Metric]) -> str:
    """The page as Markdown: one table a group, groups and metrics in the order given."""
    groups: dict[str, list[Metric]] = {}
    for metric in metrics:
        groups.setdefault(metric.group, []).append(metric)
    return "\n".join([_INTRODUCTION, *(_section(group, members) for group, members in groups.items())])


def _section(group: str, metrics: list[Metric]) -> str:
    rows = "".join(_row(metric) for metric in metrics)
    return f"## {group}\n\n| Name | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n{rows}"


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    meaning = " ".join(metric.help.split()).replace("<", "&lt;")
    meaning = _MARKUP.sub(r"\\\g<0>", meaning)
    meaning = _SPECIAL_NAME.sub(r"`\g<0>`", meaning)
    return f"| `{metric.name}` | {metric.type} | {labels} | {meaning} |\n"
