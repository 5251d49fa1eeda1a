"""What a metric is. Each is declared beside what exports it, and ``service/catalogue.py`` lists them all.

Names and labels are public API: a rename ships with a note in CHANGELOG.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import attrs

__all__ = ["Group", "Metric", "MetricType", "counter", "gauge", "histogram"]

MetricType = Literal["counter", "gauge", "histogram"]


class Group(StrEnum):
    """Headings of docs/metrics.md, in their order. A group with another heading stands below them."""

    MODELS = "Models and traffic"
    REFERENCES = "References"
    FEATURES = "Features"
    PREDICTIONS = "Predictions"
    SCORES = "Scores"
    CONFIDENCE = "Confidence"
    ALERTS = "Evidence and alerts"
    DEPENDENCE = "Dependence and seasons"
    LABELS = "Labels"
    PERFORMANCE = "Realised performance"
    WINDOWS = "Windows"
    EXPORTER = "The exporter itself"


@attrs.frozen(cache_hash=True)
class Metric:
    """One metric family.

    ``name`` as exposed in the text format (counters end in ``_total``); ``labels`` in the order they are rendered,
    without ``le``; ``group`` is the heading in docs/metrics.md. ``role`` is that of the columns that the series are of, one
    or some for each; empty where they are of the model or of the exporter.
    """

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...]
    group: str
    role: str = ""


def counter(name: str, labels: str, help: str, group: str, role: str = "") -> Metric:
    """A number that only grows; ``labels`` are separated by spaces."""
    return Metric(name, "counter", help, tuple(labels.split()), group, role)


def gauge(name: str, labels: str, help: str, group: str, role: str = "") -> Metric:
    """A number that comes and goes; ``labels`` are separated by spaces."""
    return Metric(name, "gauge", help, tuple(labels.split()), group, role)


def histogram(name: str, labels: str, help: str, group: str, role: str = "") -> Metric:
    """A distribution over buckets; ``labels`` are separated by spaces, without ``le``."""
    return Metric(name, "histogram", help, tuple(labels.split()), group, role)
