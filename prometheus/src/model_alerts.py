"""Alerts about models: what the exporter's evidence decided, and where nothing can be decided."""

from __future__ import annotations

import re
from collections.abc import Sequence

from model_drift_exporter.evidence.alarm_spec import AlarmSpec
from model_drift_exporter.monitors import MONITORS, MonitorSpec, alarms_of
from model_drift_exporter.monitors import REASONS as REASONS_OF_MONITORS
from model_drift_exporter.monitors.findings import FindingKind

from .addresses import Place, places
from .evidence import EVIDENCE, EXPLANATION, RISE, THRESHOLD, evidence_records, loss_records
from .rule_files import Alert, Group, rule_file
from .texts import PIECES, describe, evidence, finding, held, onset, promise, rise

__all__ = ["REASONS", "documentation", "groups"]

_EXPLANATION = """\
Alerts about models. All but the last two are one comparison: the evidence that the exporters have gathered, merged over
replicas, against the threshold that their budget of false alarms gives. There is no other threshold, and no waiting:
evidence is valid whenever one looks, and a latch holds it until recovery.
"""

REASONS = {
    "no_reference": "It has no reference yet: the exporter is still learning one from live records, or cannot. "
    "First: build one from data on which the model was accepted (model-drift-exporter profile) and start the exporter with it.",
    "reference_without_labels": "Labels arrive, but the reference was built without any, so nothing says what loss is normal. "
    "First: build the reference again from rows that have labels.",
    "few_reference_labels": "The reference has fewer than 100 labelled rows, too few to say what loss is normal. "
    "First: build it again from more labelled rows.",
    "few_class_rows": "A rare class has fewer than 100 labelled rows in the reference, so errors on it are not judged by "
    "themselves. First: build the reference again with more rows of that class.",
    "no_labels": "Labels are expected and none has come, so a rise of the loss would not be seen. "
    "First: see whether the job that writes labels runs, and whether the exporter reads its log (--labels).",
    "labels_stopped": "Labels used to come and have stopped, so a rise of the loss would not be seen. "
    "First: see whether the job that writes labels still runs.",
    "selective_labels": "Some predicted classes or scores get labels much more often than others, so the measured loss is not "
    "that of all predictions. First: find out what decides which predictions get a label.",
    "unlabelled_predictions": "Most predictions that should have their label by now have none, so the loss is judged by none. "
    "First: see what decides which predictions get a label; if it is chance, set labels.sampled.",
    "late_outcomes": "Most labels come later than outcomes count, and are left out of the loss. "
    "First: see why labels take longer than before; if they always will, set labels.maturity to how long they take.",
    "superseded_outcomes": "Each version of the model is replaced before its labels come, so only the loss over all versions is "
    "judged, and it does not say which version is bad. First: see whether labels can come sooner; if not, accept it.",
    "one_class_labels": "All labels are of one class, so errors on the others cannot be seen. "
    "First: see whether the labels' query or join filters one class out.",
    "unseen_class_labels": "Labels name a class that the reference lacks; no alert counts them. "
    "First: see whether classes were renamed; if the class is new, the model cannot know it: retrain and build a new reference.",
    "unusable_labels": "Labels cannot be used, such as text where a number is needed. "
    "First: look at the reasons in model_labels_rejected_total, and at what writes the labels.",
    "no_identifiers": "Labels are expected, but predictions carry no id by which a label could find them. "
    "First: have the model log an id with each prediction, or set the field's name (--fields.id).",
    "future_labels": "Labels have times more than a day ahead of the predictions', such as due dates; they are taken to be of "
    "now. First: see which field holds their time (fields.time): it must be when the label became known.",
    "labels_unmatched": "Labels come, and hardly one of them finds its prediction, so a rise of the loss would not be seen. "
    "First: compare the id of a label with that of its prediction.",
    "immature_labels": "Labels come, and no outcome has counted yet: until it is known how late labels are, or labels.maturity "
    "is over, early ones would mislead. First: wait for a week and twice the usual delay, or set labels.maturity.",
    "broken_input": "Outcomes have been left out of the loss for more than a day, because ModelInputBroken is firing. "
    "First: mend the input; if the input is meant to be so, build a new reference.",
    **REASONS_OF_MONITORS,
}
"""What each reason of ``model_not_evaluable`` means and what to do first."""


def documentation(monitors: Sequence[MonitorSpec] = MONITORS) -> str:
    """The text of the rule file."""
    return rule_file(f"{_EXPLANATION}\n{EXPLANATION}", groups(monitors))


def groups(monitors: Sequence[MonitorSpec] = MONITORS) -> list[Group]:
    """The groups of the rule file."""
    return [
        Group(
            "model-drift-alerts",
            [
                # Records first: the alerts then see this evaluation's values.
                *evidence_records(),
                *loss_records(),
                *_alarms(monitors),
                _not_evaluable(),
                _reference_mismatch(),
            ],
        )
    ]


_PROMISES = {"drift": "inputs", "loss": "loss", "concept": "loss"}
"""What the promise is about, by monitor; others say nothing of what theirs rests on."""


def _decided(alarm: AlarmSpec, place: Place, explained: Sequence[FindingKind], about: str) -> Alert:
    description = (
        alarm.says.replace("{model}", "{{ $labels.model }}"),
        *(PIECES[name](alarm.alert) for name in alarm.shows),
        *(finding(each.kind, each.meaning) for each in explained),
        onset(alarm.alert),
        rise(),
        held(alarm.alert, alarm.counted),
        f"\nFirst: {_continued(alarm.first)}",
        evidence(alarm.alert, alarm.severity),
        promise(about, alarm.severity) if about else "",
    )
    return Alert(
        alarm.alert,
        alarm.severity,
        f'  max without (alert) (\n      {EVIDENCE}{{alert="{alarm.alert}"}}\n    >=\n      {THRESHOLD}\n  )\n'
        f'* on (model, severity) group_left (rise)\n  {RISE}{{alert="{alarm.alert}"}}',
        describe(alarm.alert, alarm.summary, "".join(description), place=place),
    )


def _continued(sentence: str) -> str:
    """A sentence as it goes on after a colon; a name such as PSI or ModelInputBroken stays as it is."""
    return sentence[:1].lower() + sentence[1:] if re.match(r"[A-Z][a-z]*\b", sentence) else sentence


def _alarms(monitors: Sequence[MonitorSpec]) -> list[Alert]:
    where = places(monitors)
    kinds = [kind for spec in monitors for kind in spec.findings]
    about = {alarm.alert: _PROMISES.get(spec.name, "") for spec in monitors for alarm in spec.alarms}
    return [
        _decided(
            alarm, where[alarm.alert], [kind for kind in kinds if alarm.alert in kind.explains], about[alarm.alert]
        )
        for alarm in alarms_of(monitors)
    ]


def _not_evaluable() -> Alert:
    alert = "ModelDriftNotEvaluable"
    branches = [
        f'{{{{ {"else " if index else ""}if eq $labels.reason "{reason}" }}}}{text}'
        for index, (reason, text) in enumerate(REASONS.items())
    ]
    return Alert(
        alert,
        "ticket",
        "min by (model, reason) (model_not_evaluable) == 1",
        describe(
            alert,
            "Something about the model cannot be judged, so no alert would tell.",
            "Model {{ $labels.model }} is not watched in full, for six hours already. "
            + "".join(branches)
            + "{{ else }}The reason is {{ $labels.reason }}. First: look it up in the runbook.{{ end }}",
        ),
        duration="6h",
    )


def _reference_mismatch() -> Alert:
    alert = "ModelReferenceMismatch"
    references = (
        "query (printf `count by (reference, version) (model_info{model=%q})` $labels.model) | sortByLabel `reference`"
    )
    learned = "query (printf `max(model_reference_learned{model=%q}) == 1` $labels.model)"
    return Alert(
        alert,
        "ticket",
        '  label_replace(min by (model) (model_reference_version_matches) == 0, "reason", "version", "", "")\n'
        "or\n"
        "  label_replace(\n"
        '    count by (model) (group by (model, reference) (model_info{reference!=""})) > 1,\n'
        '    "reason", "replicas", "", ""\n'
        "  )",
        describe(
            alert,
            "The model is compared with a reference that is not its own, or its replicas with different ones.",
            '{{ if eq $labels.reason "version" }}The reference of model {{ $labels.model }} was made for another version of it, '
            "so drift may only be the difference of two versions. First: build a reference for the running version and give "
            "it to the exporter."
            "{{ else }}The replicas of model {{ $labels.model }} use {{ $value }} different references, so their counts are not "
            "added up."
            f"{{{{ range {learned} }}}} Some have learned theirs from live records, and those always differ: give all of them "
            "one file.{{ end }} First: see which replica has which reference, and finish or undo the roll-out.{{ end }}"
            f"\nRunning: {{{{ range $index, $sample := {references} }}}}{{{{ if $index }}}}; {{{{ end }}}}"
            'version {{ or $sample.Labels.version "unknown" }} with reference {{ or $sample.Labels.reference "none" }} '
            "(replicas: {{ $sample.Value }}){{ end }}.",
        ),
        duration="1h",
    )
