from __future__ import annotations

import numpy as np
import pytest

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations import labels
from benchmarks.alarm_quality.operations.stream import DAY, Stream

_SIZE = 4_000


def _answered() -> Stream:
    random = np.random.default_rng(1)
    columns = {
        "time": START + np.sort(random.uniform(0.0, 30 * DAY, _SIZE)),
        "predicted": (random.random(_SIZE) < 0.5).astype(np.float64),
        "label": (random.random(_SIZE) < 0.5).astype(np.float64),
        "source": np.arange(_SIZE, dtype=np.float64),
    }
    return Stream({"x": np.zeros(_SIZE)}, columns, {})


def _days(stream: Stream) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    delay: np.ndarray[tuple[int], np.dtype[np.float64]] = (stream["labelled"] - stream["time"]) / DAY
    return delay


def test_mistakes_come_first_or_last() -> None:
    """Hours against a day and a half."""
    stream = _answered()
    wrong = stream["label"] != stream["predicted"]
    random = np.random.default_rng(2)
    found = _days(labels.bad_first(stream, random))
    assert found[wrong].max() < 0.2
    assert found[~wrong].min() > 1.0
    assert _days(labels.good_first(stream, random))[wrong].min() > 1.0


def test_complaints_come_before_the_end_of_the_month() -> None:
    """Half of the mistakes early, all else together."""
    stream = _answered()
    wrong = stream["label"] != stream["predicted"]
    found = labels.complaints_first(stream, np.random.default_rng(3))
    early = _days(found) < 1.21
    assert early[wrong & (stream["time"] < START + 20 * DAY)].mean() == pytest.approx(0.5, abs=0.05)
    assert not early[~wrong & (stream["time"] < START + 20 * DAY)].any()


def test_a_tenth_is_wrong_at_first_and_corrected() -> None:
    """The wrong label is the other class; right ones come once."""
    found = labels.corrected_later(0.1, 5.0)(_answered(), np.random.default_rng(4))
    corrected = np.isfinite(found["first_labelled"])
    assert corrected.mean() == pytest.approx(0.1, abs=0.02)
    assert (found["first_label"] == 1.0 - found["label"]).all()
    assert (_days(found)[corrected] > 5.0).all()
    assert (_days(found)[~corrected] < 1.21).all()


def test_batches_come_at_the_end_of_their_period() -> None:
    """Within an hour; and some labels never come."""
    found = labels.in_batches(7.0)(_answered(), np.random.default_rng(5))
    assert (((found["labelled"] - START) % (7 * DAY)) <= 3_600.0).all()
    assert (_days(found) <= 7.05).all()
    some = labels.only_some(0.1)(_answered(), np.random.default_rng(6))
    assert np.isfinite(some["labelled"]).mean() == pytest.approx(0.1, abs=0.02)
    assert np.isinf(labels.none(_answered(), np.random.default_rng(6))["labelled"]).all()


def test_positives_of_chargebacks_come_first_and_negatives_are_turned() -> None:
    """No positive after two months, no negative before; a flipped negative stood as one."""
    stream = _answered()
    positive = stream["label"] > 0
    found = labels.chargebacks(stream, np.random.default_rng(7))
    assert _days(found)[positive].max() <= 60.0 <= _days(found)[~positive].min() + 1e-6
    turned = labels.negatives_first(stream, np.random.default_rng(8))
    assert (np.isfinite(turned["first_labelled"]) == positive).all()
    assert (turned["first_label"] == 0).all()
