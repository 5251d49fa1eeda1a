"""Columns of raw values as logs hold them, for properties."""

from __future__ import annotations

import math

from hypothesis import strategies as st

JSON = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**53, -(2**53) - 1]),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1.0, 2.0, math.nan, math.inf, -math.inf, 1e308, 5e-324]),
    st.sampled_from(["", "0", "1", "-1", "007", "true", "false", "True", "None", "nan", "1.0", "gold", "٣"]),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=1), st.integers(), max_size=2),
)
COLUMNS = st.one_of(
    st.lists(JSON, max_size=12),
    st.lists(st.one_of(st.none(), st.floats(), st.integers(-3, 3)), max_size=12),
    st.lists(st.one_of(st.none(), st.integers(-3, 9)), max_size=12),
    st.lists(st.one_of(st.none(), st.sampled_from(["1", "gold", "", "x", "true"])), max_size=12),
)


def as_float(value: object) -> float:
    assert isinstance(value, int | float)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
