from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model_drift_exporter.statistics.betting.named_columns import named_columns

EVIDENCE = st.lists(st.sampled_from([-math.inf, -3.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0]), max_size=12)


@given(EVIDENCE, st.floats(-1, 4))
def test_it_names_the_largest_set_that_holds(evidence: list[float], threshold: float) -> None:
    """The k named columns each have M >= columns * c / k, and no larger k would do."""
    log_m = np.array(evidence)
    named = named_columns(log_m, threshold)
    order = sorted(range(len(evidence)), key=lambda column: (-evidence[column], column))
    possible = [
        k for k in range(1, len(order) + 1) if evidence[order[k - 1]] >= threshold + math.log(len(order)) - math.log(k)
    ]
    assert named.tolist() == order[: max(possible, default=0)]


def test_equal_evidence_is_named_in_the_order_of_the_columns() -> None:
    """Ties do not depend on chance."""
    assert named_columns(np.array([5.0, 9.0, 5.0, 9.0]), 1.0).tolist() == [1, 3, 0, 2]


def test_an_average_over_the_threshold_may_name_nobody() -> None:
    """Several columns can carry the mean over the threshold with none of them enough on its own."""
    log_m = np.log([17.0, 12.0, 8.0, 5.0])
    assert np.exp(log_m).mean() > 10.0
    assert named_columns(log_m, math.log(10.0)).tolist() == []


def test_no_columns_no_names() -> None:
    """A model without features names nothing."""
    assert named_columns(np.array([]), 0.0).tolist() == []
