from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import msgspec
import numpy as np
import pytest

from model_drift_exporter.metrics.samples import Series
from model_drift_exporter.monitors import MonitorContext
from model_drift_exporter.monitors.drift import DriftMonitor
from model_drift_exporter.records.batches import RecordBatch
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import ReferenceProfile
from tests.evidence.streams import START, Records, Stream, evidence_of, profile, shifted
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import make_rows

REFERENCE = profile(2)
_BINNER = Binner(REFERENCE)
_DRIFTING = {0: shifted(up=0.2)}
_Found = dict[tuple[str, ...], float]


def monitor_of(profile: ReferenceProfile, exported: Sequence[int] | None = None) -> tuple[DriftMonitor, MonitorContext]:
    context = context_of(profile, exported=exported)
    return DriftMonitor(context), context


def batch_of(records: Records) -> CodedBatch:
    """Records as the model gives them to monitors."""
    size = records.size
    timely = np.ones(size, dtype=np.bool_)
    raw = RecordBatch.of(size=size, features={})
    return CodedBatch(_BINNER, size, records.cells, records.time, records.now, timely, {}, records.position, raw)


def observe(monitor: DriftMonitor, batch: CodedBatch) -> None:
    monitor.observe(batch)


def collected(monitor: DriftMonitor) -> _Found:
    """All values that are there, by metric and labels besides the model."""
    found = {}
    for samples in monitor.collect():
        assert isinstance(samples.series, Series)
        for labels, value in zip(samples.series.label_values, samples.values, strict=True):
            if not math.isnan(value):
                found[(samples.series.metric.name, *labels[1:])] = float(value)
    return found


def test_evidence_is_exported_as_log10_with_its_budgets() -> None:
    """Of each exported column, of all features together, and what it is compared with."""
    monitor, context = monitor_of(REFERENCE, exported=[0, 1, 4])
    evidence, _ = evidence_of(REFERENCE)
    records = Stream(REFERENCE, seed=1).draw(500, _DRIFTING)
    observe(monitor, batch_of(records))
    records.add_to(evidence)
    of_columns = evidence.by_column()[0] / math.log(10)
    together = context.alarms["ModelFeatureDrift"].evidence / math.log(10)
    found = collected(monitor)
    promise: _Found = {("model_inputs_promise_since_timestamp_seconds",): 0.0}
    promise |= {("model_inputs_live_design_effect", family): 1.0 for family in ("values", "missing", "unheard")}
    promise |= {("model_inputs_promise_basis", basis): basis == "not_yet" for basis in ("reference", "live", "not_yet")}
    onset = found.pop(("model_feature_drift_onset_timestamp_seconds", "n0"))
    assert START <= onset < START + 500
    assert found == {
        ("model_feature_drift_evidence_log10", "n0"): pytest.approx(of_columns[0]),
        ("model_feature_drift_evidence_log10", "n1"): pytest.approx(of_columns[1]),
        ("model_score_drift_evidence_log10",): pytest.approx(of_columns[4]),
        ("model_drift_evidence_log10",): pytest.approx(together),
        ("model_drift_evidence_threshold_log10", "page"): pytest.approx(math.log10(5_256_000)),
        ("model_drift_evidence_threshold_log10", "ticket"): pytest.approx(math.log10(10_080)),
        ("model_evidence_updates_total",): 10.0,
        **promise,
    }


def test_evidence_and_onsets_are_exported() -> None:
    """Only what has left its reference has an onset."""
    monitor, _ = monitor_of(REFERENCE)
    before = collected(monitor)
    assert before["model_evidence_updates_total",] == 0.0
    assert before["model_drift_evidence_log10",] == 0.0
    stream = Stream(REFERENCE, seed=1)
    observe(monitor, batch_of(stream.draw(2_000)))
    observe(monitor, batch_of(stream.draw(500, _DRIFTING)))
    after = collected(monitor)
    assert after["model_evidence_updates_total",] == 50.0
    assert after["model_feature_drift_evidence_log10", "n0"] > 5.0
    assert after["model_feature_drift_evidence_log10", "n1"] < 1.0
    assert START + 1_800 <= after["model_feature_drift_onset_timestamp_seconds", "n0"] <= START + 2_200
    assert ("model_feature_drift_onset_timestamp_seconds", "n1") not in after


def test_numbers_derived_from_the_score_are_not_judged() -> None:
    """Confidence, margin and entropy are columns of a batch, behind those with evidence."""
    monitor, context = monitor_of(reference())
    rows = make_rows(200)
    batch = coded(context, rows)
    derived = attrs.evolve(batch, cells=np.concatenate([batch.cells[:4], np.zeros_like(batch.cells[4:])]))
    other, _ = monitor_of(reference())
    observe(monitor, batch)
    observe(other, derived)
    assert collected(other) == collected(monitor)
    assert collected(monitor)["model_evidence_updates_total",] > 0


def test_records_that_are_late_for_windows_are_evidence() -> None:
    """Evidence has no window."""
    monitor, context = monitor_of(REFERENCE)
    records = batch_of(Stream(REFERENCE, seed=1, step=20.0).draw(2_000, {0: shifted(missing=0.5)}))
    observe(monitor, attrs.evolve(records, timely=np.zeros(2_000, dtype=np.bool_)))
    assert context.alarms["ModelInputBroken"].active


def test_rejected_lines_are_evidence() -> None:
    """Without any record, too."""
    monitor, context = monitor_of(REFERENCE)
    monitor.observe(attrs.evolve(batch_of(Stream(REFERENCE, seed=1).draw(0)), rejected=np.arange(100_000), clock=START))
    assert context.alarms["ModelInputBroken"].active


def test_evidence_goes_on_from_a_snapshot_and_from_another_monitor() -> None:
    """What has been gathered is there."""
    old, _ = monitor_of(REFERENCE)
    observe(old, batch_of(Stream(REFERENCE, seed=1).draw(500, _DRIFTING)))
    restored, _ = monitor_of(REFERENCE)
    restored.restore(old.snapshot())
    taken, _ = monitor_of(REFERENCE)
    taken.restore(old.snapshot())
    key = ("model_feature_drift_evidence_log10", "n0")
    assert collected(restored)[key] == collected(taken)[key] == pytest.approx(collected(old)[key], rel=1e-6)


def test_what_is_not_judged_is_a_note() -> None:
    """The sentences of the evidence, cut where hundreds of features cannot be judged; nothing where all can."""
    profile = reference()
    assert [*DriftMonitor(context_of(profile)).findings()] == []
    age = profile.features[0]
    gaps = [
        msgspec.structs.replace(
            age, name=f"feature_{index}", counts=age.counts | {"__missing__": 50}, special_design_effect=300.0
        )
        for index in range(300)
    ]
    few, many = (msgspec.structs.replace(profile, columns=[*gaps[:count], *profile.columns]) for count in (2, 300))
    (found,) = DriftMonitor(context_of(few)).findings()
    assert (found.kind, found.severity, found.since) == ("inputs_not_judged", "note", None)
    assert found.text.startswith("By this reference, missing or invalid values cannot be told")
    assert found.text.endswith("feature_0, feature_1.")
    (found,) = DriftMonitor(context_of(many)).findings()
    assert len(found.text) <= 1_000


def test_the_share_of_records_of_unknown_hours_is_exported_and_said() -> None:
    """Of models with a season only; a sentence says so where they are most records."""
    season = profile(1, 48_000, slots=24).season
    assert season is not None
    for known, share in ((24, 0.0), (0, 1.0)):
        rows = [2_000 * (slot < known) for slot in range(24)]
        reference = msgspec.structs.replace(
            profile(1, 48_000, slots=24), season=msgspec.structs.replace(season, rows=rows)
        )
        monitor, _ = monitor_of(reference, exported=[0])
        observe(monitor, batch_of(Stream(reference, seed=1).draw(500)))
        assert collected(monitor)["model_season_unknown_slots_ratio",] == share
        told = [finding for finding in monitor.findings() if finding.kind == "unknown_hours"]
        assert [finding.figures for finding in told] == [{"season_unknown_hours_ratio": 1.0}] * bool(share)
        assert all("100 % of the records" in finding.text for finding in told)
    monitor, _ = monitor_of(REFERENCE, exported=[0])
    assert ("model_season_unknown_slots_ratio",) not in collected(monitor)
