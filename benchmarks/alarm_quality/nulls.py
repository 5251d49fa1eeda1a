"""False alarms of a model with 200 clean features and as many labels, and whether the guarantee is used or idle."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.evidence.settings import PAGE, TICKET
from model_drift_exporter.monitors.loss import LossMonitor
from model_drift_exporter.reference.outcome_batch import OutcomeBatch

from .families import Rearmed, WatchedEvidence, families_of, watch_all
from .laws import START, MadeUpModel, blocks, context_of, mixed_laws
from .windows import WINDOW, WindowRules

__all__ = ["ERROR", "THRESHOLDS", "null_stream", "outcomes_of"]

ERROR = 0.10
THRESHOLDS = (100.0, 1_000.0)
_NEVER = 1e300
_SECONDS = 1.2  # between records: fifty, which make an update, are a minute
_BLOCK = 5_000
_ROWS = 10_000


def null_stream(seed: int, records: int, features: int, windows: int) -> dict[str, Any]:
    """One clean stream through the exporter's monitors; the first ``windows`` windows of it through the usual rules, too."""
    model = MadeUpModel(mixed_laws(features), _ROWS, seed)
    context = context_of(model.reference)
    families = families_of(context)
    rearmed = [Rearmed(family, threshold) for family in families for threshold in (*THRESHOLDS, _NEVER)]
    evidence = WatchedEvidence(context, watch_all(rearmed))
    loss = LossMonitor(context)
    table = model.table()
    values = [law.numbers() if law.numeric else np.array(law.values, dtype=object) for law in model.laws]
    names = [f"f{position:03d}" for position in range(features)]
    rules = WindowRules(_columns(names, values, model.reference_levels)) if windows else None
    random = np.random.default_rng([seed, 2])
    highest_loss = -math.inf
    for first, size in blocks(records, _BLOCK):
        levels = model.levels(size)
        evidence.observe(model.binned(model.cells(table, levels), first, _SECONDS))
        for part in range(0, size, 500):
            count = min(500, size - part)
            loss.judge(outcomes_of(random.random(count) < ERROR, first + part, _SECONDS))
            highest_loss = max(highest_loss, context.alarms["ModelLossIncreased"].evidence)
        for start in range(0, size, WINDOW):
            if rules is not None and first + start + WINDOW <= windows * WINDOW:
                rules.window(_columns(names, values, levels[:, start : start + WINDOW]), first + start + WINDOW)
    fired = Counter(edge.severity for edge in context.alarms.drain() if edge.firing)
    result: dict[str, Any] = {
        "pages": fired[PAGE],
        "tickets": fired[TICKET],
        "updates": records // 50,
        "highest_loss": highest_loss / math.log(10),
        "families": {
            family.name: {
                "crossings": [each.crossings for each in rearmed if each.family is family][: len(THRESHOLDS)],
                "highest": next(each for each in reversed(rearmed) if each.family is family).highest / math.log(10),
            }
            for family in families
        },
    }
    if rules is not None:
        result["peers"] = {
            name: {"share": each.share, "alarms": len(each.alarms()), "records": len(each.ends) * WINDOW}
            for name, each in (("psi", rules.psi), ("ks", rules.ks))
        }
    return result


def _columns(names: list[str], values: list[Any], levels: Any) -> dict[str, Any]:
    """The raw values of records, by feature; texts as lists."""
    found = {}
    for name, value, row in zip(names, values, levels, strict=False):
        taken = value[row]
        found[name] = taken if taken.dtype != object else taken.tolist()
    return found


def outcomes_of(wrong: NDArray[np.bool_], first: int, seconds: float) -> OutcomeBatch:
    """Outcomes of two classes that mature at once, wrong or not; the first is of record ``first``."""
    size = len(wrong)
    record = np.arange(first, first + size)
    time: NDArray[np.float64] = START + seconds * (record + 1.0).astype(np.float64)
    label = (record % 2).astype(np.float64)
    return OutcomeBatch(
        size=size,
        time=time,
        matured=time,
        position=record,
        predicted=np.where(wrong, 1.0 - label, label),
        label=label,
        score=np.full(size, np.nan),
        score_cell=np.full(size, -1, dtype=np.int16),
        sign=np.ones(size, dtype=np.int8),
        revision=np.zeros(size, dtype=np.bool_),
    )
