from __future__ import annotations

from model_drift_exporter.monitors.bin_counts import BinCountsMonitor
from tests.support.exposition import Exposition
from tests.support.monitor_context import coded, context_of, reference
from tests.support.prediction_log import Row, batch_of, make_rows, profile_of


def _exposition(monitor: BinCountsMonitor) -> Exposition:
    return Exposition.of(monitor.collect())


def test_every_bin_is_exported_from_zero() -> None:
    """Before the first record all bins of features, prediction and score are there, as 0."""
    context = context_of(reference())
    found = _exposition(BinCountsMonitor(context))
    for name in ("age", "country"):
        column = next(column for column in context.columns if column.name == name)
        counts = found.by("bin", "model_feature_observations_total", model="m", feature=name)
        assert counts == dict.fromkeys(column.bins, 0.0)
    assert found.by("bin", "model_prediction_observations_total", model="m") == dict.fromkeys(
        ["no", "yes", "__other__", "__missing__", "__invalid__"], 0.0
    )
    score = context.columns[3]
    assert found.by("bin", "model_score_observations_total", model="m") == dict.fromkeys(score.bins, 0.0)


def test_observations_sum_to_the_records() -> None:
    """Each record is one observation of each feature, whatever its values."""
    context = context_of(reference())
    monitor = BinCountsMonitor(context)
    rows: list[Row] = make_rows(50, seed=3)
    rows[0]["features"] = {"age": None, "country": 7}
    rows[1]["features"] = {"age": 1e300}
    rows[2]["features"] = {"age": -1e300, "country": "xx"}
    rows[3]["features"] = {"age": "40", "country": [1]}
    monitor.observe(coded(context, rows[:20]))
    monitor.observe(coded(context, rows[20:]))
    found = _exposition(monitor)
    age = found.by("bin", "model_feature_observations_total", model="m", feature="age")
    country = found.by("bin", "model_feature_observations_total", model="m", feature="country")
    assert sum(age.values()) == sum(country.values()) == 50
    assert [age[name] for name in ("__missing__", "__above__", "__below__", "__invalid__")] == [1, 1, 1, 1]
    assert [country[name] for name in ("__missing__", "__other__", "__invalid__")] == [1, 1, 2]


def test_numeric_bins_of_a_regression() -> None:
    """The prediction of a regression has numeric bins under the same metric, without limits."""
    rows = [{"features": {"x": index % 9}, "prediction": index / 7, "ts": index} for index in range(300)]
    context = context_of(profile_of([batch_of(rows)]))
    monitor = BinCountsMonitor(context)
    monitor.observe(coded(context, rows))
    found = _exposition(monitor)
    assert found.total("model_prediction_observations_total", model="m") == 300


def test_columns_beyond_the_limit_are_not_exported() -> None:
    """Only the columns that the context exports have series."""
    found = _exposition(BinCountsMonitor(context_of(reference(), exported=[1, 2])))
    assert not found.select("model_feature_observations_total", model="m", feature="age")
    assert found.select("model_feature_observations_total", model="m", feature="country")
    assert not found.select("model_score_observations_total", model="m")


def test_absent_features() -> None:
    """A feature that every record lacked is absent; one value is enough, and before the first record nothing is known."""
    context = context_of(reference())
    monitor = BinCountsMonitor(context)
    assert monitor.absent_features == []
    monitor.observe(coded(context, [row | {"features": {"country": "de"}} for row in make_rows(5)]))
    assert monitor.absent_features == ["age"]
    monitor.observe(coded(context, make_rows(1)))
    assert monitor.absent_features == []


def test_what_was_counted_is_taken_over() -> None:
    """A monitor of the same bins goes on where another stopped."""
    context = context_of(reference())
    rows = make_rows(200, seed=4)
    first, second, straight = BinCountsMonitor(context), BinCountsMonitor(context), BinCountsMonitor(context)
    first.observe(coded(context, rows[:120]))
    second.restore(first.snapshot())
    second.observe(coded(context, rows[120:]))
    straight.observe(coded(context, rows))
    assert Exposition.of(second.collect()).samples == Exposition.of(straight.collect()).samples
