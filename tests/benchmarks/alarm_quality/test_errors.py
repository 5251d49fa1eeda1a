from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.alarm_quality.errors import CHANGE, write_clean, write_doubled


def test_rates_of_errors(tmp_path: Path) -> None:
    """A tenth are wrong; in the other file twice as many from the change on."""
    clean = np.load(write_clean(tmp_path / "clean.npy", 20_000))
    doubled = np.load(write_doubled(tmp_path / "doubled.npy", 10))
    assert clean.shape == (1, 20_000)
    assert clean.mean() == pytest.approx(0.1, abs=0.01)
    assert doubled[:, :CHANGE].mean() == pytest.approx(0.1, abs=0.01)
    assert doubled[:, CHANGE:].mean() == pytest.approx(0.2, abs=0.01)
