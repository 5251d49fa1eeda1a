"""Gives a stream to a model and judges each alarm by the truth that the stream knows."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.configuration.settings import Settings
from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.evidence.settings import PAGE
from model_drift_exporter.models.model import Model
from model_drift_exporter.monitors.loss import LossSettings, class_bets, judged_classes, overall_bets
from model_drift_exporter.reference.profile import ReferenceProfile

from ..laws import START, profile_of
from .harms import Harm
from .kind import Case, Kind, make_case
from .stream import DAY, HOUR, Stream, distinct_mean

__all__ = ["Limits", "follow_harm", "follow_kind", "followed", "judged"]

_CLASSES = ("no", "yes")


def follow_harm(harm: Harm, *, seed: int) -> dict[str, Any]:
    """When an alarm names the harm, and when a page tells it: hours and records after the onset, nothing for never."""
    case = make_case(harm.kind, seed, harm.onset + harm.days)
    profile = profile_of(case.reference)
    model = Model(profile.model, profile, Settings().monitoring)
    onset = START + harm.onset * DAY
    found: dict[str, Any] = {"ticket": None, "page": None, "before": []}
    for batch in case.live.batches():
        model.process(batch)
        for edge in model.alarms.drain():
            if not edge.firing:
                continue
            if edge.time < onset:
                found["before"].append(edge.alert)
                continue
            names = [name for name in edge.features if name in harm.names]
            if names or not harm.names:
                found["ticket"] = found["ticket"] or _told(edge, case.live, onset)
            if edge.severity == PAGE:
                found["page"] = found["page"] or _told(edge, case.live, onset)
        if found["ticket"] and found["page"]:
            break
    return found


def _told(edge: Transition, live: Stream, onset: float) -> dict[str, Any]:
    times = live["time"]
    return {
        "alert": edge.alert,
        "features": [*edge.features],
        "hours": (edge.time - onset) / HOUR,
        "records": int(np.count_nonzero((times >= onset) & (times <= edge.time))),
    }


class Limits:
    """What a model's reference tolerates: of the mean loss, of the error on each class that is judged. What is missing there."""

    def __init__(self, profile: ReferenceProfile, usual_missing: dict[str, float]) -> None:
        self.loss = self.classes = None
        if profile.outcomes is not None:
            names = judged_classes(profile.outcomes)
            self.loss = overall_bets(profile.outcomes, LossSettings(), binary=profile.task == "classification").limit
            self.classes = {
                _CLASSES.index(name): class_bets(profile.outcomes, name, LossSettings(), len(names)).limit
                for name in names
            }
        self.usual_missing = usual_missing


def follow_kind(kind: Kind, *, seed: int, days: float) -> dict[str, Any]:
    """One stream of a kind, its alarms judged."""
    began = time.process_time()
    case = make_case(kind, seed, days)
    made = time.process_time()
    found = followed(case)
    found["seconds"] = [made - began, time.process_time() - made]
    return found


def followed(case: Case) -> dict[str, Any]:
    """What a model with this reference says of the stream."""
    profile = profile_of(case.reference)
    limits = Limits(profile, case.usual_missing)
    model = Model(profile.model, profile, Settings().monitoring)
    alarms, reasons, looks = [], Counter[str](), 0
    for batch in case.live.batches():
        model.process(batch)
        looks += 1
        reasons.update(model.not_evaluable)
        alarms += [judged(edge, case.live, limits) for edge in model.alarms.drain() if edge.firing]
    span = float(case.live["time"].max() - case.live["time"].min())
    return {
        "years": span / (365.25 * DAY),
        "records": case.live.size,
        "alarms": alarms,
        "loss_design_effect": profile.outcomes.loss.design_effect if profile.outcomes else None,
        "limit": limits.loss,
        "reasons": {name: count / looks for name, count in reasons.items()},
    }


def judged(edge: Transition, live: Stream, limits: Limits) -> dict[str, Any]:
    """An alarm with the figures that it is judged by; what is no page is not judged."""
    found: dict[str, Any] = {
        "alert": edge.alert,
        "severity": edge.severity,
        "record": edge.record,
        "day": (edge.time - START) / DAY,
        "onset": None if edge.onset is None else (edge.onset - START) / DAY,
        "features": [*edge.features],
    }
    if edge.severity != PAGE:
        return found
    if edge.alert == "ModelLossIncreased":
        return found | _loss(edge, live, limits)
    # The shares of missing values and of rejected lines are what the reference has, but for bursts that are one event.
    return found | {"true": False, "why": _broken(edge, live, limits)}


def _loss(edge: Transition, live: Stream, limits: Limits) -> dict[str, Any]:
    """False where the mean loss of all records from the onset to the page is tolerated, and that on each class."""
    onset = edge.time if edge.onset is None else edge.onset
    inside = (live["time"] >= onset) & (live["time"] <= edge.time)
    mean = distinct_mean(live["loss"][inside], live["source"][inside])
    true = limits.loss is not None and mean > limits.loss
    for place, limit in (limits.classes or {}).items():
        # The error on a class does not vary where nothing is wrong, so that all of its records say what it is.
        own = live["label"] == place
        true |= distinct_mean((live["predicted"] != live["label"])[own].astype(np.float64), live["source"][own]) > limit
    return {
        "true": bool(true),
        "why": f"mean loss {mean:.4f} of {limits.loss:.4f} since day {(onset - START) / DAY:.1f}",
    }


def _broken(edge: Transition, live: Stream, limits: Limits) -> str:
    """What was missing in the hour before, copies counted once."""
    inside = (live["time"] > edge.time - HOUR) & (live["time"] <= edge.time)
    source = live["source"][inside]
    if not edge.features:
        lines = np.count_nonzero((live.garbage > edge.time - HOUR) & (live.garbage <= edge.time))
        return f"{lines:,} rejected lines and {len(np.unique(source)):,} records within the hour before"
    shares = {}
    for name in edge.features:
        gone: NDArray[np.bool_] = np.isnan(live.seen[name][inside])
        if name in live.invalid:
            gone |= live.invalid[name][inside]
        shares[name] = distinct_mean(gone.astype(np.float64), source) - limits.usual_missing[name]
    name = max(shares, key=lambda each: shares[each])
    return f"{name} +{shares[name]:.1%} within the hour before"
