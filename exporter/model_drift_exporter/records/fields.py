"""The one table of a record's fields: settings, detection, ``check`` and decoders follow from it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Literal

import attrs
import numpy as np

from .columns import Column, Identifiers, Numbers, TextPool, Texts, typed
from .identifiers import hash_identifiers, hashed_again
from .raw_values import numbers
from .times import parse_times

__all__ = ["FIELDS", "Field", "typed_field"]

Holds = Literal["time", "identifier", "secret", "text", "class", "number", "score", "scores"]
_NAMES = {str, int, type(None)}
_SALT = np.uint64(secrets.randbits(64))
"""Of this process: a hash of a secret means nothing outside of it."""


@attrs.frozen
class Field:
    """A field of a record beside its features.

    ``candidates`` are the names tried, the first one present wins; with ``only_nested`` only where the features are in an
    object of their own, since beside features such a name may well be one of them. ``holds`` says how a column of it is typed:
    ``time`` as seconds since the epoch, ``identifier`` as hashes, ``secret`` as hashes that mean nothing outside of this
    process and are in no snapshot, ``number`` as floats, ``text`` and ``class`` as texts where
    they are texts, ``score`` as floats where it is one number, ``scores`` not at all. ``output`` marks what the model said,
    ``of_labels`` what a label has too, ``optional`` what ``check`` does not miss.
    """

    holds: Holds
    help: str
    candidates: tuple[str, ...] = ()
    only_nested: bool = False
    output: bool = False
    of_labels: bool = False
    optional: bool = False


FIELDS: Mapping[str, Field] = {
    "time": Field(
        "time",
        "Field of the event time: RFC 3339 text, or seconds or milliseconds since 1970.",
        ("ts", "timestamp", "time", "event_time", "datetime", "@timestamp", "inference_time", "occurred_at"),
        of_labels=True,
    ),
    "id": Field(
        "identifier",
        "Field of the identifier by which labels find their prediction.",
        ("id", "request_id", "prediction_id", "record_id", "event_id", "inference_id", "uuid"),
        of_labels=True,
    ),
    "model": Field("text", "Field of the model's name.", ("model", "model_name"), of_labels=True),
    "version": Field("text", "Field of the model's version.", ("model_version", "version")),
    "prediction": Field(
        "class",
        "Field of the prediction: a class or a number.",
        ("prediction", "predicted", "pred", "y_pred", "predicted_label", "predicted_class", "output"),
        output=True,
    ),
    "score": Field(
        "score",
        "Field of the positive class's probability.",
        ("score", "probability", "proba", "y_score", "prediction_score"),
        output=True,
    ),
    "scores": Field(
        "scores",
        "Field of all classes' probabilities: an object, or a list ordered as `model.classes`.",
        ("scores", "probabilities", "class_probabilities", "class_scores"),
        output=True,
        optional=True,
    ),
    "label": Field(
        "class",
        "Field of the true outcome.",
        ("label", "ground_truth", "actual", "target", "y_true", "truth"),
        of_labels=True,
    ),
    "latency": Field(
        "number",
        "Field of the model's response time.",
        ("latency_seconds", "latency", "duration_seconds", "latency_ms", "duration_ms"),
    ),
    "request_id": Field(
        "identifier",
        "Field of the request's identifier, where it is another than `fields.id`; only a hash of it is kept.",
        optional=True,
    ),
    "action": Field(
        "class", "Field of what was done with the prediction.", ("action", "decision"), only_nested=True, optional=True
    ),
    "holdout": Field(
        "class",
        "Field that says whether the request was held out from the model's influence.",
        ("holdout", "control_group"),
        only_nested=True,
        optional=True,
    ),
    "caller": Field(
        "secret",
        "Field of the user, client or key that asked; of a record only a hash of it is kept, of use in this process alone.",
        ("caller", "user_id", "client_id", "api_key"),
        only_nested=True,
        optional=True,
    ),
    "segment": Field(
        "class",
        "Field of the group that a record belongs to, such as a country or a tenant.",
        ("segment",),
        only_nested=True,
        optional=True,
    ),
    "weight": Field(
        "number",
        "Field of how many records a record stands for, where the log is a weighted sample.",
        ("weight", "sample_weight"),
        only_nested=True,
        optional=True,
    ),
}
"""By the name that the setting and the batch's column have."""


def typed_field(name: str, values: Column, *, text: bool, pool: TextPool | None = None) -> Column:
    """The raw values of a field as its typed column. With ``text`` they are strings as in CSV, and an empty one is missing.

    What is typed already is returned as it is. ``pool`` gets the texts.
    """
    if isinstance(values, Numbers | Texts | Identifiers):
        return values
    return _TYPES[FIELDS[name].holds](_Raw(values, text, pool))


@attrs.frozen
class _Raw:
    values: Column
    text: bool
    pool: TextPool | None


def _times(raw: _Raw) -> Column:
    return Numbers(parse_times(raw.values))


def _identifiers(raw: _Raw) -> Column:
    return Identifiers(*hash_identifiers(raw.values))


def _secrets(raw: _Raw) -> Column:
    hashes, known = hash_identifiers(raw.values)
    return Identifiers(hashed_again(hashes ^ _SALT), known)


def _numbers(raw: _Raw) -> Column:
    array, invalid = numbers(raw.values, text=raw.text)
    return Numbers(array, np.asarray(invalid, dtype=np.int64))


def _names(raw: _Raw) -> Column:
    kinds = set(map(type, raw.values))
    if raw.text or not kinds <= _NAMES:
        return _classes(raw) if raw.text else raw.values
    whole = int in kinds
    names: Any = [str(value) if type(value) is int else value for value in raw.values] if whole else raw.values
    return Texts.of(names, raw.pool)


def _classes(raw: _Raw) -> Column:
    if not raw.text:
        return typed(raw.values, raw.pool)
    cells: Any = [value or None for value in raw.values]
    return Texts.of(cells, raw.pool)


def _scores(raw: _Raw) -> Column:
    return _numbers(raw) if raw.text else typed(raw.values, raw.pool)


def _unchanged(raw: _Raw) -> Column:
    return raw.values


_TYPES: Mapping[Holds, Callable[[_Raw], Column]] = {
    "time": _times,
    "identifier": _identifiers,
    "secret": _secrets,
    "number": _numbers,
    "text": _names,
    "class": _classes,
    "score": _scores,
    "scores": _unchanged,
}
