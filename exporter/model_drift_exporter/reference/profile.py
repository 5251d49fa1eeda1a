"""The reference profile: the distribution of a model's inputs and outputs at its acceptance, as counts in fixed bins."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import msgspec

from ..errors import ReferenceProfileError
from ..statistics.design_effect import DAY

__all__ = [
    "ABOVE",
    "BELOW",
    "FEATURE",
    "INVALID",
    "MISSING",
    "OTHER",
    "PREDICTION",
    "SCORE",
    "Column",
    "LossSummary",
    "OutcomeSummary",
    "ReferenceProfile",
    "Season",
    "bin_name",
    "categorical_column",
    "fingerprint_of",
    "numeric_column",
]

BELOW, ABOVE, OTHER, MISSING, INVALID = "__below__", "__above__", "__other__", "__missing__", "__invalid__"
FEATURE, PREDICTION, SCORE = "feature", "prediction", "score"
_Part = TypeVar("_Part")
_NEEDS_PREFIX = re.compile(r"_*(b\d\d|__.*__|)", re.DOTALL)


def bin_name(category: str) -> str:
    """The name of a category's bin: its text, with a leading ``_`` if it is empty or looks like another bin (``b01``)."""
    return f"_{category}" if _NEEDS_PREFIX.fullmatch(category) else category


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """One feature, the prediction, the score, or a number derived from the score.

    ``counts`` maps each bin to its number of reference rows, in order. The bins of a numeric column are ``__below__``,
    ``b00`` ..., ``__above__``, ``__missing__`` and ``__invalid__``. Those of a categorical column are its categories,
    ``__other__``, ``__missing__`` and ``__invalid__``.

    A numeric column has ``edges`` (the minimum, then the upper edge of each ordinal bin; the last is the maximum),
    ``means`` (the reference mean in each ordinal bin), and the ``mean`` and ``standard_deviation`` of all reference rows.
    ``categories`` are the exact category names, parallel to the first bins. If ``accepts_numbers`` is true, a number is
    the category of its text: 7 is ``"7"``.

    ``design_effect`` (1 or more) is the number of dependent rows that count as one independent row. With a season, it is
    the effect that remains within the slots. ``special_design_effect`` is the same for missing and invalid values, and
    ``unheard_design_effect`` for values out of range or unseen, both over the whole reference. The last one is ``None`` in
    profiles of earlier versions, where ``special_design_effect`` holds for both. ``pooled_design_effect`` is that of valid
    values over the whole reference, where there is a season; ``None`` without one, and in profiles of earlier versions.
    """

    name: str
    role: str
    kind: str
    counts: dict[str, int]
    edges: list[float] = []
    means: list[float] = []
    mean: float = 0.0
    standard_deviation: float = 0.0
    categories: list[str] = []
    accepts_numbers: bool = False
    design_effect: float = 1.0
    special_design_effect: float = 1.0
    unheard_design_effect: float | None = None
    pooled_design_effect: float | None = None

    @property
    def numeric(self) -> bool:
        """Whether values are numbers."""
        return self.kind == "numeric"

    @cached_property
    def bins(self) -> tuple[str, ...]:
        """Names of the bins, in the order of the counts."""
        return tuple(self.counts)

    @cached_property
    def bounds(self) -> tuple[tuple[str, str], ...]:
        """The ``lower`` and ``upper`` labels of each bin; empty if the bin is not a range. Bins are closed on the right."""
        if not self.numeric:
            return (("", ""),) * len(self.counts)
        edges = [repr(float(edge)) for edge in self.edges]
        ordinals = list(pairwise(edges))
        return (("-Inf", edges[0]), *ordinals, (edges[-1], "+Inf"), ("", ""), ("", ""))


class LossSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loss on the labelled reference rows. For ``design_effect`` see :class:`Column`."""

    mean: float
    standard_deviation: float
    rows: int
    design_effect: float = 1.0


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """The reference by hour of the day (24 slots) or of the week (168, Monday 0:00 first), as the clocks of a time zone say.

    ``rows`` is the number of rows in each slot. ``counts`` is [slot][bin], over the concatenated bins of all columns.
    ``time_zone_found`` says how the zone was found: ``set``, ``offsets`` (of the times), ``rows``, or nothing.
    """

    slots: int
    rows: list[int]
    counts: list[list[int]]
    time_zone: str = "UTC"
    time_zone_found: str = ""


class OutcomeSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Performance on the labelled rows of the reference.

    ``rows`` counts the rows with a prediction and a usable label. ``loss`` is the loss that alerts are based on: the 0/1
    error, or for regression min(1, absolute error / ``error_scale``). ``class_rows``, ``class_errors`` and
    ``class_design_effects`` are by true class. ``score_rows`` and ``score_losses`` are the rows and the summed loss in each
    bin of the score column (for regression, of the prediction column). ``performance`` maps each metric to its value on
    these rows; a metric of one class has a name such as ``recall/yes``.
    """

    rows: int
    loss: LossSummary = msgspec.field(name="harm")
    error_scale: float = 0.0
    class_rows: dict[str, int] = {}
    class_errors: dict[str, int] = {}
    class_design_effects: dict[str, float] = {}
    score_rows: list[int] = []
    score_losses: list[float] = []
    performance: dict[str, float] = {}


class ReferenceProfile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """The profile of one model.

    ``columns`` holds the features first, then the prediction, the score, and the numbers derived from the score. ``task``
    is ``classification`` or ``regression``. ``classes`` are compared as strings; rare classes may be left out and count as
    other. ``scored_classes`` are the classes that scores are given for, in the order of score lists; it is empty if they
    are the same as ``classes``. ``positive_class`` and ``threshold`` apply to two scored classes.

    ``first_time`` and ``last_time`` are the event times of the rows, in seconds since the epoch. ``loss`` maps each loss
    (``zero_one``, ``log_loss``, ``brier``; ``absolute_error``, ``squared_error``) to its summary. ``outcomes`` is ``None``
    without labels. ``season`` is ``None`` if slots are impossible or do not help; ``season_absent`` then gives the reason
    (``no_times``, ``too_short``, ``few_rows``, ``no_gain``).

    ``lines`` counts the lines of the inputs that the rows came from, and ``rejected_lines`` the rejected ones among them;
    ``lines`` is 0 if unknown. ``fingerprint`` identifies the bins and counts. ``learned`` is true for a profile learned
    from live records instead of loaded from a file. ``parts`` are what monitors need to know of the rows, by the monitor's
    name, as plain values; a profile of an earlier version lacks those of later monitors. They are no part of the fingerprint.
    """

    model: str
    rows: int
    task: str
    columns: list[Column]
    fingerprint: str = ""
    version: str = ""
    classes: list[str] = []
    scored_classes: list[str] = []
    positive_class: str = ""
    threshold: float = 0.5
    probability: bool = False
    first_time: float | None = None
    last_time: float | None = None
    loss: dict[str, LossSummary] = {}
    outcomes: OutcomeSummary | None = None
    season: Season | None = None
    season_absent: str = ""
    lines: int = 0
    rejected_lines: int = 0
    parts: dict[str, Any] = {}
    warnings: list[str] = []
    learned: bool = False

    @property
    def days(self) -> float:
        """The days of event time that the rows span; 0 if they have no times."""
        if self.first_time is None or self.last_time is None:
            return 0.0
        return max(self.last_time - self.first_time, 0.0) / DAY

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The feature columns."""
        return tuple(column for column in self.columns if column.role == FEATURE)

    @property
    def score_columns(self) -> list[str]:
        """The classes that scores are given for, in the order of score lists."""
        return self.scored_classes or self.classes

    def part(self, monitor: str, kind: type[_Part]) -> _Part | None:
        """The part of a monitor as a structure of this kind, ``None`` if the profile lacks it.

        Raises :class:`ReferenceProfileError` if it is of another form.
        """
        if monitor not in self.parts:
            return None
        try:
            return msgspec.convert(self.parts[monitor], kind)
        except msgspec.ValidationError as error:
            raise ReferenceProfileError(
                f"model {self.model}: the part of the reference for {monitor} cannot be used: {error}; build it again"
            ) from error

    def column(self, role: str) -> Column | None:
        """The first column with a role, such as the prediction."""
        return next((column for column in self.columns if column.role == role), None)


def fingerprint_of(profile: ReferenceProfile) -> str:
    """Twelve hexadecimal digits, different for other bins, counts, classes or another task.

    The order of the rows does not matter: design effects and the season, which depend on it, are left out.
    """
    dependence = Column(name="", role="", kind="", counts={})
    unknown = {name: getattr(dependence, name) for name in Column.__struct_fields__ if name.endswith("design_effect")}
    columns = [msgspec.structs.replace(column, **unknown) for column in profile.columns]
    meaning = [profile.task, profile.classes, profile.positive_class, profile.threshold, columns]
    if profile.scored_classes:
        meaning.append(profile.scored_classes)
    return hashlib.sha256(msgspec.json.encode(meaning)).hexdigest()[:12]


def numeric_column(name: str, role: str, edges: list[float]) -> Column:
    """A numeric column with all counts 0; ``edges`` are as in :class:`Column`."""
    ordinals = [f"b{position:02d}" for position in range(len(edges) - 1)]
    bins = [BELOW, *ordinals, ABOVE, MISSING, INVALID]
    return Column(name=name, role=role, kind="numeric", counts=dict.fromkeys(bins, 0), edges=list(map(float, edges)))


def categorical_column(name: str, role: str, categories: list[str], *, accepts_numbers: bool) -> Column:
    """A categorical column with all counts 0."""
    bins = [*(bin_name(category) for category in categories), OTHER, MISSING, INVALID]
    return Column(
        name=name,
        role=role,
        kind="categorical",
        counts=dict.fromkeys(bins, 0),
        categories=categories,
        accepts_numbers=accepts_numbers,
    )
