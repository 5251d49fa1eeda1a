from __future__ import annotations

import numpy as np

from model_drift_exporter.commands.demo.requests import Requests


def test_taking_rows_takes_them_from_every_column() -> None:
    """A selection keeps rows together, and tells which have an outcome."""
    requests = Requests(
        ids=np.array(["a", "b", "c"]),
        time=np.array([1.0, 2.0, 3.0]),
        numeric={"x": np.array([10.0, 20.0, 30.0])},
        categorical={"k": np.array(["p", "q", "r"])},
        positive=np.array([True, False, True]),
        outcome_time=np.array([5.0, np.nan, 7.0]),
    )
    taken = requests.take(requests.labelled)
    assert len(taken) == 2
    assert taken.ids.tolist() == ["a", "c"]
    assert taken.time.tolist() == [1.0, 3.0]
    assert taken.numeric["x"].tolist() == [10.0, 30.0]
    assert taken.categorical["k"].tolist() == ["p", "r"]
    assert taken.positive.tolist() == [True, True]
    assert taken.outcome_time.tolist() == [5.0, 7.0]
