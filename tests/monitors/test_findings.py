from __future__ import annotations

import pytest

from model_drift_exporter.monitors.findings import NOTE, Finding, FindingKind, loss_text, over


@pytest.mark.parametrize("kind", ["", "Loss", "loss-increased", "_loss", "loss__increased", "1st"])
def test_a_kind_is_words_joined_by_underscores(kind: str) -> None:
    """It is the value of a label, and a key in programs."""
    with pytest.raises(ValueError, match="write lower case words"):
        FindingKind(kind, "Something.")
    with pytest.raises(ValueError, match="write lower case words"):
        Finding(kind, NOTE, "Something.")


def test_windows_and_losses_in_a_sentence() -> None:
    """A number is one of outcomes; an error rate is a percentage."""
    assert [over("1h"), over("1000")] == ["the last 1h", "the last 1,000 outcomes"]
    assert [loss_text("zero_one", 0.125), loss_text("bounded_absolute_error", 0.123456)] == ["12.5 %", "0.1235"]
