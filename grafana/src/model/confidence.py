"""Confidence, the probability of the top class, in few ranges: shares now and in the reference."""

from __future__ import annotations

import itertools

from ..bins import each_replaced
from ..variables import EXPORTED

__all__ = ["difference_beyond_chance", "share_in_reference", "share_now"]

_BOUNDS = ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.99", "1.0")
"""Upper bounds of the ranges. They are some of the exporter's: eighteen rows can neither be read nor have enough values."""

_INNER = {"0.[1-4]": "0.5", "0.55": "0.6", "0.65": "0.7", "0.75": "0.8", "0.85": "0.9", "0.975": "0.99", "0.999": "1.0"}
"""Upper bounds of the exporter's ranges that end within one of these, and where that one ends."""

_TEXTS = (
    ("text", "below 0.5", "order", "0.5"),
    *(
        ("text", f"{lower} – {upper.removesuffix('.0')}", "order", upper)
        for lower, upper in itertools.pairwise(_BOUNDS)
    ),
)


def share_now() -> str:
    """The share of each range in ``$window``, with the labels ``order`` and ``text``."""
    return each_replaced(_share(), _TEXTS)


def share_in_reference(at: str = "") -> str:
    """The share of each range in the reference; ``at`` such as ``" @ end()"``."""
    return each_replaced(_reference_share(at), _TEXTS)


def difference_beyond_chance() -> str:
    """The share of each range now minus that in the reference, 0 within three standard errors; as for all bins."""
    now, was = _share(), _reference_share()
    moved, mean = f"({now} - on (order) {was})", f"({now} + on (order) {was}) / 2"
    sizes = f"(1 / {_total()} + 1 / sum({_reference()}))"
    error = f"({mean} * (1 - {mean}) * on () group_left () {sizes}) ^ 0.5"
    return each_replaced(f"{moved} * (abs{moved} > bool 3 * {error})", _TEXTS)


def _share() -> str:
    """Buckets count everything up to their bound: a range is the bucket at its upper bound less the one at its lower."""
    counts = f'sum by (le) (increase(model_confidence_bucket{{{EXPORTED}, le=~"{"|".join(_BOUNDS)}"}}[$window]))'
    following = [("order", upper, "le", lower) for lower, upper in itertools.pairwise(_BOUNDS)]
    upper = f'sum by (order) (label_replace({counts}, "order", "$1", "le", "(.+)"))'
    lower = f"sum by (order) ({each_replaced(counts, following)})"
    return f"(({upper} - on (order) {lower} or {upper}) / on () group_left () {_total()})"


def _total() -> str:
    return f"(sum(increase(model_confidence_count{{{EXPORTED}}}[$window])) > 0)"


def _reference(at: str = "") -> str:
    """Rows of the reference by range; replicas have the same."""
    rows = f'max by (upper) (model_confidence_reference_observations{{{EXPORTED}, upper=~"0[.].+|1.0"}}{at})'
    ranged = each_replaced(
        f'label_replace({rows}, "order", "$1", "upper", "(.+)")',
        [("order", upper, "upper", inner) for inner, upper in _INNER.items()],
    )
    return f"sum by (order) ({ranged})"


def _reference_share(at: str = "") -> str:
    return f"({_reference(at)} / on () group_left () (sum({_reference(at)}) > 0))"
