"""How soon a change is found: of one feature out of 200, of the error."""

from __future__ import annotations

import math

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.monitors.drift import DriftMonitor
from model_drift_exporter.monitors.loss import LossMonitor
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.profile import ReferenceProfile

from .laws import MadeUpModel, context_of, normal, profile_of
from .nulls import ERROR, outcomes_of

__all__ = ["CHANGES", "PAGE_UPDATES", "error_delays", "feature_delays"]

PAGE_UPDATES = 5_256_000.0
"""Updates of a minute in ten years, the default budget of false pages."""
CHANGES = {
    "+0.25 sd": normal(shift=0.25),
    "+0.5 sd": normal(shift=0.5),
    "+1 sd": normal(shift=1.0),
    "2 % missing": normal(missing=0.02),
    "×1.25 scale": normal(scale=1.25),
}
_ROWS = 10_000
_LOOK = 20
_SECONDS = 3.0  # between records: a look is a minute
_CLEAN = 2_000
_LABEL_SECONDS = 6.0
_NEVER = 1e250  # a budget whose alarms never fire: only the evidence is wanted


def feature_delays(seed: int, change: str, features: int, clean: int = _CLEAN, most: int = 6_000) -> list[float]:
    """Records after the change until each of the features would, alone among all, take their average to the threshold.

    All features change at once, each a trial of its own: its evidence does not depend on the others'. Infinite where not
    found within ``most`` records.
    """
    model = MadeUpModel([normal()] * features, _ROWS, seed)
    with attrs.validators.disabled():  # nobody can set such a budget
        options = EvidenceSettings(false_page=_NEVER, false_ticket=_NEVER, update_records=_LOOK)
    context = context_of(model.reference, options)
    monitor = DriftMonitor(context)
    before, after = model.table(), model.table([CHANGES[change]] * features)
    needed = math.log10(PAGE_UPDATES * features)
    first = 0
    if clean:
        monitor.observe(model.binned(model.cells(before, model.levels(clean)), 0, _SECONDS))
        first = clean
    delays = np.full(features, math.inf)
    for look in range(most // _LOOK):
        monitor.observe(model.binned(model.cells(after, model.levels(_LOOK)), first + look * _LOOK, _SECONDS))
        found = _evidence(monitor) >= needed
        delays[found & np.isinf(delays)] = (look + 1) * _LOOK
        if np.isfinite(delays).all():
            break
    return delays.tolist()


def _evidence(monitor: DriftMonitor) -> NDArray[np.float64]:
    """log10 of M of each feature, as exported."""
    samples = next(
        block for block in monitor.collect() if block.series.metric.name == "model_feature_drift_evidence_log10"
    )
    return np.asarray(samples.values, dtype=np.float64)


def error_delays(seed: int, trials: int, *, page_budget: float, clean: int = _CLEAN, most: int = 8_000) -> list[float]:
    """Labels after the error has doubled until a page, each trial with a reference of its own. Infinite for none."""
    random = np.random.default_rng([seed, 3])
    delays = []
    for _ in range(trials):
        context = context_of(_labelled(random), EvidenceSettings(false_page=page_budget))
        loss = LossMonitor(context)
        wrong = random.random(clean + most) < np.repeat([ERROR, 2 * ERROR], [clean, most])
        loss.judge(outcomes_of(wrong, 0, _LABEL_SECONDS))
        pages = [edge.record for edge in context.alarms.drain() if edge.firing]
        later = [record for record in pages if record >= clean]
        delays.append(float(later[0] + 1 - clean) if later else math.inf)
    return delays


def _labelled(random: np.random.Generator) -> ReferenceProfile:
    """The reference of a model with one feature and the usual error."""
    wrong = random.random(_ROWS) < ERROR
    label = np.arange(_ROWS) % 2
    return profile_of(
        RecordBatch.of(
            size=_ROWS,
            features={"f": random.normal(size=_ROWS).tolist()},
            model=["made-up"] * _ROWS,
            prediction=[str(value) for value in np.where(wrong, 1 - label, label).tolist()],
            label=[str(value) for value in label.tolist()],
        )
    )
