"""Alarms that latch when their evidence crosses the threshold of a budget, their transitions, and their recent history."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from .alarm_spec import AlarmSpec

__all__ = ["METRICS", "MOST_LEFT_OUT", "Alarm", "AlarmHistory", "Alarms", "Certainty", "Transition"]

Certainty = str
"""How sure the names of features are: ``named`` (by the test), ``suspected`` (only likely), or empty without features."""
_LARGEST_LOG10 = 300.0
_MARGIN = 1e-6
_NAMES = 100
MOST_LEFT_OUT = 20
"""Features without series of their own that the metric of one alarm names: their number would break the limit of series."""
_EPISODES = 20

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
_FIRED = counter("model_alerts_fired_total", _LABELS, "Times the alert has fired.", Group.ALERTS)
_FEATURE = gauge(
    "model_alert_feature",
    f"{_LABELS} feature certainty",
    "1 for each feature that a latched alert is about; certainty is named (by the test) or suspected (the largest evidence "
    "only).",
    Group.ALERTS,
    role="feature",
)
METRICS: tuple[Metric, ...] = (_ACTIVE, _EVIDENCE, _THRESHOLD, _ONSET, _FIRED, _FEATURE)


@attrs.frozen
class Transition:
    """A change of a latch: it closes (``firing``) or opens.

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


@attrs.define
class _Episode:
    """The latch was closed from ``record`` to ``last_record``. The cause lasted from ``onset`` to ``ended`` (event times)."""

    record: int
    onset: float
    ended: float = math.inf
    last_record: float = math.inf


@attrs.define(eq=False)
class AlarmHistory:
    """What one alarm said at past records. It holds the latest 100 changes of names and the latest 20 episodes.

    Inputs are judged as they come, but outcomes when their labels come, and a batch may hold both. So the monitors of
    outcomes ask what was known at an earlier record. Decisions at later records must not matter to them.
    """

    _told: list[tuple[int, tuple[str, ...]]] = attrs.field(factory=list)
    _episodes: list[_Episode] = attrs.field(factory=list)

    def begin(self, record: int, onset: float) -> None:
        """Note that the alarm latches."""
        self._episodes = [*self._episodes[1 - _EPISODES :], _Episode(record, onset)]

    def name(self, record: int, features: tuple[str, ...]) -> None:
        """Note which features the alarm names from a record on."""
        self._told = [*self._told[1 - _NAMES :], (record, features)]

    def end(self, record: int, time: float) -> None:
        """Note that the latch opens."""
        self.name(record, ())
        if self._episodes:
            self._episodes[-1].ended, self._episodes[-1].last_record = time, record

    @property
    def latched(self) -> int:
        """The record at which the alarm last latched, -1 if it never has."""
        return self._episodes[-1].record if self._episodes else -1

    def told_over(self, first: int, last: int) -> list[tuple[int, tuple[str, ...]]]:
        """The features named from record ``first`` to ``last``: those at ``first``, then each change with its record."""
        told = [(first, features) for record, features in self._told if record <= first][-1:]
        return told + [(record, features) for record, features in self._told if first < record <= last]

    def covers(self, time: NDArray[np.float64], record: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which predictions fell into an episode by their event ``time``, given what was known at ``record``."""
        covered = np.zeros(len(time), dtype=np.bool_)
        for each in self._episodes:
            over = np.where(record >= each.last_record, each.ended, np.inf)
            covered |= (record >= each.record) & (time >= each.onset) & (time <= over)
        return covered

    def snapshot(self) -> dict[str, Any]:
        return {
            "told": [[record, list(features)] for record, features in self._told],
            "episodes": [[each.record, each.onset, each.ended, each.last_record] for each in self._episodes],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`snapshot`; raises ``KeyError``, ``TypeError`` or ``ValueError`` if it does not fit."""
        told = [(int(record), tuple(map(str, features))) for record, features in state["told"]]
        # The first builds of 0.1.0 did not store the last record of an episode. An ended one then counts as ended at all.
        episodes = [
            _Episode(int(record), float(onset), float(ended), float(last[0]) if last else float(record))
            for record, onset, ended, *last in state["episodes"]
        ]
        self._told, self._episodes = told, episodes


@attrs.define(eq=False)
class Alarm:
    """One latch of one model. ``evidence`` and ``threshold`` are natural logarithms of M and c.

    The owner of the evidence sets ``evidence`` after each update. It calls :meth:`fire` when that crosses ``threshold``, and
    :meth:`resolve` after recovery. ``restart`` is called when the owner must start its bets again; ``restart_version`` where
    another version of the model begins and only a part of them is about the version before. Without it, all are.
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
        self.active, self.since, self.onset = False, None, None
        self.features, self.certainty = (), ""
        self.history.end(record, time)
        self.evidence = -math.inf
        if self.restart is not None:
            self.restart()

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
                self._fired[alert] = int(saved["fired"])
                alarm.history.restore(saved["history"])
