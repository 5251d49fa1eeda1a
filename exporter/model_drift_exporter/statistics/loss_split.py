"""Where a change of the mean loss comes from: other scores, or other outcomes at equal scores.

A two-part decomposition after T. Cai, H. Namkoong, S. Yadlowsky, *Diagnosing model performance under distribution shift*
(2023), but over the bins of the model's score instead of its inputs. It needs two tables of sums, and is exact.
"""

from __future__ import annotations

import math

import attrs
import numpy as np
import numpy.typing as npt

from .layout import FloatArray

__all__ = ["BinLosses", "split_change"]


def split_change(
    rows: FloatArray, losses: FloatArray, reference_rows: FloatArray, reference_losses: FloatArray
) -> tuple[float, float]:
    """The parts from inputs and from the relation. They add up to the change of the mean loss. Arrays are [bin].

    Inputs: the change of the bins' shares at the reference's losses. Relation: the change of the loss within bins at the
    present shares. A bin without reference rows gets the reference's mean loss. NaN if either side has no row.
    """
    number, reference_number = float(rows.sum()), float(reference_rows.sum())
    if number <= 0 or reference_number <= 0:
        return math.nan, math.nan
    overall = float(reference_losses.sum()) / reference_number
    expected = np.divide(reference_losses, reference_rows, out=np.full(len(rows), overall), where=reference_rows > 0)
    share = rows / number
    inputs = float((share - reference_rows / reference_number) @ expected)
    relation = float((losses - rows * expected).sum()) / number
    return inputs, relation


@attrs.frozen(eq=False)
class BinLosses:
    """Mean loss of each bin with its variance, [bin]. Bins with few reference rows are shrunk towards the overall mean.

    Credibility after H. Bühlmann, E. Straub, *Glaubwürdigkeit für Schadensätze* (1970): a bin of n independent rows has the
    weight n / (n + k), where k is the variance within bins divided by that between them. ``spread`` is the standard deviation
    within bins. ``rows`` are the reference rows with a bin; ``design_effect`` of them count as one.
    """

    mean: FloatArray
    variance: FloatArray
    spread: float
    share: FloatArray
    rows: float
    design_effect: float

    @classmethod
    def of(
        cls, rows: npt.ArrayLike, losses: npt.ArrayLike, standard_deviation: float, design_effect: float
    ) -> BinLosses:
        """From reference rows and summed losses by bin (at least one row), and the standard deviation of the losses."""
        number = np.asarray(rows, dtype=np.float64)
        total, effect = float(number.sum()), max(design_effect, 1.0)
        overall = float(np.sum(losses)) / total
        raw = np.divide(losses, number, out=np.full(len(number), overall), where=number > 0)
        between = float(number @ (raw - overall) ** 2) / total
        within = max(standard_deviation**2 - between, 1e-3 * standard_deviation**2, effect / total**2)
        # The observed variance between bins includes the errors of their means.
        between = max(between - np.count_nonzero(number) * within * effect / total, 0.01 * within)
        independent = number / effect
        weight = independent / (independent + within / between)
        return cls(
            mean=overall + weight * (raw - overall),
            variance=within / (independent + within / between),
            spread=math.sqrt(within),
            share=number / total,
            rows=total,
            design_effect=effect,
        )

    def error(self, share: FloatArray) -> float:
        """Standard error of the expected loss at these shares of the bins, [bin]."""
        return math.sqrt(float(share**2 @ self.variance))

    @property
    def own_error(self) -> float:
        """Standard error of the mean loss of the reference itself."""
        return self.spread * math.sqrt(self.design_effect / self.rows)
