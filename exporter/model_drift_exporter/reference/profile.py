"""The reference profile: what a model's inputs and outputs looked like when it was accepted, as counts in fixed bins."""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from itertools import pairwise

import msgspec

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
_NEEDS_PREFIX = re.compile(r"_*(b\d\d|__.*__|)", re.DOTALL)


def bin_name(category: str) -> str:
    """The bin of a category: its own text, with a leading ``_`` where it would look like another bin or be empty."""
    return f"_{category}" if _NEEDS_PREFIX.fullmatch(category) else category


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """One feature, the prediction, the score, or a number derived from the score.

    ``counts`` maps each bin to the reference rows in it, in order: numeric ``__below__``, ``b00`` ..., ``__above__``,
    ``__missing__``, ``__invalid__``; categorical the categories, ``__other__``, ``__missing__``, ``__invalid__``. A numeric
    column has ``edges`` (the minimum, then the upper edge of each ordinal bin; the last is the maximum), ``means`` (the
    reference mean in each ordinal bin), and the reference's ``mean`` and ``standard_deviation``. ``categories`` are the
    verbatim category names, parallel to the first bins. ``accepts_numbers``: numbers are categories by their text.
    ``design_effect``: how many dependent rows count as one, 1 or more; with a season what is left within its slots.
    ``special_design_effect`` is the same for missing and invalid values, ``unheard_design_effect`` for values out of range or
    unseen, both within the whole reference; the last is ``None`` in profiles of earlier versions, which had one for both.
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
        """The ``lower`` and ``upper`` labels of each bin; empty where a bin is no range. Bins are closed on the right."""
        if not self.numeric:
            return (("", ""),) * len(self.counts)
        edges = [repr(float(edge)) for edge in self.edges]
        ordinals = list(pairwise(edges))
        return (("-Inf", edges[0]), *ordinals, (edges[-1], "+Inf"), ("", ""), ("", ""))


class LossSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    """A loss on the labelled reference rows: its mean and standard deviation, their number, how many count as one."""

    mean: float
    standard_deviation: float
    rows: int
    design_effect: float = 1.0


class Season(msgspec.Struct, frozen=True, kw_only=True):
    """The reference by hour of the day (24 slots) or of the week (168, Monday 0:00 UTC first).

    ``rows`` has one number a slot; ``counts`` for each slot the rows in each bin of all columns, one behind the other.
    """

    slots: int
    rows: list[int]
    counts: list[list[int]]


class OutcomeSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the labelled rows of the reference say about performance.

    ``rows`` are those with a prediction and a usable label. ``loss`` is the one that pages: the 0/1 error, for regression
    min(1, absolute error / ``error_scale``). ``class_rows`` and ``class_errors`` count by true class,
    ``class_design_effects`` say how many dependent rows of a class count as one. ``score_rows`` and ``score_losses`` are the
    rows and the summed loss in each bin of the score (for regression of the prediction), in the order of that column.
    ``performance`` maps a metric to its value on these rows, ``recall/yes`` for one that is by class.
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

    ``columns`` hold the features first, then prediction, score and what is derived from the score. ``task`` is
    ``classification`` or ``regression``. ``classes`` compare as strings; rare ones may be left out and count as other.
    ``scored_classes``, where they are not the same, are those that scores are given for, in the order of lists.
    ``positive_class`` and ``threshold`` exist where these are two. ``first_time`` and ``last_time`` are event times of the
    rows in seconds since the epoch. ``loss`` maps a loss (``zero_one``, ``log_loss``, ``brier``; ``absolute_error``,
    ``squared_error``) to its summary. ``outcomes`` sums up performance, ``None`` without labels. ``season`` is ``None`` where
    slots do not help or cannot be had; ``season_absent`` then says why (``no_times``, ``too_short``, ``few_rows``,
    ``no_gain``). ``lines`` counts the lines of the inputs that the rows came from, records and rejected ones, of which
    ``rejected_lines``; 0 where it is not known. ``fingerprint`` identifies the bins and counts. ``learned``: from live
    records instead of a file.
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
    warnings: list[str] = []
    learned: bool = False

    @cached_property
    def features(self) -> tuple[Column, ...]:
        """The feature columns."""
        return tuple(column for column in self.columns if column.role == FEATURE)

    @property
    def score_columns(self) -> list[str]:
        """The classes that scores are given for, in the order of lists."""
        return self.scored_classes or self.classes

    def column(self, role: str) -> Column | None:
        """The first column with a role, such as the prediction."""
        return next((column for column in self.columns if column.role == role), None)


def fingerprint_of(profile: ReferenceProfile) -> str:
    """Twelve hexadecimal digits that differ whenever bins, counts, classes or the task do.

    The same rows in another order have the same: design effects and the season say how sure one can be, not what is counted.
    """
    columns = [
        msgspec.structs.replace(column, design_effect=1.0, special_design_effect=1.0, unheard_design_effect=None)
        for column in profile.columns
    ]
    meaning = [profile.task, profile.classes, profile.positive_class, profile.threshold, columns]
    if profile.scored_classes:
        meaning.append(profile.scored_classes)
    return hashlib.sha256(msgspec.json.encode(meaning)).hexdigest()[:12]


def numeric_column(name: str, role: str, edges: list[float]) -> Column:
    """A column of numbers, nothing counted yet; ``edges`` as in :class:`Column`."""
    ordinals = [f"b{position:02d}" for position in range(len(edges) - 1)]
    bins = [BELOW, *ordinals, ABOVE, MISSING, INVALID]
    return Column(name=name, role=role, kind="numeric", counts=dict.fromkeys(bins, 0), edges=list(map(float, edges)))


def categorical_column(name: str, role: str, categories: list[str], *, accepts_numbers: bool) -> Column:
    """A column of categories, nothing counted yet."""
    bins = [*(bin_name(category) for category in categories), OTHER, MISSING, INVALID]
    return Column(
        name=name,
        role=role,
        kind="categorical",
        counts=dict.fromkeys(bins, 0),
        categories=categories,
        accepts_numbers=accepts_numbers,
    )
