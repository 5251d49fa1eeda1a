"""Assigns records, labels and rejected lines of a chunk to models, as one batch per model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records.batches import NO_POSITIONS, Decoded, LabelBatch, ModelBatch, RecordBatch
from .model import Model

__all__ = ["OTHER_MODELS", "LabelRouter", "RejectedLines", "Routing", "by_model"]

OTHER_MODELS = "__other__"
"""Model name under which the records of models beyond the limit are counted."""

_WAITING_LABELS = 100_000
_WAITING_LINES = 100_000


def _nothing(labels: LabelBatch) -> None:
    """For models that have all that has come."""


def by_model(records: RecordBatch, default: str) -> dict[str, RecordBatch]:
    """Split records by the model that each names; records without a model name go to ``default``."""
    return {name or default: batch for name, batch in records.by_model(default).items()}


class Routing:
    """Splits the content of a chunk into one batch per model.

    ``default`` is the model of records without a model name. ``limit`` is the maximum number of models.
    """

    def __init__(self, default: str, limit: int) -> None:
        self.default = default
        self._labels = LabelRouter(limit)
        self._rejected = RejectedLines()

    def take_over(self, old: Routing) -> None:
        """Go on with what another one has counted and keeps."""
        self._labels.take_over(old._labels)
        self._rejected = old._rejected

    def by_model(self, records: RecordBatch | None) -> dict[str, RecordBatch]:
        """Split records by the model that each names, or the default."""
        return by_model(records, self.default) if records is not None else {}

    def route(
        self,
        decoded: Decoded,
        records: Mapping[str, RecordBatch],
        models: Mapping[str, Model],
        *,
        arrival: float,
        input_name: str,
        give: Callable[[LabelBatch], None] = _nothing,
    ) -> dict[str, ModelBatch]:
        """The content of a chunk by model, without anything that belongs to none of the ``models``.

        ``records`` are the records of the chunk by model; ``models`` must include those that are new in it. ``arrival`` is
        the wall-clock time in seconds since the epoch. Positions are line indexes of the input ``input_name``. ``give`` is
        called with the labels without a model name before models are asked what they know of them, so that who has got their
        predictions knows these.
        """
        rejected = self._rejected_by_model(decoded, records, input_name)
        labels = {}
        if decoded.labels is not None:
            labels = self._labels.route(decoded.labels, models, self.default, records, give)
        return {
            name: ModelBatch(records.get(name), labels.get(name), rejected.get(name, NO_POSITIONS), arrival)
            for name in dict.fromkeys([*records, *labels, *rejected])
            if name in models
        }

    def _rejected_by_model(
        self, decoded: Decoded, records: Mapping[str, RecordBatch], input_name: str
    ) -> dict[str, NDArray[np.int64]]:
        if not decoded.parts:
            return self._rejected.attribute(input_name, decoded.rejected, records)
        found: dict[str, NDArray[np.int64]] = {}
        for name, part in decoded.parts:
            own = self._rejected.attribute(name, part.rejected, self.by_model(part.records))
            for model, lines in own.items():
                found[model] = np.sort(np.concatenate([found.get(model, NO_POSITIONS), lines]))
        return found

    def claim(self, name: str, *, only: bool, arrival: float) -> list[ModelBatch]:
        """Return the labels that waited for the first record of a model. An ``only`` model gets those without a name, too."""
        return [ModelBatch(None, labels, NO_POSITIONS, arrival) for labels in self._labels.claim(name, unnamed=only)]

    def labels(self, models: Mapping[str, Model]) -> dict[str, int]:
        """Number of labels by model. Before the first record, labels without a model name count to the default model."""
        return self._labels.counted(models, self.default)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: waiting labels and lines, and the last model of each input."""
        return {"rejected": self._rejected.snapshot(), "labels": self._labels.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._rejected.restore(state["rejected"])
        self._labels.restore(state["labels"])


class RejectedLines:
    """Assigns a rejected line to the model of the nearest earlier record of its input; at the start, of the next record."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}
        self._waiting: dict[str, NDArray[np.int64]] = {}

    def attribute(
        self, input_name: str, rejected: NDArray[np.int64], batches: Mapping[str, RecordBatch]
    ) -> dict[str, NDArray[np.int64]]:
        """Rejected lines by model, ascending. ``batches`` are the records by model of the same chunk.

        The rejected lines before the first record of an input wait for it, at most the last 100,000.
        """
        last = self._last.get(input_name)
        if not batches:
            if not len(rejected) or last is not None:
                return {last: rejected} if last is not None and len(rejected) else {}
            waiting = np.concatenate([self._waiting.get(input_name, NO_POSITIONS), rejected])
            self._waiting[input_name] = waiting[-_WAITING_LINES:]
            return {}
        if last is None:
            rejected = np.concatenate([self._waiting.pop(input_name, NO_POSITIONS), rejected])
        names = [*batches]
        if len(names) == 1 and (last in (None, *names) or not len(rejected)):
            self._last[input_name] = names[0]
            return {names[0]: rejected} if len(rejected) else {}
        parts = [batch.position for batch in batches.values()]
        lines = np.concatenate(parts)
        order = np.argsort(lines, kind="stable")
        owner = np.repeat(np.arange(len(names)), [len(part) for part in parts])[order]
        self._last[input_name] = names[owner[-1]]
        before = np.searchsorted(lines[order], rejected) - 1
        owners = [names[owner[0]] if last is None else last, *(names[each] for each in owner.tolist())]
        found: dict[str, list[int]] = {}
        for position, place in zip(rejected.tolist(), before.tolist(), strict=True):
            found.setdefault(owners[place + 1], []).append(position)
        return {name: np.array(own, dtype=np.int64) for name, own in found.items()}

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot."""
        return {"last": dict(self._last), "waiting": dict(self._waiting)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        self._last = dict(state["last"])
        self._waiting = {name: np.asarray(lines, dtype=np.int64) for name, lines in state["waiting"].items()}


class LabelRouter:
    """Gives each label to the model that it names, else to all models with a prediction of its identifier.

    Several models have one if, for example, a champion and a challenger score the same request. Labels before the first
    record of their model wait for it, at most 100,000 for all models. ``limit`` is the maximum number of models. ``counts``
    is the number of labels by model; labels that belong to no model yet are under ``None``.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.counts: Counter[str | None] = Counter()
        self._waiting: dict[str | None, list[LabelBatch]] = {}

    def take_over(self, old: LabelRouter) -> None:
        """Go on with what another one has counted and keeps."""
        self.counts, self._waiting = old.counts, old._waiting

    def route(
        self,
        labels: LabelBatch,
        models: Mapping[str, Model],
        default: str,
        batches: Mapping[str, RecordBatch],
        give: Callable[[LabelBatch], None] = _nothing,
    ) -> dict[str, LabelBatch]:
        """Labels by model. ``default`` is the model of records without a model name.

        ``batches`` are the records by model of the same chunk; a label knows the predictions on earlier lines. ``give`` is as
        in :meth:`Routing.route`.
        """
        found: dict[str, LabelBatch] = {}
        for name, own in labels.by_model().items():
            if name is None and len(models) > 1:
                give(own)
                for owner, part in self._of_unnamed(own, models, default, batches).items():
                    # A model may get labels in both ways: those that name it, and those of its predictions.
                    named = found.get(owner)
                    found[owner] = part if named is None else _joined(named, part)
                continue
            owner_name = next(iter(models)) if name is None and models else name
            self.counts[owner_name] += own.size
            if owner_name is not None and owner_name in models:
                named = found.get(owner_name)
                found[owner_name] = own if named is None else _joined(named, own)
            elif owner_name != OTHER_MODELS and len(models) < self._limit:
                self._wait(owner_name, own)
        if len(self.counts) > 2 * self._limit:
            for name in [name for name in self.counts if name not in (None, OTHER_MODELS, *models)]:
                self.counts[OTHER_MODELS] += self.counts.pop(name)
        return found

    def _wait(self, name: str | None, labels: LabelBatch) -> None:
        if name not in self._waiting and len(self._waiting) > self._limit:
            return
        own = self._waiting.setdefault(name, [])
        own.append(labels)
        while own and sum(batch.size for batches in self._waiting.values() for batch in batches) > _WAITING_LABELS:
            own.pop(0)

    def _of_unnamed(
        self,
        labels: LabelBatch,
        models: Mapping[str, Model],
        default: str,
        batches: Mapping[str, RecordBatch],
    ) -> dict[str, LabelBatch]:
        fallback = default if default in models else next(iter(models))
        owners: list[list[str]] = [[] for _ in range(labels.size)]
        for name, model in models.items():
            for index in np.flatnonzero(model.knows(labels)).tolist():
                owners[index].append(name)
        earlier: dict[object, dict[str, int]] = {}
        for name, batch in batches.items():
            if name in models:
                for value, position in zip(batch.fields.get("id", ()), batch.position.tolist(), strict=False):
                    if value is not None:
                        earlier.setdefault(value, {}).setdefault(name, position)
        places: dict[str, list[int]] = {}
        identifiers: Sequence[object] = labels.fields.get("id", (None,) * labels.size)
        for index, (value, position) in enumerate(zip(identifiers, labels.position.tolist(), strict=True)):
            beside = [name for name, own in earlier.get(value, {}).items() if own < position]
            found = dict.fromkeys([*owners[index], *beside]) or {fallback: None}
            self.counts[next(iter(found))] += 1  # a line counts as one label, even if several models use it
            for owner in found:
                places.setdefault(owner, []).append(index)
        if len(places) == 1:
            return {next(iter(places)): labels}
        return {name: labels.take(indexes) for name, indexes in places.items()}

    def claim(self, name: str, *, unnamed: bool) -> list[LabelBatch]:
        """Return the labels that waited for the first record of a model; with ``unnamed``, also those without a model name."""
        claimed = self._waiting.pop(name, [])
        if unnamed:
            claimed = [*self._waiting.pop(None, []), *claimed]
            self.counts[name] += self.counts.pop(None, 0)
        return claimed

    def counted(self, models: Mapping[str, Model], default: str) -> dict[str, int]:
        """Number of labels by model, for all models and, within the limit, for models that have no record yet."""
        found: Counter[str] = Counter()
        # Within the limit, labels keep the name of a model whose first record has not come yet.
        room = max(self._limit - len(models), 0)
        awaited = [name for name in self.counts if name not in (None, OTHER_MODELS) and name not in models][:room]
        own = {*models, *awaited}
        for name, count in self.counts.items():
            found[default if name is None else name if name in own else OTHER_MODELS] += count
        return dict(found)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot: the waiting labels. Counters start again at 0."""
        waiting = [(name, batch) for name, batches in self._waiting.items() for batch in batches]
        return {
            "models": [name for name, _ in waiting],
            "batches": [ModelBatch(None, batch, NO_POSITIONS, 0.0).snapshot() for _, batch in waiting],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot."""
        for name, saved in zip(state["models"], state["batches"], strict=True):
            labels = ModelBatch.restored(saved).labels
            if labels is not None:
                self._wait(name, labels)


def _joined(first: LabelBatch, second: LabelBatch) -> LabelBatch:
    """Labels of one chunk in the order of their lines."""
    whole = LabelBatch.joined([first, second])
    return whole.take(np.argsort(whole.position, kind="stable"))
