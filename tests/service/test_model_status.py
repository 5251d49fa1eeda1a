from __future__ import annotations

import msgspec
import pytest

from model_drift_exporter.models.model import Model
from model_drift_exporter.records.batches import LabelBatch
from model_drift_exporter.reference.profile import Column
from model_drift_exporter.service.model_status import bin_labels, model_status
from model_drift_exporter.service.status import ColumnStatus, ModelStatus
from model_drift_exporter.settings.values import parse_window
from model_drift_exporter.statistics import STATISTICS
from tests.sections import monitoring_settings
from tests.support.exposition import Exposition
from tests.support.prediction_log import Row, arrived, batch_of, make_rows, profile_of

_WINDOWS = tuple(map(parse_window, ("24h", "1h", "100")))


def _model(rows: list[Row], *, given: bool = True, limit: int = 30_000) -> Model:
    reference = profile_of([batch_of(make_rows(500, seed=9, model_version="1"))]) if given else None
    model = Model("m", reference, monitoring_settings(_WINDOWS, series_per_model=limit))
    if rows:
        model.process(arrived(batch_of(rows)))
    return model


def _column(status: ModelStatus, window: str, name: str) -> ColumnStatus:
    found = next(each for each in status.windows if each.name == window)
    return next(column for column in found.columns if column.name == name)


def test_the_status_says_what_the_metrics_say() -> None:
    """Each number of a column is that of its metric against the reference, and ``None`` where there is no sample."""
    model = _model(make_rows(400, seed=2, shift=5))
    status = model_status(model, labels=7)
    found = Exposition.of(model.collect())
    for window in ("24h", "1h", "100"):
        for name in ("age", "country"):
            column = _column(status, window, name)
            labels = {"model": "m", "feature": name, "window": window}
            assert column.observations == found("model_feature_window_observations", **labels)
            baseline = labels | {"baseline": "reference"}
            for statistic in STATISTICS:
                expected = found.get(f"model_feature_{statistic.name}", **baseline)
                assert column.statistics.get(statistic.name) == expected, statistic.name
                expected = found.get(f"model_feature_{statistic.name}_noise_floor", **baseline)
                assert column.noise_floors.get(statistic.name) == expected, statistic.name
            assert len(column.statistics) == len(STATISTICS) - (2 if name == "country" else 0)
            assert [*column.statistics] == [each.name for each in STATISTICS if each.name in column.statistics]
            assert (column.psi, column.psi_noise_floor) == (column.statistics["psi"], column.noise_floors["psi"])
            for field in ("missing_ratio", "invalid_ratio", "out_of_range_ratio", "unseen_ratio"):
                assert getattr(column, field) == found.get(f"model_feature_{field}", **labels), field
    assert (status.name, status.records, status.labels, status.task) == ("m", 400, 7, "classification")


def test_the_state_of_labels_is_that_of_the_metrics() -> None:
    """What has joined, waits and is covered; nothing but zeros before the first label, and nothing without a reference."""
    rows = make_rows(300, seed=2)
    known = [*rows[:200], rows[0] | {"id": "never"}]
    labels = LabelBatch.of(
        len(known),
        time=[rows[-1]["ts"]] * len(known),
        id=[row["id"] for row in known],
        label=["yes"] * len(known),
        position=range(300, 300 + len(known)),
    )
    model = _model(rows)
    quiet = model_status(model, 0).label_state
    assert quiet is not None
    assert (quiet.seen, quiet.joined, quiet.waiting, quiet.coverage, quiet.maturity) == (False, 0, 0, (), None)
    model.process(arrived(None, labels))
    state = model_status(model, len(known)).label_state
    found = Exposition.of(model.collect())
    assert state is not None
    assert (state.seen, state.joined, state.waiting) == (True, 200, 1)
    assert state.joined == found("model_labels_joined_total", model="m")
    assert state.waiting == found("model_labels_waiting", model="m")
    assert dict(state.coverage) == found.by("age", "model_label_coverage_ratio", model="m")
    assert [age for age, _ in state.coverage] == ["1h"]
    assert state.maturity == found.get("model_label_maturity_seconds", model="m")
    assert model_status(_model(rows, given=False), 0).label_state is None


def test_inputs_that_are_not_judged_are_a_reason_and_a_finding() -> None:
    """The metric says that there are some, the page which; it is nothing that labels are to blame for."""
    reference = profile_of([batch_of(make_rows(500, seed=9))])
    age = reference.features[0]
    gaps = msgspec.structs.replace(age, counts=age.counts | {"__missing__": 50}, special_design_effect=300.0)
    blind = msgspec.structs.replace(reference, columns=[gaps, *reference.columns[1:]])
    for given, names in ((reference, []), (blind, [age.name])):
        model = Model("m", given, monitoring_settings(_WINDOWS))
        model.process(arrived(batch_of(make_rows(60))))
        assert ("input_not_judged" in model.not_evaluable) == bool(names)
        found = Exposition.of(model.collect())
        assert found("model_not_evaluable", model="m", reason="input_not_judged") == len(names)
        status = model_status(model, labels=0)
        assert [(each.kind, each.severity, each.text.rpartition(": ")[2]) for each in status.findings] == [
            ("inputs_not_judged", "note", f"{name}.") for name in names
        ]
        assert status.label_state is None or "input_not_judged" not in status.label_state.reasons


def test_what_moved_most_comes_first() -> None:
    """Columns are sorted by how far PSI is above its noise floor."""
    status = model_status(_model(make_rows(400, seed=2, shift=15)), 0)
    assert status.windows[0].columns[0].name == "age"
    scores = [(column.psi or 0) - (column.psi_noise_floor or 0) for column in status.windows[0].columns]
    assert scores == sorted(scores, reverse=True)


def test_bins_of_window_and_reference() -> None:
    """Counts in the window and in the reference stand side by side, with labels for people."""
    column = _column(model_status(_model(make_rows(100, seed=3)), 0), "100", "country")
    assert sum(each.current for each in column.bins) == 100
    assert sum(each.reference for each in column.bins) == 500
    assert [each.label for each in column.bins][-3:] == ["other", "missing", "wrong type"]


def test_labels_of_bins() -> None:
    """Ranges are short numbers, a bin of one value is that value, categories are verbatim."""
    numeric = Column(
        name="x", role="feature", kind="numeric", edges=[0, 0, 1234.5678, 1e9],
        counts=dict.fromkeys(("__below__", "b00", "b01", "b02", "__above__", "__missing__", "__invalid__"), 0),
    )  # fmt: skip
    assert bin_labels(numeric) == [
        "below 0",
        "0",
        "0 to 1,235",
        "1,235 to 1e+09",
        "above 1e+09",
        "missing",
        "wrong type",
    ]
    words = Column(
        name="y", role="feature", kind="categorical", categories=["b07", "__missing__"],
        counts=dict.fromkeys(("_b07", "___missing__", "__other__", "__missing__", "__invalid__"), 0),
    )  # fmt: skip
    assert bin_labels(words) == ["b07", "__missing__", "other", "missing", "wrong type"]


def test_learning_is_shown() -> None:
    """A model that learns has no windows yet, and says how far it is."""
    status = model_status(_model(make_rows(30), given=False), 0)
    assert status.windows == ()
    assert status.learning is not None
    assert (status.learning.records, status.learning.needed) == (30, 5_000)
    assert (status.reference_rows, status.reference_fingerprint) == (0, "")


def test_the_rate_is_of_event_time() -> None:
    """Records a second are those of the shortest window of time, as far as it is filled; none without such a window."""
    assert model_status(_model(make_rows(1_000, step=2)), 0).records_per_second == pytest.approx(0.5, rel=0.05)
    assert model_status(_model([]), 0).records_per_second == 0
    model = Model("m", profile_of([batch_of(make_rows(200))]), monitoring_settings((parse_window("100"),)))
    model.process(arrived(batch_of(make_rows(50))))
    assert model_status(model, 0).records_per_second == 0


def test_warnings_of_a_reference_that_does_not_fit() -> None:
    """Absent features, another version and suppressed series are said in words."""
    rows = [row | {"features": {"country": "de"}} for row in make_rows(20, model_version="2")]
    text = "\n".join(model_status(_model(rows, limit=100), 0).reference_warnings)
    assert "no record has had a value for: age; does the reference fit this log?" in text
    assert "limits.series_per_model leaves these features out of /metrics: age, country" in text
    assert "the reference is of version 1, the records are of version 2" in text
    assert "only 500 rows" in text


def test_an_empty_window_has_no_numbers() -> None:
    """Before the first record the statistics are unknown, not zero."""
    column = _column(model_status(_model([]), 0), "1h", "age")
    assert (column.observations, column.statistics, column.missing_ratio) == (0, {}, None)
