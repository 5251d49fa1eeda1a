"""Dashboard Model, features: which have left the reference, since when, and how far; worst on top."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common
from grafana_foundation_sdk.models import dashboard as models

from ..colours import BLUE, GREY, ORANGE, PURPLE, SAND, SKY, TRANSPARENT, VERMILION, names
from ..line_styles import coloured, crossing, dashed, last_values
from ..links import SAME_MODEL, data_link
from ..panels import Panel, lines, panel, properties, states, tabular, transformation
from ..queries import over_time, ref_id, rows
from ..variables import EXPORTED, MODEL
from ..worst_feature import EVIDENCE, LOUD, NEEDED, RISING

__all__ = ["FEATURES", "worst"]

_SHOWN = 15
_DRAWN = 5
_SHARE = f"{EVIDENCE} / on () group_left () {NEEDED}"
_EMPTY = "No features: no exporter watches this model, or it has no reference yet"
_WIDTHS = {"Evidence": 100, "For": 80, "Excess": 70, "Missing": 75, "Outside": 75}
_DECIMALS = {"none": 2, "s": 1}
_NOT_JUDGED = 4
_NOTHING = -1
_STATES = {
    0: ("Quiet", BLUE),
    1: ("Rising", SAND),
    2: ("In a ticket", ORANGE),
    3: ("In a page", VERMILION),
    _NOT_JUDGED: ("Cannot be judged", PURPLE),
    _NOTHING: ("Nothing recorded", TRANSPARENT),
}


def _in_alert(severity: str) -> str:
    return f'model_alert_feature{{{EXPORTED}, severity="{severity}"}}'


def worst(count: int) -> str:
    """1 for the worst features of the time range, with a label ``_order``: as text the smaller, the worse they are.

    Prometheus sorts the answer to a range query by its labels, and an underscore comes before the letters of others, so
    that what is joined with this comes worst first. In a page is worse than in a ticket, and that worse than any
    evidence; log10 of evidence is within ±300, so that all have six digits.
    """
    evidence = f"max_over_time({EVIDENCE}[$__range] @ end())"
    alerts = " or ".join(
        f"group by (feature) (max_over_time({_in_alert(severity)}[$__range] @ end())) * {bonus}"
        for severity, bonus in (("page", 2000), ("ticket", 1000))
    )
    badness = f"max by (feature) ({evidence} + on (feature) ({alerts}) or {evidence})"
    return f'count_values by (feature) ("_order", 500000 - round(100 * topk({count}, {badness})))'


def _worst_first(expression: str, count: int) -> str:
    return f"({expression}) * on (feature) group_left (_order) {worst(count)}"


def _timeline() -> Panel:
    state = " or ".join(
        [  # the last: 1 from three quarters of a ticket's evidence on, 2 from all of it
            f"group by (feature) ({_in_alert('page')}) * 3",
            f"group by (feature) ({_in_alert('ticket')}) * 2",
            f"max by (feature) (clamp(floor({_SHARE} * 4) - 2, 0, 2))",
        ]
    )
    visualisation = (
        states().mappings(names(_STATES)).override_by_query("A", properties(links=[_link("__field.labels.feature")]))
    )
    none = f"absent_over_time({EVIDENCE}[$__range] @ end())"
    watched = f"model:state:max{{{MODEL}}}"
    # A row at the steps at which the model was watched, and one for a time in which it never was.
    unjudged = f"{none} * {_NOT_JUDGED} and on () {watched}"
    nothing = f"{none} * {_NOTHING} and on () absent_over_time({watched}[$__range] @ end())"
    empty = " or ".join(
        f'label_replace({each}, "feature", "{name}", "", "")'
        for each, name in ((unjudged, "No reference, no features"), (nothing, "No exporter watched this model"))
    )
    return panel(
        30,
        visualisation,
        [
            over_time(_worst_first(state, _SHOWN), "{{feature}}", interval="1m"),
            # Grafana's timeline does not say why it is empty.
            over_time(empty, "{{feature}}", ref_id="B", interval="1m"),
        ],
        title="Features",
        description="The 15 worst features of this time, worst on top. Rising: above 75 % of a ticket's evidence. In "
        "a ticket, in a page: an alert names it, or its own evidence would do. Good: quiet throughout. "
        "Many that change at once have one cause. A click on a row opens the feature.",
        unit="none",
        empty=_EMPTY,
        width=12,
        height=10,
    )


def _now() -> Panel:
    columns = _columns()
    visualisation = (
        tabular()
        .sort_by([common.TableSortByFieldState().display_name("Evidence").desc(True)])
        .override_by_name("Feature", properties(links=[_link("__data.fields.Feature")], custom__minWidth=110))
        .override_by_name(
            "Evidence",
            properties(
                color={"mode": "thresholds"},
                thresholds=crossing(BLUE, (100 * RISING, SAND), (100, ORANGE)),
                custom__displayMode="gradient-gauge",
                min=0,
                max=100,
            ),
        )
    )
    for title, unit, _ in columns:
        visualisation = visualisation.override_by_name(
            title,
            properties(unit=unit, decimals=_DECIMALS.get(unit, 0), custom__width=_WIDTHS.get(title, 60), noValue="–"),
        )
    for each in _joined([title for title, _, _ in columns]):
        visualisation = visualisation.with_transformation(each)
    return panel(
        31,
        visualisation,
        [rows(expression, ref_id=ref_id(index)) for index, (_, _, expression) in enumerate(columns)],
        title="Worst features now",
        description="All features at the end of this time. Evidence: share of what a ticket needs; for: how long it has "
        "grown. PSI: how far the window is from the reference; noise: what it would be without drift; excess: "
        "the rest. Outside: beyond the range of the reference, or more rare or unseen categories than there. Good: no "
        "excess, or no evidence. Excess above 0.25 is large; evidence decides. A click opens the feature.",
        unit="none",
        empty=_EMPTY,
        width=12,
        height=10,
    )


def _columns() -> list[tuple[str, str, str]]:
    """Title, unit and query of each column beside the feature."""

    def of_window(name: str) -> str:
        return f"max by (feature) (model_reference_feature:feature_{name}{{{MODEL}}})"

    psi, floor = of_window("psi:reference$window"), of_window("psi_noise_floor:reference$window")
    missing, invalid = of_window("missing:ratio$window"), of_window("invalid:ratio$window")
    # Categories that are rare in the reference share a bin with those that it lacks.
    rare = of_window("unseen:ratio$window")
    more_rare = f"clamp_min({rare} - on (feature) {_usually_rare()}, 0)"
    onset = f"model_feature_drift_onset_timestamp_seconds{{{EXPORTED}}}"
    return [
        ("Evidence", "percent", f"max by (feature) (clamp_min(100 * {_SHARE}, 0))"),
        ("For", "s", f"time() - min by (feature) ({onset}) and on (feature) {_SHARE} >= {RISING}"),
        ("Excess", "none", f"clamp_min({psi} - {floor}, 0)"),
        ("PSI", "none", psi),
        ("Noise", "none", floor),
        ("Missing", "percentunit", f"{missing} + {invalid}"),
        ("Outside", "percentunit", f"{of_window('out_of_range:ratio$window')} or {more_rare} or {rare}"),
    ]


def _usually_rare() -> str:
    """The share in the reference of the categories without a bin of their own; of several references the largest."""
    counts = f'model_reference_feature_bin:feature_reference_observations:max{{{MODEL}, bin="__other__"}}'
    sums = f"model_reference_feature:feature_reference_observations:sum{{{MODEL}}}"
    return f"max by (feature) ({counts} / on (feature, reference) {sums})"


def _joined(titles: list[str]) -> list[models.DataTransformerConfig]:
    """One table with a row for each feature from one for each column."""
    values = {f"Value #{ref_id(index)}": title for index, title in enumerate(titles)}
    values["Value"] = titles[0]  # its name if only one query finds something: evidence is there without traffic
    options: dict[str, dict[str, object]] = {
        "filterFieldsByName": {"include": {"names": ["feature", *values]}},
        "joinByField": {"byField": "feature", "mode": "outer"},
        "organize": {
            "excludeByName": {},
            "indexByName": {name: index for index, name in enumerate(["feature", *values])},
            "renameByName": {"feature": "Feature", **values},
        },
    }
    return [transformation(name, **chosen) for name, chosen in options.items()]


def _link(field: str) -> dict[str, object]:
    return data_link("This feature", "feature", **SAME_MODEL, feature=f"${{{field}:percentencode}}")


def _psi() -> Panel:
    def of_window(name: str) -> str:
        return f"max by (feature) (model_reference_feature:feature_{name}:reference$window{{{MODEL}}})"

    floor = of_window("psi_noise_floor")
    psi = f"{of_window('psi')} and on (feature) {floor} < {LOUD}"
    drawn = f"{floor} < {LOUD} and on (feature) {worst(_DRAWN)}"
    visualisation = (
        lines()
        .min(0)
        .override_by_query("A", coloured(BLUE, custom__lineWidth=3))
        .override_by_query("B", coloured(SKY, custom__lineWidth=1))
        .override_by_query("C", dashed(GREY, custom__fillOpacity=15))
        .legend(last_values())
    )
    return panel(
        32,
        visualisation,
        [
            over_time(f"({psi}) and on (feature) {worst(1)}", "{{feature}}", ref_id="A", interval="2m"),
            over_time(
                f"({_worst_first(psi, _DRAWN)}) unless on (feature) {worst(1)}",
                "{{feature}}",
                ref_id="B",
                interval="2m",
            ),
            over_time(f"max({drawn})", "Noise floor", ref_id="C", interval="2m"),
        ],
        title="PSI and its noise floor",
        description="How far the 5 worst features are from the reference, over the window; the worst one thick. Good: "
        "in the grey, which is what chance alone gives to any of them. Clearly above it, and staying there: drift. A "
        "gap: too few records in the window to tell; choose a longer one. To read only; evidence decides "
        "what fires.",
        unit="none",
        empty="No PSI: too few records in this window, or no reference yet",
        width=24,
        height=8,
    )


FEATURES = (_timeline(), _now(), _psi())
"""Panels about features."""
