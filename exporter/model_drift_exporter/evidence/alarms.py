"""Alarms that latch when their evidence crosses the threshold of a budget, their transitions, and their recent history."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from .alarm_history import AlarmHistory
from .alarm_spec import AlarmSpec
from .recovery import Usual

__all__ = ["METRICS", "MOST_LEFT_OUT", "Alarm", "Alarms", "Certainty", "Transition"]

Certainty = str
"""How sure the names of features are: ``named`` (by the test), ``suspected`` (only likely), or empty without features."""
_LARGEST_LOG10 = 300.0
_MARGIN = 1e-6
MOST_LEFT_OUT = 20
"""Features without series of their own that the metric of one alarm names: their number would break the limit of series."""

_LABELS = "model alert severity"
_ACTIVE = gauge(
    "model_alert_active",
    _LABELS,
    "1 while the alert is latched: from the crossing until recovery or re-arming.",
    Group.ALERTS,
)
_EVIDENCE = gauge(
    "model_alert_evidence_log10",
    _LABELS,
    "Evidence that decides the alert, as log10; held at its threshold or above while it is latched.",
    Group.ALERTS,
)
_THRESHOLD = gauge(
    "model_alert_evidence_threshold_log10",
    _LABELS,
    "Evidence from which the alert fires, as log10: minutes of its part of the false alarm budget.",
    Group.ALERTS,
)
_ONSET = gauge(
    "model_alert_onset_timestamp_seconds",
    _LABELS,
    "Event time at which what fired the alert began, as the evidence tells it.",
    Group.ALERTS,
)
_RISE = gauge(
    "model_alert_rise",
    _LABELS,
    "0 while the alert is not latched; 1 from its crossing, and one more with each rise after the latest records were usual.",
    Group.ALERTS,
)
_USUAL = gauge(
    "model_alert_usual_observations",
    _LABELS,
    "While the alert is held although things are back to usual: how many of the latest records (of a loss: outcomes) are.",
    Group.ALERTS,
)
_HELD = gauge(
    "model_alert_held_observations",
    _LABELS,
    "While things are back to usual: how many more usual records (of a loss: outcomes) are needed until the alert is over.",
    Group.ALERTS,
)
_UNTIL = gauge(
    "model_alert_held_until_timestamp_seconds",
    _LABELS,
    "While things are back to usual: event time before which the alert is not over, however many records come.",
    Group.ALERTS,
)
_FIRED = counter("model_alerts_fired_total", _LABELS, "Times the alert has fired; each rise counts.", Group.ALERTS)
_FEATURE = gauge(
    "model_alert_feature",
    f"{_LABELS} feature certainty",
    "1 for each feature that a latched alert is about; certainty is named (by the test) or suspected (the largest evidence "
    "only).",
    Group.ALERTS,
    role="feature",
)
METRICS: tuple[Metric, ...] = (_ACTIVE, _EVIDENCE, _THRESHOLD, _ONSET, _RISE, _USUAL, _HELD, _UNTIL, _FIRED, _FEATURE)


@attrs.frozen
class Transition:
    """A change of a latch: it closes (``firing``) or opens.

    It may close anew while it is held: ``rise`` is 1 for the first time, 2 for a second rise after the latest records were
    usual, and so on. An opening has that of the last rise.
    ``evidence`` and ``threshold`` are log10. ``time`` and ``onset`` are event time in seconds since the epoch.
    """

    time: float
    record: int
    alert: str
    severity: str
    firing: bool
    model: str
    features: tuple[str, ...]
    certainty: Certainty
    evidence: float
    threshold: float
    onset: float | None
    rise: int = 1


@attrs.define(eq=False)
class Alarm:
    """One latch of one model. ``evidence`` and ``threshold`` are natural logarithms of M and c.

    The owner of the evidence sets ``evidence`` after each update. It calls :meth:`fire` when that crosses ``threshold``, and
    :meth:`resolve` after recovery. ``restart`` is called when the owner must start its bets again; ``restart_version`` where
    another version of the model begins and only a part of them is about the version before. Without it, all are. ``rise`` counts
    the rises since the latch was open. ``held`` tells whether the latest records are back to usual, for :attr:`usual`.
    """

    alert: str
    severity: str
    model: str
    threshold: float
    evidence: float = -math.inf
    active: bool = False
    onset: float | None = None
    since: float | None = None
    features: tuple[str, ...] = ()
    certainty: Certainty = ""
    rise: int = 0
    held: Callable[[], Usual | None] | None = None
    restart: Callable[[], None] | None = None
    restart_version: Callable[[], None] | None = None
    report: Callable[[Transition], None] | None = None
    history: AlarmHistory = attrs.field(factory=AlarmHistory)

    def fire(
        self, time: float, record: int, *, onset: float | None, features: Iterable[str] = (), certainty: Certainty = ""
    ) -> None:
        """Close the latch at event time ``time``, with the present ``evidence``. Does nothing while active."""
        if self.active:
            return
        self.active, self.since, self.onset = True, time, onset
        self.rise += 1
        self.history.begin(record, time if onset is None else onset)
        self.name(features, certainty, record)
        self._tell(time, record, firing=True)

    def name(self, features: Iterable[str], certainty: Certainty, record: int) -> None:
        """Set the features that the alarm names from a record on, also while it is active."""
        self.features = tuple(features)
        self.certainty = certainty if self.features else ""
        self.history.name(record, self.features)

    def resolve(self, time: float, record: int) -> None:
        """Open the latch after recovery, and let the bets start again."""
        if not self.active:
            return
        self._tell(time, record, firing=False)
        self.lapse(time, record)
        self.rise = 0
        self.evidence = -math.inf
        if self.restart is not None:
            self.restart()

    def lapse(self, time: float, record: int) -> None:
        """End the present rise without a word, so that :meth:`fire` tells the next one. Names and onset go with it."""
        self.active, self.since, self.onset = False, None, None
        self.features, self.certainty = (), ""
        self.history.end(record, time)

    @property
    def usual(self) -> Usual | None:
        """How far a closed latch is on its way to open, while the latest records are back to usual."""
        return self.held() if self.active and self.held is not None else None

    def forget(self) -> None:
        """Drop the evidence of an open latch. A closed latch keeps it, and waits for recovery or a person."""
        if not self.active:
            self.evidence = -math.inf

    def begin_version(self) -> None:
        """Another version of the model begins. A closed latch keeps its evidence."""
        if self.active:
            return
        if self.restart_version is not None:
            self.restart_version()
            return
        self.forget()
        if self.restart is not None:
            self.restart()

    def _tell(self, time: float, record: int, *, firing: bool) -> None:
        if self.report is not None:
            self.report(
                Transition(
                    time=time,
                    record=record,
                    alert=self.alert,
                    severity=self.severity,
                    firing=firing,
                    model=self.model,
                    features=self.features,
                    certainty=self.certainty,
                    evidence=clamped_log10(self.evidence),
                    threshold=self.threshold / math.log(10),
                    onset=self.onset,
                    rise=self.rise,
                )
            )

    @property
    def exported(self) -> float:
        """log10 of the evidence for export. While the latch is closed, it stays above the threshold.

        It exceeds the threshold by a small margin, because Prometheus averages replicas as powers of ten: rounding may make
        the logarithm of that mean slightly smaller.
        """
        held = max(self.evidence, self.threshold + _MARGIN) if self.active else self.evidence
        return clamped_log10(held)


def clamped_log10(natural: float) -> float:
    """log10 of a number from its natural logarithm, cut to ±300, so that ``10 ^`` of it is a finite float."""
    return max(-_LARGEST_LOG10, min(natural / math.log(10), _LARGEST_LOG10))


class Alarms:
    """All alarms of one model. ``budgets`` are minutes of event time per false alarm, by severity.

    All alarms of a severity share its budget: each gets the part of it that its ``share`` is of all shares. So the chance of
    any false page within time T is at most T divided by the budget (a union of e-detectors: Shin, Ramdas, Rinaldo 2022).
    Raises :class:`ValueError` where two specs have one name.
    """

    def __init__(self, model: str, budgets: Mapping[str, float], specs: Sequence[AlarmSpec]) -> None:
        if len({spec.alert for spec in specs}) < len(specs):
            raise ValueError("two alarms have one name")
        shares = dict.fromkeys(budgets, 0.0)
        for spec in specs:
            shares[spec.severity] += spec.share
        self.model = model
        self.specs = tuple(specs)
        self.budgets = dict(budgets)
        self.transitions: list[Transition] = []
        self.by_alert: dict[str, Alarm] = {
            spec.alert: Alarm(
                spec.alert,
                spec.severity,
                model,
                math.log(budgets[spec.severity] * shares[spec.severity] / spec.share),
                report=self._report,
            )
            for spec in specs
        }
        keys = [(model, spec.alert, spec.severity) for spec in specs]
        self._active = Series(_ACTIVE, keys)
        self._evidence = Series(_EVIDENCE, keys)
        self._threshold = Series(_THRESHOLD, keys)
        self._onset = Series(_ONSET, keys)
        self._rise, self._usual, self._held, self._until = (
            Series(metric, keys) for metric in (_RISE, _USUAL, _HELD, _UNTIL)
        )
        self._fired_series = Series(_FIRED, keys)
        self._fired: Counter[str] = Counter()
        self._left_out: frozenset[str] = frozenset()

    def leave_out(self, features: Iterable[str]) -> None:
        """Features whose series are left out; an alarm names :data:`MOST_LEFT_OUT` of them at most in its metrics."""
        self._left_out = frozenset(features)

    def _exported_names(self, alarm: Alarm) -> list[str]:
        if not self._left_out:
            return [*alarm.features]
        hidden = [name for name in alarm.features if name in self._left_out][MOST_LEFT_OUT:]
        return [name for name in alarm.features if name not in {*hidden}]

    def __getitem__(self, alert: str) -> Alarm:
        return self.by_alert[alert]

    def _report(self, transition: Transition) -> None:
        self.transitions.append(transition)
        self._fired[transition.alert] += transition.firing

    def drain(self) -> list[Transition]:
        """The transitions since the last call, oldest first."""
        found, self.transitions = self.transitions, []
        return found

    def rearm(self, time: float, record: int) -> list[str]:
        """Open every latch, because a person says that the change is over or accepted. Returns the alerts concerned."""
        released = [alarm.alert for alarm in self.by_alert.values() if alarm.active]
        for alert in released:
            self.by_alert[alert].resolve(time, record)
        return released

    def collect(self) -> Iterable[Samples]:
        """Samples of all alarms."""
        alarms = [*self.by_alert.values()]
        yield self._active.samples([float(alarm.active) for alarm in alarms])
        yield self._evidence.samples([alarm.exported for alarm in alarms])
        yield self._threshold.samples([alarm.threshold / math.log(10) for alarm in alarms])
        yield self._onset.samples([math.nan if alarm.onset is None else alarm.onset for alarm in alarms])
        yield self._rise.samples([float(alarm.rise) for alarm in alarms])
        usual = [alarm.usual for alarm in alarms]
        yield self._usual.samples([math.nan if each is None else each.observations for each in usual])
        yield self._held.samples([math.nan if each is None else each.more for each in usual])
        yield self._until.samples([math.nan if each is None or each.until is None else each.until for each in usual])
        yield self._fired_series.samples([self._fired[alarm.alert] for alarm in alarms])
        for alarm in alarms:
            if alarm.active and (features := self._exported_names(alarm)):
                names = [(self.model, alarm.alert, alarm.severity, name, alarm.certainty) for name in features]
                yield Series(_FEATURE, names).samples([1.0] * len(names))

    def snapshot(self) -> dict[str, Any]:
        """The state, in plain values only."""
        return {
            alarm.alert: {
                "evidence": alarm.evidence,
                "active": alarm.active,
                "onset": alarm.onset,
                "since": alarm.since,
                "features": list(alarm.features),
                "certainty": alarm.certainty,
                "rise": alarm.rise,
                "fired": self._fired[alarm.alert],
                "history": alarm.history.snapshot(),
            }
            for alarm in self.by_alert.values()
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot. Alarms that it lacks stay as they are."""
        for alert, saved in state.items():
            alarm = self.by_alert.get(alert)
            if alarm is not None:
                alarm.evidence, alarm.active = float(saved["evidence"]), bool(saved["active"])
                alarm.onset, alarm.since = saved["onset"], saved["since"]
                alarm.features, alarm.certainty = tuple(saved["features"]), saved["certainty"]
                alarm.rise = int(saved.get("rise", alarm.active))  # 0.1.0 told each latch once
                self._fired[alert] = int(saved["fired"])
                alarm.history.restore(saved["history"])
