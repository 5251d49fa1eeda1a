"""``check``: says what would be read, and every mistake."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
import click

from ...configuration.settings import Settings
from ...models.model import Model
from ...models.models import DEFAULT_MODEL, OTHER_MODELS, Models
from ...pipeline.assembly import make_pipeline, open_sources, wait_for_more
from ...pipeline.pipeline import Pipeline
from ...records.batches import Decoded, RecordBatch
from ...records.chunk import Chunk
from ...reference.profile import ReferenceProfile
from ...reference.profile_file import read_references
from ...words import count_of, joined, percent
from .input_reading import Beginning, Bounds, InputReading, Reader
from .inputs import write_input
from .model_report import write_model
from .report import CheckReport

__all__ = ["check_settings", "examine"]

_TABLES = 5
_FULL_INPUTS = 2
_WORTH_A_WARNING = 0.01


def check_settings(settings: Settings) -> int:
    """Print what these settings would read; the exit code: 2 with mistakes, 1 with unreadable inputs, otherwise 0."""
    report = CheckReport()
    with _quiet():
        examine(settings, report)
    for line in report.finish():
        click.echo(line)
    return report.exit_code


def examine(
    settings: Settings, report: CheckReport, *, bounds: Bounds | None = None, clock: Callable[[], float] = time.time
) -> None:
    """Load the references, read the beginning of each input (``bounds`` is how much), and report on all of it."""
    report.heading("configuration")
    report.say("settings", "valid")
    references = _load_references(report, settings)
    if not settings.inputs:
        _say_what_run_does(report, settings)
        return
    readers: dict[str, Reader] = {}

    def watch(chunk: Chunk, name: str, decoded: Decoded) -> None:
        readers[chunk.input].watch(chunk, name, decoded)

    inputs = [attrs.evolve(each, start="beginning") for each in settings.inputs]
    bounds = bounds or _bounds(len(inputs))
    sources = [Beginning(source, bounds) for source in open_sources(inputs, settings, once=True)]
    pipeline = make_pipeline(settings, sources, references, every_feature=True, watch=watch)
    for each in settings.inputs:
        schema = pipeline.intake.decoding.schema(each.name)
        readers[each.name] = Reader(each, schema, settings.limits.line_bytes)
    try:
        pipeline.read_to_end(clock, wait_for_more)
        readings = [readers[source.input].finish(source, clock()) for source in sources]
    finally:
        pipeline.intake.close()
    for reading in readings:
        write_input(report, reading, clock())
    by_model = _by_model(pipeline.models, readings)
    _write_models(report, settings, pipeline, by_model, clock())
    if pipeline.models.by_name:
        _judge_references(report, settings, references, list(pipeline.models.by_name))


@contextmanager
def _quiet() -> Iterator[None]:
    """Let the log of the parts that check uses go nowhere: the report says the same."""
    logger, handler = logging.getLogger(__name__.partition(".")[0]), logging.NullHandler()
    propagate, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


def _bounds(inputs: int) -> Bounds:
    """What is read is kept in memory until the end, so many inputs share what two may have."""
    whole = Bounds()
    parts = max(inputs, _FULL_INPUTS)
    return Bounds(max(whole.lines * _FULL_INPUTS // parts, 100), max(whole.size * _FULL_INPUTS // parts, 1 << 20))


def _load_references(report: CheckReport, settings: Settings) -> list[ReferenceProfile]:
    """The profiles that can be used."""
    found: list[ReferenceProfile] = []
    for file in read_references(settings.reference):
        report.mistakes += file.problems
        if not file.profiles:
            report.say("reference", f"{file.name}: cannot be used")
        for profile in file.profiles:
            report.say(
                "reference",
                f"{file.name}: model {profile.model}, {count_of(profile.rows, 'row')}, "
                f"{count_of(len(profile.features), 'feature')}",
            )
        found += file.profiles
    return found


def _say_what_run_does(report: CheckReport, settings: Settings) -> None:
    if settings.ingest.enabled:
        address = settings.ingest.listen_address or settings.web.listen_address
        report.say("inputs", f"none: `run` would wait for records at POST /ingest on {address}")
    else:
        report.mistake("inputs", "there is none, and ingest is not enabled: `run` would read nothing", "give a LOG")
    report.say("metrics", f"at {settings.web.telemetry_path} on {settings.web.listen_address}")


def _by_model(models: Models, readings: Sequence[InputReading]) -> dict[str, list[RecordBatch]]:
    found: dict[str, list[RecordBatch]] = {}
    for reading in readings:
        for batch in reading.batches:
            for name, own in models.routing.by_model(batch).items():
                found.setdefault(name, []).append(own)
    return found


def _write_models(
    report: CheckReport,
    settings: Settings,
    pipeline: Pipeline,
    by_model: Mapping[str, Sequence[RecordBatch]],
    now: float,
) -> None:
    models = pipeline.models.up_to_date()
    for position, (name, model) in enumerate(models.items()):
        write_model(
            report,
            name,
            by_model[name],
            reference=model.reference,
            settings=settings,
            series=model.series(),
            table=position < _TABLES,
        )
        _judge_times(report, model)
    if len(models) > _TABLES:
        report.say("", f"tables are shown for the first {_TABLES} models")
    if beyond := [name for name in by_model if name not in models]:
        message = (
            f"{count_of(len(beyond), 'model')} beyond limits.models ({settings.limits.models}): {joined(beyond, 5)}"
        )
        report.warn("models", message, f"they are counted together as {OTHER_MODELS}; is fields.model right?")
    if models:
        total = sum(block.exported for block in pipeline.collect(now))
        report.heading("in all")
        report.say("series", f"{total:,} now at {settings.web.telemetry_path}, those about the reading itself included")


def _judge_times(report: CheckReport, model: Model) -> None:
    place, times, records = f"model {model.name}", model.times, model.traffic.records
    if times.late >= _WORTH_A_WARNING * records:
        what = f"{percent(times.late / records)} of the records are late: older than the longest window when they come"
        report.warn(place, what, "they are counted, but not in windows; several inputs are read in turn")
    if times.future >= _WORTH_A_WARNING * model.traffic.records:
        what = (
            f"{percent(times.future / model.traffic.records)} of the records are more than a day ahead of those before"
        )
        report.warn(place, what, "they are counted, but not in windows")


def _judge_references(
    report: CheckReport, settings: Settings, references: Sequence[ReferenceProfile], models: Sequence[str]
) -> None:
    given = [profile.model for profile in references]
    if not given or DEFAULT_MODEL in given:
        return
    if unknown := [name for name in models if name not in given]:
        what = f"{count_of(len(unknown), 'model')} without a reference: {joined(unknown)}"
        hint = f"each learns its own from its first {settings.learn.records:,} records"
        report.warn("models", what, hint)
    if absent := [name for name in given if name not in models]:
        what = f"no record that was read is of model {joined(absent)}, which has a reference"
        if len(absent) < len(given):
            report.warn("reference", what)
        else:
            report.mistake(
                "reference", what, f"the models here are {joined(models)}: use their references, or set model.name"
            )
