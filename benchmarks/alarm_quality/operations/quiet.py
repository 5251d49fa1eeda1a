"""The kinds in which nothing is wrong."""

from __future__ import annotations

from . import deliveries, labels
from .kind import TRAINING, Kind, Reference
from .world import World

__all__ = ["QUIET"]

_YEAR = Reference(365.0, 10_000, "shuffled")
_KINDS = (
    Kind("iid-10000", reference=Reference(30.0, 10_000)),
    Kind("copies-2", deliveries=(deliveries.copied(2),), labels=labels.in_record, reference=TRAINING),
    Kind("copies-5", World(rate=400), deliveries=(deliveries.copied(5),), labels=labels.in_record, reference=TRAINING),
    Kind("storm", live=(deliveries.storms(3_000),), labels=labels.in_record),
    Kind("storm-unlabelled", live=(deliveries.storms(3_000),), labels=labels.none),
    Kind("storm-wrong-30", live=(deliveries.storms(30, wrong=True),), labels=labels.in_record),
    Kind("garbage-500", live=(deliveries.burst_of_garbage(500),)),
    Kind("garbage-1000", live=(deliveries.burst_of_garbage(1_000),)),
    Kind("garbage-5000", live=(deliveries.burst_of_garbage(5_000),)),
    Kind("weekly-customer", inputs=(deliveries.customer(),)),
    Kind("complaints-first", labels=labels.complaints_first),
    Kind("corrected-later", labels=labels.corrected_later()),
    Kind("days-differ", World(day_sd=0.3), Reference(60.0)),
    Kind("days-differ-shuffled", World(day_sd=0.3), Reference(365.0, 10_000, "shuffled", times=False)),
    Kind("days-differ-shuffled-times", World(day_sd=0.3), _YEAR),
    Kind("five-in-a-row-training", World(together=5), TRAINING),
    Kind("five-in-a-row", World(together=5), Reference(60.0)),
    Kind("error-by-day", World(error_sd=0.04), streams=4),
    Kind("error-by-day-shuffled", World(error_sd=0.04), _YEAR, streams=4),
    Kind("mood-10", World(error_sd=0.03, error_memory=20.0), Reference(10.0), streams=4),
    Kind("mood-60", World(error_sd=0.03, error_memory=20.0), Reference(60.0), streams=4),
)

QUIET = {kind.name: kind for kind in _KINDS}
"""By name."""
