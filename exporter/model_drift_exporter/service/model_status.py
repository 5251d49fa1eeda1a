"""The state of models as plain values for people: what the landing page shows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from ..evidence.alarms import Alarm, clamped_log10
from ..labels.evaluability import NOT_EVALUABLE
from ..labels.flow import LabelFlow
from ..models.model import Model
from ..monitors.distances import DistancesMonitor, Values, WindowedDrift
from ..monitors.drift import DriftMonitor
from ..monitors.loss import LossMonitor
from ..reference.profile import ABOVE, BELOW, FEATURE, INVALID, MISSING, OTHER, PREDICTION, SCORE, Column
from .status import (
    AlertStatus,
    BinStatus,
    ColumnStatus,
    FindingStatus,
    LabelStatus,
    LearningStatus,
    ModelStatus,
    PromiseStatus,
    WindowStatus,
)

__all__ = ["bin_labels", "model_status"]

_REFERENCE = 0  # position of this baseline in WindowedDrift
_SPECIAL_LABELS = {MISSING: "missing", INVALID: "wrong type", OTHER: "other"}


def model_status(model: Model, labels: int) -> ModelStatus:
    """One model now; ``labels`` is the number of its label records."""
    reference = model.reference
    windows: tuple[WindowStatus, ...] = ()
    rate = 0.0
    distances = model.parts.monitor(DistancesMonitor) if model.parts is not None else None
    loss = model.parts.monitor(LossMonitor) if model.parts is not None else None
    if distances is not None:
        look = distances.look()
        windows = tuple(_window(model, distances, look, place) for place in range(len(look.records)))
        rate = _rate(model, look)
    return ModelStatus(
        name=model.name,
        version=model.traffic.version,
        task=reference.task if reference else "",
        reference_fingerprint=reference.fingerprint if reference else "",
        reference_rows=reference.rows if reference else 0,
        reference_learned=bool(reference and reference.learned),
        reference_warnings=_warnings(model),
        learning=None if model.learning is None else LearningStatus(model.learning, model.settings.learn.records),
        records=model.traffic.records,
        labels=labels,
        late=model.times.late,
        version_changes=model.traffic.version_changes,
        last_record_time=model.times.now,
        records_per_second=rate,
        windows=windows,
        alerts=tuple(map(_alert, model.alarms.by_alert.values())),
        findings=_findings(model),
        doubled_loss_outcomes=None if loss is None else loss.doubled_loss_outcomes,
        label_state=None if model.parts is None else _label_state(model.parts.labels),
        promises=tuple(_promises(model)),
    )


def _alert(alarm: Alarm) -> AlertStatus:
    return AlertStatus(
        alert=alarm.alert,
        severity=alarm.severity,
        active=alarm.active,
        since=alarm.since,
        onset=alarm.onset,
        features=alarm.features,
        certainty=alarm.certainty,
        evidence=alarm.exported,
        threshold=clamped_log10(alarm.threshold),
        rise=alarm.rise,
        usual=alarm.usual,
    )


def _promises(model: Model) -> Iterator[PromiseStatus]:
    if model.parts is None:
        return
    for about, monitor in (
        ("inputs", model.parts.monitor(DriftMonitor)),
        ("the loss", model.parts.monitor(LossMonitor)),
    ):
        if monitor is not None:
            promise = monitor.promise
            yield PromiseStatus(about, promise.basis, promise.since, promise.why)


def _findings(model: Model) -> tuple[FindingStatus, ...]:
    alerts = {spec.kind: spec.alert for spec in model.alarms.specs}
    return tuple(
        FindingStatus(
            kind=each.kind,
            severity=each.severity,
            text=each.text,
            features=each.features,
            since=each.since,
            figures=dict(each.figures),
            alert=alerts.get(each.kind, ""),
        )
        for each in model.findings()
    )


def _label_state(flow: LabelFlow) -> LabelStatus:
    summary, reasons = flow.summary(), flow.not_evaluable()
    return LabelStatus(
        seen=flow.labels_seen,
        joined=summary.tally.joined,
        waiting=summary.waiting,
        coverage=tuple(summary.coverage.by_age.items()) if summary.coverage is not None else (),
        maturity=summary.maturity,
        reasons=tuple(reason for reason in NOT_EVALUABLE if reason in reasons),
    )


def _warnings(model: Model) -> tuple[str, ...]:
    found = list(model.reference.warnings) if model.reference else []
    if absent := model.absent_features:
        found.append(f"no record has had a value for: {', '.join(absent)}; does the reference fit this log?")
    if model.suppressed:
        found.append(f"limits.series_per_model leaves these features out of /metrics: {', '.join(model.suppressed)}")
    if model.reference and model.reference.version and model.traffic.version not in ("", model.reference.version):
        found.append(
            f"the reference is of version {model.reference.version}, the records are of version {model.traffic.version}"
        )
    return tuple(found)


def _rate(model: Model, look: WindowedDrift) -> float:
    """Records a second of event time over the shortest window of time, as far as it is filled."""
    timed = [
        (window.seconds, place) for place, window in enumerate(model.settings.windows) if window.seconds is not None
    ]
    if not timed:
        return 0.0
    seconds, place = min(timed)
    covered = seconds * look.coverage[place]
    return float(look.records[place]) / covered if covered else 0.0


def _window(model: Model, drift: DistancesMonitor, look: WindowedDrift, place: int) -> WindowStatus:
    columns = [
        _column(model.columns[position], look, place, position)
        for position in range(len(model.columns))
        if model.columns[position].role in (FEATURE, PREDICTION, SCORE)
    ]
    columns.sort(key=_moved, reverse=True)
    return WindowStatus(drift.windows[place].name, int(look.records[place]), tuple(columns))


def _moved(column: ColumnStatus) -> float:
    return -1.0 if column.psi is None else column.psi - (column.psi_noise_floor or 0.0)


def _column(column: Column, look: WindowedDrift, place: int, position: int) -> ColumnStatus:
    def known(found: Mapping[str, Values]) -> dict[str, float]:
        numbers = {name: float(values[place, _REFERENCE, position]) for name, values in found.items()}
        return {name: number for name, number in numbers.items() if not math.isnan(number)}

    def share(name: str) -> float | None:
        number = float(look.shares[name][place, position])
        applies = {"out_of_range_ratio": column.numeric, "unseen_ratio": not column.numeric}.get(name, True)
        return None if math.isnan(number) or not applies else number

    start = look.starts[position]
    current = look.counts[place, start : start + len(column.counts)].tolist()
    bins = tuple(
        BinStatus(name, label, reference, now)
        for (name, reference), label, now in zip(column.counts.items(), bin_labels(column), current, strict=True)
    )
    return ColumnStatus(
        name=column.name,
        role=column.role,
        kind=column.kind,
        observations=int(look.observations[place, position]),
        statistics=known(look.statistics),
        noise_floors=known(look.noise_floors),
        missing_ratio=share("missing_ratio"),
        invalid_ratio=share("invalid_ratio"),
        out_of_range_ratio=share("out_of_range_ratio"),
        unseen_ratio=share("unseen_ratio"),
        bins=bins,
    )


def bin_labels(column: Column) -> Sequence[str]:
    """What each bin holds, for people: a range, a category, or what is wrong with the value."""
    if not column.numeric:
        named = dict(zip(column.bins, column.categories, strict=False))
        return [_SPECIAL_LABELS.get(name, "") or named.get(name, name) for name in column.bins]
    labels = []
    for name, (lower, upper) in zip(column.bins, column.bounds, strict=True):
        if name == BELOW:
            labels.append(f"below {_short(upper)}")
        elif name == ABOVE:
            labels.append(f"above {_short(lower)}")
        elif name in _SPECIAL_LABELS:
            labels.append(_SPECIAL_LABELS[name])
        else:
            labels.append(_short(upper) if lower == upper else f"{_short(lower)} to {_short(upper)}")
    return labels


def _short(number: str) -> str:
    """Four significant digits, without an exponent where people can do without."""
    value = float(number)
    size = abs(value)
    if not 1e-3 <= size < 1e7:
        return f"{value:.4g}"
    text = f"{value:,.{max(3 - math.floor(math.log10(size)), 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
