"""Tables of the dashboard about a feature: every statistic, and what each replica says."""

from __future__ import annotations

from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from ..bins import of_reference_in_use
from ..colours import SCALE
from ..panels import Panel, lines, panel, properties, tabular, transformation
from ..queries import over_time, ref_id, rows
from .status import RAW, series

__all__ = ["REPLICAS", "STATISTICS"]


class _Statistic(NamedTuple):
    name: str
    title: str
    reading: str


_STATISTICS = (
    _Statistic("psi", "PSI", "Above its noise floor by 0.1: moved. By 0.25: moved far."),
    _Statistic("psi_noise_floor", "PSI by chance (noise floor)", "The PSI of this many values when nothing has moved."),
    _Statistic(
        "ks_statistic", "Kolmogorov–Smirnov", "Numbers: 0.1 means 10 % of the values are on another side of some bound."
    ),
    _Statistic(
        "wasserstein_ratio", "Wasserstein ratio", "Numbers: how far they moved on average, in standard deviations."
    ),
    _Statistic(
        "total_variation", "Total variation", "Share of the values that would have to change bin to look as usual."
    ),
    _Statistic(
        "js_divergence", "Jensen–Shannon divergence", "As PSI, but 0.69 at most: one emptied bin cannot make it large."
    ),
    _Statistic(
        "chi2_zscore",
        "Chi-square z-score",
        "With 1,000 values or more: about 0 by chance, above 4 hardly. With fewer it is too high.",
    ),
)
_COLUMNS = {
    "reference1h": "1 h",
    "reference6h": "6 h",
    "reference24h": "24 h",
    "lastweek1h": "Week: 1 h",
    "lastweek6h": "Week: 6 h",
    "lastweek24h": "Week: 24 h",
}
_ONLY = {"total_variation": ("reference1h",), "js_divergence": ("reference1h",), "chi2_zscore": ("reference1h",)}
"""Comparisons in which a statistic is recorded, where that is not all."""


def _labelled(expression: str, **labels: str) -> str:
    for label, value in labels.items():
        expression = f'label_replace({expression}, "{label}", "{value}", "", "")'
    return expression


def _column(comparison: str) -> str:
    known = " or ".join(
        _labelled(series(f"{each.name}:{comparison}"), order=str(index), statistic=each.title)
        for index, each in enumerate(_STATISTICS)
        if comparison in _ONLY.get(each.name, _COLUMNS)
    )
    # Without any value Grafana would leave the column away.
    none = _labelled("vector(NaN)", order="0", statistic=_STATISTICS[0].title)
    return f"max by (order, statistic) ({of_reference_in_use(f'({known})')}) or {none}"


def _readings() -> str:
    return " or ".join(
        _labelled("vector(0)", order=str(index), statistic=each.title, reading=each.reading)
        for index, each in enumerate(_STATISTICS)
    )


_NUMBERS = models.MatcherConfig(id_val="byType", options="number")
_DASH = [
    models.SpecialValueMap(
        options=models.DashboardSpecialValueMapOptions(
            match=models.SpecialValueMatch.NULL_AND_NAN, result=models.ValueMappingResult(text="–", index=0)
        )
    )
]


def _statistics() -> Panel:
    queries = {ref_id(index): query for index, query in enumerate((_readings(), *(_column(each) for each in _COLUMNS)))}
    titles = dict(zip([f"Value #{each}" for each in queries][1:], _COLUMNS.values(), strict=True))
    order = ["statistic", *titles, "reading"]
    view = (
        tabular()
        .decimals(3)
        .with_override(_NUMBERS, properties(noValue="–", mappings=_DASH, custom__width=92, custom__align="right"))
        .override_by_name("Statistic", properties(custom__width=230))
        .with_transformation(
            transformation("filterFieldsByName", include={"names": ["order", "statistic", "reading", *titles]})
        )
        .with_transformation(transformation("merge"))
        .with_transformation(transformation("sortBy", sort=[{"field": "order"}]))
        .with_transformation(
            transformation(
                "organize",
                excludeByName={"order": True},
                indexByName={name: index for index, name in enumerate(order)},
                renameByName={"statistic": "Statistic", "reading": "How to read it", **titles},
            )
        )
    )
    return panel(
        22,
        view,
        [rows(query, ref_id=each) for each, query in queries.items()],
        title="Every statistic",
        description="Effect sizes at the end of the time range, over three windows, against the reference and "
        "against the same time last week. None of them decides anything: alerts look at evidence. "
        "Small numbers everywhere are good. A dash: not recorded for this window, not defined for "
        "categories, or no value.",
        unit="none",
        empty="No value at the end of the time range",
        width=24,
        height=9,
    )


STATISTICS = _statistics()


def _coloured_by_size() -> builders.FieldColor:
    scheme = builders.FieldColor().mode(models.FieldColorModeId(SCALE))
    return scheme.series_by(models.FieldColorSeriesByMode.LAST)


def _replicas() -> tuple[Panel, ...]:
    by = "max by (instance, window)"
    columns = {
        "PSI": f'{by} (model_feature_psi{{{RAW}, baseline="reference"}})',
        "Noise floor": f'{by} (model_feature_psi_noise_floor{{{RAW}, baseline="reference"}})',
        "Values": f"{by} (model_feature_window_observations{{{RAW}}})",
        "Missing": f"{by} (model_feature_missing_ratio{{{RAW}}})",
        "Invalid": f"{by} (model_feature_invalid_ratio{{{RAW}}})",
    }
    references = [ref_id(index) for index in range(len(columns))]
    titles = dict(zip([f"Value #{each}" for each in references], columns, strict=True))
    order = ["instance", "window", *titles]
    shares = properties(unit="percentunit")
    view = (
        tabular()
        .with_override(_NUMBERS, properties(noValue="–", custom__width=95, custom__align="right"))
        .override_by_name("Window", properties(custom__width=80))
        .override_by_name("Values", properties(unit="locale"))
        .override_by_name("PSI", properties(decimals=3))
        .override_by_name("Noise floor", properties(decimals=3))
        .override_by_name("Missing", shares)
        .override_by_name("Invalid", shares)
        .with_transformation(transformation("filterFieldsByName", include={"names": order}))
        .with_transformation(transformation("merge"))
        .with_transformation(transformation("sortBy", sort=[{"field": "instance"}]))
        .with_transformation(
            transformation(
                "organize",
                indexByName={name: index for index, name in enumerate(order)},
                renameByName={"instance": "Exporter", "window": "Window", **titles},
            )
        )
    )
    return (
        panel(
            40,
            lines().min(0).color_scheme(_coloured_by_size()),
            [
                over_time(
                    f'max by (instance) (model_feature_psi{{{RAW}, baseline="reference", window="$window"}})',
                    "{{instance}}",
                )
            ],
            title="PSI of each replica",
            description="The exporters' own PSI over the last $window against the reference. Lines close "
            "together are good. One far from the others: its requests differ, or its input is "
            "broken.",
            unit="none",
            empty="No exporter has a window of this length: see `windows` in its configuration.",
            width=12,
            height=9,
        ),
        panel(
            41,
            view,
            [rows(query, ref_id=each) for each, query in zip(references, columns.values(), strict=True)],
            title="Windows of each replica",
            description="What each exporter says itself, for the windows in its configuration; a window "
            "without a unit is a number of records. Replicas that agree are good. One without "
            "values gets no requests, or cannot read its input.",
            unit="none",
            empty="No exporter reports this feature at the end of the time range",
            width=12,
            height=9,
        ),
    )


REPLICAS = _replicas()
