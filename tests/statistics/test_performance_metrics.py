from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from model_drift_exporter.statistics.intervals import Estimate
from model_drift_exporter.statistics.performance_metrics import BOUNDED_ERROR, PERFORMANCE_METRICS, estimates, keys
from model_drift_exporter.statistics.performance_sums import ClassificationTally, DesignEffects, RegressionTally
from model_drift_exporter.statistics.probability_losses import binary_losses
from model_drift_exporter.statistics.tally import Tally

_CLASSES = ("a", "b", "c")


def _classified(
    predicted: list[int], label: list[int], classes: tuple[str, ...] = _CLASSES, effects: DesignEffects | None = None
) -> dict[str, Estimate]:
    kind = ClassificationTally(classes, None, 0)
    nothing = np.full(len(label), np.nan)
    tally = Tally.empty(kind.shape)
    tally.add(kind.contributions(predicted, label, np.full(len(label), -1), nothing, nothing))
    return estimates(kind, *tally.total(), effects or DesignEffects())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_classification_equals_its_definitions(pairs: list[tuple[int, int]]) -> None:
    """Accuracy, balanced accuracy, precision, recall and F1 as counted one by one; what is undefined is absent."""
    known = [pair for pair in pairs if pair != (3, 3)]
    found = _classified([said for said, _ in pairs], [truth for _, truth in pairs])
    if not known:
        assert found == {}
        return
    accuracy = sum(said == truth for said, truth in known) / len(known)
    assert found["accuracy"].value == pytest.approx(accuracy)
    assert found["loss_mean/zero_one"].value == pytest.approx(1 - accuracy)
    recalls = []
    for position, name in enumerate(_CLASSES):
        hits = sum(pair == (position, position) for pair in known)
        said, actual = (sum(pair[side] == position for pair in known) for side in (0, 1))
        assert found.get(f"precision/{name}", Estimate(-1)).value == pytest.approx(hits / said if said else -1)
        assert found.get(f"recall/{name}", Estimate(-1)).value == pytest.approx(hits / actual if actual else -1)
        score = 2 * hits / (said + actual) if said + actual else -1
        assert found.get(f"f1_score/{name}", Estimate(-1)).value == pytest.approx(score)
        recalls += [hits / actual] if actual else []
    if recalls:
        assert found["balanced_accuracy"].value == pytest.approx(np.mean(recalls))
    for estimate in found.values():
        assert 0 <= estimate.lower <= estimate.value + 1e-12
        assert estimate.value <= estimate.upper + 1e-12 <= 1 + 1e-12


def test_shares_have_wilsons_interval() -> None:
    """SciPy's, for accuracy and recall, and for fewer rows where dependent ones count less."""
    predicted, label = [0] * 70 + [1] * 30, [0] * 60 + [1] * 40
    found = _classified(predicted, label)
    expected = stats.binomtest(90, 100).proportion_ci(method="wilson")
    assert (found["accuracy"].lower, found["accuracy"].upper) == pytest.approx(tuple(expected))
    expected = stats.binomtest(30, 40).proportion_ci(method="wilson")
    assert (found["recall/b"].lower, found["recall/b"].upper) == pytest.approx(tuple(expected))
    wide = _classified(predicted, label, effects=DesignEffects(4.0, {}, {"b": 4.0}))
    expected = stats.binomtest(3, 4).proportion_ci(method="wilson")  # the same share of a tenth of the rows
    tenth = _classified(predicted, label, effects=DesignEffects(1.0, {}, {"b": 10.0}))
    assert (tenth["recall/b"].lower, tenth["recall/b"].upper) == pytest.approx(tuple(expected))
    assert wide["accuracy"].upper - wide["accuracy"].lower > found["accuracy"].upper - found["accuracy"].lower


def test_f1_intervals_hold_the_truth() -> None:
    """Some 95 of 100 intervals, with 200 rows each."""
    generator = np.random.default_rng(5)
    joint = np.array([0.15, 0.05, 0.1, 0.7])  # hit, missed, false alarm, rest
    truth = 2 * 0.15 / (2 * 0.15 + 0.15)
    held = 0
    for _ in range(400):
        kinds = generator.choice(4, 200, p=joint)
        found = _classified(np.isin(kinds, (0, 2)).astype(int).tolist(), (kinds < 2).astype(int).tolist(), ("n", "p"))
        held += found["f1_score/p"].lower <= truth <= found["f1_score/p"].upper
    assert 0.92 <= held / 400 <= 0.985


def test_scores_are_ranked_and_scored() -> None:
    """AUC and average precision over the bins, log loss and Brier of single scores; special bins are no rank."""
    generator = np.random.default_rng(6)
    score = generator.random(500)
    positive = generator.random(500) < score
    cells = (score * 10).astype(np.int64)
    cells[:5] = 10  # a score that is missing
    kind = ClassificationTally(("no", "yes"), 1, 10)
    log_loss, brier = binary_losses(score, positive)
    tally = Tally.empty(kind.shape)
    tally.add(kind.contributions(score > 0.5, positive, cells, log_loss, brier))
    found = estimates(kind, *tally.total(), DesignEffects())
    ranked = cells < 10
    statistic = stats.mannwhitneyu(cells[ranked & positive], cells[ranked & ~positive]).statistic
    pairs = (ranked & positive).sum() * (ranked & ~positive).sum()
    assert found["roc_auc"].value == pytest.approx(statistic / pairs)
    assert 0.7 < found["average_precision"].value < 0.95
    assert found["loss_mean/log_loss"].value == pytest.approx(log_loss.mean())
    assert found["loss_mean/brier"].value == pytest.approx(brier.mean())
    expected = stats.norm.interval(0.95, brier.mean(), stats.sem(brier))
    assert (found["loss_mean/brier"].lower, found["loss_mean/brier"].upper) == pytest.approx(expected)
    assert kind.rows(tally.total()[0]) == 500


def test_regression_equals_numpy() -> None:
    """Every metric from single predictions, in whatever unit the sums are kept."""
    generator = np.random.default_rng(7)
    label = generator.gamma(3, 1e5, 400)
    predicted = label + generator.normal(2e3, 2e4, 400)
    error = predicted - label
    loss = np.minimum(np.abs(error) / 5e4, 1)
    kind = RegressionTally(2.5e5, 3e4)
    tally = Tally.empty(kind.shape)
    tally.add(kind.contributions(predicted, label, loss))
    found = estimates(kind, *tally.total(), DesignEffects())
    variation = ((label - label.mean()) ** 2).sum()
    expected = {
        f"loss_mean/{BOUNDED_ERROR}": loss.mean(),
        "loss_mean/absolute_error": np.abs(error).mean(),
        "loss_mean/squared_error": (error**2).mean(),
        "root_mean_squared_error": math.sqrt((error**2).mean()),
        "relative_error": np.abs(error).sum() / np.abs(label).sum(),
        "r2_score": 1 - (error**2).sum() / variation,
        "bias": error.mean(),
        "pinball_loss": np.maximum(0.5 * -error, 0.5 * error).mean(),
    }
    assert {name: each.value for name, each in found.items()} == pytest.approx(expected, rel=1e-9)
    for name, each in (("bias", error), ("loss_mean/absolute_error", np.abs(error))):
        interval = stats.norm.interval(0.95, each.mean(), stats.sem(each))
        assert (found[name].lower, found[name].upper) == pytest.approx(interval)
    squares = stats.norm.interval(0.95, (error**2).mean(), stats.sem(error**2))
    rooted = found["root_mean_squared_error"]
    assert (rooted.lower, rooted.upper) == pytest.approx(tuple(np.sqrt(squares)))


def test_intervals_of_ratios_hold_the_truth() -> None:
    """R2 and the relative error, some 95 times in 100."""
    generator = np.random.default_rng(8)
    kind = RegressionTally(0.0, 1.0)
    big = generator.normal(0, 1, 1_000_000)
    truth = {"r2_score": 1 - 0.25, "relative_error": 0.5 * np.abs(big).mean() / np.abs(3 + big).mean()}
    held = dict.fromkeys(truth, 0)
    for _ in range(300):
        label = generator.normal(3, 1, 300)
        predicted = label + generator.normal(0, 0.5, 300)
        tally = Tally.empty(kind.shape)
        tally.add(kind.contributions(predicted, label, np.zeros(300)))
        found = estimates(kind, *tally.total(), DesignEffects())
        for name, value in truth.items():
            held[name] += found[name].lower <= value <= found[name].upper
    assert min(held.values()) / 300 >= 0.92


def test_senseless_numbers_are_left_out() -> None:
    """Infinite, absent and absurd values count as unknown; labels that never differ have no R2; no rows, no metrics."""
    kind = RegressionTally(0.0, 0.0)
    tally = Tally.empty(kind.shape)
    assert estimates(kind, *tally.total(), DesignEffects()) == {}
    predicted = np.array([1.0, 2.0, np.inf, 1e300, np.nan])
    tally.add(kind.contributions(predicted, np.ones(5), np.array([0, 1, 1, 1, np.nan])))
    found = estimates(kind, *tally.total(), DesignEffects())
    assert kind.rows(tally.total()[0]) == 2
    assert found["bias"].value == 0.5
    assert "r2_score" not in found


def test_a_typing_error_is_taken_back_without_a_trace() -> None:
    """A label a billion times too large, corrected: the root mean squared error is exactly what it was."""
    kind = RegressionTally(10.0, 1.0)
    tally = Tally.empty(kind.shape)
    generator = np.random.default_rng(9)
    label = generator.normal(10, 1, 50)
    tally.add(kind.contributions(label + 0.3, label, np.zeros(50)))
    before = estimates(kind, *tally.total(), DesignEffects())
    wrong = kind.contributions(np.array([10.0]), np.array([1e10]), np.ones(1))
    tally.add(wrong)
    assert estimates(kind, *tally.total(), DesignEffects())["root_mean_squared_error"].value > 1e8
    tally.add(wrong, -1)
    assert estimates(kind, *tally.total(), DesignEffects()) == before


def test_every_metric_is_told_by_its_name() -> None:
    """Losses share a metric, and have names of their own; nothing else has one name twice."""
    names = [(metric.name, metric.loss) for metric in PERFORMANCE_METRICS]
    assert len(set(names)) == len(names)
    words: dict[str, set[tuple[str, str, str]]] = {}
    for metric in PERFORMANCE_METRICS:
        words.setdefault(metric.name, set()).add((metric.title, metric.help, metric.label))
        assert metric.title
        assert not metric.help.endswith(".")
    assert all(len(each) == 1 for each in words.values())


def test_keys_are_those_of_the_sums() -> None:
    """A metric is known before the first outcome: of each class, of scores only where there are some, of bounded errors, too."""
    binary, several = ClassificationTally(("no", "yes"), 1, 10), ClassificationTally(_CLASSES, None, 0)
    assert keys(binary)["recall"] == [("no",), ("yes",)]
    assert keys(binary)["loss_mean"] == [("zero_one",), ("log_loss",), ("brier",)]
    assert keys(binary)["roc_auc"] == keys(binary)["accuracy"] == [()]
    assert keys(binary).keys() - keys(several).keys() == {"roc_auc", "average_precision"}
    errors = [("absolute_error",), ("squared_error",)]
    assert keys(RegressionTally(0.0, 1.0))["loss_mean"] == [*errors, (BOUNDED_ERROR,)]
    assert keys(RegressionTally(0.0, 1.0, bounded=False))["loss_mean"] == errors
    assert not keys(binary).keys() & keys(RegressionTally(0.0, 1.0)).keys() - {"loss_mean"}
