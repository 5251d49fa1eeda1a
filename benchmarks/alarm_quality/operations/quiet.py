"""The kinds in which nothing is wrong."""

from __future__ import annotations

from . import deliveries, faults, features, labels, outputs
from .kind import TRAINING, Kind, Reference
from .world import Classifier, World

__all__ = ["QUIET"]

_YEAR = Reference(365.0, 10_000, "shuffled")
_UNTIMED_YEAR = Reference(365.0, 10_000, "shuffled", times=False)
_CATEGORIES = (features.only("plan", "region"), features.devices)
_SURE = Classifier(4.0)
_RARE = Classifier(2.0, -13.5), Classifier(2.0, -9.5)
"""About one positive in a thousand, and in a hundred."""

_KINDS = (
    Kind("iid-500", World(noise=0.06), Reference(30.0, 500)),
    Kind("iid-2000", World(noise=0.06), Reference(30.0, 2_000)),
    Kind("iid-10000", reference=Reference(30.0, 10_000)),
    Kind("iid-1M", World(rate=1_000), Reference(1_000.0), years=2.0, streams=1),
    *(
        Kind(f"season-{rate}-{days}d", World(rate=rate, season=1.0, busy=0.7), Reference(days))
        for rate in (300, 5_000)
        for days in (10, 21, 60)
    ),
    Kind("night-errors", World(rate=300, busy=0.7, night_errors=2.0), Reference(10.0)),
    Kind("growth", World(rate=300, busy=0.7, growth=0.1)),
    Kind(
        "holidays",
        World(rate=300, busy=0.7, season=0.5, holidays=(30, 31, 120, 200, 201, 202, 203, 204)),
        Reference(60.0),
    ),
    Kind("daylight-saving", World(rate=300, busy=0.7, season=1.0, utc_offset=1.0, offset_from=90.0), Reference(60.0)),
    Kind(
        "slots-daylight-saving",
        World(rate=5_000, busy=0.7, season=1.0, utc_offset=1.0, offset_from=7.0),
        Reference(60.0),
        years=0.1,
        streams=5,
    ),
    Kind(
        "slots-holiday-week",
        World(rate=5_000, busy=0.7, season=1.0, holidays=(14, 15, 16, 17, 18, 19, 20)),
        Reference(60.0),
        years=0.1,
        streams=5,
    ),
    Kind(
        "slots-holiday", World(rate=5_000, busy=0.7, season=1.0, holidays=(14,)), Reference(60.0), years=0.1, streams=5
    ),
    Kind("days-differ", World(day_sd=0.3), Reference(60.0)),
    Kind("days-differ-shuffled", World(day_sd=0.3), _UNTIMED_YEAR),
    Kind("days-differ-shuffled-times", World(day_sd=0.3), _YEAR),
    Kind("sessions-training", World(session=20), TRAINING),
    Kind("five-in-a-row-training", World(together=5), TRAINING),
    Kind("five-in-a-row", World(together=5), Reference(60.0)),
    Kind("copies-2", World(rate=500), deliveries=(deliveries.copied(2),), labels=labels.in_record, reference=TRAINING),
    Kind("copies-5", World(rate=200), deliveries=(deliveries.copied(5),), labels=labels.in_record, reference=TRAINING),
    Kind(
        "copies-5-live",
        World(rate=200),
        live=(deliveries.copied(5),),
        labels=labels.in_record,
        reference=Reference(60.0),
    ),
    Kind("storm", live=(deliveries.storms(3_000),), labels=labels.in_record),
    Kind("storm-unlabelled", live=(deliveries.storms(3_000),), labels=labels.none),
    Kind("storm-wrong-30", live=(deliveries.storms(30, wrong=True),), labels=labels.in_record),
    Kind("weekly-customer", inputs=(deliveries.customer(),)),
    Kind("weekly-customer-new", live=(deliveries.customer(),)),
    *(Kind(f"garbage-{lines}", live=(deliveries.burst_of_garbage(lines),)) for lines in (50, 300, 500, 1_000, 5_000)),
    Kind("error-by-day", World(error_sd=0.04), streams=4),
    Kind("error-by-day-shuffled", World(error_sd=0.04), _YEAR, streams=4),
    Kind("mood-10", World(error_sd=0.03, error_memory=20.0), Reference(10.0), streams=4),
    Kind("mood-60", World(error_sd=0.03, error_memory=20.0), Reference(60.0), streams=4),
    Kind("corrected-later", labels=labels.corrected_later()),
    Kind("complaints-first", labels=labels.complaints_first),
    Kind("labels-tenth", labels=labels.only_some(0.1)),
    Kind("labels-by-score", labels=labels.unsure_ones),
    Kind("labels-weekly", labels=labels.in_batches(7.0)),
    Kind("labels-monthly", labels=labels.in_batches(30.0)),
    Kind("bad-first", labels=labels.bad_first),
    Kind("good-first", labels=labels.good_first),
    Kind("wrong-on-top", labels=labels.wrong_on_top),
    Kind("chargebacks", labels=labels.chargebacks),
    Kind("negatives-flipped", labels=labels.negatives_first),
    Kind("positives-0.1%", World(noise=0.0), classifier=_RARE[0]),
    Kind("positives-1%", World(noise=0.0), classifier=_RARE[1]),
    Kind("nightly-batch", World(nightly_batch=True), years=2.0),
    Kind("nightly-batch-days-differ", World(nightly_batch=True, day_sd=0.15), Reference(60.0)),
    Kind("five-a-day", World(rate=5), Reference(400.0), years=10.0),
    Kind(
        "20000-a-second",
        World(rate=20_000 * 86_400),
        Reference(10 / 86_400),
        labels=labels.in_record,
        years=50 / 31_557_600,
    ),
    Kind("clocks", deliveries=(deliveries.clocks(-7.0, 0.0, 5.0),)),
    Kind("two-versions", deliveries=(deliveries.versions_in_turns(),)),
    Kind("canary", live=(deliveries.versions_in_turns(0.05),)),
    Kind("daily-versions", live=(faults.daily_versions,), labels=labels.days_late(3.0)),
    Kind("zips", causes=(features.zips(3_000),)),
    Kind("columns-300", World(rate=200), causes=(features.many_columns(292),), reference=Reference(50.0)),
    Kind("constants", causes=(features.constants,)),
    *(
        Kind(f"missing-at-night-{days}d", World(busy=0.7, missing_at_night=0.35), Reference(days))
        for days in (10, 21, 60)
    ),
    Kind("regression", outputs=(outputs.as_regression(2.2),)),
    Kind("counters", World(rate=200), causes=(features.counters,)),
    Kind("same-customers", World(nightly_batch=True, rate=300), causes=(features.same_customers(300),)),
    Kind(
        "same-customers-training",
        World(nightly_batch=True, rate=300),
        Reference(30.0, None, "shuffled", times=False),
        causes=(features.same_customers(300),),
    ),
    Kind(
        "categories-1-a-second",
        World(rate=86_400),
        Reference(1.0),
        causes=_CATEGORIES,
        classifier=_SURE,
        years=7 / 365.25,
    ),
    Kind(
        "categories-100-a-second",
        World(rate=100 * 86_400),
        Reference(0.01),
        causes=_CATEGORIES,
        classifier=_SURE,
        labels=labels.in_record,
        years=0.07 / 365.25,
    ),
)

QUIET = {kind.name: kind for kind in _KINDS}
"""By name."""
