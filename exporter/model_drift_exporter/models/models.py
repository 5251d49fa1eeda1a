"""All models in the log, and the decision whether the counts of a model continue after a reload."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import ReferenceProfileError, StateError
from ..evidence.alarms import Transition
from ..metrics.metric import Group, Metric, counter, gauge
from ..metrics.samples import Samples, Series
from ..records.batches import Decoded, ModelBatch
from ..reference.profile import ReferenceProfile
from .batcher import HELD_SECONDS, Batcher
from .model import Model
from .model_metrics import RECORDS
from .reference_fit import ReferenceFit
from .router import OTHER_MODELS, Routing
from .series_limit import series_now
from .settings import MonitoringSettings

__all__ = ["DEFAULT_MODEL", "METRICS", "OTHER_MODELS", "Models", "default_model", "why_new_bins"]

DEFAULT_MODEL = "default"
"""Name of a model without a name. A reference under this name serves every model without its own reference."""
_LABELS = counter(
    "model_labels_total", "model", "Label records read (lines with a label and no features).", Group.MODELS
)
_SERIES = gauge("model_drift_exporter_series", "model", "Time series exported for a model.", Group.EXPORTER)
METRICS: tuple[Metric, ...] = (_LABELS, _SERIES)
_log = logging.getLogger(__name__)


def default_model(configured: str | None, references: Sequence[ReferenceProfile] = ()) -> str:
    """The model of records without a model name: the configured one, else that of the only reference, else ``default``."""
    only = references[0].model if len(references) == 1 else DEFAULT_MODEL
    return configured or only


class Models:
    """All models; at most ``limit``. ``default_name`` is configured for records without a model name.

    What comes for a model is gathered until it is worth a batch. Whatever looks at what a model knows takes
    it with all that has come: see :meth:`up_to_date`.
    """

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
        self._by_name: dict[str, Model] = {}
        self._batcher = Batcher(self._give)
        self._edges: list[Transition] = []
        self._overflow = 0
        self._fit = ReferenceFit()

    @property
    def by_name(self) -> Mapping[str, Model]:
        """All models as they are now, without what is gathered for them."""
        return self._by_name

    def up_to_date(self) -> Mapping[str, Model]:
        """All models, after they were given what is gathered for them."""
        self.give_gathered()
        return self._by_name

    def reference_of(self, model: str) -> ReferenceProfile | None:
        """The given reference of a model; ``None`` if it has to learn one."""
        return self.references.get(model) or self.references.get(DEFAULT_MODEL)

    def learns_from(self, decoded: Decoded) -> bool:
        """Whether a batch holds records of a model without a given reference."""
        if decoded.records is None:
            return False
        return any(self.reference_of(name or self.routing.default) is None for name in decoded.records.model_names())

    def process(self, decoded: Decoded, arrival: float, input_name: str = "") -> None:
        """Give each model its records, labels and rejected lines, now or with those that come next.

        ``arrival`` is the wall-clock time in seconds since the epoch. Positions are line indexes of the input.
        """
        records = self.routing.by_model(decoded.records)
        for name, batch in records.items():
            if self._model(name, arrival) is None:
                self._overflow += batch.size
        routed = self.routing.route(
            decoded,
            records,
            self._by_name,
            arrival=arrival,
            input_name=input_name,
            give=self._batcher.give_records_of,
        )
        for name, own in routed.items():
            self._batcher.add(name, own)

    def give_gathered(self) -> None:
        """Give the models all that has come."""
        self._batcher.give_all()

    def give_held(self, now: float, seconds: float = HELD_SECONDS) -> None:
        """Give the models what was held for so many seconds. ``now`` is wall-clock time, in seconds since the epoch."""
        self._batcher.give_held(now, seconds)

    def _give(self, name: str, batch: ModelBatch) -> None:
        model = self._by_name[name]
        learning = model.learning
        try:
            model.process(batch)
        except ReferenceProfileError as error:
            self._learning_failed(model, error)
        if learning is not None and model.reference is not None:
            self._announce(model)
        if batch.records is not None:
            self._fit.look(self._by_name, self.references)

    def _model(self, name: str, arrival: float) -> Model | None:
        model = self._by_name.get(name)
        if model is None and len(self._by_name) < self._limit and name != OTHER_MODELS:
            reference = self.reference_of(name)
            model = self._by_name[name] = Model(name, reference, self._settings)
            if reference is None:
                _log.info(
                    "model %s has no reference: learning one from its first %d records",
                    name,
                    self._settings.learn.records,
                )
            for batch in self.routing.claim(name, only=len(self._by_name) == 1, arrival=arrival):
                self._batcher.add(name, batch)
        return model

    def take_over(self, old: Models, *, same_fields: bool) -> None:
        """Continue with the models of ``old``. A model keeps its counts in bins if its bins are the same.

        ``same_fields`` is true if the settings of fields and features are unchanged.
        """
        models = old.up_to_date()
        self._overflow, self._fit, self._edges = old._overflow, old._fit, old._edges
        self.routing.take_over(old.routing)
        for name, model in models.items():
            given = self.reference_of(name)
            reason = why_new_bins(model, given, self._settings, same_fields=same_fields)
            if reason and model.reference is not None:
                _log.info("model %s: its bin counters and windows start again from 0, because %s", name, reason)
            reference = model.reference if given is None and not reason else given
            successor = self._by_name[name] = Model(name, reference, self._settings)
            try:
                successor.take_over(model, same_bins=not reason)
            except ReferenceProfileError as error:
                self._learning_failed(successor, error)

    def finish(self) -> None:
        """Call this at the end of the input: models that still learn use the records so far."""
        models = self.up_to_date()
        self._fit.look(models, self.references, at_end=True)
        for model in models.values():
            learning = model.learning
            try:
                model.finish()
            except ReferenceProfileError as error:
                self._learning_failed(model, error)
            if learning is not None:
                self._announce(model)

    @staticmethod
    def _announce(model: Model) -> None:
        if model.reference is None:
            return
        _log.info("model %s: learned a reference from %d records", model.name, model.reference.rows)
        for warning in model.reference.warnings:
            _log.warning("model %s: %s", model.name, warning)

    @staticmethod
    def _learning_failed(model: Model, error: ReferenceProfileError) -> None:
        _log.error("%s; its records are counted only", error)
        model.give_up_learning()

    def labels(self) -> dict[str, int]:
        """Number of labels by model. Before the first record, labels without a model name count to the default model."""
        return self.routing.labels(self._by_name)

    def rearm(self, model: str | None = None) -> dict[str, list[str]]:
        """Release all latches of one model, or of all: a user says that the change is over or accepted.

        Returns the released alerts by model, without models that had none. Raises ``KeyError`` for an unknown model.
        """
        models = [*self.up_to_date().values()] if model is None else [self.up_to_date()[model]]
        return {each.name: released for each in models if (released := each.rearm())}

    def drain_transitions(self) -> list[Transition]:
        """The transitions of all latches since the last call, by record, those at one record by event time.

        A model knows them in this order however its lines are cut into batches; each model has a clock of its own.
        """
        self.give_gathered()
        return self.drain_settled_transitions()

    def drain_settled_transitions(self) -> list[Transition]:
        """As :meth:`drain_transitions`, up to the first line that is still gathered for a model."""
        found = [transition for model in self._by_name.values() for transition in model.alarms.drain()]
        found = sorted([*self._edges, *found], key=lambda transition: (transition.record, transition.time))
        first = self._batcher.first
        settled = [transition for transition in found if transition.record < first]
        self._edges = found[len(settled) :]
        return settled

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, as plain values and arrays."""
        return {
            "tracks": {name: model.snapshot() for name, model in self.up_to_date().items()},
            **self.routing.snapshot(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a snapshot. Call it before the first batch. A model whose part does not fit starts empty."""
        self.routing.restore(state)
        for name, saved in state["tracks"].items():
            model = self._by_name[name] = Model(name, self.reference_of(name), self._settings)
            try:
                model.restore(saved)
            except StateError as error:
                _log.warning("model %s begins anew: %s", name, error)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                self._by_name[name] = Model(name, self.reference_of(name), self._settings)
                _log.warning("model %s begins anew, its part of the snapshot does not fit: %r", name, error)

    def collect(self) -> Iterable[Samples]:
        """Samples of all models."""
        exported = []
        models = self.up_to_date()
        for model in models.values():
            samples = [*model.collect()]
            exported.append(series_now(samples))
            yield from samples
        yield Series(_SERIES, [(name,) for name in models]).samples(exported)
        labels = self.labels()
        for name in models:
            labels.setdefault(name, 0)
        yield Series(_LABELS, [(name,) for name in labels]).samples([*labels.values()])
        if self._overflow:
            yield Series(RECORDS, [(OTHER_MODELS,)]).samples([self._overflow])


def why_new_bins(
    model: Model, given: ReferenceProfile | None, settings: MonitoringSettings, *, same_fields: bool
) -> str:
    """The reason why the counts of ``model`` must start again under the new settings; empty if they continue.

    ``given`` is the reference under the new settings. Without one, a learned reference stays if the settings of learning
    are unchanged. ``same_fields`` is true if the settings of fields and features are unchanged.
    """
    own = model.reference if model.reference is not None and not model.reference.learned else None
    learns_otherwise = not settings.learns_as(model.settings)
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
