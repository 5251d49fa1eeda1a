from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.metrics.renderer import family_name, render
from model_drift_exporter.metrics.samples import HistogramSeries, Series

from ..support.metric_examples import COUNTER, GAUGE, HISTOGRAM, METRICS, PARSERS, PLAIN, one_of_each

both_formats = pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])


def parsed(body: bytes, openmetrics: bool) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample by name and labels, as prometheus_client's parser reads it; no two may be the same."""
    samples = [sample for family in PARSERS[openmetrics](body.decode()) for sample in family.samples]
    found = {(sample.name, tuple(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples)
    return found


def test_text_format() -> None:
    """Families come in the order of their blocks, each under one header, whole numbers without a decimal point."""
    assert render(one_of_each(), openmetrics=False).decode() == (
        '# HELP model_test_psi A path C:\\\\new, a "quote",\\nand a second line.\n'
        "# TYPE model_test_psi gauge\n"
        'model_test_psi{model="credit",feature="age"} 0.1\n'
        'model_test_psi{model="credit",feature="a \\"quoted\\"\\\\\\nname"} -2.5\n'
        "# HELP model_test_up Whether it is up.\n"
        "# TYPE model_test_up gauge\n"
        "model_test_up 1\n"
        "# HELP model_test_confidence Confidence of predictions.\n"
        "# TYPE model_test_confidence histogram\n"
        'model_test_confidence_bucket{model="credit",le="0.5"} 1\n'
        'model_test_confidence_bucket{model="credit",le="0.9"} 3\n'
        'model_test_confidence_bucket{model="credit",le="1.0"} 6\n'
        'model_test_confidence_bucket{model="credit",le="+Inf"} 6\n'
        'model_test_confidence_sum{model="credit"} 4.75\n'
        'model_test_confidence_count{model="credit"} 6\n'
        "# HELP model_test_records_total Records.\n"
        "# TYPE model_test_records_total counter\n"
        'model_test_records_total{model="credit",bin="b00"} 12\n'
        'model_test_records_total{model="credit",bin="__missing__"} 0\n'
    )


def test_openmetrics_differs_in_headers_and_end() -> None:
    """A counter's family has no _total, quotes in HELP are escaped, # EOF ends it; the samples are the same."""
    text = render(one_of_each(), openmetrics=False).decode().splitlines()
    openmetrics = render(one_of_each(), openmetrics=True).decode().splitlines()
    assert set(openmetrics) - set(text) == {
        "# HELP model_test_records Records.",
        "# TYPE model_test_records counter",
        '# HELP model_test_psi A path C:\\\\new, a \\"quote\\",\\nand a second line.',
        "# EOF",
    }
    assert openmetrics[-1] == "# EOF"
    assert [line for line in openmetrics if line[0] != "#"] == [line for line in text if line[0] != "#"]


@both_formats
def test_parsers_read_names_types_and_help(openmetrics: bool) -> None:
    """prometheus_client's parsers find every family with the type and the help of its metric."""
    families = list(PARSERS[openmetrics](render(one_of_each(), openmetrics).decode()))
    found = {family.name: (family.type, family.documentation) for family in families}
    # The client names a counter's family without _total in both formats.
    assert found == {family_name(metric, True): (metric.type, metric.help) for metric in METRICS}


@both_formats
def test_blocks_of_one_metric_share_a_header(openmetrics: bool) -> None:
    """Several models give several blocks; the family stays in one piece whatever lies between them."""
    blocks = [
        Series(GAUGE, [("credit", "age")]).samples([1.5]),
        Series(COUNTER, [("credit", "b00")]).samples([3]),
        Series(GAUGE, [("fraud", "age")]).samples([2.5]),
    ]
    body = render(blocks, openmetrics)
    assert body.count(b"# TYPE model_test_psi gauge") == 1
    assert parsed(body, openmetrics) == {
        (COUNTER.name, (("model", "credit"), ("bin", "b00"))): 3,
        (GAUGE.name, (("model", "credit"), ("feature", "age"))): 1.5,
        (GAUGE.name, (("model", "fraud"), ("feature", "age"))): 2.5,
    }


def test_two_metrics_of_one_name_are_an_error() -> None:
    """Their series would stand under one header, which would be wrong for some; the same metric made twice is no other."""
    block = Series(GAUGE, [("credit", "age")]).samples([1.5])
    same = Series(attrs.evolve(GAUGE), [("credit", "income")]).samples([2.5])
    other = Series(attrs.evolve(GAUGE, help="Something else."), [("credit", "income")]).samples([2.5])
    assert render([block, same], False).count(b"# TYPE") == 1
    with pytest.raises(ValueError, match="two different metrics are called model_test_psi"):
        render([block, other], False)


@both_formats
@pytest.mark.parametrize("values", [[float("nan"), 0.25, float("nan")], np.array([np.nan, 0.25, np.nan])])
def test_nan_is_left_out(openmetrics: bool, values: list[float]) -> None:
    """A value that is not known is no sample; its neighbours keep theirs."""
    series = Series(GAUGE, [("credit", "a"), ("credit", "b"), ("credit", "c")])
    assert parsed(render([series.samples(values)], openmetrics), openmetrics) == {
        (GAUGE.name, (("model", "credit"), ("feature", "b"))): 0.25
    }


@both_formats
def test_a_family_of_nan_only_has_no_header(openmetrics: bool) -> None:
    """Where nothing is known of a metric, nothing is said of it."""
    block = Series(GAUGE, [("credit", "a")]).samples([float("nan")])
    assert render([block], openmetrics) == (b"# EOF\n" if openmetrics else b"")


@both_formats
def test_without_blocks_nothing_but_the_end_is_written(openmetrics: bool) -> None:
    """An exporter that knows nothing yet still gives a valid exposition; so does a metric without series."""
    empty = Series(GAUGE, []).samples(np.array([]))
    for blocks in ([], [empty]):
        assert render(blocks, openmetrics) == (b"# EOF\n" if openmetrics else b"")


def test_infinities_are_spelled_as_prometheus_does() -> None:
    """Infinite values are exported, beside finite ones and beside NaN."""
    series = Series(GAUGE, [("m", "a"), ("m", "b"), ("m", "c"), ("m", "d")])
    lines = render([series.samples([np.inf, -np.inf, np.nan, 1.0])], False).decode().splitlines()[2:]
    assert [line.split(" ")[1] for line in lines] == ["+Inf", "-Inf", "1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.0, "-0"),
        (5.0, "5"),
        (10, "10"),
        (100.5, "100.5"),
        (2**53, "9007199254740992"),
        (1760000000.123456, "1760000000.123456"),
        (1 / 3, "0.3333333333333333"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e300"),
        (True, "1"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
    ],
)
def test_numbers_are_short_and_exact(value: float, text: str) -> None:
    """The shortest digits that read back as the same number; no decimal point where there is nothing behind it."""
    assert render([Series(PLAIN, [()]).samples([value])], False).decode().splitlines()[-1] == f"model_test_up {text}"


def test_whole_and_broken_numbers_may_be_mixed() -> None:
    """The sum of a histogram does not give its counts a decimal point, nor does 10.05 lose its zero."""
    series = Series(GAUGE, [("m", str(index)) for index in range(5)])
    lines = render([series.samples([1, 10.05, 20, 0.0, 3.0])], False).decode().splitlines()[2:]
    assert [line.split(" ")[1] for line in lines] == ["1", "10.05", "20", "0", "3"]


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0], 1.0, [[1.0, 2.0]]])
def test_a_wrong_number_of_values_is_an_error(values: list[float]) -> None:
    """A value never slips to the neighbouring series; the error names the metric."""
    with pytest.raises(ValueError, match="model_test_psi: 2 series"):
        render([Series(GAUGE, [("m", "a"), ("m", "b")]).samples(values)], False)


def test_a_lone_surrogate_does_not_stop_the_scrape() -> None:
    """What UTF-8 cannot hold is replaced, so that one odd category does not blind everybody."""
    body = render([Series(GAUGE, [("credit", "a\ud800b")]).samples([1])], False)
    assert b'feature="a?b"' in body


label_sets = st.lists(
    st.tuples(st.text(), st.text(alphabet='\\"\n{},=# nt\r\u2028é日\x00')), min_size=1, max_size=8, unique=True
)


@both_formats
@given(labels=label_sets, data=st.data())
def test_any_labels_and_numbers_survive_the_round_trip(
    openmetrics: bool, labels: list[tuple[str, str]], data: st.DataObject
) -> None:
    """Quotes, line feeds, backslashes and any finite number are read back exactly as they were."""
    finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
    values = data.draw(st.lists(finite, min_size=len(labels), max_size=len(labels)))
    body = render([Series(GAUGE, labels).samples(values)], openmetrics)
    expected = {
        (GAUGE.name, (("model", model), ("feature", feature))): value
        for (model, feature), value in zip(labels, values, strict=True)
    }
    assert parsed(body, openmetrics) == expected


@both_formats
@given(counts=st.lists(st.integers(0, 2**40), min_size=3, max_size=3), total=st.floats(0, 1e12))
def test_histograms_survive_the_round_trip(openmetrics: bool, counts: list[int], total: float) -> None:
    """Buckets, sum and count are read back as they were, whatever was counted."""
    body = render([HistogramSeries(HISTOGRAM, ["m"], [0.5, 1]).samples(np.array(counts), total)], openmetrics)
    label = ("model", "m")
    assert parsed(body, openmetrics) == {
        (f"{HISTOGRAM.name}_bucket", (label, ("le", "0.5"))): counts[0],
        (f"{HISTOGRAM.name}_bucket", (label, ("le", "1.0"))): counts[0] + counts[1],
        (f"{HISTOGRAM.name}_bucket", (label, ("le", "+Inf"))): sum(counts),
        (f"{HISTOGRAM.name}_sum", (label,)): total,
        (f"{HISTOGRAM.name}_count", (label,)): sum(counts),
    }
