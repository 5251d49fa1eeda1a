"""The whole kit on loopback: the exporter, Prometheus with the shipped rules, Alertmanager with the shipped routes, receivers.

Only addresses and intervals are replaced. How long a condition must hold before its alert fires (`for`) is not.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import yaml

from tests.support.sidecar import Sidecar, eventually, sidecar
from tests.system.alertmanager.catching import Caught, catching
from tests.system.alertmanager.running import Alertmanager, alertmanager, configuration
from tests.system.e2e.incidents import Portion, append
from tests.system.e2e.prometheus_server import Prometheus, prometheus

__all__ = ["Stack", "stack"]

_PROMETHEUS = Path(__file__).resolve().parents[3] / "prometheus"
_INTERVAL = "1s"
# Twice the interval of the rules, as shipped: what a page says has then been looked up twice.
_GROUP_WAIT = "2s"


@attrs.frozen
class Stack:
    """What runs, and the logs that the exporter follows."""

    exporter: Sidecar
    prometheus: Prometheus
    alerts: Alertmanager
    caught: Caught
    predictions: Path
    labels: Path

    def write(self, portion: Portion) -> None:
        """Let the exporter read a portion, hour by hour, labels after predictions: those that are late count less."""
        hours = sorted({row["ts"] // 3_600 for row in (*portion.predictions, *portion.labels)})
        for hour in hours:
            self._write_hour(portion, hour)

    def _write_hour(self, portion: Portion, hour: float) -> None:
        for log, every, metric in (
            (self.predictions, portion.predictions, "model_records_total"),
            (self.labels, portion.labels, "model_labels_total"),
        ):
            rows = [row for row in every if row["ts"] // 3_600 == hour]
            read = self.exporter.metrics().total(metric) + len(rows)
            append(log, rows)
            eventually(functools.partial(self._has_read, metric, read))

    def _has_read(self, metric: str, count: float) -> bool:
        return self.exporter.metrics().total(metric) == count

    def scraped(self) -> None:
        """Until Prometheus has what the exporter has read so far."""
        read = self.exporter.metrics().by("model", "model_records_total")
        eventually(lambda: self.prometheus.by("model", "model_records_total") == read)


def _rules(folder: Path) -> None:
    """The shipped rules, every group at the interval of all."""
    for file in sorted((_PROMETHEUS / "rules").glob("*.yml")):
        rules: dict[str, Any] = yaml.safe_load(file.read_text())
        for group in rules["groups"]:
            group.pop("interval", None)
        (folder / file.name).write_text(yaml.safe_dump(rules))


def _configuration(folder: Path, exporter: str, alerts: str) -> str:
    """The shipped configuration of Prometheus for this exporter and this Alertmanager."""
    _rules(folder)
    derived: dict[str, Any] = yaml.safe_load((_PROMETHEUS / "prometheus.yml").read_text())
    derived["global"] |= {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL}
    derived["rule_files"] = [str(folder / "*.yml")]
    derived["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alerts]}]}]
    [own] = [job for job in derived["scrape_configs"] if job["job_name"] == "model-drift-exporter"]
    own["static_configs"] = [{"targets": [exporter]}]
    derived["scrape_configs"] = [own]
    return yaml.safe_dump(derived)


@contextlib.contextmanager
def stack(folder: Path, reference: Path, before: Portion) -> Iterator[Stack]:
    """All of it, once a first portion has been read."""
    parts = {name: folder / name for name in ("exporter", "prometheus", "rules", "alertmanager")}
    for part in parts.values():
        part.mkdir()
    predictions, labels = folder / "predictions.jsonl", folder / "labels.jsonl"
    for log in (predictions, labels):
        log.touch()
    with contextlib.ExitStack() as running:
        caught = running.enter_context(catching())
        exporter = running.enter_context(
            sidecar(parts["exporter"], f"--reference={reference}", f"--labels={labels}", predictions)
        )
        routes = configuration(parts["alertmanager"], caught, working_hours=True)
        routes["route"]["group_wait"] = _GROUP_WAIT
        alerts = running.enter_context(alertmanager(parts["alertmanager"], routes))
        addresses = (url.removeprefix("http://") for url in (exporter.url, alerts.url))
        scraping = running.enter_context(
            prometheus(
                parts["prometheus"],
                _configuration(parts["rules"], *addresses),
                f"--rules.alert.resend-delay={_INTERVAL}",
            )
        )
        started = Stack(exporter, scraping, alerts, caught, predictions, labels)
        started.write(before)
        started.scraped()
        yield started
