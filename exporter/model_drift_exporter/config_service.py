# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""Settings of the exporter as a service: its limits, how it reads and serves, what it logs and keeps."""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from .settings.declaring import setting
from .settings.kinds import Choice, Integer, Parsed, Size, Switch, Text
from .settings.values import parse_duration, parse_listen_address, parse_optional_address, parse_telemetry_path

__all__ = [
    "IngestSettings",
    "LimitSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "PollSettings",
    "StateSettings",
    "WebSettings",
]

LogLevel = Literal["debug", "info", "warn", "error"]
LogFormat = Literal["logfmt", "json"]

_KIB, _MIB, _GIB = 2**10, 2**20, 2**30

_INTERVAL = Parsed("a duration from 10ms to 1h", "DURATION", lambda text: parse_duration(text, ("10ms", "1h")))
_PATH = Text("a path", "FILE")


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
