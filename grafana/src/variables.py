"""The variables of the dashboards; their names are in links, so all dashboards share them."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog import builder
from grafana_foundation_sdk.models import dashboard as models

from .queries import DATA_SOURCE

__all__ = [
    "CHOSEN_MODELS",
    "EXPORTED",
    "FEATURE",
    "MODEL",
    "choice",
    "data_source",
    "feature",
    "instance",
    "job",
    "loss_window",
    "model",
    "several",
    "window",
]

CHOSEN_MODELS = "model=~`${model:regex}`"
"""Matcher of the models that are chosen, on dashboards of several, whatever is in their names."""

MODEL, FEATURE = "model=`${model:raw}`", "feature=`${feature:raw}`"
"""Matchers of the one that is chosen, whatever quotes and backslashes are in its name.

As ``"$model"``, Grafana would double the backslash before a single quote and leave a double one as it is.
"""

EXPORTED = f'job=~"$job", {MODEL}'
"""Matchers of what the exporters of the chosen jobs export about the one model; recorded series have no job."""

Variable = builder.Builder[models.VariableModel]

_WINDOWS = ("1h", "6h", "24h")


def data_source() -> Variable:
    """The Prometheus to ask: first Grafana's default data source, if it is one; otherwise the first by name."""
    default = models.VariableOption(selected=True, text="default", value="default")
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus").current(default)


def choice(name: str, label: str, query: str) -> builders.QueryVariable:
    """One of the values that a query finds in the time range."""
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def several(name: str, label: str, query: str) -> builders.QueryVariable:
    """Any number of the values that a query finds; all to begin with."""
    everything = models.VariableOption(selected=True, text="All", value="$__all")
    return choice(name, label, query).multi(True).include_all(True).all_value(".+").current(everything)


def job() -> Variable:
    """The Prometheus jobs of exporters."""
    return several("job", "Job", "label_values(model_drift_exporter_build_info, job)")


def model(*, many: bool = False) -> Variable:
    """One model, or any number of them."""
    query = 'label_values(model_info{job=~"$job"}, model)'
    return several("model", "Model", query) if many else choice("model", "Model", query)


def feature() -> Variable:
    """One feature of the model."""
    return choice(
        "feature",
        "Feature",
        f"label_values(model_feature_reference_observations{{{EXPORTED}}}, feature)",
    )


def window() -> Variable:
    """The window of the recorded effect sizes; it is a part of their names."""
    first, *others = (models.VariableOption(selected=name == "1h", text=name, value=name) for name in _WINDOWS)
    # Grafana 9.4 makes the list out of the values only when a person edits the variable.
    options = [first, *others]
    return builders.CustomVariable("window").label("Window").values(",".join(_WINDOWS)).options(options).current(first)


def loss_window() -> Variable:
    """The window of the realised performance: first the one that the overview of all models shows, then by outcomes.

    None is saved as the current one, so that Grafana chooses the first; so a day in which nothing happened does not hide
    the hour in which much did.
    """
    overview = f"max by (window) (model_window:performance_labels:recent{{{MODEL}}})"
    outcomes = f"last_over_time(model_performance_labels{{{EXPORTED}}}[$__range])"
    return (
        choice("loss_window", "Loss window", f"query_result(sort(-{overview} or sum by (window) ({outcomes})))")
        .regex('/window="([^"]+)"/')
        .sort(models.VariableSort.DISABLED)
    )


def instance() -> Variable:
    """The exporters that watch the chosen models."""
    query = f'label_values(job_instance_model:exporter_targets:group{{job=~"$job", {CHOSEN_MODELS}}}, instance)'
    return several("instance", "Exporter", query)
