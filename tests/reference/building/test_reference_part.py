from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs
import msgspec
import numpy as np
import pytest

from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.evidence.alarms import Alarms
from model_drift_exporter.models.model_monitors import ModelMonitors
from model_drift_exporter.monitors import ALARMS, MONITORS, Monitor, MonitorContext, MonitorSpec
from model_drift_exporter.reference.binner import Binner
from model_drift_exporter.reference.building.builder import ProfileBuilder
from model_drift_exporter.reference.coded_batch import CodedBatch
from model_drift_exporter.reference.profile import ReferenceProfile, fingerprint_of
from model_drift_exporter.reference.profile_file import load_profiles, save_profiles
from model_drift_exporter.settings.values import parse_window
from tests.sections import monitoring_settings
from tests.support.prediction_log import batch_of, make_rows


class _Share(msgspec.Struct, frozen=True):
    rows: int
    positive: float


class _PositiveShare:
    """The share of positive labels, and of rows with a confidence."""

    def __init__(self, binner: Binner) -> None:
        self._columns = len(binner.columns)
        self._rows = self._positive = 0

    def count(self, batch: CodedBatch) -> None:
        assert batch.cells.shape == (self._columns, batch.size)
        assert batch.timely.all()
        assert np.isfinite(batch.time).all()
        assert "confidence" in batch.values
        self._rows += batch.size
        self._positive += sum(label == "yes" for label in batch.records.fields["label"])

    def summary(self) -> _Share:
        return _Share(self._rows, self._positive / self._rows)


def _built(parts: Mapping[str, type[_PositiveShare]]) -> ReferenceProfile:
    rows = make_rows(600, seed=3)
    batches = [
        batch_of([row | {"label": "yes" if index % 3 else "no"} for index, row in enumerate(rows)][part : part + 200])
        for part in (0, 200, 400)
    ]
    builder = ProfileBuilder("m", parts=parts)
    for batch in batches:
        builder.survey(batch)
    builder.fix_bins()
    for batch in batches:
        builder.count(batch)
    return builder.profile()


def test_a_part_is_built_from_all_rows_and_kept_under_its_monitor(tmp_path: Path) -> None:
    """It is read back as it was, from a file, too."""
    profile = _built({"positive_share": _PositiveShare})
    expected = _Share(600, sum(index % 3 > 0 for index in range(200)) * 3 / 600)
    save_profiles(tmp_path / "reference.json", [profile], "2026-11-30T00:00:00Z")
    (loaded,) = load_profiles(tmp_path / "reference.json")
    for each in (profile, loaded):
        found = each.part("positive_share", _Share)
        assert found is not None
        assert found.rows == 600
        assert found.positive == pytest.approx(expected.positive, abs=0.01)


def test_bins_are_the_same_with_and_without_parts() -> None:
    """A part more, and nothing that was counted into the bins is thrown away."""
    plain, more = _built({}), _built({"positive_share": _PositiveShare})
    assert plain.fingerprint == more.fingerprint == fingerprint_of(more)
    assert plain.parts == {}
    assert plain.part("positive_share", _Share) is None


def test_a_part_of_another_form_is_a_clear_mistake() -> None:
    """It names the monitor and the value."""
    damaged = msgspec.structs.replace(_built({}), parts={"positive_share": {"rows": "many", "positive": 0.5}})
    with pytest.raises(ReferenceProfileError, match=r"model m: the part of the reference for positive_share.*\$\.rows"):
        damaged.part("positive_share", _Share)


def test_a_monitor_whose_part_is_lacking_is_off() -> None:
    """A reference of before it was added has none."""
    spec = MonitorSpec("positive_share", "Positive share", lambda _: Monitor(), reference=_PositiveShare)
    settings = monitoring_settings((parse_window("1h"),))
    for parts, off in (({}, "reference_without_part"), ({"positive_share": _PositiveShare}, None)):
        alarms = Alarms("m", settings.evidence.budgets, ALARMS)
        monitors = ModelMonitors("m", _built(parts), settings, alarms, monitors=(*MONITORS, spec))
        assert monitors.off.get("positive_share") == off
        assert ("positive_share" in monitors.by_name) == (off is None)
    assert (
        attrs.evolve(spec, applies=lambda _: "because").why_off(_built({"positive_share": _PositiveShare})) == "because"
    )


class _PositiveShareMonitor(Monitor):
    def __init__(self, context: MonitorContext) -> None:
        self.part = context.part("positive_share", _Share)


def test_a_monitor_whose_part_cannot_be_read_is_off(caplog: pytest.LogCaptureFixture) -> None:
    """It alone, with a sentence: a later version may need more of it."""
    spec = MonitorSpec("positive_share", "Positive share", _PositiveShareMonitor, reference=_PositiveShare)
    settings = monitoring_settings((parse_window("1h"),))
    damaged = msgspec.structs.replace(_built({}), parts={"positive_share": {"rows": 600}})
    alarms = Alarms("m", settings.evidence.budgets, ALARMS)
    monitors = ModelMonitors("m", damaged, settings, alarms, monitors=(*MONITORS, spec))
    assert monitors.off["positive_share"] == "reference_part_unusable"
    assert "drift" in monitors.by_name
    assert [message for message in caplog.messages if "positive_share is off" in message]
