from __future__ import annotations

from model_drift_exporter.service.status import PromiseStatus
from model_drift_exporter.web.page.promise_sentence import promise_sentence

_REFERENCE = PromiseStatus("inputs", "reference", None, "")
_LIVE = PromiseStatus("the loss", "live", 1_760_000_400.0, "the reference has no times")
_NOT_YET = PromiseStatus("inputs", "not_yet", None, "the reference has no times")


def test_each_basis_has_its_own_words() -> None:
    """What it rests on, since when, and why not on the reference."""
    assert promise_sentence([_REFERENCE]) == (
        "promised by the reference, which shows how records depend on one another."
    )
    assert promise_sentence([_LIVE]) == (
        "promised since 2025-10-09 09:00:00 UTC, by what live records have shown. The reference has no times."
    )
    assert promise_sentence([_NOT_YET]).startswith("promised not yet. The reference has no times, so it does not show")


def test_inputs_and_loss_are_told_apart_where_they_differ() -> None:
    """One sentence where they rest on the same, none where nothing is judged."""
    assert promise_sentence([_NOT_YET, _LIVE]).startswith("About inputs: promised not yet.")
    assert " About the loss: promised since" in promise_sentence([_NOT_YET, _LIVE])
    same = PromiseStatus("the loss", "reference", None, "")
    assert promise_sentence([_REFERENCE, same]) == promise_sentence([_REFERENCE])
    assert promise_sentence([]) == ""
