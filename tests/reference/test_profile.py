from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.reference.profile import ABOVE, BELOW, INVALID, MISSING, OTHER, Column, bin_name
from tests.support.prediction_log import batch_of, make_rows, profile_of


@pytest.mark.parametrize(
    ("category", "name"),
    [
        ("de", "de"),
        ("b07", "_b07"),
        ("_b07", "__b07"),
        ("b7", "b7"),
        ("b123", "b123"),
        ("__missing__", "___missing__"),
        ("___missing__", "____missing__"),
        ("__anything__", "___anything__"),
        ("_plain", "_plain"),
        ("", "_"),
        ("_", "__"),
    ],
)
def test_categories_that_look_like_bins_get_an_underscore(category: str, name: str) -> None:
    """A category is verbatim but where it could be taken for another bin, or would be empty."""
    assert bin_name(category) == name


_NAMES = st.one_of(st.text(max_size=6), st.from_regex(r"_{0,3}(b\d\d|__[a-z]{0,3}__)?", fullmatch=True))


@given(_NAMES, _NAMES)
def test_no_two_categories_share_a_bin(one: str, other: str) -> None:
    """Different categories have different bins, none of them the name of a bin of ours."""
    assert (bin_name(one) == bin_name(other)) == (one == other)
    assert bin_name(one) not in {BELOW, ABOVE, OTHER, MISSING, INVALID, *(f"b{number:02d}" for number in range(14))}


def test_bounds_are_labels() -> None:
    """Numeric bins say their limits, from minus to plus infinity; special bins have none."""
    column = Column(
        name="age",
        role="feature",
        kind="numeric",
        counts=dict.fromkeys(("a", "b", "c", "d", "e", "f"), 0),
        edges=[1, 2, 5.5],
    )
    assert column.bounds == (("-Inf", "1.0"), ("1.0", "2.0"), ("2.0", "5.5"), ("5.5", "+Inf"), ("", ""), ("", ""))


def test_columns_by_role() -> None:
    """Features come first, and the others are found by their role."""
    profile = profile_of([batch_of(make_rows(100))])
    assert [column.name for column in profile.features] == ["age", "country"]
    assert [column.role for column in profile.columns[2:]] == ["prediction", "score", "confidence", "margin", "entropy"]
    score = profile.column("score")
    assert score is not None
    assert score.numeric
    assert profile.column("latency") is None
