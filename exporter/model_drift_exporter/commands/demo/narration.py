"""Puts what the exporter has found into sentences. Knows its numbers only, nothing of what was done to the stream."""

from __future__ import annotations

from collections.abc import Sequence

from ...service.status import AlertStatus, BinStatus, ColumnStatus, ModelStatus, WindowStatus
from ...web.page.movement import movement

__all__ = ["Narrator", "alert_line", "finding", "psi_words", "subject"]

_LEAST_SHARE = 0.01
_LEAST_WASSERSTEIN = 0.1


class Narrator:
    """Watches one window by number of records and says what has moved far, each column once.

    ``look`` returns paragraphs: a short notice when something starts to move, and what it is once the window holds
    nothing from before that notice. Without drift it never says anything.
    """

    def __init__(self, window: str) -> None:
        self._window = window
        self._told: set[str] = set()
        self._moving: dict[str, int] = {}
        self.findings = 0

    def look(self, model: ModelStatus, *, last: bool = False) -> list[str]:
        """What there is to say now; ``last`` does not wait for the window to fill."""
        window = next((window for window in model.windows if window.name == self._window), None)
        if window is None or window.observations < int(self._window):
            return []
        far = {subject(column): column for column in window.columns if movement(column) == "far"}
        self._moving = {name: since for name, since in self._moving.items() if name in far}
        fresh = [name for name in far if name not in self._moving and name not in self._told]
        noticed = not self._moving and fresh and not last
        self._moving.update(dict.fromkeys(fresh, model.records))
        if not self._moving:
            return []
        if last or model.records - max(self._moving.values()) >= window.observations:
            return self._tell(window, far)
        return [_notice(far[fresh[0]])] if noticed else []

    def _tell(self, window: WindowStatus, far: dict[str, ColumnStatus]) -> list[str]:
        columns = [far[name] for name in far if name in self._moving]
        self._told |= self._moving.keys()
        self._moving = {}
        self.findings += len(columns)
        columns.sort(key=lambda column: column.role != "feature")
        quiet = sum(1 for column in window.columns if column.role == "feature" and movement(column) != "far")
        inputs = sum(1 for column in window.columns if column.role == "feature")
        lead = (
            f"What has happened, as the exporter sees it in the last {window.observations:,} records "
            "compared with the reference:"
        )
        rest = f"The other {quiet} of {inputs} inputs are where they were." if 0 < quiet < inputs else ""
        return [lead, *(f"* {finding(column)}" for column in columns), *([rest] if rest else [])]


def subject(column: ColumnStatus) -> str:
    """What a column is called in a sentence."""
    return column.name if column.role == "feature" else f"the {column.role}"


def finding(column: ColumnStatus) -> str:
    """How a column differs from its reference, in a sentence."""
    name = subject(column)
    parts = _special(column.bins) + (_numeric(column) if column.kind == "numeric" else _categorical(column))
    clauses = "; ".join(parts[:3])  # categories are verbatim, so no clause may begin a sentence
    return f"{name} has moved, {psi_words(column)} (n {column.observations:,}){': ' if clauses else ''}{clauses}."


def alert_line(alert: AlertStatus) -> str:
    """What fires, what it is about, and how sure that is."""
    suspected = "perhaps " if alert.certainty == "suspected" else ""
    about = f", {suspected}because of {', '.join(alert.features)}" if alert.features else ""
    sure = f"evidence 10^{alert.evidence:.1f} where 10^{alert.threshold:.1f} is enough"
    return f"* {alert.alert} ({alert.severity}) fires{about}: {sure}."


def _notice(column: ColumnStatus) -> str:
    return (
        f"Something moves away from the reference: {subject(column)}, {psi_words(column)}. "
        "More is said here when the window holds only records from now on; the page shows it already."
    )


def psi_words(column: ColumnStatus) -> str:
    """The PSI beside its noise floor."""
    return f"PSI {_short(column.psi)} where {_short(column.psi_noise_floor)} is noise"


def _special(bins: Sequence[BinStatus]) -> list[str]:
    """Where values lie that the reference does not expect, the largest share first."""
    now, before = _shares(bins)
    found = []
    for index, each in enumerate(bins):
        words = _SPECIAL.get(each.name)
        if words is not None and now[index] - before[index] >= _LEAST_SHARE:
            unheard = before[index] < _LEAST_SHARE / 10
            known = "" if unheard else f" ({_percent(before[index])} in the reference)"
            rare = words[1] if unheard else words[0]
            found.append((now[index], f"{_percent(now[index])} are {rare}{known}"))
    return [text for _, text in sorted(found, reverse=True)]


_SPECIAL = {
    "__above__": ("above the reference's range", "above everything in the reference"),
    "__below__": ("below the reference's range", "below everything in the reference"),
    "__other__": ("a category without a bin of its own", "a category the reference never had"),
    "__missing__": ("missing", "missing, which the reference did not know"),
    "__invalid__": ("of the wrong type", "of the wrong type"),
}


def _numeric(column: ColumnStatus) -> list[str]:
    now, before = _shares(column.bins)
    ranges = [index for index, each in enumerate(column.bins) if each.name not in _SPECIAL]
    gained = max(ranges, key=lambda index: now[index] - before[index], default=0)
    parts = []
    if ranges and now[gained] - before[gained] >= _LEAST_SHARE:
        label = column.bins[gained].label
        parts.append(f"{_percent(now[gained])} lie in {label}, where the reference has {_percent(before[gained])}")
    moved = column.statistics.get("wasserstein_ratio", 0.0)
    if moved >= _LEAST_WASSERSTEIN:
        parts.append(f"its values lie {moved:.1f} standard deviations from where they were")
    return parts


def _categorical(column: ColumnStatus) -> list[str]:
    now, before = _shares(column.bins)
    places = [index for index, each in enumerate(column.bins) if each.name not in _SPECIAL]
    if not places:
        return []
    gained = max(places, key=lambda index: now[index] - before[index])
    lost = min(places, key=lambda index: now[index] - before[index])
    parts = []
    if before[lost] - now[lost] >= _LEAST_SHARE:
        what, was = column.bins[lost].label, _percent(before[lost])
        parts.append(
            f"{what} went from {was} to {_percent(now[lost])}" if now[lost] else f"{what}, {was} before, is gone"
        )
    if now[gained] - before[gained] >= _LEAST_SHARE and not (parts and _special(column.bins)):
        what = column.bins[gained].label
        parts.insert(0, f"{what} went from {_percent(before[gained])} to {_percent(now[gained])}")
    return parts


def _shares(bins: Sequence[BinStatus]) -> tuple[list[float], list[float]]:
    now, before = sum(each.current for each in bins) or 1, sum(each.reference for each in bins) or 1
    return [each.current / now for each in bins], [each.reference / before for each in bins]


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 or share == 0 else f"{share:.1%}"


def _short(number: float | None) -> str:
    value = number or 0.0
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"
