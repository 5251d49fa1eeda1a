"""Builds a reference profile from rows in two passes: survey them to fix the bins, then count them into the bins."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import attrs
import msgspec
import numpy as np

from ..binning import Binner
from ..coding import text_of
from ..errors import ReferenceProfileError
from ..outputs import DERIVED, DERIVED_EDGES
from ..records import RecordBatch
from ..times import parse_times
from .loss import LossTally
from .moments import Moments
from .outputs_survey import OutputsSurvey
from .profile import (
    ABOVE,
    BELOW,
    FEATURE,
    INVALID,
    MISSING,
    OTHER,
    PREDICTION,
    SCORE,
    Column,
    ReferenceProfile,
    bin_name,
)
from .survey import FieldSurvey, encodable

__all__ = ["BuildOptions", "ProfileBuilder"]

_FEW_ROWS = 2_000
_CLASSES = 100


@attrs.frozen
class BuildOptions:
    """What a user may set about a profile; the defaults detect.

    ``kinds`` forces ``numeric`` or ``categorical`` on features. ``categories`` limits the bins of a categorical feature, each
    seen at least ``minimum_count`` times. ``classes`` name scores given as lists.
    """

    kinds: Mapping[str, str] = attrs.field(factory=dict)
    categories: int = 20
    minimum_count: int = 10
    task: str = "auto"
    classes: tuple[str, ...] = ()
    positive_class: str | None = None
    threshold: float | None = None


class ProfileBuilder:
    """The profile of one model. Call ``survey`` with every batch, then ``fix_bins``, then ``count`` with every batch again."""

    def __init__(self, model: str, options: BuildOptions | None = None, *, learned: bool = False) -> None:
        self._model = model
        self._options = options or BuildOptions()
        self._learned = learned
        self.rows = 0
        self._version = ""
        self._features: dict[str, FieldSurvey] = {}
        self._outputs = OutputsSurvey(self._options.classes, self._options.positive_class)
        self._warnings: list[str] = []
        self._times: list[float] = []

    def survey(self, batch: RecordBatch) -> None:
        """First pass over a batch."""
        for name, values in batch.features.items():
            field = self._features.get(name)
            if field is None:
                field = self._features[name] = FieldSurvey(self._options.kinds.get(name))
                field.missing = self.rows
            field.observe(values, text=batch.text)
        for name, field in self._features.items():
            if name not in batch.features:
                field.missing += batch.size
        self._outputs.observe(batch)
        if batch.version is not None:
            texts = map(text_of, reversed(batch.version))
            self._version = next((text for text in texts if text and encodable(text)), self._version)
        if batch.time is not None:
            times = parse_times(batch.time)
            if np.isfinite(times).any():
                self._times = [
                    min([*self._times, float(np.nanmin(times))]),
                    max([*self._times, float(np.nanmax(times))]),
                ]
        self.rows += batch.size

    def fix_bins(self) -> None:
        """Decide kinds, bins, classes and task from the first pass.

        Raises :class:`ReferenceProfileError` if there is no row, or no feature that a profile can be built from.
        """
        if not self.rows:
            raise ReferenceProfileError(
                f"model {self._model}: no record with features; give rows of inputs and predictions"
            )
        if self.rows < _FEW_ROWS:
            self._warnings.append(
                f"only {self.rows:,} rows: small drift cannot be told from the reference's own error; give {_FEW_ROWS:,} or more"
            )
        columns = [
            column for name, field in self._features.items() if (column := self._feature(name, field)) is not None
        ]
        if not columns:
            raise ReferenceProfileError(
                f"model {self._model}: no usable feature among {', '.join(list(self._features)[:5]) or 'none'}: "
                + "; ".join(self._warnings)
            )
        outputs, options = self._outputs, self._options
        task = options.task if options.task != "auto" else outputs.task
        prediction = self._prediction(task)
        columns += [prediction] if prediction else []
        if outputs.has_score:
            columns.append(_numeric(SCORE, SCORE, outputs.score.edges()))
            if outputs.probability:
                columns += [_numeric(name, name, list(DERIVED_EDGES[name])) for name in DERIVED]
        self._reference = ReferenceProfile(
            model=self._model,
            rows=self.rows,
            version=self._version,
            task=task,
            columns=columns,
            classes=outputs.classes[:_CLASSES] if task == "classification" else [],
            positive_class=outputs.positive_class if task == "classification" else "",
            threshold=options.threshold if options.threshold is not None else outputs.threshold,
            probability=outputs.probability,
            first_time=self._times[0] if self._times else None,
            last_time=self._times[-1] if self._times else None,
            warnings=self._warnings,
            learned=self._learned,
        )
        self._binner = Binner(self._reference)
        self._counts = np.zeros(self._binner.size, dtype=np.int64)
        self._moments = {position: Moments(column.edges) for position, column in enumerate(columns) if column.numeric}
        self._loss = LossTally(self._reference)

    def _feature(self, name: str, field: FieldSurvey) -> Column | None:
        place = f"feature {name}"
        if not encodable(name):
            self._warnings.append("a feature is left out, its name is no valid Unicode")
            return None
        if not field.present:
            if field.invalid or not self._learned:  # while learning, the name may belong to another model in the log
                self._warnings.append(f"{place}: left out, no value was a number, a string or a bool")
            return None
        if field.present < self._options.minimum_count and field.present < self.rows:
            self._warnings.append(f"{place}: left out, only {field.present} of {self.rows:,} rows have it")
            return None
        if field.identifier:
            self._warnings.append(
                f"{place}: left out, it looks like an identifier; set features.kinds to keep it or features.exclude to drop it"
            )
            return None
        if field.constant:
            self._warnings.append(
                f"{place}: constant in the reference; any other value will count as out of range or unseen"
            )
        if field.numeric:
            return _numeric(name, FEATURE, field.edges())
        categories = field.top_categories(self._options.categories, self._options.minimum_count)
        if not categories:
            self._warnings.append(
                f"{place}: no category was seen {self._options.minimum_count} times; all count as {OTHER}"
            )
        return _categorical(name, FEATURE, categories, accepts_numbers=self._options.kinds.get(name) == "categorical")

    def _prediction(self, task: str) -> Column | None:
        survey = self._outputs.prediction
        if task == "classification":
            return _categorical(PREDICTION, PREDICTION, self._outputs.classes[:_CLASSES], accepts_numbers=True)
        return _numeric(PREDICTION, PREDICTION, survey.edges()) if survey.maximum >= survey.minimum else None

    def count(self, batch: RecordBatch) -> None:
        """Second pass over a batch."""
        cells, scores = self._binner.cells(batch)
        self._counts += np.bincount(cells.ravel(), minlength=self._binner.size)
        for position, moments in self._moments.items():
            values = self._binner.numbers(self._binner.columns[position], batch, scores)
            moments.add(cells[position] - self._binner.starts[position], values)
        self._loss.observe(batch, scores)

    def profile(self) -> ReferenceProfile:
        """The finished profile."""
        columns = []
        for position, (column, start) in enumerate(zip(self._binner.columns, self._binner.starts, strict=True)):
            cells = slice(int(start), int(start) + len(column.counts))
            counts = dict(zip(column.bins, self._counts[cells].tolist(), strict=True))
            moments = self._moments.get(position)
            if moments is None:
                columns.append(msgspec.structs.replace(column, counts=counts))
                continue
            columns.append(
                msgspec.structs.replace(
                    column,
                    counts=counts,
                    means=moments.bin_means,
                    mean=moments.mean,
                    standard_deviation=moments.standard_deviation,
                )
            )
        profile = msgspec.structs.replace(self._reference, columns=columns, loss=self._loss.summaries())
        return msgspec.structs.replace(profile, fingerprint=fingerprint_of(profile))


def fingerprint_of(profile: ReferenceProfile) -> str:
    """Twelve hexadecimal digits that differ whenever bins, counts, classes or the task do."""
    meaning = (profile.task, profile.classes, profile.positive_class, profile.threshold, profile.columns)
    return hashlib.sha256(msgspec.json.encode(meaning)).hexdigest()[:12]


def _numeric(name: str, role: str, edges: list[float]) -> Column:
    ordinals = [f"b{position:02d}" for position in range(len(edges) - 1)]
    bins = [BELOW, *ordinals, ABOVE, MISSING, INVALID]
    return Column(name=name, role=role, kind="numeric", counts=dict.fromkeys(bins, 0), edges=list(map(float, edges)))


def _categorical(name: str, role: str, categories: list[str], *, accepts_numbers: bool) -> Column:
    bins = [*(bin_name(category) for category in categories), OTHER, MISSING, INVALID]
    return Column(
        name=name,
        role=role,
        kind="categorical",
        counts=dict.fromkeys(bins, 0),
        categories=categories,
        accepts_numbers=accepts_numbers,
    )
