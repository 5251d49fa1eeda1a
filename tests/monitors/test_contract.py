"""What every registered monitor promises; a new one is tested by standing in the list."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import attrs
import numpy as np
import pytest

from model_drift_exporter.evidence.alarms import Transition
from model_drift_exporter.evidence.settings import PAGE, TICKET, EvidenceSettings
from model_drift_exporter.metrics.samples import Samples
from model_drift_exporter.models.model import Model
from model_drift_exporter.models.settings import MonitoringSettings
from model_drift_exporter.monitors import ALARMS, MONITORS, RESERVED_NAMES, Monitor, MonitorSpec, collected
from model_drift_exporter.monitors.findings import MOST_FEATURES, Finding
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.settings.values import parse_window
from tests.sections import label_settings, monitoring_settings
from tests.support.prediction_log import Row, arrived, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("1h", "300")))
_LABELS = label_settings(delay_independent=True)
_SETTINGS = monitoring_settings(_WINDOWS, labels=_LABELS)
_EVERY = pytest.mark.parametrize("spec", MONITORS, ids=lambda spec: spec.name)
_TASKS = ("classification", "regression")


def _rows(count: int, task: str, *, seed: int, shift: float = 0.0, wrong: float = 0.1) -> list[Row]:
    """Predictions with labels and latencies; of ``shift`` one feature is moved, and of ``wrong`` the share of errors."""
    chance = np.random.default_rng(seed)
    rows = make_rows(count, seed=seed, shift=shift)
    for row, error, noise, latency in zip(
        rows, chance.random(count) < wrong, chance.normal(size=count), chance.gamma(2.0, 0.01, count), strict=True
    ):
        if task == "regression":
            row["prediction"] = float(row["features"]["age"])
            row["label"] = row["prediction"] + float(noise) * (1 + 10 * wrong)
            del row["score"]
        else:
            row["label"] = row["prediction"] if not error else {"yes": "no", "no": "yes"}[row["prediction"]]
        row["latency"] = float(latency)
    return rows


@cache
def _reference(task: str) -> ReferenceProfile:
    return profile_of([batch_of(_rows(3_000, task, seed=1))])


@cache
def _stream(task: str) -> Sequence[Row]:
    """A clean half, then one in which the age has moved and the model errs more."""
    return [
        *_rows(1_200, task, seed=2),
        *(row | {"ts": row["ts"] + 12_000} for row in _rows(1_200, task, seed=3, shift=15.0, wrong=0.5)),
    ]


def _feed(model: Model, rows: Sequence[Row], sizes: Sequence[int], first: int = 0) -> None:
    """The rows behind the first ones, in batches of these sizes in turn; every hundredth line cannot be read."""
    turn = 0
    while first < len(rows):
        last = min(first + sizes[turn % len(sizes)], len(rows))
        positions = [index + index // 100 for index in range(first, last)]
        rejected = [index + index // 100 - 1 for index in range(first, last) if index % 100 == 0 and index]
        batch = attrs.evolve(batch_of(rows[first:last]), position=np.array(positions))
        model.process(arrived(batch, rejected=np.array(rejected, dtype=np.int64)))
        first, turn = last, turn + 1


def _values(samples: Iterable[Samples], *, counters: bool = True) -> Mapping[str, float]:
    """Each sample with a value by its line in the exposition."""
    return {
        prefix: float(value)
        for block in samples
        if counters or block.series.metric.type == "gauge"
        for prefix, value in zip(block.series.prefixes, np.asarray(block.values, dtype=np.float64), strict=True)
        if not np.isnan(value)
    }


def _known(samples: Iterable[Samples]) -> set[str]:
    return {prefix for block in samples for prefix in block.series.prefixes}


def _of(model: Model, spec: MonitorSpec) -> Iterable[Samples]:
    assert model.parts is not None
    if spec.name in model.parts.off:
        return ()
    return model.parts.by_name[spec.name].collect()


def _found(model: Model, spec: MonitorSpec) -> Sequence[Finding]:
    assert model.parts is not None
    return [] if spec.name in model.parts.off else [*model.parts.by_name[spec.name].findings()]


@cache
def _fed(task: str, sizes: tuple[int, ...]) -> tuple[Model, Sequence[Transition]]:
    model = Model("m", _reference(task), _SETTINGS)
    _feed(model, _stream(task), sizes)
    return model, model.alarms.drain()


def test_the_stream_of_this_test_is_worth_it() -> None:
    """Alarms fire in it, and every monitor runs in one of the tasks."""
    fired = {each.alert for task in _TASKS for each in _fed(task, (100,))[1] if each.firing}
    assert {"ModelFeatureDrift", "ModelLossIncreased"} <= fired
    said = {each.kind for task in _TASKS for spec in MONITORS for each in _found(_fed(task, (100,))[0], spec)}
    assert {"loss_above_tolerated", "relation_moved"} <= said
    parts = [model.parts for task in _TASKS for model in (_fed(task, (100,))[0],)]
    assert {name for each in parts if each for name in each.by_name} == {spec.name for spec in MONITORS}


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
def test_the_same_is_found_whatever_the_batches(spec: MonitorSpec, task: str) -> None:
    """Every number to its last digit, and every decision at the same record."""
    whole, transitions = _fed(task, (2_400,))
    assert _values(_of(whole, spec)) or spec.applies(_reference(task))
    for sizes in ((100,), (1, 7, 250), (513, 2)):
        parts, found = _fed(task, sizes)
        assert _values(_of(parts, spec)) == _values(_of(whole, spec))
        assert _found(parts, spec) == _found(whole, spec)
        alerts = {alarm.alert for alarm in spec.alarms}
        assert [each for each in found if each.alert in alerts] == [
            each for each in transitions if each.alert in alerts
        ]


@cache
def _interrupted(task: str, cut: int, *, reload: bool) -> tuple[Model, Sequence[Transition]]:
    """The model behind a reload or a restart, and what was told: on a reload it is handed over."""
    rows = _stream(task)
    before, after = (Model("m", _reference(task), _SETTINGS) for _ in range(2))
    _feed(before, rows[:cut], (100,))
    if reload:
        after.take_over(before, same_bins=True)
    else:
        after.restore(before.snapshot())
    _feed(after, rows, (100,), cut)
    return after, [each for each in before.alarms.drain() if not reload] + after.alarms.drain()


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
@pytest.mark.parametrize("cut", [1, 777, 1_500])
def test_a_snapshot_in_the_middle_changes_nothing(spec: MonitorSpec, task: str, cut: int) -> None:
    """After a restart all but counters goes on, after a reload these, too."""
    whole, transitions = _fed(task, (100,))
    for reload in (True, False):
        after, told = _interrupted(task, cut, reload=reload)
        found, expected = (_values(_of(model, spec), counters=reload) for model in (after, whole))
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-9)  # logarithms of evidence are stored as float32
        assert [(each.kind, each.since) for each in _found(after, spec)] == [
            (each.kind, each.since) for each in _found(whole, spec)
        ]
        alerts = {alarm.alert for alarm in spec.alarms}
        edges = [(each.record, each.alert, each.firing, each.features) for each in told if each.alert in alerts]
        assert edges == [
            (each.record, each.alert, each.firing, each.features) for each in transitions if each.alert in alerts
        ]


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
def test_all_series_are_known_before_the_first_record(spec: MonitorSpec, task: str) -> None:
    """No other is ever exported, so the limit of series can count them."""
    known = _known(_of(Model("m", _reference(task), _SETTINGS), spec))
    model, _ = _fed(task, (100,))
    assert _values(_of(model, spec)).keys() <= known
    metrics = {block.series.metric.name for block in _of(model, spec)}
    assert metrics <= {block.series.metric.name for block in _of(Model("m", _reference(task), _SETTINGS), spec)}


@cache
def _found_over_time(task: str) -> Sequence[Mapping[str, Sequence[Finding]]]:
    """The findings of each monitor after every hundred records, of a model whose name asks for care in texts."""
    model, rows, found = Model("a{b}", _reference(task), _SETTINGS), _stream(task), []
    for first in range(0, len(rows), 100):
        _feed(model, rows[: first + 100], (100,), first)
        found.append({spec.name: _found(model, spec) for spec in MONITORS})
    return found


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
def test_findings_are_of_the_kinds_that_are_declared(spec: MonitorSpec, task: str) -> None:
    """At any time at most one of each, with a sentence, few features and figures that are numbers."""
    kinds = {kind.kind for kind in spec.findings}
    for found in (each[spec.name] for each in _found_over_time(task)):
        assert {each.kind for each in found} <= kinds
        assert len({each.kind for each in found}) == len(found)
        for each in found:
            assert each.severity in ("page", "ticket", "note")
            assert each.text == each.text.strip()
            assert each.text.endswith(".")
            assert "{model}" not in each.text
            assert len(each.features) <= MOST_FEATURES
            assert all(math.isfinite(value) for value in (*each.figures.values(), each.since or 0.0))


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
def test_figures_of_findings_are_those_of_metrics(spec: MonitorSpec, task: str) -> None:
    """What a sentence says must be what a dashboard shows: each figure is a value that a metric of its name exports now."""
    model, _ = _fed(task, (100,))
    exported = _values(model.collect())
    for finding in _found(model, spec):
        for name, figure in finding.figures.items():
            values = [value for prefix, value in exported.items() if prefix.startswith(f"model_{name}{{")]
            assert figure in values, (finding.kind, name)


def test_kinds_of_findings_are_told_apart() -> None:
    """Of all monitors and alarms: they are values of a label. What they explain are alerts, and each says what it means."""
    kinds = [kind for spec in MONITORS for kind in spec.findings]
    names = [*(kind.kind for kind in kinds), *(alarm.kind for alarm in ALARMS)]
    assert len({*names}) == len(names)
    alerts = {alarm.alert for alarm in ALARMS}
    for kind in kinds:
        assert {*kind.explains} <= alerts
        assert kind.meaning.endswith(".")


_MINUTES = 60.0
"""Of the budgets of false pages and of false tickets: so small that alarms fire, if they do not keep to it."""
_CLEAN, _BATCH, _SECONDS = 8_000, 50, 10
_THAT_DECIDE = pytest.mark.parametrize("spec", [spec for spec in MONITORS if spec.alarms], ids=lambda spec: spec.name)


@cache
def _clean(task: str) -> Sequence[Row]:
    """Rows of the law of the reference, ten seconds apart, each with its label."""
    return [
        row | {"ts": row["ts"] + first * _SECONDS, "id": f"{first}-{row['id']}"}
        for first in range(0, _CLEAN, 1_000)
        for row in _rows(1_000, task, seed=100 + first)
    ]


@cache
def _firings(task: str, threshold: float | None = None) -> Counter[str]:
    """How often each alarm fires where nothing happens, armed again after each batch: by its budget, or at this threshold."""
    with attrs.validators.disabled():
        evidence = EvidenceSettings(false_page=_MINUTES, false_ticket=_MINUTES, update_records=10)
    settings: MonitoringSettings = monitoring_settings(_WINDOWS, labels=_LABELS, evidence=evidence)
    model = Model("m", _reference(task), settings)
    if threshold is not None:
        for alarm in model.alarms.by_alert.values():
            alarm.threshold = threshold
    fired: Counter[str] = Counter()
    for first in range(0, _CLEAN, _BATCH):
        _feed(model, _clean(task)[: first + _BATCH], (_BATCH,), first)
        fired.update(each.alert for each in model.alarms.drain() if each.firing)
        model.rearm()
    return fired


def _too_often(spec: MonitorSpec, task: str, threshold: float | None = None) -> set[str]:
    """The alarms of a monitor that fire more often than their parts of the budgets allow."""
    shares = dict.fromkeys((PAGE, TICKET), 0.0)
    for alarm in ALARMS:
        shares[alarm.severity] += alarm.share
    budgets = _CLEAN * _SECONDS / 60 / _MINUTES
    fired = _firings(task, threshold)
    return {alarm.alert for alarm in spec.alarms if fired[alarm.alert] > budgets * alarm.share / shares[alarm.severity]}


@pytest.mark.slow
@_THAT_DECIDE
@pytest.mark.parametrize("task", _TASKS)
def test_it_is_silent_on_its_null(spec: MonitorSpec, task: str) -> None:
    """Alarms fire no more often than their part of the budget allows, over 1,333 minutes at one in an hour for all."""
    assert _too_often(spec, task) == set()


@pytest.mark.slow
@_THAT_DECIDE
@pytest.mark.parametrize("task", _TASKS)
def test_an_alarm_that_does_not_keep_to_its_budget_is_found(spec: MonitorSpec, task: str) -> None:
    """The test of silence can fail for each alarm: it does where no evidence is enough to fire."""
    assert _too_often(spec, task, threshold=0.0) == (
        set() if spec.applies(_reference(task)) else {alarm.alert for alarm in spec.alarms}
    )


def test_the_names_of_monitors_are_told_apart() -> None:
    """They are keys of snapshots, references and metrics."""
    names = [spec.name for spec in MONITORS]
    assert len({*names}) == len(names)
    assert all(name.isidentifier() and name == name.lower() for name in names)


def test_state_can_be_written() -> None:
    """A snapshot is plain values and arrays; so it is of every monitor."""

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(each) for key, each in value.items())
        if isinstance(value, list | tuple):
            return all(map(plain, value))
        return value is None or isinstance(value, str | int | float | bool | bytes | np.ndarray | np.generic)

    model, _ = _fed("classification", (100,))
    assert plain(model.snapshot()["monitors"])


@_EVERY
@pytest.mark.parametrize("task", _TASKS)
def test_what_cannot_be_judged_is_declared(spec: MonitorSpec, task: str) -> None:
    """With what it means and what to do first, so that the ticket can say it."""
    assert all(" First: " in text for text in spec.reasons.values())
    parts = _fed(task, (100,))[0].parts
    assert parts is not None
    if spec.name in parts.by_name:
        assert {*parts.by_name[spec.name].not_evaluable()} <= {*spec.reasons}


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES), MONITORS[0].name])
def test_no_monitor_has_the_name_of_another_part(name: str) -> None:
    """One would overwrite the other's state in a snapshot."""
    spec = MonitorSpec(name, "Another", lambda _: Monitor())
    with pytest.raises(ValueError, match=f"a monitor cannot be called {name}"):
        collected(*MONITORS, spec)


def test_names_that_are_reserved_are_those_of_other_parts() -> None:
    """What a model's snapshot holds beside the monitors."""
    parts = Model("m", _reference("binary"), monitoring_settings((parse_window("1h"),))).parts
    assert parts is not None
    assert parts.snapshot().keys() - {spec.name for spec in MONITORS} == RESERVED_NAMES
