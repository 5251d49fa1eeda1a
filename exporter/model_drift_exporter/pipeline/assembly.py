"""What the settings ask for, put together: references, sources, and the pipeline from the one to the other."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..configuration.settings import InputSettings, Settings
from ..formats import format_of_body, framing_of
from ..models.models import Models
from ..reference.profile import ReferenceProfile
from ..reference.profile_file import load_references
from ..sources import IngestSource, Opening, Source, open_source, scheme_of
from .input_decoder import InputDecoder
from .intake import Intake, Watch
from .pipeline import Pipeline

__all__ = [
    "make_ingest",
    "make_intake",
    "make_pipeline",
    "open_sources",
    "wait_for_more",
]

_PIPE_SECONDS = 0.01


def open_sources(inputs: Sequence[InputSettings], settings: Settings, *, once: bool = False) -> list[Source]:
    """A source for each input; ``once`` makes them read what is there and finish."""
    return [open_source(_opening(each, settings, once)) for each in inputs]


def _opening(each: InputSettings, settings: Settings, once: bool) -> Opening:
    return Opening(
        each.name,
        each.path,
        format=each.format,
        start=each.start,
        framing=framing_of(each.format, each.framing),
        once=once,
        line_bytes=settings.limits.line_bytes,
        settings=getattr(settings, scheme_of(each.path), None),
    )


def make_ingest(settings: Settings) -> IngestSource:
    """The source of posted records."""
    return IngestSource(
        format_of_body,
        queue_bytes=settings.ingest.queue_bytes,
        max_body_bytes=settings.ingest.max_body_bytes,
        line_bytes=settings.limits.line_bytes,
    )


def make_intake(settings: Settings, decoding: InputDecoder | None = None) -> Intake:
    """The intake that reads the inputs once to their end, without models; ``decoding`` goes on with what it has learned."""
    if decoding is None:
        decoding = InputDecoder(
            fields=settings.fields.names(),
            include=settings.features.include,
            exclude=settings.features.exclude,
            labels=_of_labels(settings),
        )
    return Intake(open_sources(settings.inputs, settings, once=True), decoding)


def make_pipeline(
    settings: Settings,
    sources: Sequence[Source],
    references: Sequence[ReferenceProfile] | None = None,
    *,
    every_feature: bool = False,
    watch: Watch | None = None,
) -> Pipeline:
    """The pipeline that the settings ask for; ``references`` stand for those of the settings where they are loaded already.

    ``every_feature`` and ``watch`` as in :class:`Pipeline`. Raises :class:`ReferenceProfileError`.
    """
    models = Models(
        settings.monitoring,
        load_references(settings.reference) if references is None else references,
        default_name=settings.model.name,
        limit=settings.limits.models,
    )
    return Pipeline(
        sources,
        models,
        fields=settings.fields.names(),
        include=settings.features.include,
        exclude=settings.features.exclude,
        labels=_of_labels(settings),
        every_feature=every_feature,
        watch=watch,
    )


def _of_labels(settings: Settings) -> list[str]:
    return [each.name for each in settings.inputs if each.contains == "labels"]


def wait_for_more() -> None:
    """A moment, for inputs that are read to their end: what feeds a pipe may not have written yet."""
    time.sleep(_PIPE_SECONDS)
