"""Reads what the exporter exports, with the parser of Prometheus' own client."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

from model_drift_exporter.metrics.renderer import render
from model_drift_exporter.metrics.samples import Samples

__all__ = ["Exposition", "series_lines"]

_VOLATILE = re.compile(r"^(# (HELP|TYPE) )?(process_|model_drift_exporter_(input_lag|last_read|scrape|config|build))")


class Exposition:
    """Samples by name and labels; ``exposition("model_records_total", model="churn")`` is a value."""

    def __init__(self, text: str | bytes) -> None:
        self.text = text if isinstance(text, str) else text.decode()
        self.families = {family.name: family for family in text_string_to_metric_families(self.text)}
        self.samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in self.families.values():
            for sample in family.samples:
                key = (sample.name, frozenset(sample.labels.items()))
                assert key not in self.samples, f"twice: {key}"
                self.samples[key] = sample.value

    @classmethod
    def of(cls, blocks: Iterable[Samples]) -> Exposition:
        """What these samples look like to Prometheus."""
        return cls(render(blocks, openmetrics=False))

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def get(self, name: str, **labels: str) -> float | None:
        """The value, or ``None`` if there is no such sample."""
        return self.samples.get((name, frozenset(labels.items())))

    def select(self, name: str, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
        """The values of a metric whose labels include these, by their other labels."""
        wanted = frozenset(labels.items())
        return {
            found - wanted: value for (own, found), value in self.samples.items() if own == name and wanted <= found
        }

    def total(self, name: str, **labels: str) -> float:
        """The sum over :meth:`select`."""
        return sum(self.select(name, **labels).values())

    def by(self, label: str, name: str, **labels: str) -> dict[str, float]:
        """The values of :meth:`select` by one of their labels."""
        return {dict(found)[label]: value for found, value in self.select(name, **labels).items()}


def series_lines(text: str) -> list[str]:
    """The sample lines but for those that differ from run to run: of the process, the clock and the reading.

    Evidence is a running sum: its last digits depend on how records were cut into batches.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#") and not _VOLATILE.match(line)]
    return [_rounded(line) if "_evidence_log10{" in line else line for line in lines]


def _rounded(line: str) -> str:
    name, _, value = line.rpartition(" ")
    return f"{name} {round(float(value), 4) + 0.0}"
