"""A made-up prediction log with its truth, in columns, and as the batches that a model gets."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
from numpy.typing import NDArray

from model_drift_exporter.records.batches import LabelBatch, ModelBatch, RecordBatch
from model_drift_exporter.records.columns import Column, Identifiers, Numbers, TextPool, Texts
from model_drift_exporter.records.features import Features
from model_drift_exporter.records.identifiers import hash_numbers

__all__ = ["DAY", "HOUR", "Stream", "distinct_mean"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

DAY, HOUR = 86_400.0, 3_600.0
_CLASSES = ("no", "yes")
_BATCH = 4_000


def _texts(names: tuple[str, ...], codes: Array) -> Texts:
    pool = TextPool()
    pool.code(names)
    return Texts(pool, np.where(np.isnan(codes), -1, codes).astype(np.int32))


def _of_column(columns: dict[str, Array], order: NDArray[np.intp]) -> dict[str, Array]:
    return {name: values[order] for name, values in columns.items()}


@attrs.frozen(eq=False)
class Stream:
    """Records in the order in which their lines stand in the log; all columns are float64 [record].

    ``seen`` are the features as the log has them: numbers, or places in the categories of ``texts``; NaN is missing.
    ``invalid`` marks values that came as something else than a number. ``columns`` are ``time`` (seconds since the epoch),
    ``score``, ``predicted`` and ``label`` (0 or 1; for regression numbers), ``loss`` (the expected loss of the prediction,
    given what is true of the record), ``labelled`` (when its label comes; infinite for never), ``source`` (the record of
    which this one is a copy, its own number for an original), and where labels are corrected ``first_label`` and
    ``first_labelled``. With ``in_record`` the label stands in the record. ``garbage`` are the times of rejected lines, and
    ``garbage_event`` the event that each is part of. ``versions`` are places in the names of versions.
    """

    seen: dict[str, Array]
    columns: dict[str, Array]
    texts: dict[str, tuple[str, ...]]
    invalid: dict[str, Mask] = attrs.field(factory=dict)
    in_record: bool = False
    regression: bool = False
    garbage: Array = attrs.field(factory=lambda: np.empty(0))
    garbage_event: Array = attrs.field(factory=lambda: np.empty(0))
    versions: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Array:
        return self.columns[name]

    @property
    def size(self) -> int:
        """Records."""
        return len(self.columns["time"])

    def take(self, order: NDArray[np.intp] | Mask) -> Stream:
        """The records at these places, in this order; rejected lines stay."""
        places: NDArray[np.intp] = np.arange(self.size)[order]
        return attrs.evolve(
            self,
            seen=_of_column(self.seen, places),
            columns=_of_column(self.columns, places),
            invalid={name: wrong[places] for name, wrong in self.invalid.items()},
        )

    def having(self, **columns: Array) -> Stream:
        """The same records with some columns changed or added."""
        return attrs.evolve(self, columns={**self.columns, **columns})

    def seeing(self, **seen: Array) -> Stream:
        """The same records with some features changed."""
        return attrs.evolve(self, seen={**self.seen, **seen})

    def in_order(self) -> Stream:
        """The records in the order of their times."""
        return self.take(np.argsort(self["time"], kind="stable"))

    def reference_rows(self, *, times: bool = True) -> RecordBatch:
        """The records as rows of a reference, each with its final label."""
        return self._records(with_labels=True, with_times=times, numbered=False)

    def _class(self, values: Array) -> Column:
        return Numbers(values) if self.regression else _texts(_CLASSES, values)

    def _records(self, *, with_labels: bool, with_times: bool = True, numbered: bool = True) -> RecordBatch:
        features: dict[str, Column] = {}
        for name, values in self.seen.items():
            wrong = self.invalid.get(name)
            if name in self.texts:
                features[name] = _texts(self.texts[name], values)
            elif wrong is not None and wrong.any():
                features[name] = Numbers(np.where(wrong, np.nan, values), np.flatnonzero(wrong))
            else:
                features[name] = Numbers(values)
        fields: dict[str, Column] = {"prediction": self._class(self["predicted"])}
        if with_times:
            fields["time"] = Numbers(self["time"])
        if "score" in self.columns:
            fields["score"] = Numbers(self["score"])
        if with_labels:
            fields["label"] = self._class(self["label"])
        elif numbered:
            fields["id"] = self._identifiers()
        if self.versions:
            fields["version"] = _texts(self.versions, self["version"])
        return RecordBatch(self.size, Features.of_typed(features, self.size), fields, position=np.arange(self.size))

    def _identifiers(self) -> Identifiers:
        numbers = hash_numbers(0, int(self["source"].max(initial=-1)) + 1)
        return Identifiers(numbers[self["source"].astype(np.int64)], np.ones(self.size, dtype=np.bool_))

    @property
    def happened(self) -> Array:
        """When each line was written, as far as times say: the latest time so far."""
        times: Array = np.maximum.accumulate(self["time"])
        return times

    def lines(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The number in the log of each record, and of each rejected line."""
        times = np.concatenate([self.happened, self.garbage])
        number = np.empty(len(times), dtype=np.int64)
        number[np.argsort(times, kind="stable")] = np.arange(len(times))
        return number[: self.size], number[self.size :]

    def labels(self, position: NDArray[np.int64]) -> LabelBatch | None:
        """All labels that come before the log ends, in the order in which they come."""
        if self.in_record:
            return None
        time, label, place = [self["labelled"]], [self["label"]], [np.arange(self.size)]
        if "first_labelled" in self.columns:
            time.append(self["first_labelled"])
            label.append(self["first_label"])
            place.append(np.arange(self.size))
        times, places = np.concatenate(time), np.concatenate(place)
        kept = np.flatnonzero(times <= self["time"].max(initial=-np.inf))
        # A copy has the label of its original: it comes once.
        originals = self._first_of_each()
        kept = kept[originals[places[kept]]]
        if not len(kept):
            return None
        kept = kept[np.argsort(times[kept], kind="stable")]
        after = np.searchsorted(self.happened, times[kept], side="right") - 1
        ids = self._identifiers().take(places[kept])
        return LabelBatch(
            len(kept),
            {"time": Numbers(times[kept]), "id": ids, "label": self._class(np.concatenate(label)[kept])},
            position=position[np.maximum(after, 0)],
        )

    def _first_of_each(self) -> Mask:
        first = np.zeros(self.size, dtype=np.bool_)
        first[np.unique(self["source"], return_index=True)[1]] = True
        return first

    def batches(self) -> Iterator[ModelBatch]:
        """The log with its labels, as a model gets it."""
        records = self._records(with_labels=self.in_record, numbered=not self.in_record)
        position, rejected = self.lines()
        records = attrs.evolve(records, position=position)
        labels = self.labels(position)
        rejected = np.sort(rejected)
        starts = np.arange(0, self.size, _BATCH)
        for first in starts.tolist():
            last = min(first + _BATCH, self.size)
            low = position[first] if first else -1
            high = position[last] if last < self.size else np.iinfo(np.int64).max
            chosen = None
            if labels is not None:
                begin, end = np.searchsorted(labels.position, [low, high])
                chosen = labels.take(range(int(begin), int(end))) if end > begin else None
            lines = rejected[np.searchsorted(rejected, low) : np.searchsorted(rejected, high)]
            yield ModelBatch(records.take(range(first, last)), chosen, lines, 0.0)


def distinct_mean(values: Array, source: Array) -> float:
    """The mean over distinct records; NaN for none."""
    if not len(values):
        return float("nan")
    first = np.unique(source, return_index=True)[1]
    return float(values[first].mean())
