# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""The typed configuration. Every setting has a default, a validator, and a help text for flags and documentation.

A class below is a section of the YAML file and the first part of a flag: ``WebSettings.listen_address`` is
``web.listen_address`` in the file and ``--web.listen-address`` on the command line. A setting added here needs
nothing else. Values are checked on construction; a wrong one raises ``SettingError``, a ``ValueError``.
"""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from ..evidence.settings import EvidenceSettings, LossSettings
from ..labels.settings import LabelSettings, LabelsExpected
from ..settings.declaring import check_setting, section, setting
from ..settings.kinds import Choice, Integer, Mapped, Number, Parsed, Repeated, Size, Switch, Text
from ..settings.values import (
    SettingError,
    Window,
    parse_duration,
    parse_listen_address,
    parse_optional_address,
    parse_telemetry_path,
    parse_window,
    window_length,
)

__all__ = [
    "EvidenceSettings",
    "FeatureKind",
    "FeatureSettings",
    "FieldSettings",
    "IngestSettings",
    "InputContent",
    "InputFormat",
    "InputSettings",
    "InputStart",
    "LabelSettings",
    "LabelsExpected",
    "LearnSettings",
    "LimitSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "LossSettings",
    "ModelSettings",
    "PollSettings",
    "Settings",
    "StateSettings",
    "Task",
    "WebSettings",
]

InputFormat = Literal["auto", "jsonl", "csv"]
InputContent = Literal["auto", "labels"]
InputStart = Literal["beginning", "end"]
Task = Literal["auto", "classification", "regression"]
FeatureKind = Literal["numeric", "categorical"]
_PATH = Text("a path", "FILE")
_CLASS = Text("a class", "CLASS")
_FEATURES = Repeated(Text("a feature", "FEATURE"))
_INPUT_NAME_HINT = "start with a letter or _, and go on with letters, digits, _ and -"
_INPUT_NAME = Text("an input name", "NAME", "[a-zA-Z_][a-zA-Z0-9_-]*", _INPUT_NAME_HINT)
LogLevel = Literal["debug", "info", "warn", "error"]
LogFormat = Literal["logfmt", "json"]
_KIB, _MIB, _GIB = 2**10, 2**20, 2**30
_INTERVAL = Parsed("a duration from 10ms to 1h", "DURATION", lambda text: parse_duration(text, ("10ms", "1h")))


def _field(help_text: str) -> str | None:
    kind = Text("a field name", "FIELD", r'[^"\\\x00-\x1f]+', "write the name without quotes and backslashes")
    return setting(None, kind, help_text, "detected")


@attrs.frozen
class InputSettings:
    """One log to follow. ``path`` is a file, a glob or ``-`` for standard input, and has no default."""

    path: str = attrs.field(
        validator=check_setting,
        metadata={
            "kind": _PATH,
            "help": "The log to follow: a file, a glob, or `-` for standard input.",
            "unset": "required",
        },
    )
    name: str = setting(
        "log",
        _INPUT_NAME,
        "Value of the `input` label, different for each input. The default goes on with `log2`; `-` is `stdin`.",
    )
    format: InputFormat = setting(
        "auto",
        Choice(get_args(InputFormat)),
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


@attrs.frozen
class FieldSettings:
    """Names of the fields in a record."""

    time: str | None = _field("Field of the event time: RFC 3339 text, or seconds or milliseconds since 1970.")
    id: str | None = _field("Field of the identifier by which labels find their prediction.")
    model: str | None = _field("Field of the model's name.")
    version: str | None = _field("Field of the model's version.")
    prediction: str | None = _field("Field of the prediction: a class or a number.")
    score: str | None = _field("Field of the positive class's probability.")
    scores: str | None = _field("Field of all classes' probabilities: an object, or a list ordered as `model.classes`.")
    label: str | None = _field("Field of the true outcome.")
    latency: str | None = _field("Field of the model's response time.")
    features: str | None = _field(
        "Field of the object that holds the features; without, all other fields are features."
    )

    def names(self) -> dict[str, str | None]:
        """The configured name of each field."""
        return attrs.asdict(self)


@attrs.frozen
class ModelSettings:
    """What the model is, where the records do not say."""

    name: str | None = setting(
        None, Text("a name", "NAME"), "Name of the model in records that do not name one.", "the reference's name"
    )
    task: Task = setting("auto", Choice(get_args(Task)), "What the model does; `auto` tells by predictions and scores.")
    positive_class: str | None = setting(
        None, _CLASS, "Class that the score is the probability of.", "the class with higher scores"
    )
    threshold: float | None = setting(None, Number(0, 1), "Score from which the positive class counts.", "detected")
    classes: tuple[str, ...] = setting(
        (), Repeated(_CLASS), "Names of the classes, in the order of scores given as a list.", "detected"
    )


@attrs.frozen
class FeatureSettings:
    """Which features are watched, and as what."""

    include: tuple[str, ...] = setting((), _FEATURES, "Watch these features only.", "all features")
    exclude: tuple[str, ...] = setting((), _FEATURES, "Do not watch these features.", "none")
    kinds: dict[str, FeatureKind] = attrs.field(
        factory=dict,
        validator=check_setting,
        metadata={
            "kind": Mapped(Choice(get_args(FeatureKind))),
            "help": "Kind of a feature, where detection would be wrong (a postal code is no number).",
            "unset": "detected",
        },
    )


@attrs.frozen
class LearnSettings:
    """Learning a reference, for a model that comes without one."""

    records: int = setting(5_000, Integer(100, 1_000_000), "Records from which a model without a reference learns one.")


def _check_inputs(_: object, __: object, inputs: object) -> None:
    if not isinstance(inputs, tuple) or not all(isinstance(each, InputSettings) for each in inputs):
        raise SettingError("inputs: not a tuple of InputSettings")
    if len({each.name for each in inputs}) < len(inputs):
        raise SettingError("inputs: two inputs have the same name", "give each a name of its own")


@attrs.frozen
class LimitSettings:
    """Ceilings on memory and on the number of time series."""

    models: int = setting(20, Integer(1, 1_000), "Models kept apart; the others are counted together as `__other__`.")
    categories: int = setting(20, Integer(1, 1_000), "Categories of a feature with a bin of their own.")
    series_per_model: int = setting(30_000, Integer(500, 10_000_000), "Time series exported for one model.")
    line_bytes: int = setting(_MIB, Size(_KIB, 64 * _MIB), "Length of the longest line that is read.")
    minimum_count: int = setting(
        10,
        Integer(1, 1_000_000),
        "Times a category must be seen in the reference to have a bin of its own; a class too, if there are many.",
    )


@attrs.frozen
class PollSettings:
    """How eagerly files are followed."""

    interval: str = setting(
        "250ms",
        _INTERVAL,
        "Pause between two looks at a file that has not grown; it lengthens to 2 s while nothing comes.",
    )

    @property
    def interval_seconds(self) -> float:
        return parse_duration(self.interval)


@attrs.frozen
class WebSettings:
    """The HTTP server."""

    listen_address: str = setting(
        ":9877", Parsed("a host and port", "HOST:PORT", parse_listen_address), "Address of the page and the metrics."
    )
    telemetry_path: str = setting("/metrics", Parsed("a path", "PATH", parse_telemetry_path), "Path of the metrics.")
    enable_lifecycle: bool = setting(False, Switch(), "Allow control by HTTP, such as `POST /-/reload`.")
    max_requests: int = setting(40, Integer(1, 10_000), "Scrapes answered at the same time; more get 503.")


@attrs.frozen
class IngestSettings:
    """Records sent to ``POST /ingest``."""

    enabled: bool = setting(True, Switch(), "Take records by HTTP at `POST /ingest`.")
    listen_address: str = setting(
        "", Parsed("a host and port", "HOST:PORT", parse_optional_address), "Address of `/ingest`.", "the web address"
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
    interval: str = setting(
        "30s",
        Parsed("a duration from 1s to 1h", "DURATION", lambda text: parse_duration(text, ("1s", "1h"))),
        "Time from one snapshot to the next.",
    )

    @property
    def interval_seconds(self) -> float:
        return parse_duration(self.interval)


@attrs.frozen
class Settings:
    """All settings; ``Settings()`` are the defaults."""

    reference: tuple[str, ...] = setting((), Repeated(_PATH), "Reference profile, one file a model.", "learned")
    inputs: tuple[InputSettings, ...] = attrs.field(
        default=(), validator=_check_inputs, metadata={"items": InputSettings, "help": "The logs to follow."}
    )
    windows: tuple[str, ...] = setting(
        ("1h", "24h", "1000"),
        Repeated(Parsed("a window", "WINDOW", parse_window), 1, ",", window_length),
        "Rolling windows: durations of event time (`1h30m`, `7d`) or numbers of records (`1000`).",
    )
    fields: FieldSettings = section(FieldSettings)
    model: ModelSettings = section(ModelSettings)
    features: FeatureSettings = section(FeatureSettings)
    learn: LearnSettings = section(LearnSettings)
    labels: LabelSettings = section(LabelSettings)
    evidence: EvidenceSettings = section(EvidenceSettings)
    loss: LossSettings = section(LossSettings)
    state: StateSettings = section(StateSettings)
    limits: LimitSettings = section(LimitSettings)
    poll: PollSettings = section(PollSettings)
    web: WebSettings = section(WebSettings)
    ingest: IngestSettings = section(IngestSettings)
    log: LogSettings = section(LogSettings)

    @property
    def parsed_windows(self) -> tuple[Window, ...]:
        return tuple(map(parse_window, self.windows))
