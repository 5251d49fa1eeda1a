"""What is exported of a reference, once: its counts and moments, how dependent its rows are, its season."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..metrics.samples import Samples, Series
from ..reference.profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from ..reference.scores import DERIVED
from ..reference.seasons import ABSENT_REASONS
from ..statistics.performance_metrics import BOUNDED_ERROR

__all__ = ["reference_samples"]


def reference_samples(model: str, reference: ReferenceProfile, exported: Sequence[Column]) -> list[Samples]:
    """All of it for one model; ``exported`` are the reference's columns whose series fit the limit.

    What realised performance was in the reference is exported by its monitor, which knows the metrics of each task.
    """
    found: list[Samples] = []
    for role in (FEATURE, PREDICTION, SCORE):
        columns = [column for column in exported if column.role == role]
        if columns:
            found += _of_role(model, role, columns)
    for column in exported:
        if column.role in DERIVED:
            found += _of_derived(model, column)
    found += _classes(model, exported)
    losses = _loss_design_effects(reference)
    if losses:
        series = Series("model_loss_design_effect", [(model, loss) for loss in losses])
        found.append(series.samples([*losses.values()]))
    slots = reference.season.slots if reference.season is not None else 0
    found.append(Series("model_reference_season_slots", [(model,)]).samples([slots]))
    absent = Series("model_reference_season_absent", [(model, reason) for reason in ABSENT_REASONS])
    found.append(absent.samples([int(reason == reference.season_absent) for reason in ABSENT_REASONS]))
    return found


def _of_role(model: str, role: str, columns: Sequence[Column]) -> Iterable[Samples]:
    """Counts, what stands for each bin, its upper bound, standard deviations and design effects of columns of one role."""
    labels = [(model, column.name) if role == FEATURE else (model,) for column in columns]
    identified = [*zip(labels, columns, strict=True)]
    numeric = [(identity, column) for identity, column in identified if column.numeric]
    bins = [
        (*identity, name, *(bounds if role == FEATURE else ()))
        for identity, column in identified
        for name, bounds in zip(column.bins, column.bounds, strict=True)
    ]
    counts = [count for column in columns for count in column.counts.values()]
    yield Series(f"model_{role}_reference_observations", bins).samples(counts)
    # What stands for a bin in Wasserstein-1: outside the range, the reference's minimum and maximum.
    means = [(*identity, name) for identity, column in numeric for name in column.bins[: len(column.means) + 2]]
    values = [mean for _, column in numeric for mean in (column.edges[0], *column.means, column.edges[-1])]
    yield Series(f"model_{role}_reference_bin_mean", means).samples(values)
    deviations = Series(f"model_{role}_reference_standard_deviation", [identity for identity, _ in numeric])
    yield deviations.samples([column.standard_deviation for _, column in numeric])
    if role != FEATURE:  # a feature's counts carry the bounds as labels
        within = [(*identity, name) for identity, column in numeric for name in column.bins[1 : len(column.means) + 1]]
        upper = [edge for _, column in numeric for edge in column.edges[1:]]
        yield Series(f"model_{role}_reference_bin_upper_bound", within).samples(upper)
    yield Series(f"model_{role}_design_effect", labels).samples([column.design_effect for column in columns])


def _of_derived(model: str, column: Column) -> Iterable[Samples]:
    """Counts and mean of what is derived from the score."""
    labels = [(model, name, *bounds) for name, bounds in zip(column.bins, column.bounds, strict=True)]
    yield Series(f"model_{column.role}_reference_observations", labels).samples([*column.counts.values()])
    yield Series(f"model_{column.role}_reference_mean", [(model,)]).samples([column.mean])


def _classes(model: str, columns: Sequence[Column]) -> Iterable[Samples]:
    """The share of each predicted class."""
    for column in columns:
        if column.role == PREDICTION and not column.numeric:
            counts = [*column.counts.values()]
            total = sum(counts) or 1
            series = Series("model_prediction_class_reference_ratio", [(model, name) for name in column.categories])
            yield series.samples([count / total for count in counts[: len(column.categories)]])


def _loss_design_effects(reference: ReferenceProfile) -> dict[str, float]:
    """Of the loss that pages."""
    if reference.outcomes is None:
        return {}
    name = "zero_one" if reference.task == "classification" else BOUNDED_ERROR
    return {name: reference.outcomes.loss.design_effect}
