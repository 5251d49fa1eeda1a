"""What a model's track counts itself, as samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from .metrics.samples import Samples, Series
from .reference.profile import ReferenceProfile

if TYPE_CHECKING:
    from .tracking import ModelTrack

__all__ = ["TrackSamples"]


class TrackSamples:
    """Series of what a track itself counts, made once."""

    def __init__(self, model: str) -> None:
        self._model = model
        one = [(model,)]
        self._records = Series("model_records_total", one)
        self._late = Series("model_records_late_total", one)
        self._future = Series("model_records_future_total", one)
        self._untimed = Series("model_records_untimed_total", one)
        self._changes = Series("model_version_changes_total", one)
        self._last = Series("model_last_record_timestamp_seconds", one)
        self._learning = Series("model_reference_learning_records", one)
        self._needed = Series("model_reference_learning_records_needed", one)
        self._absent = Series("model_reference_features_absent", one)
        self._matches = Series("model_reference_version_matches", one)
        self._suppressed = Series("model_drift_exporter_series_suppressed", one)
        self._suppressed_observations = Series("model_drift_exporter_suppressed_observations_total", one)
        self._constant: list[Samples] = []

    def begin(self, reference: ReferenceProfile) -> None:
        """The model has a reference now."""
        model = self._model
        self._constant = [
            Series("model_reference_rows", [(model,)]).samples([reference.rows]),
            Series("model_reference_learned", [(model,)]).samples([float(reference.learned)]),
            Series("model_loss_reference_mean", [(model, loss) for loss in reference.loss]).samples(
                [summary.mean for summary in reference.loss.values()]
            ),
        ]

    def collect(self, track: ModelTrack) -> Iterable[Samples]:
        """Current samples."""
        reference = track.reference
        fingerprint = reference.fingerprint if reference else ""
        yield Series("model_info", [(track.name, track.traffic.version, fingerprint)]).samples([1])
        yield self._records.samples([track.traffic.records])
        yield self._late.samples([track.times.late])
        yield self._future.samples([track.times.future])
        yield self._untimed.samples([track.times.untimed])
        yield self._changes.samples([track.traffic.version_changes])
        yield self._last.samples([np.nan if track.times.now is None else track.times.now])
        yield from self._constant
        if reference is None:
            yield self._learning.samples([track.learning or 0])
            yield self._needed.samples([track.options.learn_records])
        else:
            yield self._absent.samples([len(track.absent_features)])
            if reference.version and track.traffic.version:
                yield self._matches.samples([float(reference.version == track.traffic.version)])
        yield self._suppressed.samples([track.suppressed_series])
        yield self._suppressed_observations.samples([track.traffic.suppressed_observations])
