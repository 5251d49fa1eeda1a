"""What people do to logs while nothing is wrong: records come twice, in storms and in bursts. Nobody is woken."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from model_drift_exporter.models.model import Model
from model_drift_exporter.monitors.monitor import COUNTERS
from model_drift_exporter.records.batches import NO_POSITIONS, LabelBatch, ModelBatch
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.delivered_log import DAY, FEATURES, PLANS, Log, drawn, fed, fired, pages, reference
from tests.support.prediction_log import START, profile_of


def _storm(log: Log, size: int, day: float, *, wrong: bool = True, seconds: float = 120.0) -> Log:
    """One record more often, from a day on: the next one that is wrong, or right."""
    first = int(np.searchsorted(log.time, START + day * DAY))
    own = first + int(np.flatnonzero(log.wrong[first:] == wrong)[0])
    return log.then(log.take(np.full(size, own), np.linspace(log.time[own], log.time[own] + seconds, size)))


@pytest.mark.parametrize("times", [2, 5])
def test_a_log_in_which_all_comes_several_times_is_the_log(times: int) -> None:
    """The same alarms as of the log itself, so none, and most of it is named as copies of many records."""
    log = drawn(20, 1_000, 3)
    model = fed(log.take(np.repeat(np.arange(log.size), times)))
    assert fired(model) == []
    (finding,) = (each for each in model.findings() if each.kind == "records_copied")
    assert finding.figures == {"copied_records_share": pytest.approx(1 - 1 / times)}
    assert "records are copies of" in finding.text
    assert "one record" not in finding.text


@pytest.mark.parametrize("labels", [True, False])
@pytest.mark.parametrize("size", [30, 3_000])
def test_a_storm_of_one_record_wakes_nobody(size: int, *, labels: bool) -> None:
    """Of a wrong one neither, from the first day on: it is one mistake."""
    log = drawn(20, 1_000, 4)
    for day in (0.1, 5, 10.5, 19.99):
        log = _storm(log, size, day)
    assert fired(fed(log, labels=labels)) == []


def test_the_finding_names_what_comes_again() -> None:
    """A third of the last hour are copies of one record."""
    model = fed(_storm(drawn(20, 1_000, 4), 25, 19.97))
    (finding,) = (each for each in model.findings() if each.kind == "records_copied")
    assert "copies of one record" in finding.text
    assert 0.2 < finding.figures["copied_records_share"] < 0.6


def test_labels_that_come_later_do_not_make_copies_evidence() -> None:
    """Each copy of a wrong prediction has an identifier of its own, and its label comes a day after it."""
    log = _storm(drawn(20, 1_000, 4), 200, 8)
    records = log.records(labels=False)
    model = Model("m", reference(), monitoring_settings((parse_window("1h"),)))
    truth = np.where(log.predicted ^ log.wrong, "yes", "no")
    sent = 0
    for first in range(0, log.size, 500):
        part = records.take(range(first, min(first + 500, log.size)))
        due = int(np.searchsorted(log.time, log.time[first] - DAY))
        labels = None
        if due > sent:
            chosen = range(sent, due)
            labels = LabelBatch.of(
                len(chosen),
                id=[str(number) for number in chosen],
                label=truth[sent:due].tolist(),
                time=(log.time[sent:due] + DAY).tolist(),
                position=np.full(len(chosen), part.position[0]),
            )
            sent = due
        model.process(ModelBatch(part, labels, NO_POSITIONS, START))
    assert fired(model) == []
    assert model.parts is not None
    assert model.parts.labels.summary().tally.joined > 15_000


def test_a_burst_of_records_that_differ_is_one_event() -> None:
    """Three hundred wrong predictions within a minute page nobody; sustained, they do."""
    log = drawn(20, 1_000, 4)
    burst = drawn(300 / 86_400 / 5, 86_400 * 5, 5, first=10.5, error=1.0)
    assert burst.size == 300
    assert pages(fed(log.then(burst))) == []
    worse = drawn(3, 1_000, 6, first=20, error=0.6)
    assert pages(fed(log.then(worse))) == ["ModelLossIncreased"]


def test_a_nightly_batch_is_not_thinned() -> None:
    """A thousand records in one minute are what a minute of this model holds: the second bad night pages at the latest."""
    nights = [drawn(1 / 1_440, 1_440_000, 10 + night, first=night) for night in range(120)]
    bad = [drawn(1 / 1_440, 1_440_000, 200 + night, first=120 + night, error=0.45) for night in range(2)]
    log = nights[0]
    for night in [*nights[1:], *bad]:
        log = log.then(night)
    profile = profile_of([drawn(1 / 1_440, 1_440_000, 300 + night, first=-30 + night).records() for night in range(30)])
    model = fed(log, profile)
    assert pages(model) == ["ModelLossIncreased"]
    assert model.parts is not None
    assert model.parts.by_name["copies"].snapshot()[COUNTERS] == [0, 0]


def _categories(size: int, seed: int, shares: tuple[float, ...], first: float) -> Log:
    """Records without numbers that tell them apart: two features of few values beside the plan."""
    random = np.random.default_rng(seed)
    log = drawn(size / 1_000, 1_000, seed, first=first)
    plan = PLANS[random.choice(4, size, p=shares)].astype(object)
    values = np.zeros((len(FEATURES), size))
    values[0], values[1] = random.integers(0, 4, size), random.integers(0, 3, size)
    return attrs.evolve(log, values=values, plan=plan)


def test_a_category_that_grows_is_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of three features repeat all the time; what is drift is told at the same record as without the table."""
    even, grown = (0.25, 0.25, 0.25, 0.25), (0.55, 0.15, 0.15, 0.15)
    profile = profile_of([_categories(30_000, 1, even, -30).records()])
    log = _categories(5_000, 2, even, 0).then(_categories(3_000, 3, grown, 5))
    told = [(edge.alert, edge.record) for edge in fired(fed(log, profile))]
    assert "ModelFeatureDrift" in {alert for alert, _ in told}
    monkeypatch.setattr("model_drift_exporter.evidence.copy_table.CopyTable.copies", lambda *_: None)
    assert [(edge.alert, edge.record) for edge in fired(fed(log, profile))] == told


@pytest.mark.parametrize("features", [range(1), range(4)], ids=["one", "all"])
def test_an_outage_is_no_storm(features: range) -> None:
    """Records without a value are told as such, though most are alike by then."""
    log = drawn(12, 1_000, 4)
    broken = log.without(features, log.time > START + 10 * DAY)
    if len(features) > 1:
        broken.plan[broken.time > START + 10 * DAY] = None
    (page,) = (edge for edge in fired(fed(broken, labels=False)) if edge.severity == "page")
    assert page.alert == "ModelInputBroken"
    assert page.time < START + (10 + 300 / 1_000) * DAY
