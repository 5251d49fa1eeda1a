"""A plain logistic regression: enough of a model for a demo to have one that was really fitted."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from .requests import FloatArray, Requests

__all__ = ["LogisticModel"]

_RIDGE = 1.0
_ITERATIONS = 8
_CATEGORIES = 30
_SMALL_PRODUCT = 200_000


@attrs.frozen(eq=False)
class LogisticModel:
    """Numbers are standardised (unknown ones count as their mean), frequent categories have an indicator each."""

    means: dict[str, float]
    scales: dict[str, float]
    categories: dict[str, Sequence[str]]
    weights: FloatArray

    @classmethod
    def fit(cls, requests: Requests) -> LogisticModel:
        """Ridge-penalised maximum likelihood by Newton's method, on the requests that have an outcome."""
        known = requests.take(requests.labelled)
        model = cls(
            means={name: float(np.nanmean(values)) for name, values in known.numeric.items()},
            scales={name: float(np.nanstd(values)) or 1.0 for name, values in known.numeric.items()},
            categories={name: _frequent(values.tolist()) for name, values in known.categorical.items()},
            weights=np.empty(0),
        )
        design, outcome = model._design(known), known.positive.astype(np.float64)
        penalty = np.full(design.shape[1], _RIDGE)
        penalty[0] = 0.0
        weights = np.zeros(design.shape[1])
        # Large products are spread over threads that wait for each other by spinning; beside a busy neighbour that costs
        # seconds, so they are done in parts too small for it.
        rows = max(_SMALL_PRODUCT // design.shape[1] ** 2, 1)
        for _ in range(_ITERATIONS):
            gradient, curvature = -penalty * weights, np.diag(penalty)
            for first in range(0, len(design), rows):
                part = design[first : first + rows]
                score = _sigmoid(np.einsum("ij,j->i", part, weights))
                gradient += np.einsum("ij,i->j", part, outcome[first : first + rows] - score)
                curvature = curvature + (part * (score * (1 - score))[:, None]).T @ part
            weights = weights + np.linalg.solve(curvature, gradient)
        return attrs.evolve(model, weights=weights)

    def score(self, requests: Requests) -> FloatArray:
        """Probability of the positive outcome for each request."""
        return _sigmoid(np.einsum("ij,j->i", self._design(requests), self.weights))

    def _design(self, requests: Requests) -> FloatArray:
        columns = [np.ones(len(requests))]
        for name, mean in self.means.items():
            columns.append(np.nan_to_num((requests.numeric[name] - mean) / self.scales[name]))
        for name, categories in self.categories.items():
            columns += [(requests.categorical[name] == category).astype(np.float64) for category in categories]
        return np.column_stack(columns)


def _frequent(values: list[str]) -> list[str]:
    names, counts = np.unique(values, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_CATEGORIES]
    return [str(name) for name in names[np.sort(order)]]


def _sigmoid(values: FloatArray) -> FloatArray:
    result: FloatArray = 0.5 * (1 + np.tanh(values / 2))
    return result
