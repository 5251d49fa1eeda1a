from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from model_drift_exporter.labels.completeness import CompleteDays
from model_drift_exporter.labels.label_store import LABEL, PREDICTION, LabelStore
from model_drift_exporter.reference.outcome_batch import OutcomeLayout

_DAY, _HOUR = 86_400.0, 3_600.0
_MONTH = 30 * _DAY
_NONE = np.empty(0, dtype=np.int64)
Array = npt.NDArray[np.float64]


def _times(days: int, each: int = 200) -> Array:
    return np.arange(days * each) * _DAY / each


def _predict(complete: CompleteDays, time: Array) -> None:
    complete.observe(time, np.zeros(len(time), dtype=np.bool_), np.arange(len(time)), _NONE, np.empty(0))


def _label(complete: CompleteDays, time: Array, *, revised: int = 0) -> None:
    """Labels for the predictions at these times; as many labels are revised afterwards."""
    places = np.arange(len(time))
    complete.observe(np.full(len(time), _MONTH), np.ones(len(time), dtype=np.bool_), _NONE, places, time)
    complete.observe_labels(np.arange(len(time) + revised) >= len(time))


def _until(complete: CompleteDays, now: float, maturity: float | None = _MONTH) -> float:
    complete.look(now, maturity, 3 * _MONTH)
    return complete.until / _DAY


def test_days_count_once_all_have_their_label() -> None:
    """From the oldest on: a day with gaps holds up those behind it, until it comes of age."""
    complete = CompleteDays()
    time = _times(10)
    _predict(complete, time)
    _label(complete, time[:1_000])
    assert _until(complete, 10 * _DAY) == 5.0
    _label(complete, time[1_200:])
    assert _until(complete, 10 * _DAY) == 5.0
    assert _until(complete, 36 * _DAY) == 10.0


def test_a_hundredth_may_be_missing() -> None:
    """Two of two hundred, but not three: what is missing can be nothing but right outcomes."""
    complete = CompleteDays()
    time = _times(1)
    _predict(complete, time)
    _label(complete, time[3:])
    assert _until(complete, 2 * _DAY) == -np.inf
    _label(complete, time[2:3])
    assert _until(complete, 2 * _DAY) == 1.0


def test_a_day_is_over_before_it_counts() -> None:
    """Its predictions are not all there."""
    complete = CompleteDays()
    _predict(complete, _times(1))
    _label(complete, _times(1))
    assert _until(complete, 0.99 * _DAY) == -np.inf
    assert _until(complete, _DAY) == 1.0
    complete.set_back(0.5 * _DAY)
    assert complete.until == 0.5 * _DAY


@pytest.mark.parametrize("maturity", [None, 0.0, 1.9 * _DAY])
def test_age_decides_where_it_is_not_known_or_short(maturity: float | None) -> None:
    """Nothing counts before the first wait is over; labels of a day are hardly sooner complete than mature."""
    complete = CompleteDays()
    _predict(complete, _times(2))
    _label(complete, _times(2))
    assert _until(complete, 2 * _DAY, maturity) == -np.inf
    assert complete.next_look(np.array([9 * _DAY] * 99), maturity) is None


def test_age_decides_where_labels_are_corrected() -> None:
    """A label that is no more than provisional makes nothing complete; one of a hundred may be a slip."""
    for revised, until in ((4, 2.0), (5, -np.inf)):
        complete = CompleteDays()
        _predict(complete, _times(2))
        _label(complete, _times(2), revised=revised)
        assert _until(complete, 2 * _DAY) == until


def test_a_label_that_comes_before_its_prediction_counts_with_it() -> None:
    """The prediction did not begin the entry."""
    complete = CompleteDays()
    time = _times(1)
    labels = np.ones(len(time), dtype=np.bool_)
    complete.observe(time, labels, np.arange(len(time)), _NONE, np.empty(0))
    complete.observe(time, ~labels, _NONE, np.arange(len(time)), time)
    assert _until(complete, _DAY) == 1.0
    assert complete.snapshot()["days"] == [[0, 200, 200]]


def test_looks_are_an_hour_and_32_events_apart() -> None:
    """At the first event of another hour, wherever events are cut."""
    now: Array = np.arange(400, dtype=np.float64) * 300.0
    found = []
    for size in (1, 7, 400):
        complete, looks, start = CompleteDays(), [], 0
        while start < len(now):
            end = min(start + size, len(now))
            place = complete.next_look(now[start:end], _MONTH)
            end = end if place is None else start + place + 1
            _predict(complete, now[start:end])
            if place is not None:
                complete.look(float(now[end - 1]), _MONTH, _MONTH)
                looks.append(end - 1)
            start = end
        found.append(looks)
    assert found[0] == found[1] == found[2]
    assert found[0][0] == 31
    assert (np.diff(found[0]) >= 32).all()


def test_a_snapshot_goes_on_and_one_without_days_starts_from_the_store() -> None:
    """So that labels of predictions of before do not seem to be more than their predictions."""
    complete, again = CompleteDays(), CompleteDays()
    _predict(complete, _times(3))
    _label(complete, _times(1))
    complete.look(3 * _DAY, _MONTH, _MONTH)
    again.restore(complete.snapshot())
    assert again.until == _DAY
    assert again.snapshot()["days"] == complete.snapshot()["days"] == [[0, 200, 200], [1, 200, 0], [2, 200, 0]]
    store = LabelStore(OutcomeLayout(True, ("no", "yes"), 1, 0), 1_000)
    rows = store.append(np.arange(3, dtype=np.uint64))
    store.columns["time"][rows] = [0.0, 1.0, _DAY]
    store.columns["flags"][rows] = [PREDICTION | LABEL, PREDICTION, LABEL]
    found = CompleteDays()
    found.count(store)
    assert found.snapshot()["days"] == [[0, 2, 1]]
