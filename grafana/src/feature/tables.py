"""Tables of the dashboard about a feature: every statistic, and what each replica says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from model_drift_exporter.statistics import STATISTICS as EFFECT_SIZES
from prometheus.src.distances import FORMS, WINDOWS, recorded

from ..bins import of_reference_in_use
from ..colours import SCALE
from ..panels import Panel, lines, panel, properties, tabular, transformation
from ..queries import over_time, ref_id, rows
from .status import RAW, series

__all__ = ["REPLICAS", "STATISTICS"]


class _Line(NamedTuple):
    """A statistic or its noise floor: ``comparisons`` are those in which it is recorded."""

    name: str
    title: str
    reading: str
    comparisons: tuple[str, ...]


_BASELINES = {"reference": "{}", "lastweek": "Week: {}"}
_COLUMNS = {
    f"{baseline}{window.name}": title.format(f"{window.name[:-1]} {window.name[-1]}")
    for baseline, title in _BASELINES.items()
    for window in WINDOWS
}


def _lines() -> Iterator[_Line]:
    """Every statistic that rules record and people can read, and its noise floor beside it."""
    for each in EFFECT_SIZES:
        if each.name not in FORMS or not each.reading:
            continue
        comparisons = tuple(
            f"{baseline}{window.name}"
            for baseline in _BASELINES
            for window in WINDOWS
            if each.name in recorded(baseline, window)
        )
        yield _Line(each.name, each.title, each.reading, comparisons)
        if FORMS[each.name].noise_floor is not None:
            by_chance = f"The {each.title} of this many values when nothing has moved."
            title = f"{each.title} by chance (noise floor)"
            yield _Line(f"{each.name}_noise_floor", title, by_chance, tuple(_COLUMNS))


_LINES = tuple(_lines())


def _labelled(expression: str, **labels: str) -> str:
    for label, value in labels.items():
        expression = f'label_replace({expression}, "{label}", "{value}", "", "")'
    return expression


def _column(comparison: str) -> str:
    known = " or ".join(
        _labelled(series(f"{each.name}:{comparison}"), order=str(index), statistic=each.title)
        for index, each in enumerate(_LINES)
        if comparison in each.comparisons
    )
    # Without any value Grafana would leave the column away.
    none = _labelled("vector(NaN)", order="0", statistic=_LINES[0].title)
    return f"max by (order, statistic) ({of_reference_in_use(f'({known})')}) or {none}"


def _readings() -> str:
    return " or ".join(
        _labelled("vector(0)", order=str(index), statistic=each.title, reading=each.reading)
        for index, each in enumerate(_LINES)
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
        height=len(_LINES) + 2,
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
