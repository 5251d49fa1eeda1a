from __future__ import annotations

import numpy as np
import pytest

from model_drift_exporter.labels.recent import RecentShares


def test_shares_are_of_the_recent_ones() -> None:
    """Those of the last 1,000 to 2,000; before any there is none."""
    shares = RecentShares(2)
    assert shares.share(0) == 0.0
    shares.add([np.ones(1_000, dtype=np.bool_), np.zeros(1_000, dtype=np.bool_)])
    shares.add([np.zeros(500, dtype=np.bool_), np.arange(500) < 150])
    assert (shares.share(0), shares.share(1)) == (1_000 / 1_500, 150 / 1_500)
    shares.add([np.zeros(1_500, dtype=np.bool_)] * 2)
    assert (shares.share(0), shares.share(1)) == (0.0, 0.0)
    assert shares.size == 3_000


def test_the_cut_does_not_matter() -> None:
    """One by one, and with a snapshot in between, it is the same."""
    masks = [np.arange(2_345) % 7 == 0, np.arange(2_345) % 5 == 0]
    whole, parts = RecentShares(2), RecentShares(2)
    whole.add(masks)
    for start in range(0, 2_345, 19):
        state, parts = parts.snapshot(), RecentShares(2)
        parts.restore(state)
        parts.add([mask[start : start + 19] for mask in masks])
    np.testing.assert_equal(parts.snapshot(), whole.snapshot())
    with pytest.raises(ValueError, match="other kinds"):
        RecentShares(3).restore(whole.snapshot())
