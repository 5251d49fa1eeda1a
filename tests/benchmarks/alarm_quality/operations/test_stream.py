from __future__ import annotations

import numpy as np

from benchmarks.alarm_quality.laws import START
from benchmarks.alarm_quality.operations.stream import Stream, distinct_mean


def _stream(times: list[float], **columns: list[float]) -> Stream:
    size = len(times)
    found = {name: np.array(values) for name, values in columns.items()}
    return Stream(
        {"x": np.arange(size, dtype=np.float64), "plan": np.array([0.0, np.nan] * size)[:size]},
        {
            "time": START + np.array(times),
            "predicted": np.zeros(size),
            "label": np.ones(size),
            "source": np.arange(size, dtype=np.float64),
            **found,
        },
        {"plan": ("gold",)},
    )


def test_labels_stand_behind_the_record_after_which_they_come() -> None:
    """In the order in which they come; what comes after the last record is not in the log. Rejected lines have numbers too."""
    stream = _stream([0.0, 10.0, 20.0], labelled=[START + 15.0, START + 12.0, START + 30.0])
    (batch,) = stream.batches()
    assert batch.records is not None
    assert batch.labels is not None
    assert batch.records.position.tolist() == [0, 1, 2]
    assert batch.labels.position.tolist() == [1, 1]
    assert [*batch.labels.fields["id"]] == [batch.records.fields["id"][place] for place in (1, 0)]
    assert [*batch.records.features["plan"]] == ["gold", None, "gold"]


def test_a_label_that_is_corrected_comes_twice_and_that_of_copies_once() -> None:
    """First the one that is wrong; a copy has the identifier of its original."""
    stream = _stream(
        [0.0, 1.0, 99.0],
        source=[0.0, 0.0, 2.0],
        labelled=[START + 50.0, START + 50.0, np.inf],
        first_label=[0.0, 0.0, 0.0],
        first_labelled=[START + 5.0, START + 5.0, np.inf],
    )
    (batch,) = stream.batches()
    assert batch.records is not None
    assert batch.labels is not None
    assert [*batch.labels.fields["label"]] == ["no", "yes"]
    assert [*batch.labels.fields["id"]] == [batch.records.fields["id"][0]] * 2
    assert batch.records.fields["id"][0] == batch.records.fields["id"][1] != batch.records.fields["id"][2]


def test_rejected_lines_stand_between_records() -> None:
    """By their times."""
    stream = _stream([0.0, 10.0], labelled=[np.inf, np.inf])
    object.__setattr__(stream, "garbage", START + np.array([4.0, 5.0, 11.0]))
    (batch,) = stream.batches()
    assert batch.records is not None
    assert batch.records.position.tolist() == [0, 3]
    assert batch.rejected.tolist() == [1, 2, 4]


def test_copies_count_once_in_a_mean() -> None:
    """Whatever their number."""
    assert distinct_mean(np.array([1.0, 1.0, 1.0, 0.0]), np.array([5.0, 5.0, 5.0, 7.0])) == 0.5
