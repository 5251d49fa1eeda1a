"""Settings while they are collected from file, flags and arguments: values, their places, and all mistakes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ..errors import ConfigurationError, Problem
from ..formats import FORMATS, FormatSpec, format_of, framing_of
from ..settings.declarations import Path, section_class
from .settings import InputSettings, Settings

__all__ = ["Draft", "InputDraft", "Place"]

_POSTED_RECORDS = "ingest"
"""The input that requests to `/ingest` are read as."""


@attrs.frozen
class Place:
    """Where something was written; ``line`` and ``column`` count from 1, and are 0 outside files."""

    name: str
    line: int = 0
    column: int = 0

    def problem(self, message: str, hint: str = "") -> Problem:
        return Problem(self.name, message, hint, self.line, self.column)


@attrs.frozen
class InputDraft:
    """What was written about one input, and where; ``place`` is that of the whole input."""

    place: Place
    values: dict[str, Any]
    places: dict[str, Place]

    def place_of(self, name: str) -> Place:
        return self.places.get(name, self.place)


@attrs.define
class Draft:
    """Values by path. A value in it is a valid one; the mistakes are in ``problems``."""

    values: dict[Path, object] = attrs.field(factory=dict)
    places: dict[Path, Place] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)

    def put(self, path: Path, value: object, place: Place) -> None:
        self.values[path] = value
        self.places[path] = place

    def put_inputs(self, inputs: Sequence[InputDraft], place: Place) -> None:
        """Replaces the inputs; those without a name get one, and two of the same name or path are mistakes."""
        self.values.pop(("inputs",), None)
        self.add_inputs(inputs, place)

    def add_inputs(self, inputs: Sequence[InputDraft], place: Place) -> None:
        """Adds inputs to those that are there, as :meth:`put_inputs`."""
        there = self.values.get(("inputs",), ())
        settings = [*there] if isinstance(there, tuple) else []
        taken = {each.values["name"] for each in inputs if "name" in each.values} | {old.name for old in settings}
        for each in inputs:
            name = each.values.get("name") or _free_name(each.values, taken)
            taken.add(name)
            new = attrs.evolve(InputSettings(each.values["path"]), **{**each.values, "name": name})
            if any(old.name == name for old in settings):
                message, hint = f'two inputs have the name "{name}"', "give each a name of its own"
                self.problems.append(each.place_of("name").problem(message, hint))
            elif any(old.path == new.path for old in settings):
                message, hint = f'two inputs read "{new.path}"', "leave one of them out"
                self.problems.append(each.place_of("path").problem(message, hint))
            else:
                settings.append(new)
        self.put(("inputs",), tuple(settings), place)

    def overlay(self, other: Draft) -> None:
        """Lets the values of ``other`` win, and adds its problems."""
        self.values |= other.values
        self.places |= other.places
        self.problems += other.problems

    def finish(self) -> Settings:
        """The settings, defaults filled in; raises ``ConfigurationError`` with all problems, the file's in order."""
        settings: Settings = self._build(Settings, ())
        for paths, message, hint in _contradictions(settings):
            where = [self.places[path] for path in paths if path in self.places]
            self.problems.append((where or [Place("configuration")])[0].problem(message, hint))
        if self.problems:
            raise ConfigurationError(sorted(self.problems, key=lambda each: (each.line == 0, each.line, each.column)))
        return settings

    def _build(self, cls: type[Any], path: Path) -> Any:
        arguments: dict[str, Any] = {}
        for attribute in attrs.fields(cls):
            here = (*path, attribute.name)
            inner = section_class(attribute)
            if inner is not None:
                arguments[attribute.name] = self._build(inner, here)
            elif here in self.values:
                arguments[attribute.name] = self.values[here]
        return cls(**arguments)


def _free_name(values: Mapping[str, Any], taken: set[str]) -> str:
    stem = "stdin" if values["path"] == "-" else "labels" if values.get("contains") == "labels" else "log"
    names = itertools.chain([stem], (f"{stem}{number}" for number in itertools.count(2)))
    return next(name for name in names if name not in taken)


Contradiction = tuple[Sequence[Path], str, str]
"""Where to complain (the first place that is known), what is wrong, what to write instead."""


def _contradictions(settings: Settings) -> Iterator[Contradiction]:
    """Settings that are good one by one, but not together."""
    yield from _model_contradictions(settings)
    yield from _record_contradictions(settings)
    yield from _address_contradictions(settings)


def _model_contradictions(settings: Settings) -> Iterator[Contradiction]:
    model = settings.model
    if model.task == "regression":
        for name in ("positive_class", "threshold", "classes"):
            if getattr(model, name) not in (None, ()):
                hint = f"leave {name} out, or set model.task to classification"
                yield [("model", name), ("model", "task")], f"model.{name} has no meaning for a regression", hint
    if model.classes and model.positive_class is not None and model.positive_class not in model.classes:
        message = f'the positive class "{model.positive_class}" is not one of model.classes'
        yield [("model", "positive_class"), ("model", "classes")], message, "write one of " + ", ".join(model.classes)


def _framing_contradictions(each: InputSettings) -> Iterator[Contradiction]:
    spec = _format_of(each)
    framing = framing_of(each.format, each.framing)(each.path, b"")
    if spec.framing.parts is not None and each.framing != "auto":
        message = f"input {each.name}: {spec.title} is read whole, so it has no framing"
        yield [("inputs",)], message, "leave framing out"
    elif spec.framing.parts is not None and each.path == "-":
        message = f"input {each.name}: {spec.title} cannot be read from standard input"
        yield [("inputs",)], message, "write it into a file"
    if each.start == "end" and not framing.has_ends:
        message = f"input {each.name}: with framing: {framing.name} only the beginning tells where a record begins"
        yield [("inputs",)], message, "write start: beginning"


def _format_of(each: InputSettings) -> FormatSpec:
    return FORMATS[each.format if each.format != "auto" else format_of(each.path, b"")]


def _record_contradictions(settings: Settings) -> Iterator[Contradiction]:
    features = settings.features
    named: dict[str, str] = {}
    for field, name in attrs.asdict(settings.fields).items():
        if name is not None and named.setdefault(name, field) != field:
            message = f'fields.{field} and fields.{named[name]} are both "{name}"'
            yield [("fields", field)], message, "a field holds one thing; leave one of them out"
    for each in settings.inputs:
        if settings.ingest.enabled and each.name == _POSTED_RECORDS:
            yield [("inputs",)], f"input {each.name}: this is the name of posted records", "give it another name"
        if each.start == "end" and (spec := _format_of(each)).per_stream:
            message = f"input {each.name}: the header of a {spec.title} file is at its beginning, so it cannot start at the end"
            yield [("inputs",)], message, "write start: beginning"
        yield from _framing_contradictions(each)
    for feature in features.include:
        if feature in features.exclude:
            message = f'the feature "{feature}" is both included and excluded'
            yield [("features", "exclude"), ("features", "include")], message, "leave it out of one of the lists"


def _address_contradictions(settings: Settings) -> Iterator[Contradiction]:
    ingest = settings.ingest
    if ingest.enabled and ingest.queue_bytes < ingest.max_body_bytes:
        message = "ingest.queue_bytes is less than ingest.max_body_bytes, so that a large body would never fit"
        where = [("ingest", "queue_bytes"), ("ingest", "max_body_bytes")]
        yield where, message, f"write {ingest.max_body_bytes} or more for the queue, or less for the body"
    if ingest.enabled and ingest.listen_address == settings.web.listen_address:
        message = "ingest.listen_address is the web address already"
        yield (
            [("ingest", "listen_address"), ("web", "listen_address")],
            message,
            "leave it out to share the web address",
        )
