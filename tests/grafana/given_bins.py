"""Series about bins as exporters and rules make them, for the tests of what dashboards ask of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from grafana.src.bins import Role
from tests.support.rule_series import labelled, series

__all__ = ["AGE", "AGE_BOUNDS", "COLOUR", "FILES", "LEVEL", "asked", "bins", "column", "exported", "model"]

AGE = {"__below__": 0, "b00": 10, "b01": 30, "b02": 50, "__above__": 0, "__missing__": 10, "__invalid__": 0}
AGE_BOUNDS = (("-Inf", "18.0"), ("18.0", "20.5"), ("20.5", "33.333333333333336"), ("33.333333333333336", "60.4"))
COLOUR = {"red": 40, "_b07": 30, "__b01": 10, "_": 20, "__other__": 0, "__missing__": 0, "__invalid__": 0}
"""Bins of categories called red, b07, _b01 and the empty text."""

FILES = ["settings.yml"]
"""Nothing of what is asked for is recorded: the tests give it."""

LEVEL = "model_reference_feature"


def model(instance: str, reference: str, *, before: str = "", span: str = "x10") -> list[dict[str, str]]:
    """What an exporter says of itself, for ten minutes from the beginning unless told otherwise in promtool's notation."""
    labels = {"job": "j", "instance": instance, "model": "m", "version": "8", "reference": reference}
    return [series("model_info", f"{before}1{span}", **labels)]


def _bounds(bin_: str, bounds: Sequence[tuple[str, str]]) -> tuple[str, str]:
    if not bounds or bin_ in {"__missing__", "__invalid__"}:
        return "", ""
    ranges = {"__below__": bounds[0], "__above__": (bounds[-1][1], "+Inf")}
    return ranges[bin_] if bin_ in ranges else bounds[1 + int(bin_[1:])]


def exported(
    instance: str,
    counts: Mapping[str, int],
    bounds: Sequence[tuple[str, str]] = (),
    feature: str = "f",
    *,
    before: str = "",
    span: str = "x10",
) -> list[dict[str, str]]:
    """The reference as an exporter has it; ``before`` and ``span`` as for :func:`model`."""
    return [
        series(
            "model_feature_reference_observations",
            f"{before}{count}{span}",
            job="j",
            instance=instance,
            model="m",
            feature=feature,
            bin=bin_,
            lower=_bounds(bin_, bounds)[0],
            upper=_bounds(bin_, bounds)[1],
        )
        for bin_, count in counts.items()
    ]


def _recorded(counts: Mapping[str, int], metric: str, total: str, **labels: str) -> list[dict[str, str]]:
    """Counts as the rules record them, by bin and in all."""
    level = LEVEL if "feature" in labels else "model_reference"
    return [
        *(
            series(f"{level}_bin:{metric}", f"{count}x10", model="m", bin=bin_, **labels)
            for bin_, count in counts.items()
        ),
        series(f"{level}:{total}", f"{sum(counts.values())}x10", model="m", **labels),
    ]


def column(
    now: Mapping[str, int], was: Mapping[str, int], *, role: Role = "feature", reference: str = "new"
) -> list[dict[str, str]]:
    """Counts of one column as recorded: ``now`` in the last hour, ``was`` in the reference."""
    own = {"reference": reference, **({"feature": "f"} if role == "feature" else {})}
    return [
        *_recorded(now, f"{role}_observations:increase1h", f"{role}_observations:increase1h", **own),
        *_recorded(was, f"{role}_reference_observations:max", f"{role}_reference_observations:sum", **own),
    ]


def asked(expression: str, *, time_range: str = "3m", feature: str = "f") -> str:
    """With the variables that a person has chosen, for promtool, which asks at one moment."""
    chosen = {
        "$job": ".+",
        "${model:raw}": "m",
        "${feature:raw}": feature,
        "$window": "1h",
        "$__range": time_range,
        " @ end()": "",
    }
    return re.sub("|".join(re.escape(name) for name in chosen), lambda match: chosen[match[0]], expression)


def bins(shares: Mapping[tuple[str, str], float]) -> dict[str, float]:
    """Shares by order and text as promtool has them."""
    return {labelled("", order=order, text=text): share for (order, text), share in shares.items()}
