"""Recording rules for the distances of a window from its reference, and from the same window a week before.

They are those of the exporter's ``statistics/distance_measures.py`` on the same counts, in PromQL.
"""

from __future__ import annotations

import attrs

from .counts import distribution
from .noise_floor import NoiseFloor
from .roles import ROLES, Role
from .rule_files import Group, Record, rule_file

__all__ = ["ESSENTIAL", "WINDOWS", "Window", "documentation", "groups"]

_EXPLANATION = """\
How far the last {name} stand from the reference (…:reference{name}) and from the same {name} a week before (…:lastweek{name}):
effect sizes for people to read, beside their noise floor, the value to expect without any drift. No alert looks at them:
what decides is the evidence that the exporter gathers. Leave this file out if nobody wants this window.
"""

ESSENTIAL = ("psi", "ks_statistic", "wasserstein_ratio")
"""What is said in every window against both baselines, with the noise floor; the others tell much the same, and each costs."""


@attrs.frozen
class Window:
    """A window as the sum of pieces: recorded increases over ``piece``, taken every ``piece``.

    ``statistics`` are those against the reference.
    """

    name: str
    piece: str
    interval: str
    statistics: tuple[str, ...] = ESSENTIAL


WINDOWS = (
    Window("1h", "5m", "2m", (*ESSENTIAL, "js_divergence", "total_variation", "chi2", "chi2_zscore")),
    Window("6h", "5m", "4m"),
    Window("24h", "1h", "4m"),
)


def documentation(window: Window) -> str:
    """The text of the rule file of a window."""
    return rule_file(_EXPLANATION.format(name=window.name), groups(window))


def groups(window: Window) -> list[Group]:
    """The groups of a window's rule file: two a role, so that Prometheus may evaluate them side by side."""
    rules = [Group(f"model-drift-{role.name}s-{window.name}", _rules(role, window), window.interval) for role in ROLES]
    # What chance alone gives changes as slowly as traffic does, and costs as much as three of the distances.
    floors = [Group(f"model-drift-{role.name}-floors-{window.name}", _floors(role, window), "4m") for role in ROLES]
    return rules + floors


def _floors(role: Role, window: Window) -> list[Record]:
    operation = f"increase{window.name}"
    floor = NoiseFloor(
        role, window.name, role.of_cell("observations", operation), role.of_column("observations", operation)
    )
    return [
        *floor.records(),
        Record(role.of_column("psi_noise_floor", f"reference{window.name}"), floor.against_reference()),
        Record(role.of_column("psi_noise_floor", f"lastweek{window.name}"), floor.against_last_week()),
    ]


def _rules(role: Role, window: Window) -> list[Record]:
    counts = role.of_cell("observations", f"increase{window.name}")
    total = role.of_column("observations", f"increase{window.name}")
    ratio = role.of_cell("observations", f"ratio{window.name}")
    cumulative = role.of_cell("distribution", f"ratio{window.name}")
    pieces = role.of_cell("observations", f"increase{window.piece}")
    rules = [
        # A millisecond back, so that no step falls on an end: Prometheus 2 counts both ends of a range, 3 only one.
        Record(counts, f"sum_over_time({pieces}[{window.name}:{window.piece}] offset 1ms)"),
        # Without traffic there is nothing to say; the smoothing would look like a uniform distribution.
        Record(total, f"sum by ({role.column}) ({counts}) > 0"),
        Record(
            ratio,
            f"  ({counts} + 0.5)\n"
            f"/ on ({role.column}) group_left ()\n"
            f"  ({total} + 0.5 * count by ({role.column}) ({counts}))",
        ),
        *distribution(role, counts, role.of_column("valid_observations", f"increase{window.name}"), cumulative),
        *_special_shares(role, counts, total, window),
    ]
    reference = _Baseline(
        "reference",
        role.of_cell("reference_observations", "ratio"),
        role.of_column("reference_observations", "sum"),
        role.of_cell("reference_distribution", "ratio"),
        window.statistics,
    )
    last_week = _Baseline(
        "lastweek",
        f"{ratio} offset 1w",
        f"{total} offset 1w",
        f"{cumulative} offset 1w",
        ESSENTIAL,
    )
    for baseline in (reference, last_week):
        rules += _distances(role, window, baseline)
    return rules


@attrs.frozen
class _Baseline:
    """What a window is compared with: smoothed shares, number of observations, distribution function."""

    name: str
    ratio: str
    total: str
    cumulative: str
    statistics: tuple[str, ...]


def _special_shares(role: Role, counts: str, total: str, window: Window) -> list[Record]:
    bins = {
        "missing": "__missing__",
        "invalid": "__invalid__",
        "out_of_range": "__below__|__above__",
        "unseen": "__other__",
    }
    if role.name == "score":
        del bins["unseen"]  # a score is always a number
    return [
        Record(
            role.of_column(share, f"ratio{window.name}"),
            f'sum by ({role.column}) ({counts}{{bin=~"{pattern}"}}) / {total}',
        )
        for share, pattern in bins.items()
    ]


def _distances(role: Role, window: Window, baseline: _Baseline) -> list[Record]:
    operation = f"{baseline.name}{window.name}"
    p, q = role.of_cell("observations", f"ratio{window.name}"), baseline.ratio
    n, m = role.of_column("observations", f"increase{window.name}"), baseline.total
    bins = role.of_column("bins", "count")
    difference = f"({role.of_cell('distribution', f'ratio{window.name}')} - {baseline.cumulative})"
    chi2, freedom = role.of_column("chi2", operation), f"({bins} - 1 > 0)"

    def summed(term: str) -> str:
        return f"sum by ({role.column}) (\n{term}\n)"

    expressions = {
        "psi": summed(f"  ({p} - {q}) * ln({p} / {q})"),
        "js_divergence": (
            f"  0.5 * sum by ({role.column}) ({p} * ln(2 * {p} / ({p} + {q})))\n"
            f"+\n"
            f"  0.5 * sum by ({role.column}) ({q} * ln(2 * {q} / ({p} + {q})))"
        ),
        "total_variation": f"0.5 * sum by ({role.column}) (abs({p} - {q}))",
        "chi2": summed(
            f"    ({p} - {q}) ^ 2\n"
            "  / (\n"
            f"      {p} / on ({role.column}) group_left () ({m} + 0.5 * {bins})\n"
            "    +\n"
            f"      {q} / on ({role.column}) group_left () ({n} + 0.5 * {bins})\n"
            "  )"
        ),
        # Wilson and Hilferty's normal deviate.
        "chi2_zscore": (
            f"  (({chi2} / {freedom}) ^ (1 / 3) - (1 - 2 / (9 * {freedom})))\n/\n  (2 / (9 * {freedom})) ^ 0.5"
        ),
        "ks_statistic": f"max by ({role.column}) (abs{difference})",
        "wasserstein_ratio": (f"sum by ({role.column}) (abs{difference} * {role.of_cell('reference_step', 'ratio')})"),
    }
    return [Record(role.of_column(name, operation), expressions[name]) for name in baseline.statistics]
