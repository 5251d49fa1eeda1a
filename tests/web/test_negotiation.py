from __future__ import annotations

import pytest

from model_drift_exporter.web.negotiation import OPENMETRICS, TEXT, accepts_gzip, accepts_openmetrics

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_2_PROTOBUF = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_TEXT_FIRST = (
    "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    "accept",
    [
        PROMETHEUS_2,
        PROMETHEUS_2_PROTOBUF,
        PROMETHEUS_3,
        "application/openmetrics-text",
        "Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8",
        'application/openmetrics-text; version="1.0.0"',
        "application/openmetrics-text;version=1.0.0, */*",
        "*/*, application/openmetrics-text;version=1.0.0",
        "application/openmetrics-text, text/plain;version=0.0.4",
        "text/plain;q=0.4, application/openmetrics-text;q=0.5",
        "text/plain;q=0, application/openmetrics-text;q=0.001",
        "text/plain;version=1.0.0, application/openmetrics-text;version=1.0.0;q=0.1",
    ],
)
def test_openmetrics_for_who_prefers_it(accept: str) -> None:
    """Prometheus 2 and 3 and everybody who names OpenMetrics with at least the q of text gets it."""
    assert accepts_openmetrics(accept)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "text/*",
        "application/*",
        BROWSER,
        PROMETHEUS_3_TEXT_FIRST,
        "text/plain",
        "text/plain, application/openmetrics-text",
        "text/plain;q=0.5, application/openmetrics-text;q=0.4",
        "application/openmetrics-text;q=0.3, text/*;q=0.4",
        "application/openmetrics-text;q=0",
        "application/openmetrics-text;version=1.0.0;q=0, */*",
        "application/openmetrics-text;version=0.0.1",
        "application/openmetrics-text;version=2.0.0",
        "application/openmetrics-text;q=high",
        "application/openmetrics-text;q=7",
        "application/openmetrics-text;q=nan",
        "application/json",
        ",;,;q=1,",
    ],
)
def test_text_for_everybody_else(accept: str | None) -> None:
    """Nothing said, wildcards, other versions, refusals and nonsense all lead to text, never to a failed scrape."""
    assert not accepts_openmetrics(accept)


@pytest.mark.parametrize(
    "accept_encoding",
    [
        "gzip",
        "GZIP",
        "gzip, deflate, br",
        "deflate, gzip;q=0.5",
        "*",
        "x-gzip",
        "identity;q=0.5, gzip",
        "gzip;q=1.0",
        "br;q=1,*;q=0.1",
    ],
)
def test_gzip_where_it_is_welcome(accept_encoding: str) -> None:
    """Listed by itself or among others, or covered by the wildcard."""
    assert accepts_gzip(accept_encoding)


@pytest.mark.parametrize(
    "accept_encoding",
    [
        None,
        "",
        "identity",
        "gzip;q=0",
        "gzip; q=0.000",
        "gzip;q=0, *",
        "*;q=0",
        "br",
        "identity, gzip;q=0.5",
        "gzip;q=x",
    ],
)
def test_no_gzip_where_it_is_refused(accept_encoding: str | None) -> None:
    """Not listed, refused by q=0, or less welcome than the plain body."""
    assert not accepts_gzip(accept_encoding)


def test_content_types_are_those_that_prometheus_3_knows() -> None:
    """Prometheus 3 fails a scrape whose content type it cannot read, so the two are spelled out here."""
    assert OPENMETRICS == "application/openmetrics-text; version=1.0.0; charset=utf-8"
    assert TEXT == "text/plain; version=0.0.4; charset=utf-8"
