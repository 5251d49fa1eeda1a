"""All models in the log, kept apart, and whether what was counted of one goes on after a reload."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ReferenceProfileError, StateError
from ..evidence.alarms import Transition
from ..metrics.samples import Samples, Series
from ..records.batches import Decoded, ModelBatch
from ..reference.profile import ReferenceProfile
from .model import ModelTrack
from .reference_fit import ReferenceFit
from .routing import OTHER_MODELS, Routing
from .series_limit import series_now
from .settings import MonitoringSettings

__all__ = ["DEFAULT_MODEL", "OTHER_MODELS", "Models", "default_model", "why_new_bins"]

DEFAULT_MODEL = "default"
"""Label of a model that nothing names. A reference under this name serves every model without one of its own."""
_log = logging.getLogger(__name__)


def default_model(configured: str | None, references: Sequence[ReferenceProfile] = ()) -> str:
    """The model of records that name none: the configured one, else that of the only reference."""
    only = references[0].model if len(references) == 1 else DEFAULT_MODEL
    return configured or only


class Models:
    """Tracks by model name. ``default_name`` is the configured name for records that name no model."""

    def __init__(
        self,
        settings: MonitoringSettings,
        references: Sequence[ReferenceProfile] = (),
        *,
        default_name: str | None = None,
        limit: int = 20,
    ) -> None:
        self._settings = settings
        self.references: Mapping[str, ReferenceProfile] = {profile.model: profile for profile in references}
        self.routing = Routing(default_model(default_name, references), limit)
        self._limit = limit
        self.tracks: dict[str, ModelTrack] = {}
        self._overflow = 0
        self._fit = ReferenceFit()

    def reference_of(self, model: str) -> ReferenceProfile | None:
        """The reference a model is compared with, if it was given."""
        return self.references.get(model) or self.references.get(DEFAULT_MODEL)

    def learns_from(self, decoded: Decoded) -> bool:
        """Whether a batch holds records of a model without a given reference."""
        if decoded.records is None:
            return False
        return any(self.reference_of(name or self.routing.default) is None for name in decoded.records.model_names())

    def process(self, decoded: Decoded, arrival: float, input_name: str = "") -> None:
        """Give each model its records, labels and rejected lines. ``arrival`` is wall-clock seconds.

        Lines are those of the input.
        """
        records = self.routing.by_model(decoded.records)
        for name, batch in records.items():
            if self._track(name, arrival) is None:
                self._overflow += batch.size
        routed = self.routing.route(decoded, records, self.tracks, arrival=arrival, input_name=input_name)
        for name, own in routed.items():
            self._give(self.tracks[name], own)
        if records:
            self._fit.look(self.tracks, self.references)

    def _give(self, track: ModelTrack, batch: ModelBatch) -> None:
        learning = track.learning
        try:
            track.process(batch)
        except ReferenceProfileError as error:
            self._learning_failed(track, error)
        if learning is not None and track.reference is not None:
            self._announce(track)

    def _track(self, name: str, arrival: float) -> ModelTrack | None:
        track = self.tracks.get(name)
        if track is None and len(self.tracks) < self._limit and name != OTHER_MODELS:
            reference = self.reference_of(name)
            track = self.tracks[name] = ModelTrack(name, reference, self._settings)
            if reference is None:
                _log.info(
                    "model %s has no reference: learning one from its first %d records",
                    name,
                    self._settings.learn.records,
                )
            for batch in self.routing.claim(name, only=len(self.tracks) == 1, arrival=arrival):
                self._give(track, batch)
        return track

    def take_over(self, old: Models, *, same_fields: bool) -> None:
        """Go on with another registry's models: what was counted into bins stays where the bins do.

        ``same_fields``: what the fields and features of a record are has not changed.
        """
        self._overflow, self._fit = old._overflow, old._fit
        self.routing.take_over(old.routing)
        for name, track in old.tracks.items():
            given = self.reference_of(name)
            reason = why_new_bins(track, given, self._settings, same_fields=same_fields)
            if reason and track.reference is not None:
                _log.info("model %s: its bin counters and windows start again from 0, because %s", name, reason)
            reference = track.reference if given is None and not reason else given
            successor = self.tracks[name] = ModelTrack(name, reference, self._settings)
            try:
                successor.take_over(track, same_bins=not reason)
            except ReferenceProfileError as error:
                self._learning_failed(successor, error)

    def finish(self) -> None:
        """The input has ended: models that still learn take what they have."""
        self._fit.look(self.tracks, self.references, at_end=True)
        for track in self.tracks.values():
            learning = track.learning
            try:
                track.finish()
            except ReferenceProfileError as error:
                self._learning_failed(track, error)
            if learning is not None:
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
        """Label records by model; before the first record those that name none are of the default model."""
        return self.routing.labels(self.tracks)

    def rearm(self, model: str | None = None) -> dict[str, list[str]]:
        """Release all latches, of one model or of all: a person says that what happened is over, or accepted.

        Returns the alerts released by model, of models with any. Raises ``KeyError`` for a model that is not there.
        """
        tracks = [*self.tracks.values()] if model is None else [self.tracks[model]]
        return {track.name: released for track in tracks if (released := track.rearm())}

    def drain_transitions(self) -> list[Transition]:
        """The edges of all latches since the last call, by event time; those of one model in their order."""
        found = [transition for track in self.tracks.values() for transition in track.board.drain()]
        return sorted(found, key=lambda transition: transition.time)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, as plain values and arrays."""
        return {
            "tracks": {name: track.snapshot() for name, track in self.tracks.items()},
            **self.routing.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot, before the first batch. A model whose part does not fit any more begins anew."""
        self.routing.restore(state)
        for name, saved in state["tracks"].items():
            track = self.tracks[name] = ModelTrack(name, self.reference_of(name), self._settings)
            try:
                track.restore(saved)
            except StateError as error:
                _log.warning("model %s begins anew: %s", name, error)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self.tracks[name] = ModelTrack(name, self.reference_of(name), self._settings)
                _log.warning("model %s begins anew, its part of the snapshot does not fit: %r", name, error)

    def collect(self) -> Iterable[Samples]:
        """Samples of all models."""
        exported = []
        for track in self.tracks.values():
            samples = [*track.collect()]
            exported.append(series_now(samples))
            yield from samples
        yield Series("model_drift_exporter_series", [(name,) for name in self.tracks]).samples(exported)
        labels = self.labels()
        for name in self.tracks:
            labels.setdefault(name, 0)
        yield Series("model_labels_total", [(name,) for name in labels]).samples([*labels.values()])
        if self._overflow:
            yield Series("model_records_total", [(OTHER_MODELS,)]).samples([self._overflow])


def why_new_bins(
    track: ModelTrack, given: ReferenceProfile | None, settings: MonitoringSettings, *, same_fields: bool
) -> str:
    """Why what ``track`` has counted into bins means nothing under the new settings; empty where it goes on.

    ``given`` is the reference that the model has now; without one a learned reference stays as long as another would not be
    learned. ``same_fields``: what the fields and features of a record are has not changed.
    """
    own = track.reference if track.reference is not None and not track.reference.learned else None
    learns_otherwise = not settings.learns_as(track.settings)
    if not same_fields:
        return "fields, features.include or features.exclude changed"
    if own is not None and given is None:
        return "no reference is given for it any more: it learns one"
    if own is not None and given is not None and own.fingerprint != given.fingerprint:
        return f"its reference changed from {own.fingerprint} to {given.fingerprint}"
    if own is None and given is not None:
        return f"a reference is given for it now: {given.fingerprint}"
    if own is None and learns_otherwise:
        return "settings changed that its reference was learned with: it learns another"
    return ""
