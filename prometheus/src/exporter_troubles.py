"""Alerts about exporters that watch, but not as they should: lines rejected, behind, restarting, not reloaded, not saved."""

from __future__ import annotations

from .rule_files import Alert
from .targets import NO_MODEL, TARGETS, instances
from .texts import describe

__all__ = ["troubles"]

_EXPORTER = f'The exporter{{{{ if ne $labels.model "{NO_MODEL}" }}}} of model {{{{ $labels.model }}}}{{{{ end }}}}'


def _of_models(condition: str) -> str:
    """A condition on targets as one on the models of these targets."""
    return f"max by (model) (\n    {TARGETS}\n  * on (job, instance) group_left ()\n{condition}\n)"


_ERRORS = "increase(model_drift_exporter_record_errors_total[1h])"
_STARTS = "changes(process_start_time_seconds[1h])"
_LINES = (
    f"        {_ERRORS}\n"
    '      or\n        label_replace(increase(model_records_total[1h]), "line", "record", "", "")\n'
    '      or\n        label_replace(increase(model_labels_total[1h]), "line", "label", "", "")\n'
)


def troubles() -> list[Alert]:
    """The tickets."""
    errors, lag, restarting = "ModelRecordErrorsHigh", "ModelExporterLag", "ModelExporterRestarting"
    reload, snapshot = "ModelExporterConfigReloadFailed", "ModelExporterSnapshotStale"
    reasons = (
        f"query (printf `sort_desc(sum by (reason) ({_ERRORS} * on (job, instance) group_left () "
        f"group by (job, instance) ({TARGETS}{{model=%q}})) >= 1)` $labels.model)"
    )
    saved = (
        "query (printf `time() - min((model_drift_exporter_snapshot_timestamp_seconds > 0) and on (job, instance) "
        f"{TARGETS}{{model=%q}})` $labels.model)"
    )
    return [
        Alert(
            errors,
            "ticket",
            _of_models(
                "    (\n"
                f"      sum by (job, instance) ({_ERRORS})\n"
                "    /\n"
                f"      (sum by (job, instance) (\n{_LINES}      ) > 0)\n"
                "    > 0.01\n"
                "    and\n"
                f"      sum by (job, instance) ({_ERRORS}) >= 30\n"
                "    )"
            ),
            describe(
                errors,
                "More than one line in a hundred of the model's log cannot be read.",
                _EXPORTER + " rejects {{ $value | humanizePercentage }} of the lines that it reads."
                f"{{{{ with {reasons} }}}} In the last hour: "
                "{{ range $index, $sample := . }}{{ if $index }}, {{ end }}{{ $sample.Labels.reason }} "
                '{{ $sample.Value | printf "%.0f" }}{{ end }}.{{ end }}\n'
                "First: the exporter's log shows what is wrong with such lines; see whether the log's format changed, or "
                "whether something else writes to that file.",
                "exporter",
            ),
            duration="15m",
        ),
        Alert(
            lag,
            "ticket",
            _of_models("    (max by (job, instance) (model_drift_exporter_input_lag_seconds) > 600)"),
            describe(
                lag,
                "The exporter is behind the model's log.",
                _EXPORTER
                + " has not caught up with the log for {{ $value | humanizeDuration }}: alerts come late by as much.\n"
                "First: see whether the exporter gets enough CPU, and whether it is reading a backlog, which passes.",
                "exporter",
            ),
            duration="15m",
        ),
        Alert(
            restarting,
            "ticket",
            _of_models(f"    (max by (job, instance) ({_STARTS}) > 3)"),
            describe(
                restarting,
                "The exporter ends and starts again and again.",
                _EXPORTER
                + ' has started again {{ $value | printf "%.0f" }} times in the last hour: '
                + instances(f"and on (job, instance) {_STARTS} > 3")
                + ". Without a state file its evidence begins anew each time, so that no alert may ever come.\n"
                "First: read the last log lines before it ended (kubectl logs --previous, docker logs, journalctl), and its exit "
                "code: 137 is a lack of memory.",
                "exporter",
            ),
        ),
        Alert(
            reload,
            "ticket",
            "group by (model) (\n"
            f"    {TARGETS}\n"
            "  and on (job, instance)\n"
            "    model_drift_exporter_config_last_reload_successful == 0\n"
            ")",
            describe(
                reload,
                "The exporter's new configuration was refused; it goes on with the old one.",
                _EXPORTER
                + " could not load its configuration: "
                + instances("and on (job, instance) model_drift_exporter_config_last_reload_successful == 0")
                + ". It would not start with it either.\n"
                "First: its log names the line and what to write instead; model-drift-exporter check shows every mistake.",
                "exporter",
            ),
            duration="5m",
        ),
        Alert(
            snapshot,
            "ticket",
            "group by (model) (\n"
            f"    {TARGETS}\n"
            "  and on (job, instance)\n"
            "    (\n"
            "        time() - (model_drift_exporter_snapshot_timestamp_seconds > 0) > 3600\n"
            "      or\n"
            "        increase(model_drift_exporter_snapshot_errors_total[1h]) > 0\n"
            "      unless\n"
            "        time() - model_drift_exporter_snapshot_timestamp_seconds < 900\n"
            "    )\n"
            ")",
            describe(
                snapshot,
                "The exporter cannot save its state: a restart would lose the evidence gathered so far.",
                _EXPORTER + " has not saved its state for at least 15 minutes"
                f"{{{{ range {saved} }}}} (last time {{{{ .Value | humanizeDuration }}}} ago){{{{ end }}}}. "
                "After a restart, alerts that fire now would stop without a recovery, and waiting labels would be lost.\n"
                "First: is the disk at state.path full, read-only, or not mounted? The exporter's log names the error.",
                "exporter",
            ),
            duration="15m",
        ),
    ]
