from __future__ import annotations

import numpy as np

from model_drift_exporter.commands.demo.incident import Incident
from model_drift_exporter.commands.demo.requests import Requests

INCIDENT = Incident("distance", 1.5, "carrier", "UA", "U2")


def three_requests() -> Requests:
    return Requests(
        ids=np.array(["1", "2", "3"]),
        time=np.array([10.0, 20.0, 30.0]),
        numeric={"distance": np.array([100.0, 200.0, 300.0]), "seats": np.array([1.0, 2.0, 3.0])},
        categorical={"carrier": np.array(["UA", "UA", "DL"]), "origin": np.array(["UA", "UA", "UA"])},
        positive=np.zeros(3, dtype=np.bool_),
        outcome_time=np.full(3, 99.0),
    )


def test_it_changes_one_number_and_one_category_from_its_start_on() -> None:
    """Earlier requests, other columns and other categories stay as they are."""
    changed = INCIDENT.befall(three_requests(), 20.0)
    assert changed.numeric["distance"].tolist() == [100.0, 300.0, 450.0]
    assert changed.numeric["seats"].tolist() == [1.0, 2.0, 3.0]
    assert changed.categorical["carrier"].tolist() == ["UA", "U2", "DL"]
    assert changed.categorical["origin"].tolist() == ["UA", "UA", "UA"]


def test_before_its_start_nothing_is_touched() -> None:
    """Requests from before are passed on themselves."""
    requests = three_requests()
    assert INCIDENT.befall(requests, 31.0) is requests


def test_it_says_what_was_done() -> None:
    """The tour reveals it in words."""
    assert str(INCIDENT) == 'distance arrives multiplied by 1.5, and carrier "UA" is called "U2"'
