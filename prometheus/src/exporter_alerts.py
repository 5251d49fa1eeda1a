"""Alerts about the watcher itself: exporters that are gone or blind, traffic that stopped, and the Watchdog."""

from __future__ import annotations

from .exporter_troubles import troubles
from .models import MISSING, SILENCE, USUAL_SILENCE
from .rule_files import Alert, Group, rule_file
from .targets import DOWN, EXPORTERS, NO_MODEL, TARGETS, instances, target_records
from .texts import describe

__all__ = ["documentation", "groups"]

_EXPLANATION = f"""\
Alerts about the exporters. {TARGETS} is the map of scrape targets and models; it remembers the
models of a target that is down, so that the alert can say what nobody watches now. The model {NO_MODEL} stands for an exporter
that has seen no model yet, and for alerts about no model.
"""


def documentation() -> str:
    """The text of the rule file."""
    return rule_file(_EXPLANATION, groups())


def groups() -> list[Group]:
    """The groups of the rule file."""
    alerts = [_down(), _absent(), _input_down(), _partly_blind(), _traffic_stopped(), *troubles(), _watchdog()]
    return [Group("model-drift-exporter", [*target_records(), *alerts])]


_BLIND = (
    "While this lasts, no alert about drift, broken input or loss can come for this model, and those firing may stop."
)
_DOWN = f"query (printf `{TARGETS}{{model=%q}} and on (job, instance) {DOWN}` $labels.model) | sortByLabel `instance`"
_UNREADABLE = (
    "query (printf `min by (instance, input) (model_drift_exporter_input_up * on (job, instance) group_left () "
    f"{TARGETS}{{model=%q}}) == 0` $labels.model) | sortByLabel `instance`"
)
_INPUTS = (
    f"{{{{ range $index, $sample := {_UNREADABLE} }}}}{{{{ if $index }}}}, {{{{ end }}}}"
    "{{ $sample.Labels.input }} of {{ $sample.Labels.instance }}{{ end }}"
)


def _down() -> Alert:
    alert = "ModelExporterDown"
    return Alert(
        alert,
        "page",
        f'max without (state) ({EXPORTERS}{{state="down"}} > 0)\nunless on (model)\n  {EXPORTERS}{{state="up"}}',
        describe(
            alert,
            "No exporter of the model answers: nobody watches the model.",
            "Prometheus cannot scrape any exporter of model {{ $labels.model }}, or only now and then; down: "
            + instances(f"and on (job, instance) {DOWN}")
            + f". {_BLIND}\nFirst: see whether the exporter runs or starts again and again, and its last log lines "
            "(kubectl logs, docker logs, journalctl); restart it if it hangs. It does not touch the model's predictions.",
            "exporter",
        ),
        duration="5m",  # and five until most of the scrapes of ten minutes have failed
    )


def _absent() -> Alert:
    alert = "ModelExporterAbsent"
    expected = (
        "    model:records_expected:min1h >= 20\n"
        "  or on (model)\n"
        "    (model:records_expected:min24h >= 20 unless on (model) model:records:increase24h > 0)"
    )
    return Alert(
        alert,
        "page",
        f"  (\n{expected}\n  )\n"
        "unless on (model)\n"
        f"  group by (model) ({TARGETS})\n"
        "or\n"
        f'  (label_replace(absent({TARGETS}), "model", "{NO_MODEL}", "", "") > 0\n'
        "  unless on () (model:records_expected:min24h >= 20))",
        describe(
            alert,
            "Prometheus has no exporter of the model to scrape any more.",
            f'{{{{ if eq $labels.model "{NO_MODEL}" }}}}Prometheus has these rules, but no model-drift-exporter among its scrape '
            "targets: no model is watched."
            "{{ else }}Model {{ $labels.model }} was watched and had traffic at this time yesterday or last week; now "
            f"Prometheus has no exporter of it among its targets. {_BLIND}{{{{ end }}}}\n"
            "First: open Status, Targets in Prometheus. If the exporter runs but is not listed, service discovery lost it "
            "(labels, port name, PodMonitor); if the model was retired on purpose, silence this for a week.",
            "fleet",
        ),
        duration="15m",
    )


def _input_down() -> Alert:
    alert = "ModelExporterInputDown"
    return Alert(
        alert,
        "page",
        f'max without (state) ({EXPORTERS}{{state="input_unreadable"}} > 0)\n'
        "unless on (model)\n"
        f'  {EXPORTERS}{{state="watching"}}\n'
        "and on (model)\n"
        "  (\n"
        "      model:records_expected:min1h >= 20\n"
        "    or on (model)\n"
        "      (model:records_expected:min24h >= 20 unless on (model) model:records:increase24h > 0)\n"
        "  )",
        describe(
            alert,
            "The exporter cannot read the model's log, at a time when predictions are expected: it is blind.",
            f"No exporter of model {{{{ $labels.model }}}} can read any of its inputs; unreadable: {_INPUTS}. {_BLIND}\n"
            "First: the exporter's log names the file and the error (missing, no permission, a volume that is not mounted). "
            "Does the model still run and write there?",
            "exporter",
        ),
        duration="15m",
    )


def _partly_blind() -> Alert:
    alert = "ModelExporterPartlyBlind"
    return Alert(
        alert,
        "ticket",
        "max by (model) (\n"
        f'    {EXPORTERS}{{state="down"}}\n'
        "  or\n"
        "    label_replace(\n"
        f"      count by (model) ({TARGETS} * on (job, instance) group_left ()\n"
        "        (min by (job, instance) (model_drift_exporter_input_up) == 0)),\n"
        '      "state", "input", "", ""\n'
        "    )\n"
        ")\n"
        "> 0\n"
        "and on (model)\n"
        f'  {EXPORTERS}{{state="watching"}}',
        describe(
            alert,
            "A part of the model's predictions or labels is not watched.",
            "Other exporters or inputs of model {{ $labels.model }} still work, but not these: "
            f"{{{{ range {_DOWN} }}}}"
            "{{ .Labels.instance }} is down; {{ end }}"
            f"{{{{ range {_UNREADABLE} }}}}"
            "input {{ .Labels.input }} of {{ .Labels.instance }} cannot be read; {{ end }}"
            "what they would see is missing from every statistic.\n"
            "First: the exporter's log says why; see whether that replica of the model works.",
            "exporter",
        ),
        duration="30m",
    )


def _traffic_stopped() -> Alert:
    alert = "ModelTrafficStopped"
    return Alert(
        alert,
        "ticket",
        "(\n"
        # Records of last week that are being read are no silence, though they are old.
        f"    ({SILENCE} > on (model) {USUAL_SILENCE} unless on (model) model:records:rate5m > 0)\n"
        "  or on (model)\n"
        f"    {MISSING} >= 20\n"
        ")\n"
        "and on (model)\n"
        f'  {EXPORTERS}{{state="watching"}}',
        describe(
            alert,
            "No more predictions come from the model, for longer than its habit explains.",
            "The exporter works and reads, but model {{ $labels.model }} has logged no prediction"
            f"{{{{ with query (printf `{SILENCE}{{model=%q}} and on (model) {USUAL_SILENCE}` $labels.model) }}}}"
            " for {{ . | first | value | humanizeDuration }}"
            f"{{{{ range query (printf `{USUAL_SILENCE}{{model=%q}}` $labels.model) }}}}"
            "; by the habit of the past weeks it would have done so within {{ .Value | humanizeDuration }}{{ end }}."
            "{{ else }} for an hour or longer; at the same time yesterday and a week before there were at least "
            '{{ $value | printf "%.0f" }}.{{ end }}'
            "{{ range query (printf `max(model_last_record_timestamp_seconds{model=%q})` $labels.model) }} The last one is of "
            '{{ (.Value | toTime).Format "2006-01-02 15:04 MST" }}.{{ end }}\n'
            "First: does the service still call the model, and does the model still write its log? If it was retired or "
            "paused on purpose, silence this for a day.",
            "model",
        ),
        duration="5m",
    )


def _watchdog() -> Alert:
    alert = "Watchdog"
    return Alert(
        alert,
        "none",
        f'label_replace(vector(1), "model", "{NO_MODEL}", "", "") > 0',
        describe(
            alert,
            "Always firing: proof that alerts get out.",
            "This alert always fires, to show that Prometheus evaluates rules and Alertmanager delivers. Connect it to a dead "
            "man's switch that calls somebody when it stops coming.",
            "fleet",
        ),
    )
