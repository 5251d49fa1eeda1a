"""All models in the log, kept apart."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from .continuation import why_new_bins
from .errors import ReferenceProfileError
from .metrics.samples import HistogramSeries, Samples, Series
from .records import Decoded, LabelBatch, model_name
from .reference.profile import ReferenceProfile
from .reference_fit import ReferenceFit
from .tracking import ModelTrack, TrackOptions

__all__ = ["DEFAULT_MODEL", "OTHER_MODELS", "Models"]

DEFAULT_MODEL = "default"
"""Label of a model that nothing names. A reference under this name serves every model without one of its own."""

OTHER_MODELS = "__other__"
"""Label under which the records of models beyond the limit are counted."""

_OWN_SERIES = 2  # the number of series itself, and the labels
_log = logging.getLogger(__name__)


class Models:
    """Tracks by model name. ``default_name`` is for records that name no model; without it the only reference's is taken."""

    def __init__(
        self,
        options: TrackOptions,
        references: Sequence[ReferenceProfile] = (),
        *,
        default_name: str | None = None,
        limit: int = 20,
    ) -> None:
        self._options = options
        self.references: Mapping[str, ReferenceProfile] = {profile.model: profile for profile in references}
        only = references[0].model if len(references) == 1 else DEFAULT_MODEL
        self._default_name = default_name or only
        self._limit = limit
        self.tracks: dict[str, ModelTrack] = {}
        self._labels: Counter[str | None] = Counter()
        self._overflow = 0
        self._fit = ReferenceFit()

    def reference_of(self, model: str) -> ReferenceProfile | None:
        """The reference a model is compared with, if it was given."""
        return self.references.get(model) or self.references.get(DEFAULT_MODEL)

    def learns_from(self, decoded: Decoded) -> bool:
        """Whether a batch holds records of a model without a given reference."""
        if decoded.records is None:
            return False
        return any(self.reference_of(name or self._default_name) is None for name in decoded.records.model_names())

    def process(self, decoded: Decoded, arrival: float) -> None:
        """Give each model its records; count labels. ``arrival`` is wall-clock seconds."""
        if decoded.records is not None:
            for name, batch in decoded.records.by_model().items():
                track = self._track(name or self._default_name)
                if track is None:
                    self._overflow += batch.size
                    continue
                learning = track.learning
                try:
                    track.process(batch, arrival)
                except ReferenceProfileError as error:
                    self._learning_failed(track, error)
                if learning is not None and track.reference is not None:
                    self._announce(track)
            self._fit.look(self.tracks, self.references)
        if decoded.labels is not None:
            self._count_labels(decoded.labels)

    def _track(self, name: str) -> ModelTrack | None:
        track = self.tracks.get(name)
        if track is None and len(self.tracks) < self._limit and name != OTHER_MODELS:
            reference = self.reference_of(name)
            track = self.tracks[name] = ModelTrack(name, reference, self._options)
            if reference is None:
                _log.info(
                    "model %s has no reference: learning one from its first %d records",
                    name,
                    self._options.learn_records,
                )
        return track

    def _count_labels(self, labels: LabelBatch) -> None:
        if labels.model is None:
            self._labels[None] += labels.size
        else:
            self._labels.update(map(model_name, labels.model))
            if len(self._labels) > 2 * self._limit:
                beyond = [name for name in self._labels if name not in (None, OTHER_MODELS, *self.tracks)]
                for name in beyond:
                    self._labels[OTHER_MODELS] += self._labels.pop(name)

    def take_over(self, old: Models, *, same_fields: bool) -> None:
        """Go on with another registry's models: what was counted into bins stays where the bins do.

        ``same_fields``: what the fields and features of a record are has not changed.
        """
        self._labels, self._overflow, self._fit = old._labels, old._overflow, old._fit
        for name, track in old.tracks.items():
            given = self.reference_of(name)
            reason = why_new_bins(track, given, self._options, same_fields=same_fields)
            if reason and track.reference is not None:
                _log.info("model %s: its bin counters and windows start again from 0, because %s", name, reason)
            reference = track.reference if given is None and not reason else given
            successor = self.tracks[name] = ModelTrack(name, reference, self._options)
            try:
                successor.take_over(track, same_bins=not reason)
            except ReferenceProfileError as error:
                self._learning_failed(successor, error)

    def finish(self) -> None:
        """The input has ended: models that still learn take what they have."""
        self._fit.look(self.tracks, self.references, at_end=True)
        for track in self.tracks.values():
            if track.learning is not None:
                try:
                    track.finish_learning()
                except ReferenceProfileError as error:
                    self._learning_failed(track, error)
                else:
                    self._announce(track)

    @staticmethod
    def _announce(track: ModelTrack) -> None:
        if track.reference is None:
            return
        _log.info("model %s: learned a reference from %d records", track.name, track.reference.rows)
        for warning in track.reference.warnings:
            _log.warning("model %s: %s", track.name, warning)

    @staticmethod
    def _learning_failed(track: ModelTrack, error: ReferenceProfileError) -> None:
        _log.error("%s; its records are counted only", error)
        track.give_up_learning()

    def labels(self) -> dict[str, int]:
        """Label records by model; those that name none belong to the only model, if there is one."""
        found: Counter[str] = Counter()
        unnamed = next(iter(self.tracks)) if len(self.tracks) == 1 else self._default_name
        # Labels may come before the first record of their model: within the limit they keep its name.
        room = max(self._limit - len(self.tracks), 0)
        awaited = [name for name in self._labels if name not in (None, OTHER_MODELS) and name not in self.tracks][:room]
        own = {*self.tracks, *awaited}
        for name, count in self._labels.items():
            found[unnamed if name is None else name if name in own else OTHER_MODELS] += count
        return dict(found)

    def collect(self) -> Iterable[Samples]:
        """Samples of all models."""
        exported = []
        for track in self.tracks.values():
            samples = [*track.collect()]
            exported.append(sum(map(_exported, samples)) + _OWN_SERIES)
            yield from samples
        yield Series("model_drift_exporter_series", [(name,) for name in self.tracks]).samples(exported)
        labels = self.labels()
        for name in self.tracks:
            labels.setdefault(name, 0)
        yield Series("model_labels_total", [(name,) for name in labels]).samples([*labels.values()])
        if self._overflow:
            yield Series("model_records_total", [(OTHER_MODELS,)]).samples([self._overflow])


def _exported(block: Samples) -> int:
    if isinstance(block.series, HistogramSeries):
        return len(block.series)
    return int(np.count_nonzero(~np.isnan(np.asarray(block.values, dtype=np.float64))))
