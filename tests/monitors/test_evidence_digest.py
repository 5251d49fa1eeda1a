from __future__ import annotations

import numpy as np

from model_drift_exporter.monitors.evidence_digest import digest_of


def test_what_is_the_same_has_the_same_digest() -> None:
    """The last digits of an array do not count, nor does the sign of 0, nor whether numbers are whole ones."""
    assert digest_of(["a", np.array([0.1, 0.0])]) == digest_of(["a", np.array([0.1 + 1e-12, -0.0])])
    assert digest_of([np.array([1, 2])]) == digest_of([np.array([1.0, 2.0])])


def test_what_differs_has_another_digest() -> None:
    """Values, shapes, plain values, and which part it is."""
    table = np.arange(6.0)
    parts: list[list[object]] = [[table], [table + 1e-5], [table.reshape(2, 3)], [table, 0.02]]
    parts += [[0.02, table], [0.03, table], [None, table]]
    assert len({digest_of(part) for part in parts}) == len(parts)
