"""The join as one would write it for one event at a time, with dictionaries."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

from model_drift_exporter.labels import delays, flow
from model_drift_exporter.labels.delays import DELAY_BUCKETS
from model_drift_exporter.labels.settings import LabelSettings
from tests.support.label_streams import Event

__all__ = ["Oracle"]

_CLASSES = {"no": 0.0, "yes": 1.0}


class Oracle:
    """Outcomes and counts of a binary classifier's events, where nothing is sampled and no time lies in the future."""

    def __init__(self, options: LabelSettings) -> None:
        self.options = options
        self.outcomes: list[tuple[Any, ...]] = []
        self.counts: Counter[str] = Counter()
        self._entries: dict[str, dict[str, Any]] = {}
        self._pending: list[dict[str, Any]] = []
        self._delays: list[float] = []
        self._fixed = 0.0 if options.delay_independent else options.maturity
        self._maturity = self._fixed
        self._now = self._watermark = self._latest = self._model = self._looked = -math.inf
        self._first: float | None = None

    def run(self, events: Sequence[Event]) -> None:
        line = -1
        for index, event in enumerate(events):
            self._now = max(self._now, event["ts"])
            if "prediction" in event:
                line = index
                self._model = max(self._model, event["ts"])
                self._predict(event, line)
            else:
                self._label(event["id"], event["label"], event["ts"], line)
            self._mature(line)
            self._look(index + 1)

    def _predict(self, event: Event, line: int) -> None:
        if self._first is None:
            self._first = event["ts"]
        identifier, time, own = event["id"], event["ts"], event.get("label")
        predicted = _CLASSES.get(event["prediction"], 2.0)
        if identifier is None or time < self._watermark:
            if own is not None:
                self._join({"time": time, "predicted": predicted, "label": self._value(own), "label_time": time})
            elif identifier is None:
                self.counts["unidentified"] += 1
            return
        entry = self._entry(identifier)
        if entry is not None and "time" in entry:
            self.counts["predictions_repeated"] += 1
        else:
            self.counts["stored"] += 1
            waited = entry is not None
            entry = self._entries[identifier] = (entry or {}) | {"time": time, "predicted": predicted}
            if waited:
                # A label of its own is the newer one.
                if own is not None:
                    self._change(entry, self._value(own), time)
                    own = None
                self._join(entry)
        if own is not None:
            self._label(identifier, own, time, line)

    def _entry(self, identifier: str) -> dict[str, Any] | None:
        entry = self._entries.get(identifier)
        if entry is None:
            return None
        if entry.get("time", entry.get("label_time", math.inf)) < self._watermark:
            self.counts["unmatched"] += "time" not in entry
            del self._entries[identifier]
            return None
        return entry

    def _value(self, label: str) -> float:
        self.counts["unseen_class"] += label not in _CLASSES
        return _CLASSES.get(label, 2.0)

    def _label(self, identifier: str | None, label: str | None, time: float, line: int) -> None:
        if identifier is None:
            self.counts["no_identifier"] += 1
            return
        if label is None:
            self.counts["missing"] += 1
            return
        value = self._value(label)
        entry = self._entry(identifier)
        if entry is None:
            self._entries[identifier] = {"label": value, "label_time": max(time, self._watermark)}
        elif "label" not in entry:
            entry.update(label=value, label_time=time)
            self._join(entry)
        elif entry.get("counted") and entry["label"] != value:
            self._emit(entry, time, line, sign=-1)
            self._change(entry, value, time)
            self._emit(entry, time, line, revision=True)
        else:
            self._change(entry, value, time)

    def _change(self, entry: dict[str, Any], value: float, time: float) -> None:
        if entry["label"] == value:
            self.counts["repeated"] += 1
            return
        self.counts["revised"] += 1
        entry["label"] = value
        if not entry.get("joined"):
            entry["label_time"] = time if "time" in entry else max(time, self._watermark)
        else:
            self._delays[entry["delay"]] = max(time - entry["time"], 0.0)

    def _join(self, entry: dict[str, Any]) -> None:
        entry["joined"] = True
        self.counts["joined"] += 1
        entry["delay"] = len(self._delays)
        self._delays.append(max(entry["label_time"] - entry["time"], 0.0))
        self._pending.append(entry)

    def _mature(self, line: int) -> None:
        if self._maturity is None:
            return
        due = [entry for entry in self._pending if entry["time"] + self._maturity <= self._now]
        self._pending = [entry for entry in self._pending if entry["time"] + self._maturity > self._now]
        counts = [max(entry["time"] + self._maturity, entry["label_time"]) for entry in due]
        for place in sorted(range(len(due)), key=counts.__getitem__):
            due[place]["counted"] = True
            self._emit(due[place], counts[place], line)

    def _emit(self, entry: dict[str, Any], counts: float, line: int, *, sign: int = 1, revision: bool = False) -> None:
        self._latest = max(self._latest, counts)
        self.outcomes.append((entry["time"], self._latest, line, entry["predicted"], entry["label"], sign, revision))

    def _look(self, events: int) -> None:
        block = flow._LOOKS if self._maturity is None else flow._BLOCK
        if events % block:
            return
        if self._fixed is None and self._first is not None and len(self._delays) >= delays._ENOUGH_LABELS:
            quantile = _quantile(self._delays)
            if self._maturity is not None or self._now - self._first >= delays._first_use(quantile):
                self._maturity = quantile
        if events % flow._BLOCK == 0:
            # What predictions say, at two looks, one after the other.
            self._watermark = max(self._watermark, min(self._looked, self._model) - self.options.horizon)
            self._looked = self._model
            # What nobody asks for any more is swept, at once here, now and then there.
            for identifier in [*self._entries]:
                self._entry(identifier)


def _quantile(found: Sequence[float]) -> float:
    """The smallest bound of the histogram's fine buckets that enough of the delays do not exceed."""
    exact = sorted(found)[math.ceil(delays.MATURE_SHARE * len(found)) - 1]
    bounds = sorted({0.0, *DELAY_BUCKETS, *(float(bound) for bound in delays._FINE)})
    return next(bound for bound in bounds if bound >= exact)
