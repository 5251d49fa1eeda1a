"""A finding as a JSON object has it: one shape, for ``GET /api/v1/findings`` and for ``replay --format=json``."""

from __future__ import annotations

from datetime import UTC, datetime

from ..monitors.findings import Finding
from .status import FindingStatus

__all__ = ["finding_fields"]


def finding_fields(finding: Finding | FindingStatus) -> dict[str, object]:
    """What a finding says, by the keys of JSON; msgspec writes ``since``, rounded to the millisecond, as RFC 3339."""
    return {
        "kind": finding.kind,
        "severity": finding.severity,
        "features": finding.features,
        "since": None if finding.since is None else _moment(finding.since),
        "figures": finding.figures,
        "text": finding.text,
    }


def _moment(seconds: float) -> datetime | None:
    """``None`` for what RFC 3339 cannot say: it ends with the year 9999."""
    try:
        return datetime.fromtimestamp(round(seconds, 3), UTC)
    except (OverflowError, OSError, ValueError):
        return None
