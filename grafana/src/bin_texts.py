"""A text and an order for each bin of the reference in use, as labels that join by ``reference`` and ``bin``.

Bins mean something for one reference only: the one that most replicas use at the end of the time range. If none is there
then, it is what the last of them had, so that a page keeps its history when an exporter is gone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

from prometheus.src.roles import ORDINALS, ROLES

from .variables import EXPORTED, FEATURE, MODEL

__all__ = ["END", "IN_USE", "NAMES", "Role", "each_replaced", "last_known", "texts"]

Role = Literal["feature", "prediction", "score"]

END = " @ end()"
"""Modifier for what is the same at all steps: what is known at the end of the time range."""

NAMES = {role.name: role for role in ROLES}
"""How the series of each role are called."""

_INFO = f'model_info{{{EXPORTED}, reference!=""}}'
_TIDY = tuple(
    replacement
    for bound in ("lower", "upper")
    for replacement in (
        (bound, "$1", bound, r"(.*)\.0"),
        (bound, "$1", bound, r"(-?[0-9]+\.[0-9]*?[1-9][0-9]{3})[0-9]+"),
        (bound, "$1", bound, r"(.*\.[0-9]*[1-9])0+"),
        (bound, "$1", bound, r"(-?[0-9]{5,})\.[0-9]+"),
    )
)
_TEXT = (
    ("text", "$1", "bin", "(.*)"),
    ("text", "$1", "bin", "_(_*(?:b[0-9]{2}|__.*__))"),
    ("text", "empty text", "bin", "_"),
    ("text", "below the range", "bin", "__below__"),
    ("text", "above the range", "bin", "__above__"),
    ("text", "rare or unseen", "bin", "__other__"),
    ("text", "missing", "bin", "__missing__"),
    ("text", "invalid", "bin", "__invalid__"),
    ("text", "$1", "range", "(.+ – .+)"),
    ("text", "below $1", "range", "-Inf – (.+)"),
    ("text", "above $1", "range", r"(.+) – \+Inf"),
)
_ORDER = (
    ("order", "3$1", "bin", "(.*)"),
    ("order", "1$1", "bin", "(b[0-9]{2})"),
    ("order", "0", "bin", "__below__"),
    ("order", "2", "bin", "__above__"),
    ("order", "4", "bin", "__other__"),
    ("order", "5", "bin", "__missing__"),
    ("order", "6", "bin", "__invalid__"),
)
"""Label, its new value, and the label and pattern that give it; the last that matches wins.

The exporter never lets a category look like another bin: it puts an underscore before its name, which is taken off.
"""


def last_known(series: str) -> str:
    """The last value of each series in the time range; for what does not change as long as it has these labels."""
    return f"last_over_time({series}[$__range]{END})"


def texts(role: Role) -> str:
    """1 for each bin of the reference in use, with the labels ``reference``, ``bin``, ``text`` and ``order``."""
    bounded = _bounds_of_features() if role == "feature" else _bounds_from_values(role)
    ranged = f'label_join({each_replaced(bounded, _TIDY)}, "range", " – ", "lower", "upper")'
    return each_replaced(ranged, (*_TEXT, *_ORDER))


def each_replaced(vector: str, replacements: Sequence[tuple[str, str, str, str]]) -> str:
    """A vector with labels replaced one after the other: label, its new value, and the label and pattern that give it."""
    for label, value, source, pattern in replacements:
        vector = f'label_replace({vector}, "{label}", "{value}", "{source}", `{pattern}`)'
    return vector


def _last_seen(series: str) -> str:
    """When each series was last there, to five minutes: of several that one exporter had, the greatest is the newest."""
    return f"max_over_time(timestamp({series})[$__range:5m]{END})"


IN_USE = f"topk(1, count by (reference) ({_INFO}{END}) or on () max by (reference) ({_last_seen(_INFO)}))"
"""One series, with the label ``reference``: the one that most replicas use, or that was the last in use."""

_WITH_REFERENCE = (
    "* on (job, instance, model) group_left (reference) group by (job, instance, model, reference) "
    f"(topk by (job, instance, model) (1, {_INFO}{END} or on () {_last_seen(_INFO)}))"
)


def _bounds_of_features() -> str:
    series = f"model_feature_reference_observations{{{EXPORTED}, {FEATURE}}}"
    newest = f"topk by (job, instance, bin) (1, {_last_seen(series)})"
    return (
        "(group by (reference, bin, lower, upper) "
        f"(({series}{END} or on () {newest}) {_WITH_REFERENCE}) and on (reference) {IN_USE})"
    )


def _bounds_from_values(role: Role) -> str:
    """Bounds as labels from bounds that are values: the lower one is the upper one of the bin before."""
    means, counts = (NAMES[role].of_cell(metric, "max") for metric in ("reference_bin_mean", "reference_observations"))
    extremes = (last_known(f'{means}{{{MODEL}, bin="{bin_}"}}') for bin_ in ("__below__", "__above__"))
    least, greatest = (f"max by (reference, bin) ({each})" for each in extremes)
    bounds = f"model_{role}_reference_bin_upper_bound{{{EXPORTED}}}"
    uppers = f"max by (reference, bin) (({bounds}{END} or on () {last_known(bounds)}) {_WITH_REFERENCE})"
    bins = ("__below__", *ORDINALS, "__above__")
    following = [("bin", after, "bin", before) for before, after in reversed([*itertools.pairwise(bins)])]
    lowers = each_replaced(_as_label("lower", f"{uppers} or {least}"), following)
    return (
        f"(({lowers} * on (reference, bin) group_left (upper) {_as_label('upper', uppers)} "
        f'or on (reference, bin) label_replace({_as_label("upper", least)}, "lower", "-Inf", "", "") '
        f'or on (reference, bin) label_replace({_as_label("lower", greatest)}, "upper", "+Inf", "", "") '
        f"or on (reference, bin) group by (reference, bin) ({last_known(f'{counts}{{{MODEL}}}')})) "
        f"and on (reference) {IN_USE})"
    )


def _as_label(label: str, values: str) -> str:
    return f'count_values by (reference, bin) ("{label}", {values})'
