"""Which exporters watch which models: the map that alerts about exporters get their models from."""

from __future__ import annotations

from .rule_files import Record

__all__ = ["DOWN", "EXPORTERS", "NO_MODEL", "TARGETS", "instances", "target_records"]

TARGETS = "job_instance_model:exporter_targets:group"
NO_MODEL = "__none__"
"""Stands for the model where there is none: every alert needs the label, or Alertmanager's inhibitions compare nothing."""

DOWN = "job_instance:exporter_down:group"
"""Targets of which most of the scrapes of the last ten minutes failed, one of the last three minutes among them.

An exporter that starts, answers once and ends again stays down; one that is back is no longer down after three minutes.
"""

EXPORTERS = "model:exporters:count"
"""Exporters of a model by ``state``: down or up; of those up, input_unreadable (no input can be read) and watching."""


def target_records() -> list[Record]:
    """The map, which of its targets are down, and how many exporters of each model are in which state."""
    known = f'{TARGETS}{{model!="{NO_MODEL}"}}'
    readable = "max by (job, instance) (model_drift_exporter_input_up)"
    up = f"{known} unless on (job, instance) {DOWN}"
    states = {
        "down": f"{known} and on (job, instance) {DOWN}",
        "up": up,
        "input_unreadable": f"({up}) and on (job, instance) {readable} == 0",
        "watching": f"({up}) and on (job, instance) {readable} == 1",
    }
    return [
        Record(
            TARGETS,
            "  group by (job, instance, model) (model_info)\n"
            "or on (job, instance)\n"
            "  (\n"
            f"      group by (job, instance, model) (last_over_time({known}[1h]))\n"
            "    and on (job, instance)\n"
            "      up\n"
            "  )\n"
            "or on (job, instance)\n"
            "  label_replace(\n"
            f'    group by (job, instance) (model_drift_exporter_build_info), "model", "{NO_MODEL}", "", ""\n'
            "  )",
        ),
        Record(
            DOWN,
            "  group by (job, instance) (avg_over_time(up[10m]) < 0.5 and min_over_time(up[3m]) == 0)\n"
            "and on (job, instance)\n"
            f"  {TARGETS}",
        ),
        *(
            Record(EXPORTERS, f"count by (model) ({expression})", {"state": state})
            for state, expression in states.items()
        ),
    ]


def instances(condition: str) -> str:
    """The targets of the alert's model that a condition on their labels picks."""
    asked = f"query (printf `{TARGETS}{{model=%q}} {condition}` $labels.model) | sortByLabel `instance`"
    return (
        f"{{{{ range $index, $sample := {asked} }}}}{{{{ if $index }}}}, {{{{ end }}}}"
        "{{ $sample.Labels.instance }}{{ end }}"
    )
