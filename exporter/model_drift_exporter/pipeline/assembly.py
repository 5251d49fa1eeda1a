"""What the settings ask for, put together: references, sources, and the pipeline from the one to the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ..configuration.settings import InputSettings, Settings
from ..evidence.settings import EvidenceOptions
from ..labels.settings import LabelOptions
from ..models.model import TrackOptions
from ..models.models import Models
from ..reference.building.builder import BuildOptions
from ..reference.profile import ReferenceProfile
from ..reference.store import load_references
from ..settings.values import parse_budget
from ..sources import FileSource, StdinSource
from ..sources.base import Source
from .pipeline import Pipeline

__all__ = [
    "SOURCES",
    "build_options",
    "evidence_options",
    "label_options",
    "make_pipeline",
    "open_sources",
    "track_options",
    "wait_for_more",
]

_PIPE_SECONDS = 0.01


def build_options(settings: Settings) -> BuildOptions:
    """How references are built under these settings."""
    return BuildOptions(
        kinds=settings.features.kinds,
        categories=settings.limits.categories,
        minimum_count=settings.limits.minimum_count,
        task=settings.model.task,
        classes=settings.model.classes,
        positive_class=settings.model.positive_class,
        threshold=settings.model.threshold,
    )


def track_options(settings: Settings) -> TrackOptions:
    """How models are followed under these settings."""
    return TrackOptions(
        windows=settings.parsed_windows,
        learn_records=settings.learn.records,
        build=build_options(settings),
        series_per_model=settings.limits.series_per_model,
        evidence=evidence_options(settings),
        labels=label_options(settings),
    )


def evidence_options(settings: Settings) -> EvidenceOptions:
    """How evidence is weighed under these settings."""
    evidence, loss = settings.evidence, settings.loss
    return EvidenceOptions(
        page_budget=parse_budget(evidence.false_page),
        ticket_budget=parse_budget(evidence.false_ticket),
        update_records=evidence.update_records,
        update_seconds=evidence.update_seconds,
        loss_tolerance=loss.tolerance,
        loss_relative_tolerance=loss.relative_tolerance,
    )


def label_options(settings: Settings) -> LabelOptions:
    """How labels are joined under these settings."""
    labels = settings.labels
    given = any(each.contains == "labels" for each in settings.inputs)
    return LabelOptions(
        capacity=labels.capacity,
        horizon=labels.horizon_seconds,
        maturity=labels.maturity_seconds,
        delay_independent=labels.delay_independent,
        expected="yes" if given and labels.expected == "auto" else labels.expected,
    )


def _open_file(each: InputSettings, settings: Settings, once: bool) -> Source:
    line_bytes = settings.limits.line_bytes
    return FileSource(each.name, each.path, format=each.format, once=once, start=each.start, line_bytes=line_bytes)


def _open_stdin(each: InputSettings, settings: Settings, _once: bool) -> Source:
    return StdinSource(each.name, format=each.format, line_bytes=settings.limits.line_bytes)


SOURCES: Mapping[str, Callable[[InputSettings, Settings, bool], Source]] = {
    "file": _open_file,
    "stdin": _open_stdin,
}
"""How an input is opened, by the scheme of its path; ``-`` is standard input, a path without a known scheme a file."""


def _scheme(path: str) -> str:
    scheme, separator, _ = path.partition("://")
    return "stdin" if path == "-" else scheme if separator and scheme in SOURCES else "file"


def open_sources(inputs: Sequence[InputSettings], settings: Settings, *, once: bool = False) -> list[Source]:
    """A source for each input; ``once`` makes them read what is there and finish."""
    return [SOURCES[_scheme(each.path)](each, settings, once) for each in inputs]


def make_pipeline(
    settings: Settings, sources: Sequence[Source], references: Sequence[ReferenceProfile] | None = None
) -> Pipeline:
    """The pipeline that the settings ask for; ``references`` stand for those of the settings where they are loaded already.

    Raises :class:`ReferenceProfileError`.
    """
    models = Models(
        track_options(settings),
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
        labels=[each.name for each in settings.inputs if each.contains == "labels"],
    )


def wait_for_more() -> None:
    """A moment, for inputs that are read to their end: what feeds a pipe may not have written yet."""
    time.sleep(_PIPE_SECONDS)
