"""What an alarm is, as plain data: all that rules, routes, dashboards and docs say about it follows from here."""

from __future__ import annotations

import re
from typing import Literal

import attrs

from .settings import PAGE, TICKET

__all__ = ["AlarmSpec", "Counted", "Shown"]

Counted = Literal["records", "outcomes"]
"""What an alarm looks at: records as they come, or outcomes as they mature."""

Shown = Literal[
    "loss",
    "relation",
    "features",
    "suspected_features",
    "broken_features",
    "unknown_features",
    "rejected_lines",
    "outputs",
    "traffic",
]
"""What the text of an alert can show besides its sentences; each is a piece of ``prometheus/src/texts.py``.

``loss`` the loss now and in the reference; ``relation`` whether inputs or the relation moved; ``features`` the features that
it names, by evidence; ``suspected_features`` the same, and that there are none; ``broken_features`` and ``unknown_features``
with their shares of missing or invalid, of out-of-range or unseen values; ``rejected_lines`` by reason; ``outputs`` how far
predictions and scores have moved; ``traffic`` how many records came, and how many are usual.
"""

_LEAST_SHARE = 0.01
_NAME = re.compile(r"Model([A-Z][a-z]+)+")


def _check_severity(_: object, __: object, value: str) -> None:
    if value not in (PAGE, TICKET):
        raise ValueError(f"severity {value!r}: write {PAGE!r} or {TICKET!r}")


def _check_name(_: object, __: object, value: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(f"alert {value!r}: write Model and what has happened, such as ModelLossIncreased")


@attrs.frozen
class AlarmSpec:
    """An alarm that a monitor decides, and the Prometheus alert of the same name.

    ``severity`` is page or ticket. ``share`` is its weight in the severity's budget of false alarms: an alarm of share 0.1
    beside five of share 1 may be false in 0.1 / 5.1 of the cases. ``summary`` says what is wrong with any model; ``says`` is
    a sentence about one, with ``{model}`` for its name, ``first`` the first thing to do. ``shows`` are pieces of figures between
    the two. ``silenced_by`` are alerts of the same model that explain this one. ``names_features``: it may name features.
    ``panel`` is where to look: a panel of the monitor by name, or the dashboard and number of one drawn by hand, such as
    ``model:21``; empty for the monitor's first panel. ``counted`` is what recovery counts.
    """

    alert: str = attrs.field(validator=_check_name)
    severity: str = attrs.field(validator=_check_severity)
    summary: str
    says: str
    first: str
    shows: tuple[Shown, ...] = ()
    share: float = attrs.field(default=1.0, validator=[attrs.validators.ge(_LEAST_SHARE), attrs.validators.le(1.0)])
    silenced_by: tuple[str, ...] = ("ModelInputBroken",)
    names_features: bool = False
    panel: str = ""
    counted: Counted = "records"

    @property
    def kind(self) -> str:
        """Its name as the kind of a finding: ``loss_increased`` for ModelLossIncreased."""
        words = re.findall("[A-Z][a-z]+", self.alert)[1:]
        return "_".join(words).lower()
