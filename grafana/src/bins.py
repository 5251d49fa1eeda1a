"""Shares by bin of features, predictions and scores, with a text for each bin: for histograms and heatmaps.

``share_now("feature", "$window")``, ``share_in_reference(role)``, ``share_last_week(role, window)`` and
``difference_beyond_chance(role, window)`` are PromQL whose series have two labels: ``text`` (``"18.1 – 20.5"``, ``"below 18.1"``,
``"red"``, ``"missing"``) and ``order``, by which they sort: below, ascending ranges, above, categories by name, rare or
unseen, missing, invalid. Prometheus sorts the result of a range query by label, so rows of a heatmap with the legend
``{{text}}`` are in that order; tables are put in order by :func:`side_by_side`.

All expressions are about one reference, see :mod:`grafana.src.bin_texts`; :func:`of_reference_in_use` keeps that one of any
recorded series. They hold the variables ``$job``, ``$model`` and, for features, ``$feature``.
"""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.models import dashboard as models

from .bin_texts import END, IN_USE, NAMES, Role, each_replaced, last_known, texts
from .panels import transformation
from .variables import FEATURE, MODEL

__all__ = [
    "END",
    "Role",
    "difference_beyond_chance",
    "each_replaced",
    "last_known",
    "of_reference_in_use",
    "one_row_at_least",
    "only_seen",
    "reference_share",
    "selector",
    "share_in_reference",
    "share_last_week",
    "share_now",
    "side_by_side",
    "texts",
    "with_usual",
]


def selector(role: Role) -> str:
    """The matchers of a role's recorded series."""
    return f"{{{MODEL}, {FEATURE}}}" if role == "feature" else f"{{{MODEL}}}"


def of_reference_in_use(expression: str) -> str:
    """Of a vector with the label ``reference``, what belongs to the reference that most replicas use."""
    return f"{expression} and on (reference) {IN_USE}"


def share_now(role: Role, window: str) -> str:
    """The share of each bin in a window: ``"1h"``, ``"6h"``, ``"24h"`` or a variable that holds one of them."""
    return _named(role, _share(role, window))


def share_last_week(role: Role, window: str) -> str:
    """The share of each bin in the same window a week before; nothing if another reference was in use then."""
    return _named(role, _share(role, window, " offset 1w"))


def share_in_reference(role: Role, at: str = "") -> str:
    """The share of each bin in the reference; at :data:`END` what was last known, also of a model that is gone."""
    return _named(role, reference_share(role, at))


def difference_beyond_chance(role: Role, window: str) -> str:
    """The share of each bin in a window minus its share in the reference: -1 to 1.

    It is 0 where it is within three standard errors of two samples of one distribution.
    """
    now, was = _share(role, window), reference_share(role, END)
    moved = f"({now} - on (reference, bin) {was})"
    mean = f"({now} + on (reference, bin) {was}) / 2"
    sizes = (
        f"(1 / {_observations(role, window)} "
        f"+ on (reference) 1 / {last_known(NAMES[role].of_column('reference_observations', 'sum') + selector(role))})"
    )
    error = f"({mean} * (1 - {mean}) * on (reference) group_left () {sizes}) ^ 0.5"
    return _named(role, f"{moved} * (abs{moved} > bool 3 * {error})")


def only_seen(role: Role, window: str, expression: str) -> str:
    """Of the bins of one of these expressions those that are in the reference, or were seen in the time range."""
    counts = NAMES[role].of_cell("observations", f"increase{window}") + selector(role)
    seen = f"{_reference_counts(role, END)} > 0 or max_over_time({counts}[$__range]{END}) > 0"
    return f"({expression}) and on (order, text) {_named(role, f'group by (reference, bin) ({seen})')}"


def one_row_at_least(expression: str, needed: str, text: str, nothing: str = "0") -> str:
    """An expression by ``order`` and ``text``, or one row of the number ``nothing`` whose text says why there is none.

    ``needed`` is a vector, the same at all steps, without which there is nothing in the whole time range. Grafana 9.4 has
    no words of ours for an empty timeline, heatmap or bar chart.
    """
    row = f'label_replace(vector({nothing}) unless on () ({needed}), "text", "{text}", "", "")'
    return f'{expression} or label_replace({row}, "order", "0", "", "")'


def with_usual(expression: str, reference: str) -> str:
    """An expression by ``order`` and ``text`` with the label ``row``: its text and the share in the reference.

    ``reference`` are the shares in the reference, with the same labels.
    """
    usual = f'count_values by (order, text) ("usual", round(100 * ({reference})))'
    joined = (
        f'label_join(({expression}) * on (order, text) group_left (usual) {usual}, "row", ", usual ", "text", "usual")'
    )
    return f'label_replace({joined}, "row", "$1 %", "row", "(.+)")'


def reference_share(role: Role, at: str = "") -> str:
    """The share of each bin in each reference, with the labels ``reference`` and ``bin``; at :data:`END` the last known."""
    total = NAMES[role].of_column("reference_observations", "sum") + selector(role)
    return f"({_reference_counts(role, at)} / on (reference) group_left () {last_known(total) if at == END else total + at})"


def side_by_side(columns: Mapping[str, str]) -> list[models.DataTransformerConfig]:
    """Transformations of instant queries as tables, one for each column, into one table with a row for each bin.

    ``columns`` are the columns' titles by the identifier of their query, from left to right. All queries have the
    labels ``text`` and ``order``; the last is the one that finds something where others may find nothing.
    """
    values = {f"Value #{identifier}": title for identifier, title in columns.items()}
    values["Value"] = [*columns.values()][-1]  # the name of the column if only one query finds something
    return [
        transformation("filterFieldsByName", include={"names": ["text", "order", *values]}),
        transformation("merge"),
        transformation("sortBy", sort=[{"field": "order"}]),
        transformation(
            "organize",
            excludeByName={"order": True},
            indexByName={name: index for index, name in enumerate(["text", *values])},
            renameByName={"text": "Bin", **values},
        ),
    ]


def _reference_counts(role: Role, at: str) -> str:
    counts = NAMES[role].of_cell("reference_observations", "max") + selector(role)
    return last_known(counts) if at == END else counts + at


def _observations(role: Role, window: str) -> str:
    return NAMES[role].of_column("observations", f"increase{window}") + selector(role)


def _share(role: Role, window: str, offset: str = "") -> str:
    counts = NAMES[role].of_cell("observations", f"increase{window}") + selector(role)
    return f"({counts}{offset} / on (reference) group_left () {_observations(role, window)}{offset})"


def _named(role: Role, shares: str) -> str:
    return f"sum by (order, text) (({shares}) * on (reference, bin) group_left (order, text) {texts(role)})"
