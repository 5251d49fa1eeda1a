"""What the landing page says of a model's labels, in words."""

from __future__ import annotations

from ...service.status import LabelStatus
from ...words import count, counted, duration, share

__all__ = ["label_sentence"]

_REASONS = {
    "no_reference": "there is no reference yet",
    "reference_without_labels": "the reference was built without labels",
    "few_reference_labels": "the reference has fewer than 100 labelled rows",
    "few_class_rows": "a class has too few reference rows to be judged by itself",
    "no_labels": "labels are expected, and none has come",
    "labels_stopped": "labels have stopped coming",
    "selective_labels": "some predicted classes or scores get labels more often than others",
    "unlabelled_predictions": "most predictions that are old enough have no label",
    "late_outcomes": "most labels come later than outcomes count",
    "superseded_outcomes": "versions are replaced before their labels come, so only the loss over all of them is judged",
    "one_class_labels": "all labels are of one class",
    "unseen_class_labels": "labels of classes that the reference lacks are left out",
    "unusable_labels": "labels cannot be read as the model's outcome",
    "no_identifiers": "predictions have no id by which labels could find them",
    "future_labels": "labels have times in the future",
    "labels_unmatched": "labels do not find their predictions",
    "immature_labels": "labels come, and no prediction is old enough yet to count",
    "broken_input": "outcomes do not count while the input is broken",
}


def label_sentence(labels: LabelStatus | None) -> str:
    """How far labels have come, and what keeps the model from being judged by them; empty where none is expected."""
    if labels is None:
        return ""
    why = [
        _REASONS.get(reason, reason) for reason in labels.reasons if labels.seen or reason != "reference_without_labels"
    ]
    if not labels.seen and not why:
        return ""
    parts = [f"{counted(labels.joined, 'label')} joined"]
    if labels.waiting:
        parts.append(f"{count(labels.waiting)} waiting for their prediction")
    parts += [f"{share(ratio)} of predictions up to {name} old have one" for name, ratio in labels.coverage]
    if labels.maturity is not None and labels.seen:
        parts.append(f"outcomes count after {duration(labels.maturity)}")
    judged = f" Not judged by labels: {'; '.join(why)}." if why else ""
    return f"{', '.join(parts)}.{judged}"
