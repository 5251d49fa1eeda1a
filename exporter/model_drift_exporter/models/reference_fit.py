"""Whether given references fit the log that is read: said once each in the exporter's own log."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from ..reference.profile import ReferenceProfile
from .model import Model

__all__ = ["RECORDS", "ReferenceFit"]

RECORDS = 100
"""Records after which a reference is judged; at the end of the input fewer will do."""

_NAMES = 10
_log = logging.getLogger(__name__)


class ReferenceFit:
    """Warns of a reference most of whose features no record has, and of one that no record belongs to."""

    def __init__(self) -> None:
        self._judged: set[tuple[str, str]] = set()
        self._unused: set[tuple[str, str]] = set()

    def look(
        self, models: Mapping[str, Model], references: Mapping[str, ReferenceProfile], *, at_end: bool = False
    ) -> None:
        """Judge what has come so far. Both mappings are by model; ``at_end``: nothing more is to be expected."""
        enough = 1 if at_end else RECORDS
        for model in models.values():
            reference = model.reference
            if reference is None or reference.learned:
                continue
            key = (model.name, reference.fingerprint)
            if key not in self._judged and model.compared_records >= enough:
                self._judged.add(key)
                _judge_features(model, len(reference.features))
        for name, reference in references.items():
            key = (name, reference.fingerprint)
            if key in self._unused or any(model.reference is reference for model in models.values()):
                continue
            records = sum(model.traffic.records for model in models.values())
            if records >= enough:
                self._unused.add(key)
                _log.warning(
                    "the reference of model %s is not used: none of the %d records so far is of that model, they are of %s; "
                    "set model.name or fields.model, or see what model-drift-exporter check says of this log",
                    name,
                    records,
                    _named([*models]),
                )


def _judge_features(model: Model, features: int) -> None:
    absent = model.absent_features
    present = features - len(absent)
    if 2 * present < features:
        _log.warning(
            "model %s: the reference does not fit the log: %d of its %d features had no value in %d records: %s; "
            "see what model-drift-exporter check says of this log, and build the reference from records like these",
            model.name,
            len(absent),
            features,
            model.compared_records,
            _named(absent),
        )


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more
