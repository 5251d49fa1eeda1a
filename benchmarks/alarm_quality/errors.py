"""Made-up errors for the peers: clean ones, and such that double."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .nulls import ERROR

__all__ = ["CHANGE", "write_clean", "write_doubled"]

CHANGE = 2_000
_BEHIND = 8_000


def write_clean(path: Path, labels: int) -> Path:
    """One row of errors with the usual rate."""
    np.save(path, np.random.default_rng(5).random((1, labels)) < ERROR)
    return path


def write_doubled(path: Path, trials: int) -> Path:
    """Rows of errors whose rate doubles after ``CHANGE`` labels."""
    rates = np.repeat([ERROR, 2 * ERROR], [CHANGE, _BEHIND])
    np.save(path, np.random.default_rng(6).random((trials, len(rates))) < rates)
    return path
