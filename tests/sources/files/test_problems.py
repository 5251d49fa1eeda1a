from __future__ import annotations

import logging

import pytest

from model_drift_exporter.sources.files.problems import Problems


@pytest.mark.parametrize(
    ("counted", "lost", "level", "count"),
    [(False, False, logging.WARNING, 0), (True, False, logging.ERROR, 1), (False, True, logging.ERROR, 0)],
)
def test_what_cannot_be_read_is_an_error(
    counted: bool, lost: bool, level: int, count: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What may still come is a warning; the same problem is said once."""
    problems = Problems("log")
    for _ in range(2):
        problems.report("a", "cannot read a", counted=counted, lost=lost)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(level, "input log: cannot read a")]
    assert (problems.count, str(problems)) == (count, "cannot read a")


def test_problems_end(caplog: pytest.LogCaptureFixture) -> None:
    """Cleared with a line in the log, or forgotten with their path."""
    caplog.set_level(logging.INFO)
    problems = Problems("log")
    for path in "abc":
        problems.report(path, f"no {path}", counted=True)
    assert str(problems) == "no a (and 2 more)"
    problems.clear("a")
    problems.clear("a")
    assert caplog.messages[3:] == ["input log: a can be read"]
    problems.keep_only(["b"])
    assert str(problems) == "no b"
    problems.clear("b")
    assert not problems
