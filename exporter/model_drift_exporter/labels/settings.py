# ruff: noqa: RUF009 - setting() and section() return attrs fields, one a call
"""What a user may set about labels."""

from __future__ import annotations

from typing import Literal, get_args

import attrs

from ..settings.declarations import setting
from ..settings.kinds import Choice, Duration, Integer, Parsed, Switch
from ..settings.values import parse_optional_duration, write_optional_duration

__all__ = ["LabelSettings", "LabelsExpected"]

LabelsExpected = Literal["auto", "yes", "no"]
_LONGEST = "3660d"


@attrs.frozen
class LabelSettings:
    """The true outcomes, which may come long after their predictions."""

    capacity: int = setting(
        1_000_000,
        Integer(1_000, 100_000_000),
        "Predictions of a model kept for their labels; beyond, a sample by identifier. A million take about 42 MiB.",
    )
    # Seconds of event time.
    horizon: float = setting(
        90 * 86_400.0,
        Duration("1m", _LONGEST),
        "Event time that a prediction is kept for its label, and for revisions of it.",
    )
    # Seconds of event time; None to take it from the delays seen.
    maturity: float | None = setting(
        None,
        Parsed(
            "`auto` or a duration",
            "DURATION",
            lambda text: parse_optional_duration(text, ("1s", _LONGEST)),
            write_optional_duration,
        ),
        "Age from which the outcome of a prediction counts; `auto` takes the 99 % quantile of the delays seen.",
    )
    delay_independent: bool = setting(
        False, Switch(), "Whether good and bad outcomes come equally fast, so that each can count at once."
    )
    sampled: bool = setting(
        False,
        Switch(),
        "Whether the predictions that get a label are chosen at random: those without one are then no fault.",
    )
    expected: LabelsExpected = setting(
        "auto", Choice(get_args(LabelsExpected)), "Whether labels are missed where none comes; `auto` after the first."
    )
