"""What the landing page says of the findings of a model: the sentence, how serious it is, since when, how sure."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...service.status import AlertStatus, FindingStatus
from ...words import age, joined, timestamp

__all__ = ["FindingView", "Moment", "finding_views"]


@attrs.frozen
class Moment:
    """A time as such, and how long ago that was."""

    time: str
    words: str


@attrs.frozen
class FindingView:
    """One finding. ``alert`` is empty for a note; ``since`` and ``fired`` are ``None`` where they are not known."""

    kind: str
    severity: str
    text: str
    alert: str
    since: Moment | None
    fired: Moment | None
    evidence: str
    about: str


def finding_views(
    findings: Sequence[FindingStatus], alerts: Sequence[AlertStatus], now: float
) -> tuple[FindingView, ...]:
    """The findings in their order, with what the alerts know besides; ``now`` is in seconds since the epoch."""
    by_name = {alert.alert: alert for alert in alerts}
    return tuple(_view(each, by_name.get(each.alert), now) for each in findings)


def _view(finding: FindingStatus, alert: AlertStatus | None, now: float) -> FindingView:
    return FindingView(
        kind=finding.kind,
        severity=finding.severity,
        text=finding.text,
        alert=finding.alert,
        since=_moment(finding.since, now),
        fired=None if alert is None else _moment(alert.since, now),
        evidence="" if alert is None else f"evidence 10^{alert.evidence:.1f}, threshold 10^{alert.threshold:.1f}",
        # The sentence of an alert names its features, and how sure that is.
        about="" if finding.alert or not finding.features else f"about {joined(finding.features)}",
    )


def _moment(time: float | None, now: float) -> Moment | None:
    return None if time is None else Moment(timestamp(time), age(time, now))
