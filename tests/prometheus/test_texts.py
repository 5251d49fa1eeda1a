from __future__ import annotations

from typing import get_args

from model_drift_exporter.evidence.alarm_spec import Shown
from prometheus.src.texts import PIECES


def test_there_is_a_text_for_all_that_an_alarm_may_show() -> None:
    """And for nothing else."""
    assert {*PIECES} == {*get_args(Shown)}


def test_the_braces_of_each_text_are_closed() -> None:
    """A template that is not ends the loading of all rules."""
    for piece in PIECES.values():
        text = piece("ModelInputRepeating")
        assert text.count("{{") == text.count("}}")
        opened = sum(text.count(f"{{{{ {word} ") for word in ("if", "range", "with"))
        assert opened == text.count("{{ end }}")
