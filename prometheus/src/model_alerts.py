"""Alerts about models: what the exporter's evidence decided, and where nothing can be decided."""

from __future__ import annotations

from .evidence import EVIDENCE, EXPLANATION, THRESHOLD, evidence_records, loss_records
from .rule_files import Alert, Group, rule_file
from .texts import concept, describe, evidence, features, features_by_share, loss, onset

__all__ = ["REASONS", "documentation", "groups"]

_EXPLANATION = """\
Alerts about models. The first seven are one comparison: the evidence that the exporters have gathered, merged over replicas,
against the threshold that their budget of false alarms gives. There is no other threshold, and no waiting: evidence is valid
whenever one looks, and a latch holds it until recovery.
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
    "selective_labels": "Some predicted classes get labels much more often than others, so the measured loss is not that of "
    "all predictions. First: find out what decides which predictions get a label.",
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
    "is over, early ones would mislead. First: wait for twice the usual delay, or set labels.maturity.",
    "broken_input": "Outcomes have been left out of the loss for more than a day, because ModelInputBroken is firing. "
    "First: mend the input; if the input is meant to be so, build a new reference.",
    "input_not_judged": "Values that go missing or come as another type could not be told, of some feature or at this hour: the "
    "reference has too few rows, or none of this hour. First: build it from more rows; the exporter's page names what is meant.",
}
"""What each reason of ``model_not_evaluable`` means and what to do first."""


def documentation() -> str:
    """The text of the rule file."""
    return rule_file(f"{_EXPLANATION}\n{EXPLANATION}", groups())


def groups() -> list[Group]:
    """The groups of the rule file."""
    return [
        Group(
            "model-drift-alerts",
            [
                # Records first: the alerts then see this evaluation's values.
                *evidence_records(),
                *loss_records(),
                *_pages(),
                *_tickets(),
                _not_evaluable(),
                _reference_mismatch(),
            ],
        )
    ]


def _decided(alert: str, severity: str, summary: str, *description: str) -> Alert:
    return Alert(
        alert,
        severity,
        f'max without (alert) (\n    {EVIDENCE}{{alert="{alert}"}}\n  >=\n    {THRESHOLD}\n)',
        describe(alert, summary, "".join((*description, evidence(alert, severity)))),
    )


def _pages() -> list[Alert]:
    broken, increased = "ModelInputBroken", "ModelLossIncreased"
    rejected = (
        "query (printf `sort_desc(sum by (reason) (increase(model_drift_exporter_record_errors_total[15m]) * on "
        "(job, instance) group_left () group by (job, instance) (model_info{model=%q})) >= 1)` $labels.model)"
    )
    return [
        _decided(
            increased,
            "page",
            "The model makes more or larger mistakes than is tolerated.",
            "Model {{ $labels.model }} is worse than it was when it was accepted: the labels that have come say so.",
            loss(),
            concept(),
            features(increased, "\nNo feature is suspected."),
            onset(increased),
            "\nFirst: did anything change at that time (a release of the model, a data feed, the labels)? If so, roll it back; "
            "if not, use what the service does without the model while its owner decides about retraining.",
        ),
        _decided(
            broken,
            "page",
            "The model's input is broken: far more values are missing or of the wrong type, or lines cannot be read.",
            "Model {{ $labels.model }} gets broken input, so its predictions cannot be trusted.",
            features_by_share(broken, "missing_ratio + invalid_ratio", "__missing__|__invalid__", "missing or invalid"),
            f"{{{{ with {rejected} }}}}\nLines rejected in the last 15 minutes: {{{{ range $index, $sample := . }}}}"
            '{{ if $index }}, {{ end }}{{ $sample.Labels.reason }} {{ $sample.Value | printf "%.0f" }}{{ end }}.{{ end }}',
            onset(broken),
            "\nFirst: ask who feeds the model what changed at that time (a release, a schema, a job that failed) and have it "
            "rolled back. Until then use what the service does without the model.",
        ),
    ]


def _tickets() -> list[Alert]:
    drift, outside = "ModelFeatureDrift", "ModelFeatureOutOfRange"
    missing, prediction, relation = "ModelFeatureMissingValues", "ModelPredictionDrift", "ModelConceptDrift"
    return [
        _decided(
            drift,
            "ticket",
            "Features of the model are no longer distributed as in its reference.",
            "Inputs of model {{ $labels.model }} have drifted. That alone need not harm it.",
            features(drift),
            onset(drift),
            "\nFirst: see on the dashboard how the features have moved, and whether predictions or the loss moved with them.",
        ),
        _decided(
            outside,
            "ticket",
            "The model sees values outside the range, or categories outside the list, that it was accepted on.",
            "Model {{ $labels.model }} gets values that its reference does not know; it is guessing there.",
            features_by_share(
                outside, "out_of_range_ratio or unseen_ratio", "__below__|__above__|__other__", "out of range or unseen"
            ),
            onset(outside),
            "\nFirst: tell a changed unit or spelling (mend the feed) from new cases (plan retraining).",
        ),
        _decided(
            missing,
            "ticket",
            "Features of the model are missing, or of the wrong type, more often than in its reference.",
            "Model {{ $labels.model }} gets more missing or invalid values than it was accepted with.",
            features_by_share(
                missing, "missing_ratio + invalid_ratio", "__missing__|__invalid__", "missing or invalid"
            ),
            onset(missing),
            "\nFirst: find the feed of these features and what changed there at that time. If the share grows, "
            "ModelInputBroken pages.",
        ),
        _decided(
            prediction,
            "ticket",
            "The model's predictions or scores are no longer distributed as in its reference.",
            "Model {{ $labels.model }} answers differently from when it was accepted.",
            _outputs(),
            onset(prediction),
            "\nFirst: see whether features drifted too (then the inputs are the cause) and whether the model's version changed.",
        ),
        _decided(
            relation,
            "ticket",
            "With the same score, outcomes are no longer what they were in the model's reference.",
            "What model {{ $labels.model }} has learned no longer holds everywhere: the relation of its inputs and the outcome "
            "has changed, or its labels have.",
            loss(),
            concept(),
            onset(relation),
            "\nFirst: rule out a change in how labels are made; then plan retraining on data since that time.",
        ),
    ]


def _outputs() -> str:
    texts = []
    for role, words in (("prediction", "predictions"), ("score", "score")):
        gathered = f"query (printf `log10(avg(10 ^ model_{role}_drift_evidence_log10{{model=%q}}))` $labels.model)"
        # Minutes after the onset an hour holds too little of it: below its floor the number would contradict the evidence.
        above = (
            f"model_reference:{role}_psi:reference1h{{model=%q}} > model_reference:{role}_psi_noise_floor:reference1h"
        )
        psi = f"query (printf `max({above})` $labels.model)"
        floor = f"query (printf `max(model_reference:{role}_psi_noise_floor:reference1h{{model=%q}})` $labels.model)"
        texts.append(
            f'{{{{ range {gathered} }}}}\nThe {words}: evidence {{{{ .Value | printf "1e%.1f" }}}}'
            f'{{{{ range {psi} }}}}, PSI over the last hour {{{{ .Value | printf "%.2f" }}}}'
            f'{{{{ range {floor} }}}} (about {{{{ .Value | printf "%.2f" }}}} without drift){{{{ end }}}}{{{{ end }}}}.'
            "{{ end }}"
        )
    return "".join(texts)


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
