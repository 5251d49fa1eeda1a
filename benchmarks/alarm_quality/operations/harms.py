"""The harms: what goes wrong on day five, and which alarm must say so."""

from __future__ import annotations

import attrs
import numpy as np

from . import deliveries, faults, features, labels, outputs
from .deliveries import Change
from .faults import after
from .kind import Kind, Reference
from .stream import Stream
from .world import Classifier, World

__all__ = ["HARMS", "ONSET", "Harm"]

ONSET = 5.25
"""When it begins, in days since the reference's end: at six in the morning."""

_SAME_LAW = (0.0, 1.0, 15.0, 6.0)
_MODEL = Classifier()
_RARE = Classifier(1.36, -8.11)  # 3 % positives


def _correlated(sign: float) -> Change:
    """The temperature follows x1 with a correlation of 0.6, or the opposite."""
    return lambda stream, _random: stream.seeing(
        temp=15.0 + 6.0 * (sign * 0.6 * stream.seen["x1"] + 0.8 * (stream.seen["temp"] - 15.0) / 6.0)
    )


def _hours(stream: Stream, random: np.random.Generator) -> Stream:
    del random
    return stream.seeing(hour=np.floor(stream["time"] / 3_600.0 % 24.0))


def _older_version(stream: Stream, random: np.random.Generator) -> Stream:
    """An older version that knows nothing of x1's real weight answers."""
    old = stream.seeing(x1=0.6 * stream.seen["x1"], dist=10.0 + 0.0 * stream.seen["dist"])
    score = _MODEL.score(old)
    del random
    return stream.having(score=score, predicted=(score >= 0.5).astype(np.float64))


def _regression(change: Change) -> tuple[Change, Change]:
    return (outputs.as_regression(30.0), after(ONSET, change))


@attrs.frozen
class Harm:
    """A kind whose stream turns bad ``onset`` days after the reference, looked at for ``days`` from there at most.

    ``names`` are features of which a ticket must name one, empty where any ticket does. ``asked_hours`` is the latest page that
    is asked for, ``asked_records`` in records, of which the later counts where both are given.
    """

    kind: Kind
    names: tuple[str, ...] = ()
    days: float = 30.0
    asked_hours: float | None = None
    asked_records: float | None = None
    onset: float = ONSET


def _inputs(
    name: str, change: Change, *names: str, days: float = 30.0, hours: float | None = None, records: float | None = None
) -> Harm:
    return Harm(Kind(name, inputs=(after(ONSET, change),)), names, days, hours, records)


def _truth(name: str, change: Change, *, days: float = 60.0, hours: float | None = None) -> Harm:
    return Harm(Kind(name, truths=(change,)), (), days, hours)


_LIST = (
    # What is asked is 1.1 times what version 0.1.0 took, on the same streams, before operations were looked at.
    _truth("sudden .15→.45", after(ONSET, faults.flipped(0.40)), hours=1.1 * 32.5),
    _truth("x1 turned round", after(ONSET, faults.turned_round(_MODEL)), hours=1.1 * 32.1),
    _truth("decline over 180 d", faults.turned_round(_MODEL, day=ONSET, days=180.0), days=200.0, hours=1.1 * 931),
    Harm(
        Kind("nightly batch .15→.45", World(nightly_batch=True), truths=(after(ONSET, faults.flipped(0.40)),)),
        asked_hours=(7 - ONSET) * 24 + 2.0 + 24.0 * 1.2 + 1.0,  # labels of the second batch are a day late
    ),
    Harm(
        Kind("monthly labels .15→.45", labels=labels.in_batches(30.0), truths=(after(65.25, faults.flipped(0.40)),)),
        days=60.0,
        asked_hours=(90.0 - 65.25) * 24 + 2.0,
        onset=65.25,
    ),
    Harm(
        Kind("labels 3 d late .15→.43", labels=labels.days_late(3.0), truths=(after(ONSET, faults.flipped(0.38)),)),
        asked_hours=1.1 * 89.9,
    ),
    Harm(
        Kind(
            "daily versions, labels 3 d late .15→.43",
            labels=labels.days_late(3.0),
            truths=(after(ONSET, faults.flipped(0.38)),),
            live=(faults.daily_versions,),
        ),
        asked_hours=2 * 89.9,
    ),
    # Values that are missing or of a wrong type.
    _inputs("x1 missing 50 %", faults.missing(0.5, "x1"), "x1", hours=4.0, records=600.0),
    _inputs("x1 missing 30 %", faults.missing(0.3, "x1"), "x1"),
    _inputs("xm missing 50 %", faults.missing(0.5, "xm"), "xm", hours=4.0, records=600.0),
    _inputs("x1 missing 100 %", faults.missing(1.0, "x1"), "x1", hours=4.0, records=600.0),
    _inputs("dist as text", faults.wrong_type("dist"), "dist", hours=4.0, records=600.0),
    Harm(
        Kind(
            "five missing for an hour",
            inputs=(after(ONSET, faults.missing(1.0, "x1", "dist", "age", "temp", "cnt"), hours=1.0),),
        ),
        ("x1", "dist", "age", "temp", "cnt"),
        10.0,
    ),
    Harm(
        Kind(
            "five missing an hour in six",
            inputs=(
                faults.some_hours(
                    ONSET, faults.missing(1.0, "x1", "dist", "age", "temp", "cnt"), each=6.0, lasting=1.0, times=80
                ),
            ),
        ),
        ("x1", "dist", "age", "temp", "cnt"),
        20.0,
    ),
    Harm(
        Kind(
            "five missing 5 min an hour",
            inputs=(
                faults.some_hours(
                    ONSET, faults.missing(1.0, "x1", "dist", "age", "temp", "cnt"), each=1.0, lasting=1 / 12, times=480
                ),
            ),
        ),
        ("x1", "dist", "age", "temp", "cnt"),
        20.0,
    ),
    # Values that are wrong.
    _inputs("dist ×1000", faults.mapped("dist", lambda value: 1_000.0 * value), "dist"),
    _inputs("km to miles", faults.mapped("dist", lambda value: 0.621 * value), "dist"),
    _inputs("dist stuck", faults.mapped("dist", lambda value: np.full(len(value), 10.2)), "dist"),
    _inputs("dist repeats 20 times", faults.held("dist", 20), "dist"),
    _inputs("dist repeats 200 times", faults.held("dist", 200), "dist"),
    _inputs("x1 and temp swapped", faults.swapped("x1", "temp", _SAME_LAW), "x1", "temp"),
    _inputs("dist and age swapped", faults.swapped("dist", "age"), "dist", "age"),
    _inputs("sign of x1", faults.mapped("x1", lambda value: -value), "x1"),
    _inputs("wrong join of x1", faults.shuffled("x1"), "x1"),
    _inputs("stale cache of x1", faults.mapped("x1", lambda value: np.roll(value, 1_000)), "x1"),
    _inputs("Free for free", faults.renamed(1.0, to="Free"), "plan"),
    _inputs("new plan 30 %", faults.renamed(0.3, to="student"), "plan"),
    _inputs("unknown region 10 %", faults.renamed(0.1, to="unknown"), "region"),
    _inputs("age -1 in 30 %", faults.set_to("age", -1.0, 0.3), "age"),
    _inputs("age -1 in 3 %", faults.set_to("age", -1.0, 0.03), "age"),
    _inputs("cnt 0 flood", faults.set_to("cnt", 0.0, 0.5), "cnt"),
    Harm(
        Kind(
            "dist ×1000 for an hour",
            inputs=(after(ONSET, faults.mapped("dist", lambda value: 1_000.0 * value), hours=1.0),),
        ),
        ("dist",),
        10.0,
    ),
    _inputs("sensor +.01 sd a day", faults.drifting("temp", 0.06, day=ONSET), "temp", days=150.0),
    Harm(
        Kind(
            "times +8 h",
            World(busy=0.7, season=0.5),
            deliveries=(after(ONSET, lambda s, _random: s.having(time=s["time"] + 8 * 3_600.0)),),
        )
    ),
    Harm(
        Kind(
            "hour feature +8 h",
            causes=(_hours, after(ONSET, faults.mapped("hour", lambda value: (value + 8) % 24))),
            world=World(busy=0.7),
        ),
        ("hour",),
    ),
    Harm(Kind("correlation turns", causes=(_correlated(1.0), after(ONSET, _correlated(-1.0)))), ("x1", "temp")),
    Harm(Kind("region of 10 % gone", live=(faults.gone("region", 4, day=ONSET),)), ("region",)),
    Harm(Kind("region of 2 % gone", live=(faults.gone("region", 9, day=ONSET),)), ("region",)),
    # Labels and outcomes.
    _truth("label noise 10 %", after(ONSET, faults.flipped(0.10))),
    _truth("label noise 5 %", after(ONSET, faults.flipped(0.05))),
    Harm(
        Kind(
            "positives twice as frequent",
            classifier=Classifier(1.36, -2.5),
            deliveries=(faults.more_positives(2.2, day=ONSET),),
        )
    ),
    _truth("a segment of 6 %, .15→.45", after(ONSET, faults.flipped_in("region", 7, 0.40))),
    _truth("a segment of 20 %, .15→.30", after(ONSET, faults.flipped_in("region", 0, 0.20))),
    Harm(
        Kind(
            "rare class, errors up",
            World(noise=0.001),
            classifier=_RARE,
            inputs=(after(ONSET, faults.mapped("x1", lambda value: 0.4 * value)),),
        ),
        days=60.0,
    ),
    # What the model says.
    Harm(Kind("scores ×.8", outputs=(after(ONSET, outputs.scores_times(0.8, decisions=False)),))),
    Harm(Kind("scores ×.8 and decisions", outputs=(after(ONSET, outputs.scores_times(0.8, decisions=True)),))),
    Harm(Kind("constant prediction", outputs=(after(ONSET, outputs.constant_prediction),))),
    Harm(Kind("scores collapse", outputs=(after(ONSET, outputs.squeezed_scores),))),
    Harm(Kind("older version", outputs=(after(ONSET, _older_version),))),
    Harm(Kind("a fifth is one record", live=(faults.one_record(0.2, day=ONSET),))),
    Harm(
        Kind(
            "canary of 5 % wrong three times as often",
            deliveries=(deliveries.versions_in_turns(0.05), after(ONSET, outputs.second_version_wrong(0.4))),
        ),
        days=60.0,
    ),
    # Regression.
    Harm(Kind("regression +10 %", outputs=_regression(lambda s, _r: s.having(predicted=1.1 * s["predicted"])))),
    Harm(Kind("regression constant", outputs=_regression(lambda s, _r: s.having(predicted=np.full(s.size, 140.0))))),
    Harm(Kind("regression ×1000", outputs=_regression(lambda s, _r: s.having(predicted=1_000.0 * s["predicted"])))),
    Harm(
        Kind(
            "regression errors ×1.5",
            outputs=_regression(lambda s, _r: s.having(label=s["predicted"] + 1.5 * (s["label"] - s["predicted"]))),
        )
    ),
    Harm(
        Kind(
            "regression 1 % catastrophic",
            outputs=_regression(
                lambda s, random: s.having(
                    predicted=np.where(random.random(s.size) < 0.01, 20.0 * s["predicted"], s["predicted"])
                )
            ),
        )
    ),
    # Three categories, which repeat all the time: that is no copy.
    *(
        Harm(
            Kind(
                f"categories, {seconds} a second, {what}",
                World(rate=seconds * 86_400),
                Reference(1.0 / seconds),
                causes=(features.only("plan", "region"), features.devices),
                classifier=Classifier(4.0),
                labels=labels.in_record,
                inputs=(after(0.25 / seconds, change),) if what != ".22→.45" else (),
                truths=(after(0.25 / seconds, change),) if what == ".22→.45" else (),
            ),
            names,
            0.5 / seconds,
            onset=0.25 / seconds,
        )
        for seconds in (1, 100)
        for what, change, names in (
            ("new plan 5 %", faults.renamed(0.05, to="student"), ("plan",)),
            (".22→.45", faults.flipped(0.40), ()),
            ("plan missing 50 %", faults.missing(0.5, "plan"), ("plan",)),
        )
    ),
)

HARMS = {harm.kind.name: harm for harm in _LIST}
"""By name."""
