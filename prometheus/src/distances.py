"""Recording rules for the distances of a window from its reference, and from the same window a week before.

They are those of the exporter's ``STATISTICS`` on the same counts, in PromQL. A statistic need not have such a form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from .counts import distribution
from .noise_floor import NoiseFloor
from .roles import ROLES, Role
from .rule_files import Group, Record, rule_file

__all__ = ["ESSENTIAL", "FORMS", "WINDOWS", "Form", "Window", "documentation", "groups", "recorded"]

_EXPLANATION = """\
How far the last {name} stand from the reference (…:reference{name}) and from the same {name} a week before (…:lastweek{name}):
effect sizes for people to read, beside their noise floor, the value to expect without any drift. No alert looks at them:
what decides is the evidence that the exporter gathers. Leave this file out if nobody wants this window.
"""


@attrs.frozen
class _Terms:
    """PromQL of what is compared: smoothed shares p and q by bin, sizes n and m, and the difference of distribution functions.

    ``recorded`` gives the name of another statistic's series.
    """

    role: Role
    p: str
    q: str
    n: str
    m: str
    difference: str
    recorded: Callable[[str], str]

    @property
    def bins(self) -> str:
        """The number of bins of a column."""
        return self.role.of_column("bins", "count")

    def summed(self, term: str) -> str:
        """The sum over the bins of a column."""
        return f"sum by ({self.role.column}) (\n{term}\n)"


def _psi(terms: _Terms) -> str:
    return terms.summed(f"  ({terms.p} - {terms.q}) * ln({terms.p} / {terms.q})")


def _kolmogorov_smirnov(terms: _Terms) -> str:
    return f"max by ({terms.role.column}) (abs{terms.difference})"


def _jensen_shannon(terms: _Terms) -> str:
    column, p, q = terms.role.column, terms.p, terms.q
    return (
        f"  0.5 * sum by ({column}) ({p} * ln(2 * {p} / ({p} + {q})))\n"
        f"+\n"
        f"  0.5 * sum by ({column}) ({q} * ln(2 * {q} / ({p} + {q})))"
    )


def _wasserstein(terms: _Terms) -> str:
    step = terms.role.of_cell("reference_step", "ratio")
    return f"sum by ({terms.role.column}) (abs{terms.difference} * {step})"


def _total_variation(terms: _Terms) -> str:
    return f"0.5 * sum by ({terms.role.column}) (abs({terms.p} - {terms.q}))"


def _chi2(terms: _Terms) -> str:
    of_column = f"on ({terms.role.column}) group_left ()"
    return terms.summed(
        f"    ({terms.p} - {terms.q}) ^ 2\n"
        "  / (\n"
        f"      {terms.p} / {of_column} ({terms.m} + 0.5 * {terms.bins})\n"
        "    +\n"
        f"      {terms.q} / {of_column} ({terms.n} + 0.5 * {terms.bins})\n"
        "  )"
    )


def _chi2_zscore(terms: _Terms) -> str:
    """Wilson and Hilferty's normal deviate."""
    chi2, freedom = terms.recorded("chi2"), f"({terms.bins} - 1 > 0)"
    return f"  (({chi2} / {freedom}) ^ (1 / 3) - (1 - 2 / (9 * {freedom})))\n/\n  (2 / (9 * {freedom})) ^ 0.5"


@attrs.frozen
class Form:
    """A statistic in PromQL; ``noise_floor``: that of it, where the rules record one.

    ``essential``: it is said in every window against both baselines; the others, in the shortest window against the reference,
    since they tell much the same, and each costs.
    """

    expression: Callable[[_Terms], str]
    essential: bool = False
    noise_floor: type[NoiseFloor] | None = None


FORMS: Mapping[str, Form] = {
    "psi": Form(_psi, essential=True, noise_floor=NoiseFloor),
    "ks_statistic": Form(_kolmogorov_smirnov, essential=True),
    "wasserstein_ratio": Form(_wasserstein, essential=True),
    "js_divergence": Form(_jensen_shannon),
    "total_variation": Form(_total_variation),
    "chi2": Form(_chi2),
    "chi2_zscore": Form(_chi2_zscore),
}
"""By the statistic's name; the rules have them in this order."""
ESSENTIAL = tuple(name for name, form in FORMS.items() if form.essential)


@attrs.frozen
class Window:
    """A window as the sum of pieces: recorded increases over ``piece``, taken every ``piece``."""

    name: str
    piece: str
    interval: str


WINDOWS = (Window("1h", "5m", "2m"), Window("6h", "5m", "4m"), Window("24h", "1h", "4m"))


def recorded(baseline: str, window: Window) -> tuple[str, ...]:
    """The statistics of a window against one of the baselines, as far as rules record them."""
    return tuple(FORMS) if baseline == "reference" and window == WINDOWS[0] else ESSENTIAL


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
    counts, total = role.of_cell("observations", operation), role.of_column("observations", operation)
    rules = []
    for name, form in FORMS.items():
        if form.noise_floor is not None:
            floor = form.noise_floor(role, window.name, counts, total)
            rules += [
                *floor.records(),
                Record(role.of_column(f"{name}_noise_floor", f"reference{window.name}"), floor.against_reference()),
                Record(role.of_column(f"{name}_noise_floor", f"lastweek{window.name}"), floor.against_last_week()),
            ]
    return rules


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
    )
    last_week = _Baseline(
        "lastweek",
        f"{ratio} offset 1w",
        f"{total} offset 1w",
        f"{cumulative} offset 1w",
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
    terms = _Terms(
        role,
        p=role.of_cell("observations", f"ratio{window.name}"),
        q=baseline.ratio,
        n=role.of_column("observations", f"increase{window.name}"),
        m=baseline.total,
        difference=f"({role.of_cell('distribution', f'ratio{window.name}')} - {baseline.cumulative})",
        recorded=lambda name: role.of_column(name, operation),
    )
    return [
        Record(role.of_column(name, operation), FORMS[name].expression(terms))
        for name in recorded(baseline.name, window)
    ]
