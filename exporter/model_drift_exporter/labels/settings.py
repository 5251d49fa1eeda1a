# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""What a user may set about labels."""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from ..settings.declaring import setting
from ..settings.kinds import Choice, Integer, Parsed, Switch
from ..settings.values import parse_duration, parse_optional_duration

__all__ = ["LabelOptions", "LabelSettings", "LabelsExpected"]

LabelsExpected = Literal["auto", "yes", "no"]
_HORIZON = ("1m", "3660d")


@attrs.frozen
class LabelOptions:
    """``capacity``: most predictions kept to wait. ``horizon``: seconds of event time that they are kept.

    ``maturity``: age in seconds from which an outcome counts, ``None`` to take it from the delays seen.
    ``delay_independent``: outcomes count when their label comes. ``expected``: whether a model without any label is at
    fault; with ``auto`` labels are expected once one was seen.
    """

    capacity: int = 1_000_000
    horizon: float = 90 * 86_400.0
    maturity: float | None = None
    delay_independent: bool = False
    expected: Literal["auto", "yes", "no"] = "auto"


@attrs.frozen
class LabelSettings:
    """The true outcomes, which may come long after their predictions."""

    capacity: int = setting(
        1_000_000,
        Integer(1_000, 100_000_000),
        "Predictions of a model kept for their labels; beyond, a sample by identifier. A million take about 40 MiB.",
    )
    horizon: str = setting(
        "90d",
        Parsed("a duration from 1m to 3660d", "DURATION", lambda text: parse_duration(text, _HORIZON)),
        "Event time that a prediction is kept for its label, and for revisions of it.",
    )
    maturity: str = setting(
        "auto",
        Parsed("`auto` or a duration", "DURATION", lambda text: parse_optional_duration(text, ("1s", _HORIZON[1]))),
        "Age from which the outcome of a prediction counts; `auto` takes the 99 % quantile of the delays seen.",
    )
    delay_independent: bool = setting(
        False, Switch(), "Whether good and bad outcomes come equally fast, so that each can count at once."
    )
    expected: LabelsExpected = setting(
        "auto", Choice(get_args(LabelsExpected)), "Whether labels are missed where none comes; `auto` after the first."
    )

    @property
    def horizon_seconds(self) -> float:
        return parse_duration(self.horizon)

    @property
    def maturity_seconds(self) -> float | None:
        return parse_optional_duration(self.maturity, ("1s", _HORIZON[1]))
