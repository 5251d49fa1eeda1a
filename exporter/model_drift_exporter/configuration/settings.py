# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""The typed configuration. Every setting has a default, a validator, and a help text for flags and documentation.

Each attribute of ``Settings`` is a section of the YAML file and the first part of a flag: ``WebSettings.listen_address``
is ``web.listen_address`` in the file and ``--web.listen-address`` on the command line. A setting added to a section
needs nothing else. It holds what its text means: seconds, a window. Values are checked on construction; a wrong one
raises ``SettingError``, a ``ValueError``.

A section is declared in the room that it belongs to where that stands below this one; those of monitors come from the list
of monitors. What belongs to the rooms above (pipeline, service and web, which are made from all settings) is declared here.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs

from ..evidence.settings import EvidenceSettings
from ..formats import FORMATS
from ..labels.settings import LabelSettings
from ..models.settings import LearnSettings, MonitoringSettings
from ..monitors import MONITORS, sections_of
from ..records.fields import FIELDS
from ..records.framing import FRAMINGS
from ..reference.building.settings import (
    BuildSettings,
    FeatureSettings,
    LimitSettings,
    ModelSettings,
)
from ..settings.declarations import check_setting, section, setting
from ..settings.kinds import Choice, Duration, Integer, Parsed, Repeated, Size, Switch, Text
from ..settings.values import (
    ListenAddress,
    SettingError,
    Window,
    parse_listen_address,
    parse_optional_address,
    parse_telemetry_path,
    parse_window,
    window_length,
)
from ..sources import FILES, SOURCES, STANDARD_INPUT, scheme_in, without_scheme

__all__ = [
    "EvidenceSettings",
    "FeatureSettings",
    "FieldSettings",
    "IngestSettings",
    "InputContent",
    "InputSettings",
    "InputStart",
    "LabelSettings",
    "LearnSettings",
    "LimitSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "ModelSettings",
    "PollSettings",
    "Settings",
    "StateSettings",
    "WebSettings",
]

InputContent = Literal["auto", "labels"]
InputStart = Literal["beginning", "end"]
_PATH = Text("a path", "FILE")
_INPUT_NAME_HINT = "start with a letter or _, and go on with letters, digits, _ and -"
_INPUT_NAME = Text("an input name", "NAME", "[a-zA-Z_][a-zA-Z0-9_-]*", _INPUT_NAME_HINT)
LogLevel = Literal["debug", "info", "warn", "error"]
LogFormat = Literal["logfmt", "json"]
_KIB, _MIB, _GIB = 2**10, 2**20, 2**30


def _field(help_text: str) -> Any:
    kind = Text("a field name", "FIELD", r'[^"\\\x00-\x1f]+', "write the name without quotes and backslashes")
    return setting(None, kind, help_text, "detected")


def _parse_input_path(text: str) -> str:
    path = _PATH.parse(text)
    scheme = scheme_in(path)
    if scheme == STANDARD_INPUT.scheme:
        return "-"
    if scheme in ("", FILES.scheme):
        file = without_scheme(path)
        if not file:
            raise SettingError(f'"{path}" names no file', f"write {path}FILE, or the path alone")
        return file
    if scheme not in SOURCES:
        known = ", ".join(f"{each}://" for each in SOURCES if each != STANDARD_INPUT.scheme)
        hint = f"known are {known} and - for standard input; of a file with such a name write ./{path}"
        raise SettingError(f'"{path}": there is no source for {scheme}://', hint)
    return path


@attrs.frozen
class InputSettings:
    """One log to follow. ``path`` is a file, a glob or ``-`` for standard input, and has no default."""

    path: str = attrs.field(
        validator=check_setting,
        metadata={
            "kind": Parsed("a path", "FILE", _parse_input_path),
            "help": "The log to follow: a file, a glob, or `-` for standard input.",
            "unset": "required",
        },
    )
    name: str = setting(
        "log",
        _INPUT_NAME,
        "Value of the `input` label, different for each input. The default goes on with `log2`; `-` is `stdin`.",
    )
    format: str = setting(
        "auto",
        Choice(("auto", *FORMATS)),
        "What the records look like; `auto` tells by the file's name, else by the first line.",
    )
    start: InputStart = setting(
        "beginning", Choice(get_args(InputStart)), "Where reading a file starts that is already there."
    )
    contains: InputContent = setting(
        "auto",
        Choice(get_args(InputContent)),
        "What the input holds; of `labels` each record with a label is one, whatever else it has. `auto` tells by record.",
    )
    framing: str = setting(
        "auto",
        Choice(("auto", *FRAMINGS)),
        "How records follow one another: "
        + "; ".join(f"`{framing.name}`, {framing.help}" for framing in FRAMINGS.values())
        + ". `auto` is that of the format.",
    )


def _of_table(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """One setting for each field of a record, in front of that for the features."""
    table = attrs.make_class("Table", {name: _field(field.help) for name, field in FIELDS.items()}, frozen=True)
    return [*(attribute.evolve(inherited=False) for attribute in attrs.fields(table)), *fields]


@attrs.frozen(field_transformer=_of_table)
class FieldSettings:
    """Names of the fields in a record: those of the table, and that of the object of features."""

    features: str | None = _field(
        "Field of the object that holds the features; without, all other fields are features."
    )

    def names(self) -> dict[str, str | None]:
        """The configured name of each field."""
        return attrs.asdict(self)


def _check_inputs(_: object, __: object, inputs: object) -> None:
    if not isinstance(inputs, tuple) or not all(isinstance(each, InputSettings) for each in inputs):
        raise SettingError("inputs: not a tuple of InputSettings")
    if len({each.name for each in inputs}) < len(inputs):
        raise SettingError("inputs: two inputs have the same name", "give each a name of its own")


@attrs.frozen
class PollSettings:
    """How eagerly files are followed."""

    # Seconds.
    interval: float = setting(
        0.25,
        Duration("10ms", "1h"),
        "Pause between two looks at a file that has not grown; it lengthens to 2 s while nothing comes.",
    )


@attrs.frozen
class WebSettings:
    """The HTTP server."""

    listen_address: ListenAddress = setting(
        ListenAddress("", 9877),
        Parsed("a host and port", "HOST:PORT", parse_listen_address),
        "Address of the page and the metrics.",
    )
    telemetry_path: str = setting("/metrics", Parsed("a path", "PATH", parse_telemetry_path), "Path of the metrics.")
    enable_lifecycle: bool = setting(False, Switch(), "Allow control by HTTP, such as `POST /-/reload`.")
    max_requests: int = setting(40, Integer(1, 10_000), "Scrapes answered at the same time; more get 503.")


@attrs.frozen
class IngestSettings:
    """Records sent to ``POST /ingest``."""

    enabled: bool = setting(True, Switch(), "Take records by HTTP at `POST /ingest`.")
    listen_address: ListenAddress | None = setting(
        None, Parsed("a host and port", "HOST:PORT", parse_optional_address), "Address of `/ingest`.", "the web address"
    )
    max_body_bytes: int = setting(8 * _MIB, Size(_KIB, _GIB), "Largest body of one request, after decompression.")
    queue_bytes: int = setting(16 * _MIB, Size(_KIB, 4 * _GIB), "Bodies waiting to be read; beyond, requests get 429.")


@attrs.frozen
class LogSettings:
    """The exporter's own log, on standard error."""

    level: LogLevel = setting("info", Choice(get_args(LogLevel)), "Least severe messages to log.")
    format: LogFormat = setting("logfmt", Choice(get_args(LogFormat)), "Form of a log line.")


@attrs.frozen
class StateSettings:
    """The snapshot from which evidence, windows and waiting labels go on after a restart."""

    path: str | None = setting(None, _PATH, "File of the snapshot.", "none is kept")
    # Seconds.
    interval: float = setting(30.0, Duration("1s", "1h"), "Time from one snapshot to the next.")


_SECTIONS = sections_of(MONITORS)
_OF_SOURCES = {name: spec.settings for name, spec in SOURCES.items() if spec.settings is not None}


def _with_sections(_: type, fields: list[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """The sections of monitors behind that of evidence, which they share, and those of sources behind that of files."""
    for before, sections in (("evidence", _SECTIONS), ("poll", _OF_SOURCES)):
        if taken := {each.name for each in fields} & sections.keys():
            raise ValueError(f"a section cannot be called {', '.join(sorted(taken))}: the configuration has one")
        own = attrs.make_class("_Sections", {name: section(cls) for name, cls in sections.items()}, kw_only=True)
        place = [each.name for each in fields].index(before) + 1
        fields = [*fields[:place], *attrs.fields(own), *fields[place:]]
    return fields


@attrs.frozen(field_transformer=_with_sections)
class Settings:
    """All settings; ``Settings()`` are the defaults. Each section of a monitor or a source is an attribute, too."""

    reference: tuple[str, ...] = setting((), Repeated(_PATH), "Reference profile, one file a model.", "learned")
    inputs: tuple[InputSettings, ...] = attrs.field(
        default=(), validator=_check_inputs, metadata={"items": InputSettings, "help": "The logs to follow."}
    )
    windows: tuple[Window, ...] = setting(
        (parse_window("1h"), parse_window("24h"), parse_window("1000")),
        Repeated(Parsed("a window", "WINDOW", parse_window), 1, ",", window_length),
        "Rolling windows: durations of event time (`1h30m`, `7d`) or numbers of records (`1000`).",
    )
    fields: FieldSettings = section(FieldSettings)
    model: ModelSettings = section(ModelSettings)
    features: FeatureSettings = section(FeatureSettings)
    learn: LearnSettings = section(LearnSettings)
    labels: LabelSettings = section(LabelSettings)
    evidence: EvidenceSettings = section(EvidenceSettings)
    state: StateSettings = section(StateSettings)
    limits: LimitSettings = section(LimitSettings)
    poll: PollSettings = section(PollSettings)
    web: WebSettings = section(WebSettings)
    ingest: IngestSettings = section(IngestSettings)
    log: LogSettings = section(LogSettings)

    @property
    def build(self) -> BuildSettings:
        """How references are built."""
        return BuildSettings(self.features, self.model, self.limits)

    @property
    def monitoring(self) -> MonitoringSettings:
        """How models are monitored. Who gives an input of labels expects some."""
        labels = self.labels
        if labels.expected == "auto" and any(each.contains == "labels" for each in self.inputs):
            labels = attrs.evolve(labels, expected="yes")
        monitors = {name: getattr(self, name) for name in _SECTIONS}
        return MonitoringSettings(self.windows, self.build, self.learn, labels, self.evidence, monitors)
