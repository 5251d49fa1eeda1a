"""What is found about a model now: its latched alarms, and what its monitors say beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import attrs

from ..evidence.alarm_spec import AlarmSpec, Counted
from ..evidence.alarms import Alarm, Alarms, Certainty, Transition, clamped_log10
from ..evidence.recovery import Usual
from ..evidence.settings import PAGE, TICKET
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..monitors import ALARMS, MONITORS, Monitor
from ..monitors.findings import MOST_FEATURES, NOTE, Finding
from ..words import joined, timestamp

__all__ = [
    "KINDS",
    "METRICS",
    "alarm_finding",
    "finding_samples",
    "findings_of",
    "in_order",
    "monitor_findings",
    "told",
    "usual_again",
]

_FINDING = gauge(
    "model_finding",
    "model kind",
    "1 while a finding of this kind stands, else 0: a latched alert, or what a monitor says beside it (GET /api/v1/findings).",
    Group.ALERTS,
)
METRICS: tuple[Metric, ...] = (_FINDING,)

KINDS: tuple[str, ...] = (
    *(alarm.kind for alarm in ALARMS),
    *(kind.kind for spec in MONITORS for kind in spec.findings),
)
"""Every kind of finding that there can be."""

_SEVERITIES = (PAGE, TICKET, NOTE)
_ABOUT = {"named": "About {}.", "suspected": "No feature is certain; suspected: {}."}


def alarm_finding(alarm: Alarm, spec: AlarmSpec) -> Finding:
    """A latched alarm in a sentence, with how long it is held if the latest records are back to usual."""
    usual = alarm.usual
    finding = _finding(
        spec,
        alarm.model,
        alarm.features,
        alarm.certainty,
        onset=alarm.onset,
        evidence=alarm.exported,
        threshold=clamped_log10(alarm.threshold),
        rise=alarm.rise,
    )
    if usual is None:
        return finding
    figures = {"alert_usual_observations": float(usual.observations), "alert_held_observations": float(usual.more)}
    text = f"{finding.text} {usual_again(usual, spec.counted)}"
    return attrs.evolve(finding, text=text, figures={**finding.figures, **figures})


def usual_again(usual: Usual, counted: Counted) -> str:
    """That the latest records or outcomes are usual, and how long the alert is held."""
    more = f"; the alert is held until {usual.more:,} more {'is' if usual.more == 1 else 'are'}" if usual.more else ""
    until = "" if usual.until is None else f"; it is not over before {timestamp(usual.until)}"
    return f"The last {usual.observations:,} {counted} are usual again{more}{until}."


def told(transition: Transition, spec: AlarmSpec) -> Finding:
    """The finding that begins, or ends, where an alarm latches or is released."""
    return _finding(
        spec,
        transition.model,
        transition.features,
        transition.certainty,
        onset=transition.onset,
        evidence=transition.evidence,
        threshold=transition.threshold,
        rise=transition.rise,
    )


def _finding(
    spec: AlarmSpec,
    model: str,
    features: Sequence[str],
    certainty: Certainty,
    *,
    onset: float | None,
    evidence: float,
    threshold: float,
    rise: int,
) -> Finding:
    again = (
        f"This is rise {rise}: it had been back to usual while the alert was held for the one before."
        if rise > 1
        else ""
    )
    about = _ABOUT.get(certainty, "").format(joined(features, MOST_FEATURES)) if features else ""
    return Finding(
        kind=spec.kind,
        severity=spec.severity,
        text=" ".join(filter(None, (spec.says.replace("{model}", model), about, again))),
        features=tuple(features[:MOST_FEATURES]),
        since=onset,
        figures={"alert_evidence_log10": evidence, "alert_evidence_threshold_log10": threshold},
    )


def monitor_findings(monitors: Iterable[Monitor]) -> tuple[Finding, ...]:
    """What monitors say beside the alarms, in order: the first of each kind, none with more features than are named."""
    found: dict[str, Finding] = {}
    for monitor in monitors:
        for finding in monitor.findings():
            found.setdefault(finding.kind, attrs.evolve(finding, features=finding.features[:MOST_FEATURES]))
    return in_order(found.values())


def findings_of(alarms: Alarms, monitors: Iterable[Monitor]) -> tuple[Finding, ...]:
    """All that stands now, in order."""
    latched = [alarm_finding(alarms[spec.alert], spec) for spec in alarms.specs if alarms[spec.alert].active]
    return in_order([*latched, *monitor_findings(monitors)])


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What pages first, then tickets, then notes; among these what has stood the longest first, then by kind."""
    return tuple(sorted(findings, key=_place))


def _place(finding: Finding) -> tuple[int, float, str]:
    since = math.inf if finding.since is None else finding.since
    return _SEVERITIES.index(finding.severity), since, finding.kind


def finding_samples(model: str, findings: Iterable[Finding]) -> Samples:
    """``model_finding`` of one model: 1 for each kind that stands, 0 for all others."""
    standing = {finding.kind for finding in findings}
    return Series(_FINDING, [(model, kind) for kind in KINDS]).samples([float(kind in standing) for kind in KINDS])
