from __future__ import annotations

import datetime as dt
import json
import logging
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.service.logs import JsonFormatter, LogfmtFormatter, announce, configure_logging, fields

LOG = logging.getLogger("model_drift_exporter.test")


def record(message: str, name: str = "model_drift_exporter.pipeline.pipeline", **values: object) -> logging.LogRecord:
    """A record as a logger makes it, at a fixed time."""
    made = logging.LogRecord(name, logging.INFO, "file.py", 1, message, (), None)
    made.created = dt.datetime(2026, 11, 3, 9, 14, 7, 221_900, dt.UTC).timestamp()
    made.__dict__.update(fields(**values))
    return made


def failed(message: str) -> logging.LogRecord:
    """A record of an exception whose text has two lines."""
    made = record(message)
    try:
        (_ for _ in ()).throw(ValueError("first line\nsecond line"))
    except ValueError:
        made.exc_info = sys.exc_info()
    return made


def test_a_logfmt_line_has_time_level_message_and_values() -> None:
    """The form is that of Prometheus' own tools; only values that need quotes have them."""
    line = LogfmtFormatter().format(
        record("following the log", input="log", bytes=812, ratio=0.5, done=True, none=None)
    )
    assert line == (
        'ts=2026-11-03T09:14:07.221Z level=info msg="following the log" '
        "input=log bytes=812 ratio=0.5 done=true none=null"
    )


def test_a_json_line_has_the_same_keys() -> None:
    """The JSON form is one object with plain values."""
    line = JsonFormatter().format(record("following", input="log", bytes=812, bad=float("nan"), path=pytest))
    assert json.loads(line) == {
        "ts": "2026-11-03T09:14:07.221Z",
        "level": "info",
        "msg": "following",
        "input": "log",
        "bytes": 812,
        "bad": "nan",
        "path": str(pytest),
    }


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", '""'),
        ("a b", '"a b"'),
        ("a=b", '"a=b"'),
        ('say "x"', r'"say \"x\""'),
        ("a\nlevel=error", r'"a\nlevel=error"'),
        ("\x1b[31m\x7f\x9b", r'"\u001b[31m\u007f\u009b"'),
        ("line\u2028separator", r'"line\u2028separator"'),
        ("\ud800", r'"\ud800"'),
        ("é", "é"),
        ("C:\\x", r'"C:\\x"'),
    ],
)
def test_logfmt_values_are_escaped(value: str, written: str) -> None:
    """No value can end a line, pass for another key, or command a terminal."""
    assert LogfmtFormatter().format(record("m", value=value)).endswith(f" msg=m value={written}")


@given(st.text(), st.text(), st.text())
def test_any_record_is_one_printable_line(message: str, key: str, value: str) -> None:
    """Whatever is logged, a line stays a line, and JSON gives the value back."""
    made = record("%s", **{key: value})
    made.args = (message,)
    for formatter in (LogfmtFormatter(), JsonFormatter()):
        assert formatter.format(made).isprintable()
    read = json.loads(JsonFormatter().format(made))
    assert read["msg"] == message
    assert value in read.values()


def test_values_do_not_replace_the_own_keys() -> None:
    """A value called level is kept beside the level."""
    assert LogfmtFormatter().format(record("m", level="high", ts=5)).endswith("level=info msg=m level_=high ts_=5")


def test_other_packages_are_named() -> None:
    """A message from a library says which one."""
    assert LogfmtFormatter().format(record("m", name="uvicorn.error")).endswith("msg=m logger=uvicorn.error")
    assert LogfmtFormatter().format(record("m", name="model_drift_exporter")).endswith("msg=m")


def test_an_exception_is_one_line_and_its_traceback_is_kept_where_wanted() -> None:
    """Logfmt has the error, debug logfmt and JSON have the traceback too."""
    made = failed("cannot read")
    line = LogfmtFormatter().format(made)
    assert line.endswith(r'msg="cannot read" error="ValueError: first line\nsecond line"')
    detailed = LogfmtFormatter(with_traceback=True).format(made)
    assert detailed.startswith(line)
    assert "Traceback (most recent call last):\\n" in detailed
    assert "\n" not in detailed
    assert "\nValueError: first line\nsecond line" in json.loads(JsonFormatter().format(made))["traceback"]


def test_logging_goes_to_standard_error_once(capsys: pytest.CaptureFixture[str]) -> None:
    """A second call replaces the first, format and level included."""
    configure_logging("info", "logfmt")
    configure_logging("info", "json")
    LOG.info("read %d records", 5, extra=fields(input="log"))
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert json.loads(line)["msg"] == "read 5 records"
    assert json.loads(line)["input"] == "log"


@pytest.mark.parametrize(
    ("level", "logged"),
    [
        ("debug", ["debug", "info", "warn", "error", "error"]),
        ("info", ["info", "warn", "error", "error"]),
        ("warn", ["warn", "error", "error"]),
        ("error", ["error", "error"]),
    ],
)
def test_the_level_says_what_is_logged(capsys: pytest.CaptureFixture[str], level: str, logged: list[str]) -> None:
    """Less severe messages are left out; critical ones are errors."""
    configure_logging(level, "json")  # type: ignore[arg-type]  # pytest passes text, not a literal
    for number in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        LOG.log(number, "m")
    assert [json.loads(line)["level"] for line in capsys.readouterr().err.splitlines()] == logged


def test_libraries_are_quiet_below_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """Debugging the exporter does not debug its libraries."""
    configure_logging("debug", "logfmt")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.error").warning("slow")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("level=warn msg=slow logger=uvicorn.error")


def test_debug_lines_have_tracebacks(capsys: pytest.CaptureFixture[str]) -> None:
    """The level debug turns tracebacks on in logfmt."""
    for level, expected in (("info", False), ("debug", True)):
        configure_logging("info" if level == "info" else "debug", "logfmt")
        LOG.handle(failed("m"))
        assert ("traceback=" in capsys.readouterr().err) is expected


def test_a_broken_log_call_does_not_stop_the_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that cannot be formatted is dropped; the program goes on."""
    monkeypatch.setattr(logging, "raiseExceptions", False)
    configure_logging("info", "logfmt")
    LOG.info("%d", "no number")
    LOG.info("next")
    assert capsys.readouterr().err.endswith("msg=next\n")


EDGE = Transition(
    time=1_767_322_985.4,
    record=41,
    alert="ModelInputBroken",
    severity="page",
    firing=True,
    model="churn",
    features=("age", "plan"),
    certainty="named",
    evidence=8.21,
    threshold=7.02,
    onset=None,
)


def test_an_alert_is_said_once_as_it_fires_and_as_it_ends(caplog: pytest.LogCaptureFixture) -> None:
    """One line each, with what a person would ask first."""
    caplog.set_level(logging.INFO)
    announce([EDGE, attrs.evolve(EDGE, firing=False, features=(), certainty="")])
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            (
                "model churn: ModelInputBroken (page) fires at 2026-01-02T03:03:05.400Z, record 41: "
                "evidence 10^8.2, threshold 10^7.0, named: age, plan"
            ),
        ),
        ("INFO", "model churn: ModelInputBroken (page) resolved at 2026-01-02T03:03:05.400Z"),
    ]


def test_an_alert_that_fires_again_says_so(caplog: pytest.LogCaptureFixture) -> None:
    """It was held all the time, so no end was logged before."""
    announce([attrs.evolve(EDGE, rise=2)])
    (message,) = caplog.messages
    assert message.startswith("model churn: ModelInputBroken (page) fires again (rise 2) at 2026-01-02T03:03:05.400Z")


def test_an_alert_without_features_or_with_an_impossible_time(caplog: pytest.LogCaptureFixture) -> None:
    """Times come from the log, and so may be anything."""
    announce([attrs.evolve(EDGE, time=1e18, features=(), certainty="")])
    (message,) = caplog.messages
    assert "fires at 1000000000000000000 seconds since 1970, record 41" in message
    assert message.endswith("threshold 10^7.0")
