"""The one loop: source -> decoder -> batch -> monitors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..errors import StateError
from ..metrics.metric import Group, Metric, gauge
from ..metrics.samples import Samples, Series
from ..models.batcher import HELD_SECONDS
from ..models.models import Models
from ..records.batches import NO_POSITIONS, Decoded
from ..records.chunk import Chunk
from ..sources import Source, SourceStatus
from . import intake
from .input_decoder import InputDecoder
from .intake import Intake, Watch
from .merge import Log, Piece, next_pieces, numbered, size_of

__all__ = ["METRICS", "Pipeline"]

_UNKNOWN_FEATURES = gauge(
    "model_drift_exporter_unknown_features", "", "Features in the log that no reference has.", Group.EXPORTER
)
METRICS: tuple[Metric, ...] = (*intake.METRICS, _UNKNOWN_FEATURES)


class Pipeline:
    """Moves records from sources into models, one step at a time. Not thread-safe: callers hold one lock for all of it.

    ``fields`` are the configured names of fields, ``include`` and ``exclude`` those of features; ``labels`` names the inputs
    that hold labels only. With ``every_feature`` those that no reference knows are decoded, too. ``watch`` as in :class:`Intake`.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        models: Models,
        *,
        fields: Mapping[str, str | None] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        labels: Iterable[str] = (),
        every_feature: bool = False,
        watch: Watch | None = None,
    ) -> None:
        self.models = models
        decoding = InputDecoder(
            fields=fields,
            include=include,
            exclude=exclude,
            references=() if every_feature else models.references.values(),
            learns_from=models.learns_from,
            labels=labels,
        )
        self.intake = Intake(sources, decoding, watch)
        self._number = 0
        self._hasty = {source.input for source in self.sources if not source.patient}

    @property
    def sources(self) -> list[Source]:
        """Where records come from."""
        return self.intake.sources

    @property
    def errors(self) -> Counter[tuple[str, str]]:
        """Rejected lines by input and reason."""
        return self.intake.errors

    def take_over(self, old: Pipeline) -> None:
        """Go on where another pipeline stopped, as far as the settings of both agree."""
        self._number = old._number
        same_fields = self.intake.decoding.same_fields(old.intake.decoding)
        self.intake.take_over(old.intake)
        self.models.take_over(old.models, same_fields=same_fields)

    def step(self, now: float, *, draining: bool = False) -> bool:
        """Read, and give the models the next lines. Returns whether there were any. ``now`` is wall-clock time in seconds.

        At most a few chunks of each source are read. Lines come in the order of their event times, as far as they have been
        written: labels of inputs of their own when the predictions have got that far, or while there are none.
        """
        progress = self._step(now, draining=draining)
        # Of a backlog more is coming; a model that is seldom in it must not hold back what others have to say for long.
        self.models.give_held(now, _HELD_IN_BACKLOG if progress else HELD_SECONDS)
        return progress

    def _step(self, now: float, *, draining: bool) -> bool:
        logs = self.intake.live_logs(now, draining=draining)
        if len(logs) == 1 and logs[0].empty:
            decoded = logs[0].read()
            if decoded is not None:
                self._give(Piece(logs[0].name, math.nan, numbered(decoded, self._number), size_of(decoded)), now)
            return decoded is not None
        hasty = [log for log in logs if log.name in self._hasty]
        progress = self._advance(logs, now)
        for _ in range(_ROUNDS):
            if all(log.empty for log in hasty):
                break
            self._advance(logs, now)
        for log in hasty:
            if not log.empty:
                self._advance([log], now)
        return progress

    def _advance(self, logs: Sequence[Log], now: float) -> bool:
        pieces = next_pieces(logs, self._number)
        for piece in pieces:
            self._give(piece, now)
        return bool(pieces)

    def _give(self, piece: Piece, now: float) -> None:
        self._number += piece.lines
        self.apply(piece.decoded, piece.input, now)

    def process(self, chunk: Chunk, source_format: str, now: float) -> None:
        """Decode one chunk and give it to the models at once, whatever other inputs hold."""
        self.apply(self.intake.decode(chunk, source_format, now), chunk.input, now)

    def merged(
        self, clock: Callable[[], float], wait: Callable[[], None], step: float | None = None
    ) -> Iterator[Piece]:
        """What finite sources hold, in the order of event times, decoded and not applied yet; see :meth:`Intake.merged`."""
        return self.intake.merged(clock, wait, step)

    def apply(self, decoded: Decoded, input_name: str, now: float) -> None:
        """Give to the models what chunks of an input hold, whole or in parts. ``now`` is wall-clock time in seconds."""
        if input_name in self.intake.decoding.labels:
            # A bad line among labels says nothing of a model's inputs.
            decoded = attrs.evolve(decoded, rejected=NO_POSITIONS)
        self.models.process(decoded, now, input_name)

    @property
    def finished(self) -> bool:
        """Whether no source can give any more."""
        return self.intake.finished

    def read_to_end(self, clock: Callable[[], float], wait: Callable[[], None]) -> None:
        """Read finite sources until they are finished, then let models that still learn take what they have.

        ``wait`` is called where nothing has come and something may still come, as through a pipe. Several inputs are read in the
        order of event times.
        """
        if len(self.sources) > 1:
            for piece in self.merged(clock, wait):
                self.apply(piece.decoded, piece.input, clock())
        else:
            while not self.finished:
                if not self.step(clock()) and not self.finished:
                    wait()
        self.models.finish()

    def unknown_features(self) -> list[str]:
        """Features in the log that no given reference has."""
        if not self.models.references:
            return []
        known = {column.name for profile in self.models.references.values() for column in profile.features}
        learned = any(model.reference is None or model.reference.learned for model in self.models.by_name.values())
        return sorted(self.intake.decoding.unknown_features() - known) if not learned else []

    def statuses(self, now: float) -> list[SourceStatus]:
        """Status of every source."""
        return self.intake.statuses(now)

    def snapshot(self) -> dict[str, Any]:
        """State for a snapshot, at a chunk's end: where each source stands, decoding, and models."""
        return {**self.intake.snapshot(), "models": self.models.snapshot(), "lines": self._number}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a snapshot of a pipeline, before the first chunk. A model whose part does not fit starts empty.

        Raises :class:`StateError` if it is of something else; what was restored by then is of no use. A source whose part does
        not fit, or that the snapshot lacks, starts as if there were none.
        """
        try:
            self.models.restore(state["models"])
            self.intake.restore(state)
            # The first builds of 0.1.0 numbered the lines of each input separately.
            self._number = int(state.get("lines", max(state["decoding"]["lines"].values(), default=0)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StateError(f"the snapshot does not fit: {error!r}") from error

    def collect(self, now: float) -> Iterable[Samples]:
        """Samples of the models and of the reading itself."""
        yield from self.models.collect()
        yield from self.intake.collect(now)
        yield Series(_UNKNOWN_FEATURES, [()]).samples([len(self.unknown_features())])


_HELD_IN_BACKLOG = 15.0
_ROUNDS = 3
"""How many further chunks of other inputs go before a line that cannot wait, such as a posted record."""
