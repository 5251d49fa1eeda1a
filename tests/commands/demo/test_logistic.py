from __future__ import annotations

import attrs
import numpy as np
import pytest

from model_drift_exporter.commands.demo.logistic import LogisticModel
from model_drift_exporter.commands.demo.requests import Requests


def requests_of(rows: int, *, unknown: float = 0.0) -> Requests:
    random = np.random.default_rng(3)
    number = random.normal(100, 20, rows)
    category = random.choice(["plain", "risky"], rows)
    logit = 0.05 * (number - 100) + np.where(category == "risky", 1.0, -1.0)
    positive = random.uniform(size=rows) < 1 / (1 + np.exp(-logit))
    return Requests(
        ids=np.arange(rows).astype(str),
        time=np.arange(rows, dtype=np.float64),
        numeric={"number": np.where(random.uniform(size=rows) < unknown, np.nan, number)},
        categorical={"category": category},
        positive=positive,
        outcome_time=np.arange(rows, dtype=np.float64),
    )


def test_the_fit_recovers_the_law_that_made_the_outcomes() -> None:
    """Coefficients come out within sampling error, on the scale of the inputs."""
    model = LogisticModel.fit(requests_of(40_000))
    intercept, number, plain, risky = model.weights.tolist()
    assert number / model.scales["number"] == pytest.approx(0.05, abs=0.003)
    assert risky - plain == pytest.approx(2.0, abs=0.1)
    assert intercept + (plain + risky) / 2 == pytest.approx(0.0, abs=0.05)


def test_scores_are_calibrated_on_the_mean() -> None:
    """The mean score equals the share of positive outcomes, as maximum likelihood with an intercept has it."""
    requests = requests_of(5_000)
    assert LogisticModel.fit(requests).score(requests).mean() == pytest.approx(requests.positive.mean(), abs=1e-6)


def test_outcomes_that_never_become_known_are_not_learned_from() -> None:
    """Rows without an outcome time have no say in the fit, whatever stands in their outcome."""
    requests = requests_of(4_000)
    hidden = np.arange(4_000) % 2 == 0
    blind = attrs.evolve(
        requests,
        positive=requests.positive | hidden,
        outcome_time=np.where(hidden, np.nan, requests.outcome_time),
    )
    np.testing.assert_allclose(
        LogisticModel.fit(blind).weights, LogisticModel.fit(requests.take(~hidden)).weights, atol=1e-9
    )


def test_unknown_numbers_and_new_categories_still_get_a_score() -> None:
    """NaN counts as the mean and an unknown category as none, so a score is always a probability."""
    model = LogisticModel.fit(requests_of(2_000, unknown=0.1))
    odd = attrs.evolve(
        requests_of(10), numeric={"number": np.full(10, np.nan)}, categorical={"category": np.full(10, "new")}
    )
    assert model.score(odd) == pytest.approx(np.full(10, 0.5 + 0.5 * np.tanh(model.weights[0] / 2)))
