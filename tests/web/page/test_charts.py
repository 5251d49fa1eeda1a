"""Inline SVG charts: the shapes say the counts, the text is escaped, and the markup is well-formed and small."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.service.status import BinStatus
from model_drift_exporter.web.page.charts import SPECIAL_BINS, distribution_chart, psi_scale, shares
from tests.support.page_statuses import HOSTILE, column

_COUNTS = st.integers(min_value=0, max_value=10**9)
_NAMES = st.one_of(st.sampled_from(sorted(SPECIAL_BINS)), st.text(min_size=1, max_size=12))
_BINS = st.lists(
    st.builds(
        BinStatus, _NAMES, st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"])), _COUNTS, _COUNTS
    ),
    max_size=30,
)


def _path(svg: str, name: str, index: int = 0) -> str:
    return str(re.findall(rf'<path class="{name}" d="([^"]*)"', svg)[index])


def _parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 (our own markup)


def _heights(path: str) -> list[float]:
    return [float(height) for height in re.findall(r"v-([\d.]+)h", path)]


def test_bar_heights_are_in_proportion_to_the_counts() -> None:
    """A bin with three times the count has a bar three times as high, and an empty bin has none."""
    bins = [BinStatus(f"b{i:02}", str(i), 10, count) for i, count in enumerate([10, 30, 0])]
    low, high = _heights(_path(distribution_chart(bins, "numeric", "x"), "now"))
    assert high == pytest.approx(3 * low, abs=0.2)


def test_the_outline_follows_the_reference_not_the_window() -> None:
    """Two charts with the same reference shape and other counts of equal peak share differ in their bars only."""
    even = [BinStatus(f"b{i:02}", str(i), was, now) for i, (was, now) in enumerate([(5, 5), (3, 3), (2, 2)])]
    moved = [BinStatus(f"b{i:02}", str(i), was, now) for i, (was, now) in enumerate([(5, 2), (3, 3), (2, 5)])]
    one, other = (distribution_chart(bins, "numeric", "x") for bins in (even, moved))
    assert _path(one, "was") == _path(other, "was")
    assert _path(one, "now") != _path(other, "now")


def test_special_bins_stand_apart_in_plain_words() -> None:
    """Missing and out-of-range counts are lying bars with a word each, right of the histogram."""
    svg = distribution_chart(column("age", shift=0.5).bins, "numeric", "age")
    words = {each.text: float(each.get("x", "0")) for each in _parsed(svg).iter("text")}
    assert {"below", "above", "missing", "invalid"} <= words.keys()
    assert words["missing"] > 216
    assert "__" not in svg


def test_few_categories_are_each_named_and_many_by_their_first_and_last() -> None:
    """Two classes both have their label; of eight categories the ends do."""
    two = distribution_chart(column("p", kind="categorical", categories=["late", "on time"]).bins, "categorical", "p")
    eight = distribution_chart(column("carrier", kind="categorical").bins, "categorical", "carrier")
    assert ">late<" in two
    assert ">on time<" in two
    assert ">UA<" in eight
    assert ">9E<" in eight
    assert ">DL<" not in eight


def test_a_window_without_counts_shows_the_outline_alone() -> None:
    """Nothing in the window leaves the bars empty and the reference visible."""
    svg = distribution_chart([BinStatus("b00", "0 to 1", 5, 0), BinStatus("b01", "1 to 2", 5, 0)], "numeric", "x")
    assert _path(svg, "now") == ""
    assert _path(svg, "was")


def test_hostile_names_and_labels_are_escaped() -> None:
    """A category or feature name with markup stays text."""
    bins = [BinStatus(HOSTILE, HOSTILE, 1, 1), BinStatus("b", "b", 1, 1)]
    svg = distribution_chart(bins, "categorical", HOSTILE)
    root = _parsed(svg)
    assert root.get("aria-label") == HOSTILE
    assert "<script" not in svg
    assert "<img" not in svg


@given(_BINS, st.sampled_from(["numeric", "categorical"]))
def test_any_counts_give_well_formed_markup_inside_the_picture(bins: list[BinStatus], kind: str) -> None:
    """Whatever the counts, the SVG parses, has an accessible name, and no bar is higher than the picture."""
    svg = distribution_chart(bins, kind, "any")
    root = _parsed(re.sub("[\ud800-\udfff\ufffe\uffff]", "", svg))
    assert root.get("role") == "img"
    assert root.get("aria-label") == "any"
    assert all(height <= 53.5 for path in re.findall(r'class="now" d="([^"]*)"', svg) for height in _heights(path))


@given(_BINS)
def test_shares_add_up_to_one_or_are_all_zero(bins: list[BinStatus]) -> None:
    """Shares are of all counts of their side."""
    for side in shares(bins):
        assert sum(side) == pytest.approx(1.0) or not any(side)


def test_a_chart_of_eighteen_bins_is_small() -> None:
    """One chart stays below 1,600 bytes, so that 200 of them fit a lean page."""
    assert len(distribution_chart(column("age", shift=0.3).bins, "numeric", "age")) < 1600


@pytest.mark.parametrize(("psi", "place"), [(0.0, 5.0), (0.001, 5.0), (0.1, 160.0), (10.0, 315.0), (50.0, 315.0)])
def test_the_dot_of_the_scale_is_logarithmic_and_stays_on_it(psi: float, place: float) -> None:
    """The dot stands at the logarithm of PSI between 0.001 and 10, and at an end beyond."""
    match = re.search(r'<circle class="now" cx="([\d.]+)"', psi_scale(psi, 0.01, 0.02))
    assert match is not None
    assert float(match[1]) == pytest.approx(place, abs=0.1)


def test_the_scale_does_without_a_noise_floor() -> None:
    """Where no floor is known, neither line nor shade is drawn."""
    svg = psi_scale(0.2, None, None)
    assert "noise" not in svg
    assert '"was"' not in svg
