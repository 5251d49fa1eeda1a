# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""What a user may set about a reference while it is built: the model, the kinds of features, the number of bins."""

from __future__ import annotations

from typing import Any, Literal, get_args

import attrs

from ...settings.declarations import check_setting, setting
from ...settings.kinds import Choice, Integer, Mapped, Number, Parsed, Repeated, Size, Text
from ..time_zones import parse_time_zone

__all__ = ["BuildSettings", "FeatureKind", "FeatureSettings", "LimitSettings", "ModelSettings", "Task"]

Task = Literal["auto", "classification", "regression"]
FeatureKind = Literal["numeric", "categorical"]
_CLASS = Text("a class", "CLASS")
_FEATURES = Repeated(Text("a feature", "FEATURE"))
_KIB, _MIB = 2**10, 2**20


@attrs.frozen
class ModelSettings:
    """What the model is, where the records do not say."""

    name: str | None = setting(
        None, Text("a name", "NAME"), "Name of the model in records that do not name one.", "the reference's name"
    )
    task: Task = setting("auto", Choice(get_args(Task)), "What the model does; `auto` tells by predictions and scores.")
    positive_class: str | None = setting(
        None, _CLASS, "Class that the score is the probability of.", "the class with higher scores"
    )
    threshold: float | None = setting(None, Number(0, 1), "Score from which the positive class counts.", "detected")
    classes: tuple[str, ...] = setting(
        (), Repeated(_CLASS), "Names of the classes, in the order of scores given as a list.", "detected"
    )
    time_zone: str | None = setting(
        None,
        Parsed("a time zone", "ZONE", parse_time_zone),
        "Time zone whose clocks say which hour of the day or week it is, for the season of a reference that is built or "
        "learned, such as `Europe/Berlin`.",
        "the reference's rows, where they show a change of clocks; UTC",
    )


@attrs.frozen
class FeatureSettings:
    """Which features are watched, and as what."""

    include: tuple[str, ...] = setting((), _FEATURES, "Watch these features only.", "all features")
    exclude: tuple[str, ...] = setting((), _FEATURES, "Do not watch these features.", "none")
    kinds: dict[str, FeatureKind] = attrs.field(
        factory=dict,
        validator=check_setting,
        metadata={
            "kind": Mapped(Choice(get_args(FeatureKind))),
            "help": "Kind of a feature, where detection would be wrong (a postal code is no number).",
            "unset": "detected",
        },
    )


@attrs.frozen
class LimitSettings:
    """Ceilings on memory and on the number of time series."""

    models: int = setting(20, Integer(1, 1_000), "Models kept apart; the others are counted together as `__other__`.")
    categories: int = setting(20, Integer(1, 1_000), "Categories of a feature with a bin of their own.")
    series_per_model: int = setting(30_000, Integer(500, 10_000_000), "Time series exported for one model.")
    line_bytes: int = setting(_MIB, Size(_KIB, 64 * _MIB), "Length of the longest line that is read.")
    minimum_count: int = setting(
        10,
        Integer(1, 1_000_000),
        "Times a category must be seen in the reference to have a bin of its own; a class too, if there are many.",
    )


@attrs.frozen
class BuildSettings:
    """The sections that a reference is built by; some of their settings are about other things.

    Limits stand in one section for the user, so they are declared here, in the lowest room that needs some of them.
    """

    features: FeatureSettings = attrs.field(factory=FeatureSettings)
    model: ModelSettings = attrs.field(factory=ModelSettings)
    limits: LimitSettings = attrs.field(factory=LimitSettings)

    @property
    def chosen(self) -> dict[str, Any]:
        """The settings by which bins, classes and task are chosen: with others, another reference is built.

        What came later is there only if it is set, so that a reference that was learned before goes on.
        """
        later = {"time_zone": self.model.time_zone} if self.model.time_zone is not None else {}
        return {
            "kinds": self.features.kinds,
            "categories": self.limits.categories,
            "minimum_count": self.limits.minimum_count,
            "task": self.model.task,
            "classes": self.model.classes,
            "positive_class": self.model.positive_class,
            "threshold": self.model.threshold,
            **later,
        }
