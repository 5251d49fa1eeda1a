"""A service for the tests of the web applications: answers as told and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from model_drift_exporter.metrics.samples import Samples
from model_drift_exporter.service.status import ExporterStatus

STATUS = ExporterStatus(
    version="1.2.3",
    started=1_760_000_000.0,
    now=1_760_000_060.0,
    inputs=(),
    errors={},
    models=(),
    reload_successful=True,
    reload_problem="",
)


@attrs.define
class FakeService:
    samples: list[Samples] = attrs.field(factory=list)
    not_ready: str | None = None
    failure: str | None = None
    problem: str | None = None
    queue_full: bool = False
    reloads: int = 0
    rearmed: list[str | None] = attrs.field(factory=list)
    offered: list[tuple[bytes, str, str]] = attrs.field(factory=list)
    headers: list[Mapping[str, str]] = attrs.field(factory=list)

    def collect(self) -> list[Samples]:
        return self.samples

    def status(self) -> ExporterStatus:
        return STATUS

    def healthy(self) -> str | None:
        return self.failure

    def ready(self) -> str | None:
        return self.not_ready

    def reload(self) -> str | None:
        self.reloads += 1
        return self.problem

    def rearm(self, model: str | None) -> dict[str, list[str]] | None:
        self.rearmed.append(model)
        return None if model == "unknown" else {"churn": ["ModelInputBroken"]}

    def offer(self, body: bytes, content_type: str, content_encoding: str, headers: Mapping[str, str]) -> bool:
        if self.queue_full:
            return False
        self.offered.append((body, content_type, content_encoding))
        self.headers.append(headers)
        return True
