from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from functools import partial

import numpy as np

from model_drift_exporter.pipeline.label_sort import labels_by_time
from model_drift_exporter.pipeline.merge import Log, merged
from model_drift_exporter.records.batches import Decoded, LabelBatch
from model_drift_exporter.records.columns import Identifiers, Numbers, Texts
from model_drift_exporter.records.identifiers import hash_identifiers

START = 1_700_000_000.0


def test_labels_are_sorted_by_time_whatever_files_they_came_in() -> None:
    """Shuffled or in several files: those with times in their order, one without a time behind the one before it."""
    first = Decoded(labels=LabelBatch.of(3, time=[START + 5, None, START + 1], label=["a", "b", "c"]), lines=3)
    second = Decoded(labels=LabelBatch.of(2, time=[START + 3, START + 9], label=["d", "e"], id=[1, 2]), lines=2)
    text = Decoded(labels=LabelBatch.of(1, time=[str(START)], label=["f"], text=True), lines=1)
    found = [batch.labels for batch in labels_by_time([first, Decoded(), second, text]) if batch.labels is not None]
    assert [[*batch.labels] for batch in found] == [["c", "d", "a", "b", "e"], ["f"]]
    first_id, second_id = hash_identifiers([1, 2])[0].tolist()
    assert [*found[0].fields["id"]] == [None, first_id, None, None, second_id]
    log = Log("labels", partial(next, labels_by_time([first, second]), None), labels=True, in_order=True)
    parts = [piece.decoded.labels for piece in merged([log])]
    told_in_order = [label for part in parts if part is not None for label in part.labels]
    assert told_in_order == ["c", "d", "a", "b", "e"]


def _many_labels(number: int) -> Iterator[Decoded]:
    """Labels in chunks, each later than the one before, those within a chunk in any order."""
    random = np.random.default_rng(1)
    for first in range(0, number, 5_000):
        time = Numbers(START + first + 9_000.0 * random.random(5_000))
        hashes = random.integers(0, 2**64, 5_000, dtype=np.uint64)
        label = Texts.of(["yes", "no"]).take(random.integers(0, 2, 5_000))
        identifiers = Identifiers(hashes, np.ones(5_000, dtype=np.bool_))
        yield Decoded(labels=LabelBatch.of(5_000, time=time, id=identifiers, label=label), lines=5_000)


def test_labels_are_sorted_in_bounded_memory() -> None:
    """Four times as many take no more."""
    peaks = []
    for number in (200_000, 800_000):
        tracemalloc.start()
        last, count = -np.inf, 0
        for decoded in labels_by_time(_many_labels(number)):
            assert decoded.labels is not None
            times = decoded.labels.fields["time"]
            assert isinstance(times, Numbers)
            assert last <= times.values[0]
            assert (np.diff(times.values) >= 0).all()
            last, count = times.values[-1], count + decoded.labels.size
        assert count == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < min(1.1 * peaks[0], 32 << 20)
