"""Writes down what a model answers, and later what became of it: the log that the exporter reads."""

from __future__ import annotations

import heapq
import math
from datetime import UTC, datetime

import msgspec
import numpy as np

from .requests import Requests
from .scenario import Scenario

__all__ = ["PredictionLog", "reference_rows"]

_encode = msgspec.json.Encoder().encode


class PredictionLog:
    """Lines of JSON, each due at an event time: a prediction at once, its label when the outcome is known.

    From the event time ``incident_at`` (seconds) on, requests are as the scenario's incident leaves them. ``written`` is
    the number of lines handed out.
    """

    def __init__(self, scenario: Scenario, incident_at: float = math.inf) -> None:
        self._scenario = scenario
        self._incident_at = incident_at
        self._random = np.random.default_rng(7)
        self._pending: list[tuple[float, int, bytes]] = []
        self._queued = 0
        self.written = 0

    def answer(self, requests: Requests) -> None:
        """Let the model predict; the lines wait until they are due."""
        scenario = self._scenario
        requests = scenario.incident.befall(requests, self._incident_at)
        latency = self._random.lognormal(math.log(0.004), 0.5, len(requests)).round(5).tolist()
        times, outcome_times = requests.time.tolist(), requests.outcome_time.tolist()
        for row, record in enumerate(_predictions(scenario, requests)):
            identifier = record["id"]
            self._add(times[row], {**record, "latency_seconds": latency[row]})
            if math.isfinite(outcome_times[row]):
                label = {
                    "ts": _text(outcome_times[row]),
                    "id": identifier,
                    "model": scenario.name,
                    "label": _class(scenario, bool(requests.positive[row])),
                }
                self._add(max(outcome_times[row], times[row]), label)

    def _add(self, due: float, record: dict[str, object]) -> None:
        self._queued += 1
        heapq.heappush(self._pending, (due, self._queued, _encode(record) + b"\n"))

    def due(self, now: float) -> bytes:
        """The lines whose event time has come, in the order of their times."""
        lines = []
        while self._pending and self._pending[0][0] <= now:
            lines.append(heapq.heappop(self._pending)[2])
        self.written += len(lines)
        return b"".join(lines)


def reference_rows(scenario: Scenario) -> bytes:
    """The reference as lines of JSON, each with its label where there is one."""
    requests = scenario.reference
    labelled = requests.labelled.tolist()
    rows = []
    for row, record in enumerate(_predictions(scenario, requests)):
        if labelled[row]:
            record["label"] = _class(scenario, bool(requests.positive[row]))
        rows.append(_encode(record))
    return b"\n".join(rows) + b"\n"


def _predictions(scenario: Scenario, requests: Requests) -> list[dict[str, object]]:
    score = scenario.model.score(requests).round(4)
    numeric = {name: list(map(_number, values.tolist())) for name, values in requests.numeric.items()}
    inputs = {**numeric, **{name: values.tolist() for name, values in requests.categorical.items()}}
    rows = zip(*inputs.values(), strict=True)
    return [
        {
            "ts": _text(time),
            "id": identifier,
            "model": scenario.name,
            "model_version": scenario.version,
            "features": dict(zip(inputs, values, strict=True)),
            "prediction": _class(scenario, probability >= scenario.threshold),
            "score": probability,
        }
        for time, identifier, values, probability in zip(
            requests.time.tolist(), requests.ids.tolist(), rows, score.tolist(), strict=True
        )
    ]


def _class(scenario: Scenario, positive: bool) -> str:
    return scenario.positive if positive else scenario.negative


def _number(value: float) -> float | int | None:
    if math.isnan(value):
        return None
    return int(value) if value.is_integer() else round(value, 3)


def _text(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
