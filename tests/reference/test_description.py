from __future__ import annotations

import msgspec
import pytest

from model_drift_exporter.reference.description import (
    dependence_sentence,
    promise_sentence,
    season_sentence,
    why_not_backed,
)
from model_drift_exporter.reference.profile import LossSummary, OutcomeSummary, ReferenceProfile, Season
from model_drift_exporter.reference.seasons import ABSENT_REASONS
from tests.support.prediction_log import batch_of, make_rows, profile_of


def _profile(**effects: float) -> ReferenceProfile:
    profile = profile_of([batch_of(make_rows(1_000))])
    columns = [
        msgspec.structs.replace(column, design_effect=effects.get(column.name, 1.0)) for column in profile.columns
    ]
    return msgspec.structs.replace(profile, columns=columns)


def test_independent_rows_are_said_to_be_so() -> None:
    """No design effect above 1 is one short sentence."""
    assert dependence_sentence(_profile()) == "none shown: rows count as independent"


def test_the_largest_design_effects_are_said_as_independent_rows() -> None:
    """The largest three come with the rows that are left; those of outputs and of the loss are in brackets."""
    profile = _profile(age=40.0, country=1.25, prediction=3.0, score=2.0)
    assert dependence_sentence(profile) == (
        "age 40 (about 25 independent rows of 1,000), (prediction) 3.0 (about 333 independent rows of 1,000), "
        "(score) 2.0 (about 500 independent rows of 1,000) and 1 more: drift in these is found that much later"
    )
    outcomes = OutcomeSummary(rows=800, loss=LossSummary(0.1, 0.3, 800, 10_000.0))
    loss = msgspec.structs.replace(_profile(), outcomes=outcomes)
    assert dependence_sentence(loss).startswith("(loss) 10,000 (about 1 independent rows of 800): drift")


def test_the_season_found_is_named() -> None:
    """Slots of the day and of the week read differently."""
    for slots, hours in ((24, "each hour of the day"), (168, "each hour of the week")):
        season = Season(slots=slots, rows=[], counts=[])
        text = season_sentence(msgspec.structs.replace(_profile(), season=season, season_absent=""))
        assert text.startswith(f"{slots} slots: {hours} (UTC)")
        season = Season(slots=slots, rows=[], counts=[], time_zone="Europe/Berlin")
        text = season_sentence(msgspec.structs.replace(_profile(), season=season, season_absent=""))
        assert text.startswith(f"{slots} slots: {hours} (Europe/Berlin)")


@pytest.mark.parametrize("reason", [*ABSENT_REASONS, ""])
def test_each_reason_against_a_season_has_its_own_words(reason: str) -> None:
    """A reader learns why there is none; an old file is told apart."""
    sentences = {
        each: season_sentence(msgspec.structs.replace(_profile(), season_absent=each)) for each in (*ABSENT_REASONS, "")
    }
    assert list(sentences.values()).count(sentences[reason]) == 1
    assert sentences[reason].startswith("not known" if reason == "" else "none")


def test_a_reason_of_a_later_version_is_shown_as_it_is() -> None:
    """What this version does not know is still said, escaped."""
    assert season_sentence(msgspec.structs.replace(_profile(), season_absent="x\n")) == "none: x\\n"


def test_what_the_promise_rests_on_is_said() -> None:
    """A reference of many days with times, one of few, one without; how dense it is, for live traffic may be denser."""
    timed = msgspec.structs.replace(_profile(), first_time=0.0, last_time=20 * 86_400.0, season_absent="no_gain")
    assert why_not_backed(timed) == ""
    assert promise_sentence(timed).startswith("by this reference: 20 days with times, about 50 rows a day")
    short = msgspec.structs.replace(timed, last_time=86_400.0)
    assert promise_sentence(short).startswith(
        "not yet: the reference covers 1.0 days, less than 8, so it does not show"
    )
    for without in (
        msgspec.structs.replace(timed, first_time=None, last_time=None),
        msgspec.structs.replace(timed, season_absent="no_times"),
    ):
        assert promise_sentence(without).startswith("not yet: the reference has no times, so")


def test_how_the_time_zone_was_found_is_said() -> None:
    """Where nothing shows it, how to set it."""
    words = {
        "set": "model.time_zone",
        "offsets": "offsets",
        "rows": "values move with its clocks",
        "": "set model.time_zone",
    }
    for found, said in words.items():
        season = Season(slots=24, rows=[], counts=[], time_zone="Europe/Berlin", time_zone_found=found)
        text = season_sentence(msgspec.structs.replace(_profile(), season=season, season_absent=""))
        assert said in text.partition(";")[2]
