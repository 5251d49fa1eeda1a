"""Queries of panels."""

from __future__ import annotations

from string import ascii_uppercase

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import prometheus as models

__all__ = ["DATA_SOURCE", "now", "over_time", "ref_id", "rows"]

DATA_SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")


def ref_id(index: int) -> str:
    """The name of the query in this place, as Grafana names them: ``"A"`` for 0. Raises ``ValueError`` beyond ``"Z"``."""
    if not 0 <= index < len(ascii_uppercase):
        raise ValueError(f"a panel has at most {len(ascii_uppercase)} queries, and there is none in place {index}")
    return ascii_uppercase[index]


def over_time(expression: str, legend: str, *, ref_id: str = "A", interval: str = "") -> prometheus.Dataquery:
    """A range query; ``interval`` is the smallest step, such as ``"2m"`` for a series recorded every two minutes."""
    query = _query(expression, ref_id).range().legend_format(legend)
    return query.interval(interval) if interval else query


def now(expression: str, legend: str = "", *, ref_id: str = "A") -> prometheus.Dataquery:
    """An instant query, at the end of the time range."""
    return _query(expression, ref_id).instant().legend_format(legend)


def rows(expression: str, *, ref_id: str = "A") -> prometheus.Dataquery:
    """An instant query as a table: a column for each label, and one for the value."""
    return _query(expression, ref_id).instant().format(models.PromQueryFormat.TABLE)


def _query(expression: str, ref_id: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().datasource(DATA_SOURCE).expr(expression).ref_id(ref_id)
