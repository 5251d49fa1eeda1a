from __future__ import annotations

import attrs
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.metrics.metric import Group, gauge
from model_drift_exporter.records.chunk import Chunk
from model_drift_exporter.sources import (
    FILES,
    SOURCES,
    STANDARD_INPUT,
    FileSource,
    Opening,
    StdinSource,
    open_source,
    scheme_of,
)
from model_drift_exporter.sources.source import Source, SourceStatus, catalogue_of, scheme_in, without_scheme


class _Least(Source):
    """What a source has to have."""

    input = "log"

    def poll(self, now: float, *, draining: bool = False) -> Chunk | None:
        del now, draining
        return None

    def status(self, now: float) -> SourceStatus:
        del now
        return SourceStatus(self.input)


def test_a_source_need_not_be_able_to_go_on() -> None:
    """It then has no checkpoint, takes notice of none, and resumes at none."""
    source = _Least()
    assert source.checkpoint() is None
    source.acknowledge({"offset": 1})
    with pytest.raises(StateError, match="input log cannot go on from"):
        source.resume({"offset": 1})
    assert (source.finished, source.patient, source.format) == (False, False, "auto")
    source.close()


@pytest.mark.parametrize(
    ("path", "scheme", "rest"),
    [
        ("log.jsonl", "", "log.jsonl"),
        ("kafka://broker/topic", "kafka", "broker/topic"),
        ("S3://bucket/a*.jsonl", "s3", "bucket/a*.jsonl"),
        ("./kafka://broker", "", "./kafka://broker"),
        ("/var/log/kafka://x", "", "/var/log/kafka://x"),
        ("://x", "", "://x"),
        ("-", "", "-"),
    ],
)
def test_a_scheme_stands_at_the_beginning_of_a_path(path: str, scheme: str, rest: str) -> None:
    """Whoever has a file with such a name writes its folder before it."""
    assert (scheme_in(path), without_scheme(path)) == (scheme, rest)


def test_the_scheme_chooses_the_source() -> None:
    """A path without one is a file, and a dash is standard input."""
    assert isinstance(open_source(Opening("log", "./kafka://x")), FileSource)
    assert isinstance(open_source(Opening("log", "-")), StdinSource)
    assert [scheme_of(path) for path in ("-", "a.log", "file://a.log", "kafka://x")] == [
        "stdin",
        "file",
        "file",
        "kafka",
    ]
    with pytest.raises(KeyError, match="kafka"):
        open_source(Opening("log", "kafka://x"))
    assert {*SOURCES} == {"file", "stdin"}


def test_two_sources_share_no_scheme_and_their_metrics_are_by_input() -> None:
    """Otherwise one would never be opened, or its series could not be told apart."""
    with pytest.raises(ValueError, match="two sources have the scheme file"):
        catalogue_of([FILES, STANDARD_INPUT, FILES])
    odd = gauge("model_drift_exporter_input_odd", "input partition", "Odd.", Group.EXPORTER)
    with pytest.raises(ValueError, match="model_drift_exporter_input_odd"):
        catalogue_of([attrs.evolve(FILES, metrics=(odd,))])
