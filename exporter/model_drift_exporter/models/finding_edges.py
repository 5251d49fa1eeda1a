"""When findings begin and end, from one look at a model to the next."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..evidence.alarms import Transition
from ..monitors.findings import Finding
from .model import Model
from .model_findings import monitor_findings, told

__all__ = ["FindingEdge", "FindingsSeen", "edge_of_alarm"]


@attrs.frozen
class FindingEdge:
    """A finding begins or ends: at event time ``time`` in seconds (``None`` before any), at line ``record``.

    ``of_alarm``: it is that of an alarm, whose latch has an edge of its own.
    """

    finding: Finding
    time: float | None
    record: int
    model: str
    begins: bool
    of_alarm: bool = False


def edge_of_alarm(transition: Transition, model: Model) -> FindingEdge:
    """The edge of the finding that a latched alarm is. With a second rise it begins anew."""
    spec = next(spec for spec in model.alarms.specs if spec.alert == transition.alert)
    each = transition
    return FindingEdge(told(each, spec), each.time, each.record, each.model, begins=each.firing, of_alarm=True)


class FindingsSeen:
    """What the monitors of one model have said at the last look, to tell what has begun or ended since."""

    def __init__(self) -> None:
        self._standing: dict[str, Finding] = {}

    def look(self, model: Model) -> Iterator[FindingEdge]:
        """The edges since the last look, ends first. They are at the last record of the model before this look."""
        monitors = model.parts.by_name.values() if model.parts is not None else ()
        now = {finding.kind: finding for finding in monitor_findings(monitors)}
        time, record, before = model.times.now, model.traffic.position, self._standing
        self._standing = now
        for kind, finding in before.items():
            if kind not in now:
                yield FindingEdge(finding, time, record, model.name, begins=False)
        for kind, finding in now.items():
            if kind not in before:
                yield FindingEdge(finding, time, record, model.name, begins=True)
