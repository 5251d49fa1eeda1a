"""What is said of copies: counters, the share of the last hour, and a finding that names them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import pytest

from model_drift_exporter.errors import StateError
from model_drift_exporter.monitors.copied_records import COPIES, CopiesMonitor
from model_drift_exporter.reference.coded_batch import CodedBatch
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import START, make_rows

_CONTEXT = context_of(reference())
_PANE = 600


def _batch(copied: Sequence[bool], *, start: float = START, step: float = 1.0, beyond: int = 0) -> CodedBatch:
    """The first copies are of one record, as are all records."""
    rows = [make_rows(1)[0] | {"ts": start + step * number} for number in range(len(copied))]
    batch = coded(_CONTEXT, rows)
    mask = np.array(copied, dtype=np.bool_)
    surplus = mask.copy()
    surplus[np.flatnonzero(~mask)[:beyond]] = True
    return attrs.evolve(batch, copied=mask if mask.any() else None, surplus=surplus if surplus.any() else None)


def _exported(monitor: CopiesMonitor) -> dict[str, float]:
    return {samples.series.metric.name: float(samples.values[0]) for samples in monitor.collect()}


def _share(monitor: CopiesMonitor) -> float:
    return _exported(monitor)["model_copied_records_share"]


def test_copies_and_bursts_are_counted() -> None:
    """Each for itself; before the first record there is no share."""
    monitor = CopiesMonitor(_CONTEXT)
    assert math.isnan(_share(monitor))
    monitor.observe(_batch([False, True, True, False, False], beyond=2))
    assert _exported(monitor) == {
        "model_copied_records_total": 2.0,
        "model_copied_records_share": 0.4,
        "model_burst_records_total": 2.0,
    }


def test_the_share_is_that_of_the_last_hour() -> None:
    """By event time."""
    monitor = CopiesMonitor(_CONTEXT)
    monitor.observe(_batch([True] * 30))
    assert _share(monitor) == 1.0
    monitor.observe(_batch([False] * 30, start=START + 3_000))
    assert _share(monitor) == 0.5
    monitor.observe(_batch([False] * 10, start=START + 6 * _PANE + _PANE))
    assert _share(monitor) == 0.0


def test_a_long_batch_is_as_many_short_ones() -> None:
    """Of records hours apart, too."""
    copied = [number % 3 == 0 for number in range(100)]
    whole, parts = CopiesMonitor(_CONTEXT), CopiesMonitor(_CONTEXT)
    whole.observe(_batch(copied, step=200.0))
    for number, each in enumerate(copied):
        parts.observe(_batch([each], start=START + 200.0 * number))
    assert _exported(whole) == _exported(parts)
    assert [*whole.findings()] == [*parts.findings()]


def test_a_finding_names_what_is_copied() -> None:
    """From one record in twenty, and twenty copies, on."""
    monitor = CopiesMonitor(_CONTEXT)
    monitor.observe(_batch([False] * 31 + [True] * 19))
    assert [*monitor.findings()] == []
    monitor.observe(_batch([False, True], start=START + 60))
    (finding,) = monitor.findings()
    assert finding.text == (
        "38.5 % of the last hour's records are copies of one record. They count once in ten minutes as evidence."
    )
    assert finding.figures == {"copied_records_share": _share(monitor)}
    assert finding.kind in {kind.kind for kind in COPIES.findings}


@pytest.mark.parametrize(("originals", "words"), [(2, "2 records"), (40, "40 records"), (300, "many records")])
def test_several_records_are_told_apart(originals: int, words: str) -> None:
    """Up to a number that fits into a snapshot."""
    monitor = CopiesMonitor(_CONTEXT)
    batch = coded(_CONTEXT, [row | {"ts": START} for row in make_rows(originals)] * 20)
    monitor.observe(
        attrs.evolve(batch, copied=np.arange(batch.size) >= originals, surplus=np.arange(batch.size) >= originals)
    )
    (finding,) = monitor.findings()
    assert f"are copies of {words}." in finding.text


def test_the_last_hour_goes_on_from_a_snapshot() -> None:
    """Counters begin anew with a restart, the share does not."""
    old, new = CopiesMonitor(_CONTEXT), CopiesMonitor(_CONTEXT)
    old.observe(_batch([False] * 20 + [True] * 30))
    state = old.snapshot()
    new.restore({"panes": state["panes"]})
    assert _share(new) == 0.6
    assert [*new.findings()] == [*old.findings()]
    assert _exported(new)["model_copied_records_total"] == 0.0
    damaged: Any
    for damaged in ({}, {"panes": [{}]}, None):
        with pytest.raises(StateError):
            new.restore(damaged)
    assert _share(new) == 0.6
