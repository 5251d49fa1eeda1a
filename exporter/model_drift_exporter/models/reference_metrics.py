"""What is exported of a reference, once: its counts and moments, how dependent its rows are, its season."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..metrics.metric import Group, Metric, gauge
from ..metrics.roles import ROLES
from ..metrics.samples import Samples, Series
from ..reference.outcome_batch import OutcomeLayout
from ..reference.profile import FEATURE, PREDICTION, SCORE, Column, ReferenceProfile
from ..reference.scores import DERIVED
from ..reference.seasons import ABSENT_REASONS

__all__ = ["METRICS", "reference_samples"]

_OBSERVATIONS = {
    role: gauge(
        f"model_{role}_reference_observations",
        f"{its.labels} bin{' lower upper' if role == FEATURE else ''}",
        f"Reference rows of {its.whose} by bin.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
}
_BIN_MEANS = {
    role: gauge(
        f"model_{role}_reference_bin_mean",
        f"{its.labels} bin",
        f"Reference mean of {its.whose} in each numeric bin; its minimum for __below__, its maximum for __above__.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
}
_BIN_UPPER_BOUNDS = {
    role: gauge(
        f"model_{role}_reference_bin_upper_bound",
        f"{its.labels} bin",
        f"Upper edge of each numeric bin of {its.whose}, where the next one begins.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
    if role != FEATURE  # whose counts carry the bounds as labels
}
_STANDARD_DEVIATIONS = {
    role: gauge(
        f"model_{role}_reference_standard_deviation",
        its.labels,
        f"Standard deviation of {its.whose} in the reference.",
        its.group,
        role,
    )
    for role, its in ROLES.items()
}
_DESIGN_EFFECTS = {
    role: gauge(f"model_{role}_design_effect", ROLES[role].labels, text, Group.DEPENDENCE, role)
    for role, text in (
        (
            FEATURE,
            "How many dependent records of this feature count as one; 1 if the reference shows no dependence.",
        ),
        (PREDICTION, "How many dependent predictions count as one."),
        (SCORE, "How many dependent scores count as one."),
    )
}
_DERIVED_OBSERVATIONS = {
    role: gauge(
        f"model_{role}_reference_observations",
        "model bin lower upper",
        "Reference rows by bin.",
        Group.CONFIDENCE,
        role,
    )
    for role in DERIVED
}
_DERIVED_MEANS = {
    role: gauge(f"model_{role}_reference_mean", "model", "Mean in the reference.", Group.CONFIDENCE, role)
    for role in DERIVED
}
_CLASSES = gauge(
    "model_prediction_class_reference_ratio",
    "model class",
    "Share of predictions of a class in the reference.",
    Group.PREDICTIONS,
    PREDICTION,
)
_LOSS_DESIGN_EFFECT = gauge(
    "model_loss_design_effect", "model loss", "How many dependent losses count as one.", Group.DEPENDENCE
)
_SEASON_SLOTS = gauge(
    "model_reference_season_slots",
    "model",
    "Slots of the season that the reference is split into: 24 hours of a day, 168 of a week, or 0.",
    Group.DEPENDENCE,
)
_SEASON_INFO = gauge(
    "model_reference_season_info",
    "model time_zone",
    "1; the time zone whose clocks say which slot of the season a time is in. Absent without a season.",
    Group.DEPENDENCE,
)
_SEASON_ABSENT = gauge(
    "model_reference_season_absent",
    "model reason",
    "1 for the reason why the reference has no season slots.",
    Group.DEPENDENCE,
)
METRICS: tuple[Metric, ...] = (
    *_OBSERVATIONS.values(),
    *_BIN_MEANS.values(),
    *_BIN_UPPER_BOUNDS.values(),
    *_STANDARD_DEVIATIONS.values(),
    *_DESIGN_EFFECTS.values(),
    *_DERIVED_OBSERVATIONS.values(),
    *_DERIVED_MEANS.values(),
    *(_CLASSES, _LOSS_DESIGN_EFFECT, _SEASON_SLOTS, _SEASON_INFO, _SEASON_ABSENT),
)


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
        series = Series(_LOSS_DESIGN_EFFECT, [(model, loss) for loss in losses])
        found.append(series.samples([*losses.values()]))
    slots = reference.season.slots if reference.season is not None else 0
    found.append(Series(_SEASON_SLOTS, [(model,)]).samples([slots]))
    zones = [reference.season.time_zone] if reference.season is not None else []
    found.append(Series(_SEASON_INFO, [(model, zone) for zone in zones]).samples([1.0] * len(zones)))
    absent = Series(_SEASON_ABSENT, [(model, reason) for reason in ABSENT_REASONS])
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
    yield Series(_OBSERVATIONS[role], bins).samples(counts)
    # What stands for a bin in Wasserstein-1: outside the range, the reference's minimum and maximum.
    means = [(*identity, name) for identity, column in numeric for name in column.bins[: len(column.means) + 2]]
    values = [mean for _, column in numeric for mean in (column.edges[0], *column.means, column.edges[-1])]
    yield Series(_BIN_MEANS[role], means).samples(values)
    deviations = Series(_STANDARD_DEVIATIONS[role], [identity for identity, _ in numeric])
    yield deviations.samples([column.standard_deviation for _, column in numeric])
    if role in _BIN_UPPER_BOUNDS:
        within = [(*identity, name) for identity, column in numeric for name in column.bins[1 : len(column.means) + 1]]
        upper = [edge for _, column in numeric for edge in column.edges[1:]]
        yield Series(_BIN_UPPER_BOUNDS[role], within).samples(upper)
    yield Series(_DESIGN_EFFECTS[role], labels).samples([column.design_effect for column in columns])


def _of_derived(model: str, column: Column) -> Iterable[Samples]:
    """Counts and mean of what is derived from the score."""
    labels = [(model, name, *bounds) for name, bounds in zip(column.bins, column.bounds, strict=True)]
    yield Series(_DERIVED_OBSERVATIONS[column.role], labels).samples([*column.counts.values()])
    yield Series(_DERIVED_MEANS[column.role], [(model,)]).samples([column.mean])


def _classes(model: str, columns: Sequence[Column]) -> Iterable[Samples]:
    """The share of each predicted class."""
    for column in columns:
        if column.role == PREDICTION and not column.numeric:
            counts = [*column.counts.values()]
            total = sum(counts) or 1
            series = Series(_CLASSES, [(model, name) for name in column.categories])
            yield series.samples([count / total for count in counts[: len(column.categories)]])


def _loss_design_effects(reference: ReferenceProfile) -> dict[str, float]:
    """Of the loss that pages."""
    if reference.outcomes is None:
        return {}
    return {OutcomeLayout.of(reference).judged_loss: reference.outcomes.loss.design_effect}
