"""The exporter's own log: logfmt or JSON, one record a line on standard error, whatever the messages hold."""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Iterable

from ..configuration.settings import LogFormat, LogLevel
from ..evidence.alarms import Transition
from ..records.times import format_time

__all__ = ["JsonFormatter", "LogfmtFormatter", "announce", "configure_logging", "fields"]

_PACKAGE = __name__.partition(".")[0]
_HANDLER = f"{_PACKAGE}.standard_error"
_LEVELS: dict[LogLevel, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}
_NOT_IN_A_KEY = re.compile(r'[\s="\\]|[^\x21-\x7e]')
_OWN_KEYS = frozenset({"ts", "level", "msg", "logger", "error", "traceback"})
Value = str | int | float | bool | None
_log = logging.getLogger(__name__)


def fields(**values: object) -> dict[str, object]:
    """``extra`` for a log call: ``log.info("rotated", extra=fields(input="log", bytes=812))`` logs keys and values."""
    return {"fields": values}


def configure_logging(level: LogLevel, format: LogFormat) -> None:
    """Logs to standard error from ``level`` up; a second call replaces what the first one set up.

    Other packages' messages are logged from warnings up. At the level ``debug``, logfmt lines have tracebacks too.
    """
    formatter = JsonFormatter() if format == "json" else LogfmtFormatter(with_traceback=level == "debug")
    root = logging.getLogger()
    for handler in [each for each in root.handlers if each.name == _HANDLER]:
        root.removeHandler(handler)
    handler = _StandardErrorHandler()
    handler.name = _HANDLER
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(max(_LEVELS[level], logging.WARNING))
    logging.getLogger(_PACKAGE).setLevel(_LEVELS[level])


class _StandardErrorHandler(logging.Handler):
    """Writes to ``sys.stderr`` as it is at the time of the message, so that a redirection is followed."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
            sys.stderr.flush()
        except Exception:  # noqa: BLE001 - as every handler of logging: a log call must not stop the program
            self.handleError(record)


class _PairsFormatter(logging.Formatter):
    """Turns a record into keys and plain values, in the order of a line."""

    def pairs(self, record: logging.LogRecord) -> dict[str, Value]:
        pairs: dict[str, Value] = {
            "ts": _timestamp(record.created),
            "level": _level_name(record.levelno),
            "msg": record.getMessage(),
        }
        if record.name != _PACKAGE and not record.name.startswith(f"{_PACKAGE}."):
            pairs["logger"] = record.name
        for key, value in getattr(record, "fields", {}).items():
            name = _NOT_IN_A_KEY.sub("_", key) or "_"
            pairs[f"{name}_" if name in _OWN_KEYS else name] = _plain(value)
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            pairs["error"] = "".join(traceback.format_exception_only(error)).strip()
            pairs["traceback"] = "".join(traceback.format_exception(error)).strip()
        return pairs


class LogfmtFormatter(_PairsFormatter):
    """``ts=2026-11-03T09:14:07.221Z level=info msg="following the log" input=log``, always one line."""

    def __init__(self, with_traceback: bool = False) -> None:
        super().__init__()
        self._with_traceback = with_traceback

    def format(self, record: logging.LogRecord) -> str:
        pairs = self.pairs(record)
        if not self._with_traceback:
            pairs.pop("traceback", None)
        return " ".join(f"{key}={_logfmt_value(value)}" for key, value in pairs.items())


class JsonFormatter(_PairsFormatter):
    """The same keys and values as one JSON object a line, with tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        return _escape(json.dumps(self.pairs(record), ensure_ascii=False))


def _timestamp(seconds: float) -> str:
    time = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _level_name(number: int) -> str:
    return next((name for name, level in reversed(_LEVELS.items()) if number >= level), "debug")


def _plain(value: object) -> Value:
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return str(value)


def _logfmt_value(value: Value) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if value and value.isprintable() and not any(character in ' ="\\' for character in value):
        return value
    return _escape(json.dumps(value, ensure_ascii=False))


def _escape(text: str) -> str:
    """JSON text without characters that a terminal would obey or a reader take for a line's end."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)


def announce(transitions: Iterable[Transition]) -> None:
    """One line for each alert that began to fire, fires again while it was held, or was resolved."""
    for each in transitions:
        if not each.firing:
            _log.info("model %s: %s (%s) resolved at %s", each.model, each.alert, each.severity, format_time(each.time))
            continue
        again = f" again (rise {each.rise})" if each.rise > 1 else ""
        about = f", {each.certainty}: {', '.join(each.features)}" if each.features else ""
        _log.warning(
            "model %s: %s (%s) fires%s at %s, record %d: evidence 10^%.1f, threshold 10^%.1f%s",
            each.model,
            each.alert,
            each.severity,
            again,
            format_time(each.time),
            each.record,
            each.evidence,
            each.threshold,
            about,
        )
