"""References with outcomes, and matured outcomes, without a log or a label join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import attrs
import msgspec
import numpy as np
import numpy.typing as npt

from model_drift_exporter.array_spool import SpoolStore
from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.outcome_tally import OutcomeTally
from model_drift_exporter.reference.building.row_history import RowHistory
from model_drift_exporter.reference.codes import NumericCoder
from model_drift_exporter.reference.outcome_batch import OutcomeBatch, OutcomeLayout
from model_drift_exporter.reference.profile import SCORE, OutcomeSummary, ReferenceProfile
from tests.support.prediction_log import START, Row, batch_of, profile_of

__all__ = [
    "binary_rows",
    "cut",
    "joined",
    "made_outcomes",
    "outcomes_from",
    "outcomes_of",
    "profile_with_outcomes",
    "regression_rows",
]


def profile_with_outcomes(rows: list[Row], batch_size: int = 1_000) -> ReferenceProfile:
    """The profile of labelled rows, with what the tally of outcomes makes of them."""
    batches = [batch_of(rows[start : start + batch_size]) for start in range(0, len(rows), batch_size)]
    profile = profile_of(batches)
    return msgspec.structs.replace(profile, outcomes=outcomes_from(profile, batches))


def outcomes_from(profile: ReferenceProfile, batches: Sequence[RecordBatch]) -> OutcomeSummary | None:
    """What the tally of outcomes makes of some rows, in the bins of a profile."""
    binner, store = Binner(profile), SpoolStore(None)
    tally, history = OutcomeTally(profile, binner, store), RowHistory(binner, store)
    for batch in batches:
        history.add(batch, binner.cells(batch)[0])
        tally.observe(batch)
    return tally.summary(history.ordered())


def binary_rows(score: npt.ArrayLike, positive: npt.ArrayLike, *, step: float = 10.0) -> list[Row]:
    """A classifier that says yes above 0.5; ``positive``: whether the label is yes."""
    pairs = zip(np.asarray(score).tolist(), np.asarray(positive).tolist(), strict=True)
    return [
        {
            "ts": START + index * step,
            "features": {"x": round(chance, 3)},
            "prediction": "yes" if chance > 0.5 else "no",
            "score": chance,
            "label": "yes" if truth else "no",
        }
        for index, (chance, truth) in enumerate(pairs)
    ]


def regression_rows(predicted: npt.ArrayLike, error: npt.ArrayLike, *, step: float = 10.0) -> list[Row]:
    """A regression; labels are predictions less the error."""
    pairs = zip(np.asarray(predicted).tolist(), np.asarray(error).tolist(), strict=True)
    return [
        {"ts": START + index * step, "features": {"x": index % 7}, "prediction": said, "label": said - wrong}
        for index, (said, wrong) in enumerate(pairs)
    ]


def made_outcomes(
    predicted: npt.ArrayLike, label: npt.ArrayLike, *, start: float = START, step: float = 60.0, **columns: Any
) -> OutcomeBatch:
    """Outcomes that mature an hour after their prediction; ``columns`` replace what is made up here."""
    size = len(np.asarray(predicted))
    time = start + step * np.arange(size)
    made: dict[str, Any] = {
        "time": time,
        "matured": time + 3_600,
        "position": np.arange(size),
        "score": np.full(size, np.nan),
        "score_cell": np.full(size, -1, dtype=np.int16),
        "sign": np.ones(size, dtype=np.int8),
        "revision": np.zeros(size, dtype=np.bool_),
    }
    label = np.asarray(label, dtype=np.float64)
    return OutcomeBatch(size, predicted=np.asarray(predicted, dtype=np.float64), label=label, **made | columns)


def outcomes_of(context: MonitorContext, score: npt.ArrayLike, positive: npt.ArrayLike, **columns: Any) -> OutcomeBatch:
    """Outcomes of the classifier of :func:`binary_rows`."""
    layout = OutcomeLayout.of(context.reference)
    scores = np.asarray(score, dtype=np.float64)
    column = context.reference.column(SCORE)
    assert column is not None
    cells = NumericCoder(column.edges).codes_of_numbers(scores).astype(np.int16)
    no, yes = (layout.classes.index(name) for name in ("no", "yes"))
    label = np.where(np.asarray(positive, dtype=np.bool_), yes, no)
    return made_outcomes(np.where(scores > 0.5, yes, no), label, score=scores, score_cell=cells, **columns)


def cut(outcomes: OutcomeBatch, places: list[int]) -> Iterator[OutcomeBatch]:
    """The outcomes in several batches; ``places`` where they are cut may repeat and be out of range."""
    ends = [0, *sorted(min(place, outcomes.size) for place in places), outcomes.size]
    names = [field.name for field in attrs.fields(OutcomeBatch) if field.name != "size"]
    for first, last in pairwise(ends):
        columns: dict[str, Any] = {name: getattr(outcomes, name) for name in names}
        part: dict[str, Any] = {name: None if each is None else each[first:last] for name, each in columns.items()}
        yield OutcomeBatch(last - first, **part)


def joined(*batches: OutcomeBatch) -> OutcomeBatch:
    """Several batches as one."""
    names = [
        field.name for field in attrs.fields(OutcomeBatch) if field.name not in ("size", "probabilities", "superseded")
    ]
    names = [name for name in names if getattr(batches[0], name) is not None]
    columns = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names}
    return OutcomeBatch(sum(batch.size for batch in batches), **columns)
