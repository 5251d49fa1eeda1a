"""Builds a reference profile from rows in two passes: survey them to fix the bins, then count them into the bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import attrs
import msgspec
import numpy as np
from numpy.typing import NDArray

from ...array_spool import SpoolStore
from ...errors import ReferenceProfileError
from ...records.batches import RecordBatch
from ...records.columns import Numbers
from ...records.features import Features
from ...records.raw_values import numbers, text_of
from ...records.times import parse_times
from ..binner import Binner
from ..coded_batch import CodedBatch, count_cells
from ..profile import (
    FEATURE,
    OTHER,
    PREDICTION,
    SCORE,
    Column,
    ReferenceProfile,
    categorical_column,
    fingerprint_of,
    numeric_column,
)
from ..scores import DERIVED, DERIVED_EDGES, Scores
from .moments import Moments
from .outcome_tally import LossTally, OutcomeTally
from .outputs import OutputsSurvey
from .row_history import RowHistory
from .season_zone import OffsetSurvey, known_time_zone
from .serial_dependence import with_dependence
from .settings import BuildSettings
from .survey import FieldSurvey, encodable

__all__ = ["SHOWN", "PartMaker", "ProfileBuilder", "ReferencePart", "WarningList", "shortened"]

_FEW_ROWS = 2_000
SHOWN = 5


class ReferencePart(Protocol):
    """What one monitor needs to know of the rows that its model was accepted on."""

    def count(self, batch: CodedBatch) -> None:
        """Take in rows, in their order. ``batch.records`` has their raw labels, where they have any."""
        ...

    def summary(self) -> msgspec.Struct | Mapping[str, Any]:
        """What is stored in the reference: plain values only."""
        ...


PartMaker = Callable[[Binner], ReferencePart]
"""Makes a part once the bins are fixed."""


class ProfileBuilder:
    """The profile of one model. Call ``survey`` with every batch, then ``fix_bins``, then ``count`` with every batch again.

    ``parts`` make what monitors need to know of the rows, by the monitor's name. What is kept of the rows for ``fix_bins``
    stands in ``store``, by default in memory.
    """

    def __init__(
        self,
        model: str,
        settings: BuildSettings | None = None,
        *,
        learned: bool = False,
        parts: Mapping[str, PartMaker] | None = None,
        store: SpoolStore | None = None,
    ) -> None:
        self._model = model
        self._store = SpoolStore(None) if store is None else store
        self._part_makers = parts or {}
        settings = settings or BuildSettings()
        self._kinds = settings.features.kinds
        self._limits = settings.limits
        self._model_settings = settings.model
        self._learned = learned
        self.rows = 0
        self._version = ""
        self._features: dict[str, FieldSurvey] = {}
        self._outputs = OutputsSurvey(
            settings.model.classes,
            settings.model.positive_class,
            minimum_count=settings.limits.minimum_count,
            store=self._store,
        )
        self._warnings = WarningList()
        self._left_out: list[str] = []
        self._times: list[float] = []
        self._offsets = OffsetSurvey()

    def survey(self, batch: RecordBatch) -> None:
        """First pass over a batch."""
        for name, values in batch.features.items():
            field = self._features.get(name)
            if field is None:
                field = self._features[name] = FieldSurvey(self._kinds.get(name), self._store)
                field.missing = self.rows
            field.observe(values, text=batch.text)
        for name, field in self._features.items():
            if name not in batch.features:
                field.missing += batch.size
        self._outputs.observe(batch)
        if "version" in batch.fields:
            texts = map(text_of, reversed(batch.fields["version"]))
            self._version = next((text for text in texts if text and encodable(text)), self._version)
        if "time" in batch.fields:
            self._offsets.add(batch.fields["time"])
            times = parse_times(batch.fields["time"])
            if np.isfinite(times).any():
                self._times = [
                    min([*self._times, float(np.nanmin(times))]),
                    max([*self._times, float(np.nanmax(times))]),
                ]
        self.rows += batch.size

    def fix_bins(self, store: SpoolStore | None = None) -> None:
        """Decide kinds, bins, classes and task from the first pass, whose store is not needed any more.

        What is kept of the rows for ``profile`` stands in ``store``, by default in memory.

        Raises :class:`ReferenceProfileError` if there is no row, or no feature that a profile can be built from.
        """
        if not self.rows:
            raise ReferenceProfileError(
                f"model {self._model}: no record with features; give rows of inputs and predictions"
            )
        if self.rows < _FEW_ROWS:
            self._warnings.add(
                "rows",
                f"only {self.rows:,} rows: small drift cannot be told from the reference's own error; give {_FEW_ROWS:,} or more",
            )
        columns = [
            column for name, field in self._features.items() if (column := self._feature(name, field)) is not None
        ]
        if not columns:
            raise ReferenceProfileError(
                f"model {self._model}: no usable feature among {shortened([*self._features], ', ') or 'none'}: "
                + (shortened(self._left_out, "; ") or "no record has a value of one")
            )
        outputs, wanted = self._outputs, self._model_settings
        task = wanted.task if wanted.task != "auto" else outputs.task
        prediction = self._prediction(task)
        columns += [prediction] if prediction else []
        score = outputs.score
        if score.exists:
            columns.append(numeric_column(SCORE, SCORE, score.edges()))
            self._warn_of_far_out(SCORE, score.far_out)
            if score.probability:
                columns += [numeric_column(name, name, list(DERIVED_EDGES[name])) for name in DERIVED]
        classes = outputs.classes if task == "classification" else []
        scored = outputs.scored_classes if task == "classification" else []
        self._reference = ReferenceProfile(
            model=self._model,
            rows=self.rows,
            version=self._version,
            task=task,
            columns=columns,
            classes=classes,
            scored_classes=scored if scored != classes else [],
            positive_class=outputs.positive_class if task == "classification" else "",
            threshold=wanted.threshold if wanted.threshold is not None else outputs.threshold,
            probability=score.probability,
            first_time=self._times[0] if self._times else None,
            last_time=self._times[-1] if self._times else None,
            warnings=self._warnings.texts(),
            learned=self._learned,
        )
        self._binner = Binner(self._reference)
        self._numeric = [column.name for column in self._reference.features if column.numeric]
        self._counts = np.zeros(self._binner.size, dtype=np.int64)
        self._moments = {position: Moments(column.edges) for position, column in enumerate(columns) if column.numeric}
        self._loss = LossTally(self._reference)
        store = SpoolStore(None) if store is None else store
        self._history = RowHistory(self._binner, store)
        self._outcomes = OutcomeTally(self._reference, self._binner, store)
        self._parts = {name: make(self._binner) for name, make in self._part_makers.items()}

    def _feature(self, name: str, field: FieldSurvey) -> Column | None:
        if not encodable(name):
            self._leave_out("name", "a feature is left out, its name is no valid Unicode")
            return None
        place = f"feature {name}"
        if not field.present:
            if field.invalid or not self._learned:  # while learning, the name may belong to another model in the log
                self._leave_out("empty", f"{place}: left out, no value was a number, a string or a bool")
            return None
        if field.present < self._limits.minimum_count and field.present < self.rows:
            self._leave_out("seldom", f"{place}: left out, only {field.present} of {self.rows:,} rows have it")
            return None
        if field.identifier:
            self._leave_out(
                "identifier",
                f"{place}: left out, it looks like an identifier; set features.kinds to keep it or features.exclude to drop it",
            )
            return None
        if field.constant:
            self._warnings.add(
                "constant",
                f"{place}: constant in the reference; any other value will count as out of range or unseen",
            )
        if field.numeric:
            self._warn_of_far_out(place, field.far_out)
            return numeric_column(name, FEATURE, field.edges())
        categories = field.top_categories(self._limits.categories, self._limits.minimum_count)
        if not categories:
            self._warnings.add(
                "categories",
                f"{place}: no category was seen {self._limits.minimum_count} times; all count as {OTHER}",
            )
        return categorical_column(name, FEATURE, categories, accepts_numbers=self._kinds.get(name) == "categorical")

    def _leave_out(self, kind: str, text: str) -> None:
        self._left_out.append(text)
        self._warnings.add(kind, text)

    def _warn_of_far_out(self, place: str, values: int) -> None:
        if values:
            self._warnings.add(
                "far out",
                f"{place}: {values:,} or more of its values are a million times farther out than nearly all others, so its "
                "mean and standard deviation, and wasserstein_ratio, say nothing; mend or leave out these rows",
            )

    def _prediction(self, task: str) -> Column | None:
        survey = self._outputs.prediction
        if task == "classification":
            for warning in self._outputs.warnings:
                self._warnings.add("classes", warning)
            return categorical_column(PREDICTION, PREDICTION, self._outputs.classes, accepts_numbers=True)
        if survey.maximum < survey.minimum:
            return None
        self._warn_of_far_out(PREDICTION, survey.far_out)
        return numeric_column(PREDICTION, PREDICTION, survey.edges())

    def count(self, batch: RecordBatch) -> None:
        """Second pass over a batch."""
        batch = self._with_numbers(batch)
        cells, scores = self._binner.cells(batch)
        self._counts += count_cells(cells, self._binner.size)
        for position, moments in self._moments.items():
            values = self._binner.numbers(self._binner.columns[position], batch, scores)
            moments.add(cells[position] - self._binner.starts[position], values)
        self._loss.observe(batch, scores)
        self._history.add(batch, cells)
        self._outcomes.observe(batch)
        if self._parts:
            coded = self._coded(batch, cells, scores)
            for part in self._parts.values():
                part.count(coded)

    def _with_numbers(self, batch: RecordBatch) -> RecordBatch:
        """The batch with its numeric features as numbers, also where they came as text: it is read once, not for each use."""
        raw = [name for name in self._numeric if name in batch.features.others]
        if not raw:
            return batch
        columns = dict(batch.features)
        for name in raw:
            values, invalid = numbers(columns[name], text=batch.text)
            columns[name] = Numbers(values, np.array(invalid, dtype=np.int64))
        return attrs.evolve(batch, features=Features.of_typed(columns, batch.size))

    def _coded(self, batch: RecordBatch, cells: NDArray[np.int64], scores: Scores | None) -> CodedBatch:
        """The rows as monitors get records; every row belongs into the reference, so every one is timely."""
        time = parse_times(batch.fields["time"]) if "time" in batch.fields else np.full(batch.size, np.nan)
        timely = np.ones(batch.size, dtype=np.bool_)
        values = self._binner.values(batch, scores)
        return CodedBatch(
            binner=self._binner,
            size=batch.size,
            cells=cells,
            time=time,
            now=time,
            timely=timely,
            values=values,
            position=batch.position,
            records=batch,
            scores=scores,
        )

    def profile(self, progress: Callable[[float], None] = lambda _: None) -> ReferenceProfile:
        """The finished profile; ``progress`` is called with the share done, 0 to 1."""
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
        rows = self._history.ordered()
        outcomes = self._outcomes.summary(rows)
        profile = with_dependence(
            msgspec.structs.replace(self._reference, columns=columns, loss=self._loss.summaries(), outcomes=outcomes),
            rows,
            progress,
            zone=known_time_zone(self._model_settings.time_zone, self._offsets),
        )
        parts = {name: msgspec.to_builtins(part.summary()) for name, part in self._parts.items()}
        return msgspec.structs.replace(profile, fingerprint=fingerprint_of(profile), parts=parts)


class WarningList:
    """Collects warnings by kind, in order."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._kinds: Counter[str] = Counter()

    def add(self, kind: str, text: str) -> None:
        """Add a warning; at most five of a kind are kept."""
        self._kinds[kind] += 1
        if self._kinds[kind] <= SHOWN:
            self._texts.append(text)

    def texts(self) -> list[str]:
        """The warnings kept; the last one says how many are not."""
        total = self._kinds.total()
        hidden = total - len(self._texts)
        more = f"... and {hidden:,} more warnings of the same kinds, {total:,} in all"
        return [*self._texts, more] if hidden else [*self._texts]


def shortened(texts: Sequence[str], separator: str) -> str:
    """The first few texts in one line, and how many more there are."""
    more = [f"... and {len(texts) - SHOWN:,} more"] if len(texts) > SHOWN else []
    return separator.join([*texts[:SHOWN], *more])
