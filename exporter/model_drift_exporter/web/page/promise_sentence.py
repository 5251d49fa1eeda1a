"""What the landing page says of the promise of false alarms: what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from ...service.status import PromiseStatus
from ...words import timestamp

__all__ = ["promise_sentence"]


def promise_sentence(promises: Sequence[PromiseStatus]) -> str:
    """What each promise rests on, once where all rest on the same; empty where nothing is judged."""
    if not promises:
        return ""
    said = {each.about: _said(each) for each in promises}
    if len({*said.values()}) == 1:
        return f"promised {next(iter(said.values()))}"
    return " ".join(f"About {about}: promised {text}" for about, text in said.items())


def _said(promise: PromiseStatus) -> str:
    if promise.basis == "reference":
        return "by the reference, which shows how records depend on one another."
    why = f"{promise.why[:1].upper()}{promise.why[1:]}"
    if promise.since is not None:
        return f"since {timestamp(promise.since)}, by what live records have shown. {why}."
    return (
        f"not yet. {why}, so it does not show how records depend on one another. Live traffic will have shown it from about its "
        "eighth day on."
    )
