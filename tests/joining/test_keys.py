from __future__ import annotations

import numpy as np

from model_drift_exporter.joining.keys import keys_of, numbered_keys
from model_drift_exporter.records.identifiers import hash_identifiers


def test_keys_are_the_same_in_every_process() -> None:
    """They are part of what replicas and snapshots share: they never change."""
    assert int(keys_of("loans", hash_identifiers(["order-17"])[0])[0]) == 7769004140075805864


def test_keys_are_spread_evenly() -> None:
    """Consecutive numbers fill high and low bits alike, and no two keys are the same."""
    for keys in (keys_of("m", hash_identifiers(range(100_000))[0]), numbered_keys("m", 5, 100_000)):
        assert len(np.unique(keys)) == 100_000
        for counted in (keys >> np.uint64(60), keys & np.uint64(15)):
            counts = np.bincount(counted.astype(np.int64), minlength=16)
            assert np.abs(counts - 6_250).max() < 400


def test_spaces_have_keys_of_their_own() -> None:
    """One identifier of two models is two entries; a number in the stream has one key wherever a batch begins."""
    hashes, _ = hash_identifiers(["a", "b"])
    assert not set(keys_of("m", hashes).tolist()) & set(keys_of("n", hashes).tolist())
    assert numbered_keys("m", 0, 10)[3:].tolist() == numbered_keys("m", 3, 7).tolist()
