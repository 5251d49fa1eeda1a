"""The landing page's sentences: what is going on, in words that claim no more than the numbers do."""

from __future__ import annotations

from collections.abc import Sequence

from ...service.status import ExporterStatus, ModelStatus, WindowStatus
from ...words import count, counted, duration, significant, window_words
from .movement import MODERATE_PSI, movement, noise_limit

__all__ = ["caution", "furthest_moved", "model_state", "overall_sentence", "window_named"]


def window_named(model: ModelStatus, name: str) -> WindowStatus | None:
    """The model's window of this name."""
    return next((window for window in model.windows if window.name == name), None)


def _movement_sentence(window: WindowStatus) -> str:
    """The state of one model in one window, without its name."""
    words = window_words(window.name)
    states = [(column, movement(column)) for column in window.columns]
    if all(state == "unknown" for _, state in states):
        return f"nothing to compare in the {words}."
    beyond = [(column, state) for column, state in states if state not in {"unknown", "within"}]
    features = sum(1 for column in window.columns if column.role == "feature")
    moved = sum(1 for column, _ in beyond if column.role == "feature")
    if not beyond:
        what = f"None of {counted(features, 'feature')}" if features else "Nothing"
        return f"quiet. {what} has moved beyond its noise in the {words}."
    subjects = sorted(f"the {column.role}" for column, _ in beyond if column.role != "feature")
    subjects += [f"{count(moved)} of {counted(features, 'feature')}"] if moved else []
    subject = " and ".join(", ".join(subjects).rsplit(", ", 1))
    alone = len(beyond) == 1
    have, their = ("has", "its") if alone else ("have", "their")
    clause = f"{subject[0].upper()}{subject[1:]} {have} moved beyond {their} noise in the {words}"
    if all(state == "little" for _, state in beyond):
        return f"quiet. {clause}, only a little."
    far = sum(1 for _, state in beyond if state == "far")
    return f"moved. {clause}{f', {count(far)} of them far' if far and not alone else ''}."


def furthest_moved(window: WindowStatus) -> str:
    """The column with the largest PSI of those beyond their noise, with its numbers; empty where there is none."""
    beyond = [column for column in window.columns if movement(column) in {"little", "moved", "far"}]
    if not beyond:
        return ""
    column = max(beyond, key=lambda each: each.psi or 0.0)
    name = column.name if column.role == "feature" else f"the {column.role}"
    lead = "Furthest: " if len(beyond) > 1 else ""
    return f"{lead}{name}, PSI {significant(column.psi)} (noise floor {significant(column.psi_noise_floor)})."


def caution(window: WindowStatus) -> str:
    """Says how small a move can be seen, where that is not small."""
    limits = sorted(limit for column in window.columns if (limit := noise_limit(column)) is not None)
    if not limits or limits[len(limits) // 2] < MODERATE_PSI:
        return ""
    return (
        f"With {counted(window.observations, 'record')} in this window, a move below a PSI of about "
        f"{significant(limits[len(limits) // 2])} cannot be told from noise."
    )


def model_state(model: ModelStatus, name: str) -> tuple[str, str, str]:
    """A model's sentence without its name; and, where there is nothing to show, what is going on and what to do."""
    sentence, going_on, advice = _state_of_window(model, name)
    if firing := _firing(model):
        rest = sentence.removeprefix("quiet. ").removeprefix("moved. ")
        sentence = f"firing. {firing}. {rest[0].upper()}{rest[1:]}"
    return sentence, going_on, advice


def _firing(model: ModelStatus) -> str:
    """The alerts that are firing, pages first, and which of them are held though things are back to usual."""
    active = sorted((alert for alert in model.alerts if alert.active), key=lambda alert: alert.severity != "page")
    return ", ".join(
        f"{alert.alert} ({alert.severity}{'' if alert.usual is None else ', usual again'})" for alert in active
    )


def _state_of_window(model: ModelStatus, name: str) -> tuple[str, str, str]:
    if model.learning is not None:
        progress = f"{count(model.learning.records)} of {counted(model.learning.needed, 'record')}"
        left = max(0, model.learning.needed - model.learning.records)
        rate = model.records_per_second
        wait = f" At the present rate that takes about {duration(left / rate)} more." if rate > 0 and left else ""
        return (
            f"learning its reference, {progress} so far.",
            (
                f"No reference profile was given for this model, so its first {counted(model.learning.needed, 'record')} "
                f"become the reference. Comparison starts after them.{wait}"
            ),
            (
                "To compare with training data instead, build a profile with “model-drift-exporter profile” "
                "and give it with --reference."
            ),
        )
    window = window_named(model, name)
    if not model.records:
        return (
            "no record yet.",
            "The reference is loaded, but no record of this model has arrived.",
            "Look at the inputs below: is the log being written, and does it carry this model's name?",
        )
    if window is None or not window.observations:
        where = window_words(name) if name else "windows"
        return (
            f"no record in the {where}.",
            f"This model has {counted(model.records, 'record')} in all, but none in the {where}.",
            "Choose a longer window, or look at the inputs below if traffic should be arriving.",
        )
    if not window.columns:
        return f"nothing to compare in the {window_words(name)}.", "No feature, prediction or score is tracked.", ""
    return _movement_sentence(window), "", ""


def overall_sentence(status: ExporterStatus, states: Sequence[tuple[str, str]]) -> str:
    """The whole exporter in one sentence: the model's own where there is one model, a count of them otherwise.

    ``states`` are the heading and the sentence of each model.
    """
    if not status.models:
        if not status.inputs:
            return "No input is configured."
        down = sum(1 for each in status.inputs if not each.up)
        return (
            f"{count(down)} of {counted(len(status.inputs), 'input')} cannot be read."
            if down
            else "Waiting for the first record."
        )
    if len(states) == 1:
        return ": ".join(states[0])
    moved = [heading for heading, sentence in states if sentence.startswith("moved.")]
    firing = [heading for heading, sentence in states if sentence.startswith("firing.")]
    quiet = sum(1 for _, sentence in states if sentence.startswith("quiet."))
    clauses = [f"{_have(firing)} alerts firing ({_some(firing)})"] if firing else []
    clauses += [f"{_have(moved)} moved ({_some(moved)})"] if moved else []
    clauses = clauses or ["none has moved"]
    clauses += [f"{count(quiet)} quiet"] if quiet else []
    rest = len(states) - len(firing) - len(moved) - quiet
    clauses += [f"{count(rest)} with nothing to compare yet"] if rest else []
    return f"{counted(len(states), 'model')}: {', '.join(clauses)}."


def _have(models: Sequence[str]) -> str:
    return f"{count(len(models))} {'has' if len(models) == 1 else 'have'}"


def _some(models: Sequence[str]) -> str:
    return ", ".join(models[:3]) + (f" and {count(len(models) - 3)} more" if len(models) > 3 else "")
